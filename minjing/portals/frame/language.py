"""Both languages side by side: a text is written as a pair, so that no page can be half translated."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from minjing.kernel.identity.sessions import ELDER
from minjing.portals.frame import plugs

ELDER_COOKIE = "elder"


def is_english() -> bool:
    """Say whether the reader has chosen English; Chinese comes first."""
    return (get_language() or "zh-hans").startswith("en")


def t(zh: str, en: str) -> str:
    """Return the words in the reader's language."""
    return en if is_english() else zh


def pick(text: Any) -> str:
    """Return the reader's words of a `{zh, en}` mapping or of an object with both; other values as they are."""
    if text is None:
        return ""
    if isinstance(text, Mapping) and "zh" in text:
        return str(text["en"] if is_english() else text["zh"])
    if hasattr(text, "zh") and hasattr(text, "en"):
        return str(text.en if is_english() else text.zh)
    return text if isinstance(text, SafeString) else str(text)


LEVELS = ("派出所", "分局", "市局")  # words that the name of a post repeats from the name of its unit


def office(unit: Any, post: Any) -> str:
    """Return a post and its unit said together: 深圳市公安局福田分局户政审批民警; Branch approver, Futian Branch."""
    if is_english():
        return f"{pick(post)}, {pick(unit)}" if pick(unit) else pick(post)
    said = pick(post)
    level = next((word for word in LEVELS if said.startswith(word)), "") if pick(unit) else ""
    return f"{pick(unit)}{said.removeprefix(level)}"


def short_name(name: Any) -> dict[str, str]:
    """Return a unit's name as it fits a tile or a column: 罗湖分局, 桂园; Luohu, Guiyuan, Bureau."""
    zh = name.zh.split("公安局")[-1] or name.zh
    if name.en.endswith(" Bureau"):
        return {"zh": zh, "en": "Bureau"}
    return {"zh": zh.removesuffix("派出所"), "en": name.en.removesuffix(" Police Station").removesuffix(" Branch")}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give every page its language, the elder mode and whether this is the demo."""
    from django.conf import settings

    actor = getattr(request, "actor", None)
    return {
        "LANGUAGE_CODE": "en" if is_english() else "zh-hans",
        "english": is_english(),
        "elder": wants_large_type(request),
        "demo": settings.DEMO,
        "sms_inbox_url": settings.SMS_INBOX_URL if settings.DEMO else "",
        "actor": actor,
        "unread": unread(actor),
        "asking_address": plugs.asking_address(request),
        "open_tabs": plugs.OPEN_TABS,
    }


def wants_large_type(request: HttpRequest) -> bool:
    """Say whether the page is to be large: by the switch on this device, else by the account."""
    chosen = request.COOKIES.get(ELDER_COOKIE)
    if chosen in ("0", "1"):
        return chosen == "1"
    signed_in = getattr(request, "actor", None) is not None
    return signed_in and bool(request.session.get(ELDER))


def unread(actor: Any) -> Any:
    """Return a lazy count of a resident's unread notices: asked only by pages that show it."""
    from django.utils.functional import SimpleLazyObject

    def count() -> int:
        if actor is None or actor.kind != "resident":
            return 0
        from minjing.kernel.notify import queries

        return queries.unread_count(actor.account_id)

    return SimpleLazyObject(count)
