"""How sure the house is of who sits there: levels 1 to 4, from evidence, a sign-in and a browser; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

PHONE, NUMBER, CARD, FRESH = 1, 2, 3, 4
LEVELS = (PHONE, NUMBER, CARD, FRESH)
# 平台规则, no law: a check of today is fresh for 24 hours, and stands for a year as "card and person were checked".
FRESH_FOR = timedelta(hours=24)
STANDS_FOR = timedelta(days=365)

TITLES: dict[int, dict[str, str]] = {
    PHONE: {"zh": "手机号已验证", "en": "Phone checked"},
    NUMBER: {"zh": "姓名和身份证号码已核对", "en": "Name and ID number checked"},
    CARD: {"zh": "身份证和本人已核验", "en": "Card and person checked"},
    FRESH: {"zh": "24 小时内核验过，或用本机通行密钥确认", "en": "Checked within 24 hours, or by a passkey here"},
}


@dataclass(frozen=True, slots=True)
class Proof:
    """Evidence that stands: its level, when it was given, in which sign-in and from which browser."""

    id: UUID
    level: int
    taken_at: datetime
    session_ref: UUID | None = None
    device: str = ""  # the browser's index in hex; empty: given at a counter


@dataclass(frozen=True, slots=True)
class Standing:
    """The level one has here and now, and the evidence that carries it."""

    level: int
    evidence: UUID | None = None


def standing(base: int, proofs: Iterable[Proof], *, session_ref: UUID | None, device: str, now: datetime) -> Standing:
    """Return the level of an account of level `base` with these proofs, in this sign-in and browser.

    A proof of level 3 makes 3 wherever one sits; 4 only for 24 hours and only where it was given: in the same
    sign-in or the same browser, so that a stolen phone number does not inherit it. A passkey (a proof of level 4)
    counts in its own sign-in alone and adds to a level 3 that stands; it makes no level 3.
    """
    stands = sorted(proofs, key=lambda proof: proof.taken_at, reverse=True)
    cards = [proof for proof in stands if proof.level == CARD]
    if not cards or base < NUMBER:
        return Standing(base)
    fresh = [
        proof
        for proof in stands
        if now - proof.taken_at < FRESH_FOR
        and (
            (session_ref is not None and proof.session_ref == session_ref)
            or (proof.level == CARD and device != "" and proof.device == device)
        )
    ]
    return Standing(FRESH, fresh[0].id) if fresh else Standing(CARD, cards[0].id)
