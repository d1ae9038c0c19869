"""The menu of the WeChat official account: data, kept as the city has it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from minjing.kernel.notify.providers import wechat

FILE = Path(__file__).with_name("texts") / "wechat_menu.yaml"


@cache
def wanted() -> dict[str, Any]:
    """Return the menu as the file has it, addresses completed."""
    import yaml

    said = yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {"button": [_button(one) for one in said["buttons"]]}


def keep() -> bool:
    """Put the menu up where it is not as wanted; return whether it was changed. Raises Unavailable, Refused."""
    if not settings.WECHAT_API_URL:
        return False
    account = wechat.account()
    if _names(account.menu()) == _names(wanted()):
        return False
    account.put_menu(wanted())
    return True


def _button(one: dict[str, Any]) -> dict[str, Any]:
    if "under" in one:
        return {"name": one["name"], "sub_button": [_button(b) for b in one["under"]]}
    if "opens" in one:
        return {"type": "view", "name": one["name"], "url": f"{settings.BASE_URL}/door/wechat?next={one['opens']}"}
    return {"type": "click", "name": one["name"], "key": one["key"]}


def _names(menu: Any) -> list[Any]:
    return [
        (b.get("name"), b.get("url"), b.get("key"), _names({"button": b.get("sub_button") or []}))
        for b in menu.get("button", [])
    ]
