"""Quick settlement of an accident: what the nine situations say of liability, and what two phones may not settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

FULL, MAIN, EQUAL, MINOR, NONE = "full", "main", "equal", "minor", "none"
UNCLEAR = "unclear"
# How an officer may share liability between the two sides (事故处理程序规定 art. 60).
SHARES: Mapping[str, tuple[str, str]] = {
    "a_full": (FULL, NONE), "a_main": (MAIN, MINOR), "equal": (EQUAL, EQUAL), "b_main": (MINOR, MAIN),
    "b_full": (NONE, FULL), "unclear": (UNCLEAR, UNCLEAR),
}  # fmt: skip
LIABILITY: Mapping[str, dict[str, str]] = {
    FULL: {"zh": "全部责任", "en": "full liability"},
    MAIN: {"zh": "主要责任", "en": "main liability"},
    EQUAL: {"zh": "同等责任", "en": "equal liability"},
    MINOR: {"zh": "次要责任", "en": "minor liability"},
    NONE: {"zh": "无责任", "en": "no liability"},
    UNCLEAR: {"zh": "成因无法查清", "en": "the cause cannot be established"},
}


@dataclass(frozen=True, slots=True)
class Situation:
    """One box of the form: its key, its words, and whether it lays equal liability on both."""

    key: str
    title: Mapping[str, str]
    both: bool = False


def liability(situation: Situation, at_fault: str) -> Mapping[str, str]:
    """Return the liability of each side: full on the one whose act it was, or equal on both."""
    if situation.both:
        return {"a": EQUAL, "b": EQUAL}
    if at_fault not in ("a", "b"):
        raise ValueError(at_fault)
    return {"a": FULL, "b": NONE} if at_fault == "a" else {"a": NONE, "b": FULL}


def act_of(situation: Situation, at_fault: str) -> str:
    """Return whose act the situation names: a, b or both."""
    return "both" if situation.both else at_fault


def for_officer(*, injured: bool, drunk: bool, may_drive: bool) -> str:
    """Return why two drivers may not settle it themselves, "" when they may (事故处理程序规定 art. 13, 19)."""
    if injured:
        return "injured"
    if drunk:
        return "drunk"
    return "" if may_drive else "no_licence"


def words(number: str, situation: str, at_fault: str, place: str, happened: str, plates: Mapping[str, str]) -> str:
    """Return the words that both sign: the same for both, in one order."""
    sides = "; ".join(f"{side}: {plates[side]}" for side in sorted(plates))
    return f"{number}\n{happened}\n{place}\n{sides}\n{situation} / {at_fault}"


def digest(signed: str) -> bytes:
    """Return what stands for the signed words in the register and the ledger."""
    return sha256(signed.encode()).digest()
