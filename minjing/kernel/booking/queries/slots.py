"""What is free: by day, by slot, at the nearest places. A hold whose time is over counts as free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from minjing.base.clock import local_day
from minjing.kernel.booking import rules
from minjing.kernel.booking.models import Day, Slot
from minjing.kernel.booking.queries.places import terms
from minjing.kernel.booking.rules import Free, PlaceFacts

_SLOTS = """
SELECT s.place_id, s.day, s.starts_at, s.ends_at, s.capacity,
    s.used - coalesce((SELECT sum(p.minutes) FROM booking_part p
                       WHERE p.slot_id = s.id AND p.held_until <= %(now)s), 0)
FROM booking_slot s
WHERE s.place_id = ANY(%(places)s) AND s.starts_at >= %(since)s AND s.starts_at < %(until)s
ORDER BY s.starts_at
"""


# What a day without any counter says: it is not full, and nobody can wait for it.
NO_COUNTER = {"zh": "当天没有开放窗口", "en": "no counter is open"}


@dataclass(frozen=True, slots=True)
class DayFree:
    """A day of a place: how many visits of the minutes asked for still fit, and how full it is."""

    day: date
    starts: int  # how many times one may choose from
    full_percent: int
    closed_why: dict[str, str] | None = None

    @property
    def is_open(self) -> bool:
        """Say whether anything can be booked."""
        return self.starts > 0


def slots(
    place: PlaceFacts, day: date, services: Iterable[str], now: datetime, *, walk_in: bool = False
) -> list[Free]:
    """Return the times of a day at which a visit for these services may begin, those to come.

    A walk-in may also have what is left of the slot that runs now.
    """
    minutes = place.minutes_of(services)
    read = _read([place], now, day, day + timedelta(days=1)).get(place.id, {})
    fits = rules.fitting(read.get(day, []), minutes, place.slot_min)
    return [f for f in fits if (f.ends_at if walk_in else f.starts_at) > now]


def slots_of_day(place: PlaceFacts, day: date, now: datetime) -> list[Free]:
    """Return all slots of a day with what is free of each, for the capacity editor."""
    return _read([place], now, day, day + timedelta(days=1)).get(place.id, {}).get(day, [])


def closed_why(place: PlaceFacts, day: date) -> Mapping[str, str] | None:
    """Return why the place is closed on a day of its own accord, {} for a day without hours, None when it is open."""
    closed = Day.objects.filter(place_id=place.id, day=day, closed_why__isnull=False)
    if (why := closed.values_list("closed_why", flat=True).first()) is not None:
        return dict(why)
    return None if Slot.objects.filter(place_id=place.id, day=day, capacity__gt=0).exists() else {}


def days(place: PlaceFacts, services: Iterable[str], now: datetime) -> list[DayFree]:
    """Return the days that can be booked ahead at a place, full ones and days it closed itself too."""
    minutes, today = place.minutes_of(services), local_day(now)
    until = today + timedelta(days=terms().days_ahead + 1)
    read = _read([place], now, today, until).get(place.id, {})
    why = dict(
        Day.objects.filter(place_id=place.id, day__gte=today, closed_why__isnull=False).values_list(
            "day", "closed_why"
        )
    )
    return [_day(day, listed, minutes, place, now, why.get(day)) for day, listed in sorted(read.items())]


def board(listed: Iterable[PlaceFacts], services: Iterable[str], now: datetime, ahead: int = 7) -> dict[str, int]:
    """Return how full the next days of each place are, in per cent, by code: the load shown on the list."""
    found = {}
    today, asked = local_day(now), list(listed)
    read = _read(asked, now, today, today + timedelta(days=ahead))
    for place in asked:
        coming = [s for free in read.get(place.id, {}).values() for s in free if s.starts_at > now]
        capacity = sum(s.capacity_min for s in coming)
        found[place.code] = 100 - (100 * sum(s.free_min for s in coming) // capacity if capacity else 0)
    return found


def first_free(
    listed: Iterable[PlaceFacts], services: Iterable[str], now: datetime, since: datetime | None = None
) -> dict[str, datetime]:
    """Return the first time that is free at each place, by code; a place without one is left out."""
    asked, wanted, begins = list(listed), list(services), since or now
    first = local_day(begins)
    read = _read(asked, now, first, local_day(now) + timedelta(days=terms().days_ahead + 1))
    found = {}
    for place in asked:
        minutes = place.minutes_of(wanted)
        for _, free in sorted(read.get(place.id, {}).items()):
            fits = [f for f in rules.fitting(free, minutes, place.slot_min) if f.starts_at > begins]
            if fits:
                found[place.code] = fits[0].starts_at
                break
    return found


def nearest_free(
    place: PlaceFacts, starts_at: datetime, services: Iterable[str], now: datetime, limit: int = 4
) -> list[Free]:
    """Return the free times of this place nearest to one that is full, the nearest first."""
    minutes, day = place.minutes_of(services), local_day(starts_at)
    read = _read([place], now, max(local_day(now), day - timedelta(days=4)), day + timedelta(days=8))
    free = [
        f
        for listed in read.get(place.id, {}).values()
        for f in rules.fitting(listed, minutes, place.slot_min)
        if f.starts_at > now and f.starts_at != starts_at
    ]
    return sorted(free, key=lambda f: abs(f.starts_at - starts_at))[:limit]


def open_until(place_id: int) -> date | None:
    """Return the last day whose slots are open."""
    return Slot.objects.filter(place_id=place_id).order_by("-starts_at").values_list("day", flat=True).first()


def _day(
    day: date, listed: list[Free], minutes: int, place: PlaceFacts, now: datetime, why: dict[str, str] | None
) -> DayFree:
    coming = [f for f in listed if f.starts_at > now]
    capacity = sum(f.capacity_min for f in coming)
    if why is None and not any(f.capacity_min for f in listed):
        why = NO_COUNTER
    full = 100 - (100 * sum(f.free_min for f in coming) // capacity if capacity else 0)
    return DayFree(day, len(rules.fitting(coming, minutes, place.slot_min)), full, why)


def _read(listed: Iterable[PlaceFacts], now: datetime, since: date, until: date) -> dict[int, dict[date, list[Free]]]:
    begin, end = (rules.Grid(((0, 1),), 1).starts(day)[0] for day in (since, until))
    found: dict[int, dict[date, list[Free]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SLOTS, {"places": [p.id for p in listed], "since": begin, "until": end, "now": now})
        for place_id, day, starts_at, ends_at, capacity, used in cursor.fetchall():
            free = Free(starts_at, ends_at, max(0, capacity - used), capacity)
            found.setdefault(place_id, {}).setdefault(day, []).append(free)
    return found
