"""What must be set before a real city takes its first fen."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from minjing.kernel.pay.channels import channels
from minjing.kernel.pay.providers import wire

DEMO_NUMBERS = {"1900000001", "2021000000000001", "777290000000001"}


@register(Tags.security, deploy=True)
def houses_are_real(**_: Any) -> list[CheckMessage]:
    """Refuse to deploy with a local gateway, its merchant numbers or the keys that it made."""
    if settings.DEMO or not settings.PAY_PROVIDERS:
        return []
    found = []
    for house, url, number, folder in (
        ("WECHAT_PAY", settings.WECHAT_PAY_URL, settings.WECHAT_PAY_MCHID, settings.WECHAT_PAY_DIR),
        ("ALIPAY", settings.ALIPAY_URL, settings.ALIPAY_APP_ID, settings.ALIPAY_DIR),
        ("UNIONPAY", settings.UNIONPAY_URL, settings.UNIONPAY_MERCHANT, settings.UNIONPAY_DIR),
    ):
        if number and (number in DEMO_NUMBERS or wire.is_local(url) or _is_demo_folder(folder)):
            found.append(f"{house}: the address, the merchant's number or the keys are the demo's.")
        elif number and not url.startswith("https://"):
            found.append(f"{house}_URL must start with https://.")
    if settings.WECHAT_PAY_MCHID and settings.WECHAT_PAY_APPID != settings.WECHAT_APP_ID:
        found.append("WECHAT_PAY_APPID must be WECHAT_APP_ID: the openids that pay inside WeChat are that account's.")
    if not found:
        try:
            channels()
        except (OSError, ValueError) as fault:
            found.append(f"The keys of a house cannot be read: {fault}")
    return [Error(words, id="pay.E001") for words in found]


def _is_demo_folder(folder: Path) -> bool:
    return settings.DATA_DIR / "outside" in folder.resolve().parents
