"""A hall with two counters and a small one beside it, an officer who serves, a supervisor, and people who come."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from minjing.base.clock import CHINA
from minjing.base.ids import new_id
from minjing.base.workdays import build
from minjing.kernel.booking import actions, plugs, queries
from minjing.kernel.identity.actor import SYSTEM, Actor, Holding
from minjing.kernel.identity.models import Account, PersonKey, Unit
from minjing.kernel.identity.sealing import new_key

# National Day 2026: closed 1-7 October, made up on Sunday 20 September and Saturday 10 October.
CALENDAR = build(
    date(2025, 1, 1),
    date(2026, 12, 31),
    [date(2026, 10, d) for d in range(1, 8)],
    [date(2026, 9, 20), date(2026, 10, 10)],
    date(2036, 12, 31),
)
MONDAY = datetime(2026, 9, 14, 8, 0, tzinfo=CHINA)  # before opening
TUESDAY = date(2026, 9, 15)
OFFERS = [
    ("passport", {"zh": "护照", "en": "Passport"}, 10),
    ("hk_macao", {"zh": "港澳通行证", "en": "HK–Macao permit"}, 15),
    ("id_card", {"zh": "身份证", "en": "ID card"}, 30),
]


def resident(number: int) -> Actor:
    """Return a made-up resident, by number."""
    return Actor(UUID(int=1000 + number), "resident", person_id=UUID(int=5000 + number), level=2)


LIN, CHEN, WANG = resident(1), resident(2), resident(3)


def officer(number: int, *acts: str, path: str = "1.4.") -> Actor:
    """Return an officer who may do these acts in a unit."""
    held = Holding("hall_clerk", 4, path, "branch", 4, frozenset(acts))
    return Actor(UUID(int=number), "officer", name=f"officer {number}", holdings=(held,))


ZHOU, MA = officer(11, "look", "serve"), officer(12, "look", "serve")
HEAD = officer(13, "supervise")
ELSEWHERE = officer(14, "serve", "supervise", path="1.5.")


def at(hour: int, minute: int = 0, day: date = TUESDAY) -> datetime:
    """Return an instant of the day most tests book."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA)


@pytest.fixture
def halls(db: None) -> Iterator[None]:
    """Two halls with their days open."""
    yield from make_halls()


@pytest.fixture
def lasting_halls(transactional_db: None) -> Iterator[None]:
    """The same, committed, for tests with several connections."""
    yield from make_halls()


def make_halls() -> Iterator[None]:
    for unit_id, level, parent, path in (
        (1, "bureau", None, "1."),
        (4, "branch", 1, "1.4."),
        (5, "branch", 1, "1.5."),
    ):
        Unit.objects.create(
            id=unit_id, code=f"U{unit_id}", org_id=4 if level == "branch" else 0, level=level, parent_id=parent,
            path=path, name={"zh": f"单位{unit_id}", "en": f"Unit {unit_id}"}, lon=114.05, lat=22.54,
        )  # fmt: skip
    before = list(plugs._calendar)
    plugs.calendar(lambda: CALENDAR)
    queries.forget_kept()
    put("hall", counters=2)
    put("corner", counters=1, unit="U5", lon=114.15)
    actions.open_all_days(MONDAY)
    for person in (LIN, CHEN, WANG):
        make_key(person)
    yield
    plugs._calendar[:] = before
    queries.forget_kept()


def put(code: str, *, counters: int, unit: str = "U4", lon: float = 114.06, **more: Any) -> None:
    """Make a place with the usual hours."""
    usual: dict[str, Any] = {
        "kind": "exit_entry_hall",
        "name": {"zh": f"{code}大厅", "en": f"{code} hall"},
        "address": {"zh": "民警路 1 号", "en": "1 Minjing Road"},
        "lat": 22.54,
        "hours": [["09:00", "12:00"], ["14:00", "18:00"]],
        "slot_min": 30,
        "offers": OFFERS,
        "demo": True,
    }
    actions.put_place(
        code=code, unit_code=unit, lon=lon, counters=counters, by=SYSTEM, now=MONDAY, **{**usual, **more}
    )


def make_key(person: Actor) -> None:
    """Give a person the key that seals what they write, and the account that is told."""
    PersonKey.objects.get_or_create(
        pk=person.person_id, defaults={"wrapped": new_key(person.person_id), "created_at": timezone.now()}
    )
    Account.objects.get_or_create(
        id=person.account_id, defaults={"kind": "resident", "login": str(person.account_id), "created_at": MONDAY}
    )


def book(who: Actor = LIN, start: datetime | None = None, services: tuple[str, ...] = ("passport",), **more: Any):
    """Book a visit at the hall on Tuesday at nine, or as asked."""
    ask = {"now": MONDAY, "request_id": new_id(), **more}
    return actions.book(ask.pop("place", "hall"), services, start or at(9), by=who, **ask)


def hold(who: Actor = LIN, start: datetime | None = None, services: tuple[str, ...] = ("passport",), **more: Any):
    """Hold a time at the hall on Tuesday at nine, or as asked."""
    ask = {"now": MONDAY, "request_id": new_id(), **more}
    return actions.hold(ask.pop("place", "hall"), services, start or at(9), by=who, **ask)


def act(visit: Any, name: str, who: Actor = ZHOU, now: datetime | None = None):
    """Do something to a visit as it is."""
    visit.refresh_from_db()
    return getattr(actions, name)(visit.pk, ver=visit.ver, by=who, now=now or at(9, 5), request_id=new_id())


def later(minutes: int, since: datetime = MONDAY) -> datetime:
    """Return an instant some minutes later."""
    return since + timedelta(minutes=minutes)
