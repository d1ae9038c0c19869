"""The legal working-day clock: weekends, holidays and make-up working days, and office hours within a day.

The State Council's Holidays Office announces next year's days off each autumn; days after the last
announced one count as plain weekdays and whatever rests on them is provisional.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from minjing.base.clock import CHINA

DAY_S = 86_400
# Office hours of a counter: (from, until) in seconds of the day. A city may give its own.
OFFICE_HOURS = ((9 * 3600, 12 * 3600), (14 * 3600, 18 * 3600))


@dataclass(frozen=True)
class WorkCalendar:
    """Working days from `first` on, known until `known_until`, plain weekdays after it.

    `open_days` holds the ordinals of all working days in order; looking one up is a bisection or an index.
    """

    first: date
    known_until: date
    open_days: tuple[int, ...]
    hours: tuple[tuple[int, int], ...] = OFFICE_HOURS
    _rank: tuple[int, ...] = field(init=False, repr=False)
    _base: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        base, last = self.first.toordinal(), self.open_days[-1]
        ranks, position = [], 0
        for ordinal in range(base, last + 1):
            if position < len(self.open_days) and self.open_days[position] <= ordinal:
                position += 1
            ranks.append(position)  # how many working days lie up to and including this day
        object.__setattr__(self, "_rank", tuple(ranks))
        object.__setattr__(self, "_base", base)

    @property
    def day_s(self) -> int:
        """Seconds of office time in a working day."""
        return sum(end - start for start, end in self.hours)

    def is_workday(self, day: date) -> bool:
        """Say whether offices are open on `day`."""
        ordinal = day.toordinal()
        place = bisect_left(self.open_days, ordinal)
        return place < len(self.open_days) and self.open_days[place] == ordinal

    def add(self, day: date, count: int) -> date:
        """Return the `count`-th working day after `day`; the day itself never counts."""
        return date.fromordinal(self.open_days[self._rank[day.toordinal() - self._base] + count - 1])

    def is_provisional(self, day: date) -> bool:
        """Say whether `day` lies beyond the last announced calendar."""
        return day > self.known_until

    # Office time as one running count of seconds, so that pauses add and subtract.

    def to_work(self, at: datetime) -> int:
        """Return the office seconds that have passed since `first`, at the instant `at`."""
        local = at.astimezone(CHINA)
        ordinal, second = local.toordinal(), local.hour * 3600 + local.minute * 60 + local.second
        rank = self._rank[ordinal - self._base]
        if self.open_days[rank - 1] != ordinal if rank else True:
            return rank * self.day_s
        passed = sum(max(0, min(second, end) - start) for start, end in self.hours)
        return (rank - 1) * self.day_s + passed

    def from_work(self, work_s: int) -> datetime:
        """Return the earliest instant at which `work_s` office seconds have passed: ends of day stay ends."""
        index, rest = divmod(work_s - 1, self.day_s)
        rest += 1
        day = date.fromordinal(self.open_days[index])
        for start, end in self.hours:
            if rest <= end - start:
                return _instant(day, start + rest)
            rest -= end - start
        raise AssertionError("office hours do not add up")  # pragma: no cover - rest is within the day

    def end_of(self, day: date) -> datetime:
        """Return the instant at which offices close on `day`."""
        return _instant(day, self.hours[-1][1])

    def due(self, since: datetime, count: int, unit: str) -> datetime:
        """Return when a limit of `count` units that starts at `since` is over.

        Working days count from the next one and end at closing time; 0 means on the spot: before
        offices close on the day of receipt, or on the next working day when received after hours.
        Calendar days end at midnight (民法典 art. 203), hours run straight through.
        """
        if unit == "hour":
            return since + timedelta(hours=count)
        day = since.astimezone(CHINA).date()
        if unit == "day":
            return datetime.combine(day + timedelta(days=count + 1), time(), CHINA)
        if unit != "workday":
            raise ValueError(f"unknown unit of time {unit!r}")
        if count == 0:
            on_time = self.is_workday(day) and since < self.end_of(day)
            return self.end_of(day if on_time else self.add(day, 1))
        return self.end_of(self.add(day, count))


def _instant(day: date, second: int) -> datetime:
    return datetime.combine(day, time(), CHINA) + timedelta(seconds=second)


def build(first: date, known_until: date, off: Iterable[date], made_up: Iterable[date], last: date) -> WorkCalendar:
    """Return the calendar with plain weekdays except for days `off` and weekend days `made_up`."""
    closed, extra = set(off), set(made_up)
    days = (date.fromordinal(o) for o in range(first.toordinal(), last.toordinal() + 1))
    open_days = tuple(d.toordinal() for d in days if d in extra or (d.weekday() < 5 and d not in closed))
    return WorkCalendar(first, known_until, open_days)
