"""What is added to a fine that is paid late: 3 % a day, at most the fine itself (行政处罚法 art. 72)."""

from __future__ import annotations

from datetime import date

DAILY_PERCENT = 3
PAY_WITHIN_DAYS = 15


def surcharge_fen(fen: int, due_date: date, day: date) -> int:
    """Return what is added on `day` to a fine due by `due_date`: nothing until then, never more than the fine."""
    late = max((day - due_date).days, 0)
    return min(fen * DAILY_PERCENT * late // 100, fen)


def parts(fen: int, count: int) -> list[int]:
    """Return a fine in `count` parts, the first ones the larger by at most one fen."""
    each, rest = divmod(fen, count)
    return [each + (n < rest) for n in range(count)]


def share_back(surcharge: int, fen: int, back: int) -> int:
    """Return what of a paid surcharge goes back with `back` of its fine: the same share, rounded for the payer."""
    return 0 if not fen else -(-surcharge * back // fen)
