"""Plug board of notify: it sends the codes of identity, and checks its own settings."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "minjing.kernel.notify"
    label = "notify"

    def ready(self) -> None:
        """Hang the sender of codes into identity."""
        from minjing.kernel.identity.plugs import code_sender
        from minjing.kernel.notify import checks as _checks  # noqa: F401 - registers itself
        from minjing.kernel.notify.actions import send_code

        code_sender(send_code)
