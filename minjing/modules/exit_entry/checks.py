"""What must be set before a real city sends its first document by post."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def carrier_key_is_the_citys(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with a carrier and no key for it, or the stand-in's, which anybody can read in the source."""
    if settings.DEMO or not settings.CARRIER_URL or settings.CARRIER_KEY not in ("", "demo"):
        return []
    return [Error("CARRIER_KEY must be the key of the city's carrier.", id="exit_entry.E001")]
