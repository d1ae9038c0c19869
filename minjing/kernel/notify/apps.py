"""Plug board of notify: it sends the codes of identity, and checks its own settings."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "minjing.kernel.notify"
    label = "notify"

    def ready(self) -> None:
        """Hang into identity whoever sends codes, tells accounts and texts to phones."""
        from django.conf import settings

        from minjing.kernel.identity.plugs import TEXTS, code_sender, phone_texter, teller
        from minjing.kernel.notify import checks as _checks  # noqa: F401 - registers itself
        from minjing.kernel.notify import plugs
        from minjing.kernel.notify.actions import send_code, tell, text_phone
        from minjing.kernel.notify.providers import wechat

        code_sender(send_code)
        teller(tell)
        phone_texter(text_phone)
        if settings.WECHAT_API_URL:
            plugs.door("wechat", wechat.Door())
        plugs.texts(TEXTS)  # identity lies below and cannot bring its own words
