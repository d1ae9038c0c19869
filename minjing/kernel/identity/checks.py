"""What must be set before a real city reads its first card."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from minjing.kernel.identity.providers.card_reader.tickets import DEMO_NAME, devices


@register(Tags.security, deploy=True)
def no_demo_reader_is_registered(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with the stand-in's device: whoever has its file signs cards of anybody."""
    if settings.DEMO or DEMO_NAME not in devices(settings.CARD_READERS):
        return []
    return [
        Error("CARD_READERS lists the demo's reader. Take it out and register the hall's own.", id="identity.E001")
    ]
