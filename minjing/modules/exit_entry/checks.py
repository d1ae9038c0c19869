"""What must be set before a real city sends its first document by post."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def carrier_key_is_not_the_demo_one(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with the stand-in's key, which anybody can read in the source."""
    if settings.DEMO or settings.CARRIER_KEY != "demo":
        return []
    return [Error("CARRIER_KEY is still the demo key. Set the key of the city's carrier.", id="exit_entry.E001")]
