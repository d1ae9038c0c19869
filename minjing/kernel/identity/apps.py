"""Plug board of identity."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "minjing.kernel.identity"
    label = "identity"

    def ready(self) -> None:
        """Register the checks of what a real city must set."""
        from minjing.kernel.identity import checks as _checks  # noqa: F401 - registers itself
