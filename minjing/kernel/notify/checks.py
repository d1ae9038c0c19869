"""What must be set before a real city sends its first message."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

# How the stand-ins' keys begin; the second is "demo-d" as WeChat's AES key has it, in base64.
DEMO = ("demo", "ZGVtby1k")
AES_SIGNS = 43


@register(Tags.security, deploy=True)
def keys_are_the_citys(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy without a key for a provider that is named, or with a stand-in's: anybody can read those."""
    if settings.DEMO:
        return []
    used = {
        "SMS_KEY": settings.SMS_URL,
        "SMS_B_KEY": settings.SMS_B_URL,
        "SMS_C_KEY": settings.SMS_C_URL,
        "WECHAT_SECRET": settings.WECHAT_API_URL,
        "WECHAT_TOKEN": settings.WECHAT_API_URL,
        "WECHAT_AES_KEY": settings.WECHAT_API_URL,
    }
    found: list[CheckMessage] = [
        Error(f"{name} must be the city's own.", id=f"notify.E00{number}")
        for number, (name, provider) in enumerate(used.items(), 1)
        if provider and (not getattr(settings, name) or getattr(settings, name).startswith(DEMO))
    ]
    if settings.WECHAT_API_URL and settings.WECHAT_AES_KEY and len(settings.WECHAT_AES_KEY) != AES_SIGNS:
        found.append(Error(f"WECHAT_AES_KEY must have {AES_SIGNS} signs, as WeChat gives it.", id="notify.E007"))
    if not (settings.SMS_URL or settings.SMS_B_URL or settings.SMS_C_URL):
        words = "No provider of text messages is named (SMS_URL, SMS_B_URL, SMS_C_URL): nobody can sign in by phone."
        found.append(Warning(words, id="notify.W001"))
    return found
