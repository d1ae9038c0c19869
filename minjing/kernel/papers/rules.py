"""Numbers, codes and states of papers; pure."""

import re
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

# Crockford's alphabet: no I, L, O, U, so that a code read aloud or typed from paper is not mistaken.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ORG_CHARACTERS, RANDOM_CHARACTERS, GROUP = 3, 29, 4  # 29 characters are 145 bits: nobody guesses a paper
CODE_CHARACTERS = ORG_CHARACTERS + RANDOM_CHARACTERS
_CODE = re.compile(rf"[{ALPHABET}]{{{CODE_CHARACTERS}}}\Z")
_CONFUSED = str.maketrans("OIL", "011")

State = Literal["valid", "expired", "revoked", "unknown"]

# Why a paper may be revoked: what the checker is told. Never free text, which might name a person.
REASONS: dict[str, dict[str, str]] = {
    "corrected": {"zh": "内容经批准更正", "en": "its contents were corrected after approval"},
    "issued_in_error": {"zh": "签发有误", "en": "it was issued in error"},
    "replaced": {"zh": "已换发新证照", "en": "a new paper has taken its place"},
    "decision_revoked": {"zh": "原决定已撤销", "en": "the decision it rests on was revoked"},
}
# Those for which an officer takes a paper back; the others follow from a correction or a paper issued anew.
TAKEN_BACK = ("issued_in_error", "decision_revoked")


def new_code(org_id: int, choice: Callable[[str], str] = secrets.choice) -> str:
    """Return a fresh code: the district, so that it is found in its own shard, and 145 random bits."""
    head = "".join(ALPHABET[org_id >> shift & 31] for shift in (10, 5, 0))
    return head + "".join(choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))


def parse_code(text: str) -> str | None:
    """Return the code as it is stored, however it was typed (groups, lower case, O for 0), or None."""
    code = bare(text).translate(_CONFUSED)
    return code if _CODE.match(code) else None


def bare(text: str) -> str:
    """Return what was typed as a code without what only groups it, in capitals."""
    return re.sub(r"[\s\-–—_·.]", "", text).upper()


def org_of_code(code: str) -> int:
    """Return the district a code was made in."""
    org = 0
    for character in code[:ORG_CHARACTERS]:
        org = org << 5 | ALPHABET.index(character)
    return org


def grouped(code: str) -> str:
    """Return the code as people read it, in groups of four."""
    return "-".join(code[i : i + GROUP] for i in range(0, len(code), GROUP))


def number(prefix: str, org_id: int, year: int, count: int) -> str:
    """Return the number of a paper as official documents write it: 深公户〔2026〕04000123号."""
    return f"{prefix}〔{year}〕{org_id:02d}{count:06d}号"


def state(stored: str, valid_until: datetime | None, now: datetime) -> State:
    """Return what a paper is worth at `now`: a revoked one stays revoked, even after its last day."""
    if stored == "revoked":
        return "revoked"
    return "expired" if valid_until is not None and now > valid_until else "valid"


def printable(text: str, has_glyph: Callable[[str], bool]) -> str:
    """Return `text` with every character the fonts lack written as its code point: 〔U+2EBF0〕, never a blank box."""
    return "".join(c if c == "\n" or has_glyph(c) else f"〔U+{ord(c):04X}〕" for c in text)


def parse_ranges(lines: Iterable[str]) -> list[tuple[int, int]]:
    """Return the ranges of code points written one a line as `3400-9FFF` or `B7`; ascending."""
    ranges = []
    for line in lines:
        first, _, last = line.strip().partition("-")
        if first:
            ranges.append((int(first, 16), int(last or first, 16)))
    return ranges
