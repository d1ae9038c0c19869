"""Plug board of identity."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "minjing.kernel.identity"
    label = "identity"

    def ready(self) -> None:
        """Register the checks of what a real city must set; ask the authoritative register where it has one."""
        from django.conf import settings

        from minjing.kernel.identity import checks as _checks  # noqa: F401 - registers itself
        from minjing.kernel.identity.plugs import register_check
        from minjing.kernel.identity.providers.register import HttpRegister

        if settings.REGISTER_URL:  # otherwise the household module's answers stand
            register_check(HttpRegister(settings.REGISTER_URL, settings.REGISTER_KEY.encode()))
