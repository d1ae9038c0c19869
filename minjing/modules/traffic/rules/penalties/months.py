"""Whole months between two instants, by the calendar of China: the unit of every look-back.

From 28 February 23:00 to 28 March 22:59 no month has passed; at 23:00 one has. The calendar is written as a number
("slots": months of 31 days each) in which a look-back of n months is a plain subtraction; `columns` counts with it.
"""

from __future__ import annotations

from datetime import datetime

from minjing.base.clock import CHINA

NEVER = 9999  # months since something that never was
DAY_US = 86_400_000_000
MONTH_US = 31 * DAY_US


def months_between(earlier: datetime, later: datetime) -> int:
    """Return how many whole months have passed from `earlier` to `later`."""
    a, b = earlier.astimezone(CHINA), later.astimezone(CHINA)
    whole = (b.year - a.year) * 12 + b.month - a.month
    return whole - ((b.day, b.time()) < (a.day, a.time()))


def slot(at: datetime) -> int:
    """Return the instant as microseconds on the calendar of 31-day months."""
    day = at.astimezone(CHINA)
    within = (day.hour * 3600 + day.minute * 60 + day.second) * 1_000_000 + day.microsecond
    return (day.year * 12 + day.month - 1) * MONTH_US + (day.day - 1) * DAY_US + within
