"""The due date of a legal limit: ours by a table made once, beside a loop over days with chinesecalendar."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta

import chinese_calendar
import yaml

from bench import house
from bench.table import Row, at_most, median
from minjing.base.workdays import WorkCalendar, build

LIMIT = 20  # working days: the commonest legal limit
FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)


def run(say: Callable[[str], None]) -> list[Row]:
    """Add 20 working days to every day of 2018–2025, five times; check every day of 2004–2026 first."""
    calendar = city_calendar()
    disagreeing = [day for day in _days(FIRST, LAST) if calendar.is_workday(day) != chinese_calendar.is_workday(day)]
    say(f"{(LAST - FIRST).days + 1} days compared, {len(disagreeing)} disagree")
    days = list(_days(date(2018, 1, 1), date(2025, 11, 30)))
    ours = median([_each(days, lambda day: calendar.add(day, LIMIT)) for _ in range(5)])
    some = days[::20]
    peer = median([_each(some, lambda day: by_loop(day, LIMIT)) for _ in range(3)])
    assert all(calendar.add(day, LIMIT) == by_loop(day, LIMIT) for day in some)
    return [
        at_most("due date, 20 working days", ours * 1e6, 1.0, "µs", peer * 1e6, "peer: loop over days"),
        at_most("days that disagree with chinesecalendar, 2004–2026", len(disagreeing), 0, "days"),
    ]


def city_calendar() -> WorkCalendar:
    """Return the calendar of the demo city as it is published."""
    told = yaml.safe_load((house.ROOT / "cities" / "shenzhen" / "calendar.yaml").read_text(encoding="utf-8"))
    off, made_up = (
        [date.fromisoformat(f"{year}-{day}") for year, days in told[key].items() for day in days]
        for key in ("days_off", "made_up")
    )
    return build(FIRST, told["known_until"], off, made_up, date(2036, 12, 31))


def by_loop(day: date, count: int) -> date:
    """Return the `count`-th working day after `day`, as a caller of chinesecalendar finds it."""
    while count:
        day += timedelta(days=1)
        count -= chinese_calendar.is_workday(day)
    return day


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _each(days: list[date], add: Callable[[date], date]) -> float:
    """Return the seconds that one addition takes."""
    began = time.perf_counter()
    for day in days:
        add(day)
    return (time.perf_counter() - began) / len(days)
