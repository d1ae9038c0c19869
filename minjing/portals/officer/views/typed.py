"""Reading what came in an address or a form: numbers and days of our time, anything else is none."""

from __future__ import annotations

from datetime import date, datetime

from minjing.base.clock import CHINA

FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)  # what can be a day of anything here


def whole(text: str) -> int:
    """Return the whole number that was typed, 0 for what is none or too large to be one of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def day(text: str) -> date:
    """Return the day that was typed. Raises ValueError."""
    found = date.fromisoformat(text.strip())
    if not FIRST <= found <= LAST:
        raise ValueError(text)
    return found


def instant(text: str) -> datetime | None:
    """Return the instant that an address names, in China where it says no zone; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST < found.date() < LAST:
        return None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)
