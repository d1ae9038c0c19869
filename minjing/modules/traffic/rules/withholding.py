"""How long a licence is withheld (暂扣), what of it has run, and what state a licence is in by what weighs on it.

A suspension of so many months begins on the day its decision takes effect and ends on the same day of the month in
which it is over: the first day on which the licence is the holder's again. Two suspensions run one after the other
(平台规则, 置信度 C: the sources give no rule). Full points (记分办法) withhold it until study and retest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from minjing.modules.traffic.rules.licences import months_later

VALID, SUSPENDED, FULL_POINTS = "valid", "suspended", "full_points"
FINAL = ("cancelled", "revoked", "stopped")  # nothing that ends gives such a licence back


@dataclass(frozen=True, slots=True)
class Clock:
    """A suspension on one day: its first day, the day the licence comes back, days in all, run and left."""

    begins: date
    ends: date
    total: int
    run: int
    left: int
    begun: bool  # one that follows another waits for it

    @property
    def over(self) -> bool:
        """Say whether the licence is the holder's again."""
        return self.left == 0

    @property
    def share(self) -> int:
        """Return how much of it has run, in per cent."""
        return 100 * self.run // self.total


def clock(begins: date, ends: date, today: date) -> Clock:
    """Return a suspension as it stands on a day."""
    total = (ends - begins).days
    run = min(max((today - begins).days, 0), total)
    return Clock(begins, ends, total, run, total - run, begins <= today)


def term(begins: date, months: int) -> date:
    """Return the day on which a suspension of so many months is over. Raises ValueError for none."""
    if months <= 0:
        raise ValueError("a suspension has months")
    return months_later(begins, months)


def state(present: str, until: date | None, full: bool) -> tuple[str, date | None]:
    """Return status and last day of suspension of a licence by what weighs on it; a final state stays."""
    if present in FINAL:
        return present, None
    if until is not None:
        return SUSPENDED, until
    return (FULL_POINTS if full else VALID), None
