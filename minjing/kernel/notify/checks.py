"""What must be set before a real city sends its first message."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def keys_are_not_the_demos(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with the stand-ins' keys, which anybody can read in the source."""
    if settings.DEMO:
        return []
    used = {
        "SMS_KEY": bool(settings.SMS_URL),
        "SMS_B_KEY": bool(settings.SMS_B_URL),
        "SMS_C_KEY": bool(settings.SMS_C_URL),
        "WECHAT_SECRET": bool(settings.WECHAT_API_URL),
        "WECHAT_TOKEN": bool(settings.WECHAT_API_URL),
    }
    return [
        Error(f"{name} is still the demo key. Set the city's own.", id=f"notify.E00{number}")
        for number, (name, needed) in enumerate(used.items(), 1)
        if needed and getattr(settings, name).startswith("demo")
    ]
