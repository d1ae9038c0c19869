"""What must be set before a real city connects its first call."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def relay_key_is_the_citys(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with a relay and no key for it, or the stand-in's, which anybody can read in the source."""
    if settings.DEMO or not settings.RELAY_URL or settings.RELAY_KEY not in ("", "demo"):
        return []
    return [Error("RELAY_KEY must be the key of the city's relay.", id="traffic.E001")]
