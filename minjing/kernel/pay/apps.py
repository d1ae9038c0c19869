"""Plug board of pay: its words hang into notify."""

from pathlib import Path

from django.apps import AppConfig


class PayConfig(AppConfig):
    name = "minjing.kernel.pay"
    label = "pay"

    def ready(self) -> None:
        """Register the checks; hang the texts of the notices into notify."""
        from minjing.kernel.notify.plugs import texts
        from minjing.kernel.pay import checks  # noqa: F401

        texts(Path(__file__).with_name("texts"))
