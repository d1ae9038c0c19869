"""Halls where visits are booked, in the small world of the tests."""

from collections.abc import Iterator
from datetime import date

import pytest

from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.models import Day, Slot, Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.booking.tests.conftest import put
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Post
from tests.hours import set_clock_to


def open_hall() -> Iterator[PlaceFacts]:
    """Yield a hall of two slots a day, three passports each; another one lies further off."""
    queries.forget_kept()
    put("hall", counters=1, hours=[["09:00", "10:00"]])
    put("corner", counters=1, lon=114.2)
    actions.open_all_days(now())
    yield queries.place("hall")
    queries.forget_kept()


def open_today(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaceFacts]:
    """Yield a hall of two counters that is open now, its clerks serve, its head supervises."""
    set_clock_to(10, monkeypatch)
    queries.forget_kept()
    Post.objects.filter(code="station_clerk").update(acts=["look", "serve"])
    Post.objects.filter(code="station_approver").update(acts=["look", "supervise"])
    put("hall", counters=2, unit="U27", hours=[["00:00", "23:59"]])
    place = queries.place("hall")
    actions.open_all_days(now())
    today = local_day(now())  # the day of the test may be none on which offices are open
    slots = [
        Slot(
            id=place.id << 32 | int(start.timestamp()) // 60, org_id=4, place_id=place.id, day=today,
            starts_at=start, ends_at=start + (place.grid.starts(today)[1] - place.grid.starts(today)[0]),
            capacity=60,
        )
        for start in place.grid.starts(today)
    ]  # fmt: skip
    Slot.objects.bulk_create(slots, ignore_conflicts=True)
    Day.objects.get_or_create(place_id=place.id, day=today, defaults={"org_id": 4})
    yield place
    queries.forget_kept()


def ticket(place: PlaceFacts) -> Visit:
    """Return a ticket that the machine in the hall has given."""
    return actions.take_ticket(place.code, ["passport"], by=SYSTEM, now=now(), request_id=new_id())


def coming_day(place: PlaceFacts) -> date:
    """Return the next day on which the hall is open."""
    return next(d.day for d in queries.days(place, ["passport"], now()) if d.day > local_day(now()))
