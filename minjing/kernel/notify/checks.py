"""What must be set before a real city sends its first message."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def sms_key_is_not_the_demo_one(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with the stand-in's key, which anybody can read in the source."""
    if settings.DEMO:
        return []
    keys = {"SMS_KEY": bool(settings.SMS_URL), "SMS_B_KEY": bool(settings.SMS_B_URL)}
    return [
        Error(f"{name} is still the demo key. Set the key of the city's SMS provider.", id=f"notify.E00{number}")
        for number, (name, used) in enumerate(keys.items(), 1)
        if used and getattr(settings, name) == "demo"
    ]
