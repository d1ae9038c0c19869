"""Plug board of booking."""

from pathlib import Path

from django.apps import AppConfig

TEXTS = Path(__file__).with_name("texts")


class BookingConfig(AppConfig):
    name = "minjing.kernel.booking"
    label = "booking"

    def ready(self) -> None:
        """Hang the words of the notices into notify, and what is held into the checks of identity."""
        from minjing.kernel.booking import actions
        from minjing.kernel.identity import plugs as identity
        from minjing.kernel.notify import plugs as notify

        notify.texts(TEXTS)
        identity.check_begun(actions.prolong_held)
