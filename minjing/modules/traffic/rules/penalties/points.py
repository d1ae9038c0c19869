"""Points in a cycle of twelve months from the first issue of the licence (记分管理办法): what counts, what follows.

Below twelve and with every fine paid a cycle is cleared at its end; what is unpaid goes over to the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

FULL = 12
REDUCED_MAX = 6  # by study and public service, in a cycle
STUDY_DAYS, HEAVY_STUDY_DAYS, STUDY_DAYS_MAX, HEAVY_STUDY_DAYS_MAX = 7, 30, 60, 120
HEAVY = frozenset(("A1", "A2", "A3", "B1", "B2"))


@dataclass(frozen=True, slots=True)
class Entry:
    """Points of one day: of a violation (paid or not), of another city, or taken off."""

    day: date
    points: int  # below nought where taken off
    paid: bool = True
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a driver stands in the cycle of a day."""

    start: date
    end: date
    points: int
    carried: int
    reduced: int
    elsewhere: int

    @property
    def left(self) -> int:
        """Return how many points are left before twelve."""
        return max(FULL - self.points, 0)

    @property
    def full(self) -> bool:
        """Say whether twelve are reached: the licence is withheld until study and test."""
        return self.points >= FULL


def cycle(first_issued: date, day: date) -> tuple[date, date]:
    """Return the cycle of a day: from an anniversary of the first issue to the next one."""
    start = _anniversary(first_issued, day.year)
    if start > day:
        start = _anniversary(first_issued, day.year - 1)
    return start, _anniversary(first_issued, start.year + 1)


def standing(entries: Sequence[Entry], first_issued: date, day: date) -> Standing:
    """Return the points of a driver on `day`, a full past cycle and unpaid points carried over."""
    start, end = cycle(first_issued, day)
    inside = [one for one in entries if start <= one.day <= day]
    before = [one for one in entries if one.day < start]
    carried = sum(one.points for one in before if one.points > 0 and not one.paid)
    reduced = min(-sum(one.points for one in inside if one.points < 0), REDUCED_MAX)
    added = sum(one.points for one in inside if one.points > 0)
    elsewhere = sum(one.points for one in inside if one.elsewhere)
    return Standing(start, end, max(added + carried - reduced, 0), carried, reduced, elsewhere)


def study_days(points: int, classes: str) -> int:
    """Return how many days of study follow: none below twelve, more for heavy classes and each further twelve."""
    if points < FULL:
        return 0
    heavy = bool(HEAVY & set(classes.replace(" ", "").split(",")))
    each, most = (HEAVY_STUDY_DAYS, HEAVY_STUDY_DAYS_MAX) if heavy else (STUDY_DAYS, STUDY_DAYS_MAX)
    return min(points // FULL * each, most)


def _anniversary(first: date, year: int) -> date:
    try:
        return first.replace(year=year)
    except ValueError:  # issued on 29 February
        return date(year, 3, 1)
