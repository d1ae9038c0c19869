"""The identity level that a step or a look at one's own data needs."""

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import CARD, FRESH
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.schema import Text

LEVEL_WORDS = {
    CARD: Text(
        zh="这一步要先核验身份证和本人。核验完回到这里，已填的内容都在。",
        en="For this step your card and you yourself are checked first. You come back here; nothing is lost.",
    ),
    FRESH: Text(
        zh="这一步要在 24 小时内核验过本人，或用本机的通行密钥确认。",
        en="For this step you must have been checked within 24 hours, or confirm with a passkey on this device.",
    ),
}
WHO_WORDS = Text(
    zh="办理前请先完成实名核验（姓名和身份证号码）。", en="Before applying, say who you are: name and ID number."
)


def require_level(by: Actor, level: int) -> None:
    """Raise NotAllowed, with the level that is missing, unless a resident has it in this sign-in and browser."""
    if by.kind == "resident" and by.level < level:
        raise level_needed(level)


def level_needed(level: int) -> NotAllowed:
    """Return the refusal that says which identity level is missing."""
    words = LEVEL_WORDS.get(level, WHO_WORDS)
    return NotAllowed("identity_level", words.zh, words.en, needs=str(level))
