"""Pure decisions about looks: which are asked about, who reviews, what is no answer, how long one may be hidden."""

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from minjing.kernel.identity.rules.rights import Verdict

# Hidden for twelve months at the most: 365 days are never more. The database holds the same bound.
HIDDEN_MAX = timedelta(days=365)
DRAW_BITS = 64


def drawn(key: bytes, entry_id: UUID, one_in: int) -> bool:
    """Say whether the officer is asked about the look of this entry: one in `one_in`, by HMAC-SHA256 of its id.

    Whoever looks cannot foresee it without the key; whoever holds the key can recheck every entry for ever.
    `one_in` is at least 1; 1 asks about each look.
    """
    return _lot(key, b"note|" + entry_id.bytes) * one_in < 1 << DRAW_BITS


def pick_reviewer(
    key: bytes, entry_id: UUID, author: UUID, author_unit: int, peers: Collection[tuple[UUID, int]]
) -> UUID | None:
    """Return who of `peers` (account, unit) reviews the note on this entry; None when there is nobody.

    Never the author; of another unit where one has anybody; by lot, so that nobody chooses or is chosen.
    """
    others = {(account, unit) for account, unit in peers if account != author}
    at_home = {account for account, unit in others if unit == author_unit}
    away = {account for account, _ in others} - at_home
    able = away or at_home
    if not able:
        return None
    return min(able, key=lambda account: (_lot(key, b"peer|" + entry_id.bytes + account.bytes), account))


def _lot(key: bytes, what: bytes) -> int:
    return int.from_bytes(hmac.digest(key, what, "sha256")[: DRAW_BITS // 8])


@dataclass(frozen=True, slots=True)
class Tastes:
    """What makes a note no answer; the figures and phrases are data (looking.yaml)."""

    min_chars: int
    max_chars: int
    min_distinct: int
    max_share: float  # of one character among all
    empty_phrases: frozenset[str]


LONG_NUMBER = 11  # digits: a phone has 11, an ID number 18


def names_by_number(text: str) -> bool:
    """Say whether `text` holds a run of digits as long as a phone or an ID number, spaces and dashes aside."""
    run = 0
    for c in text:
        if c.isdecimal():
            run += 1
            if run >= LONG_NUMBER:
                return True
        elif c not in " -\u3000":
            run = 0
    return False


def nonsense(note: str, tastes: Tastes) -> str:
    """Return why `note` is no answer, "" when it may be one.

    The reasons: too_short, too_long, long_number, repeated, empty_phrase. Letters and digits alone count, so that
    padding with stops or spaces helps nobody.
    """
    if len(note) > tastes.max_chars:
        return "too_long"
    if names_by_number(note):
        return "long_number"
    said = [c for c in note.casefold() if c.isalnum()]
    if "".join(said) in tastes.empty_phrases:
        return "empty_phrase"
    if len(said) < tastes.min_chars:
        return "too_short"
    most = max(said.count(c) for c in set(said))
    if len(set(said)) < tastes.min_distinct or most > tastes.max_share * len(said) or _one_piece_again("".join(said)):
        return "repeated"
    return ""


def _one_piece_again(text: str) -> bool:
    """Say whether `text` is one piece, at most half of it, over and over: asdfasdfas."""
    for length in range(1, len(text) // 2 + 1):
        piece = text[:length]
        if (piece * (len(text) // length + 1))[: len(text)] == text:
            return True
    return False


def may_hide(since: datetime, until: datetime) -> Verdict:
    """Say whether looks may be hidden from `since` until `until`."""
    if until <= since:
        return Verdict(False, "ends_before_start")
    if until - since > HIDDEN_MAX:
        return Verdict(False, "hidden_too_long")
    return Verdict(True)


def months_before(day: date, count: int) -> Sequence[date]:
    """Return the first days of the `count` full months before the month of `day`, the latest first."""
    found = []
    first = day.replace(day=1)
    for _ in range(count):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found
