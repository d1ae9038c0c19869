"""Where upper parts plug in: the working-day calendar, and what follows when a visit is kept or missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from minjing.base.workdays import WorkCalendar
from minjing.kernel.identity.actor import Actor

if TYPE_CHECKING:
    from minjing.kernel.booking.models import Visit


class Follows(Protocol):
    """What follows from a change of a visit, in its transaction; visits that are not its own it leaves alone."""

    def __call__(self, visit: Visit, *, by: Actor, now: datetime) -> None: ...


Calendar = Callable[[], WorkCalendar]
_calendar: list[Calendar] = []
ARRIVED: list[Follows] = []
MISSED: list[Follows] = []


def calendar(ask: Calendar) -> None:
    """Register who knows the working days; matters does."""
    _calendar[:] = [ask]


def work_calendar() -> WorkCalendar:
    """Return the working-day calendar. Raises LookupError where nobody has registered one."""
    if not _calendar:
        raise LookupError("nobody has registered a working-day calendar")
    return _calendar[0]()


def on_arrived(follow: Follows) -> None:
    """Register what follows when somebody reports at the hall for a visit."""
    _once(ARRIVED, follow)


def on_missed(follow: Follows) -> None:
    """Register what follows when somebody did not come."""
    _once(MISSED, follow)


def _once(listed: list[Follows], follow: Follows) -> None:
    if follow not in listed:
        listed.append(follow)
