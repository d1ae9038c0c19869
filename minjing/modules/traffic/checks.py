"""What must be set before a real city connects its first call."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def relay_key_is_not_the_demo_one(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with the stand-in's key, which anybody can read in the source."""
    if settings.DEMO or settings.RELAY_KEY != "demo":
        return []
    return [Error("RELAY_KEY is still the demo key. Set the key of the city's relay.", id="traffic.E001")]
