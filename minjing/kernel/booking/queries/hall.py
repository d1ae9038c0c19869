"""The queue of a hall: tickets in the order of calling, and what the screen shows. Numbers only, never a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from minjing.base.clock import local_day
from minjing.kernel.booking import rules
from minjing.kernel.booking.models import Challenge, Visit
from minjing.kernel.booking.queries.places import SERVE, SUPERVISE, may_run, terms
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.identity.actor import Actor

SHOWN_CALLED, SHOWN_NEXT = 8, 10


@dataclass(frozen=True, slots=True)
class Called:
    """A ticket that is asked to a counter; `fresh`: just now."""

    ticket: str
    counter: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Display:
    """What the screen of a hall shows."""

    called: list[Called]
    next: list[str]
    waiting: int
    wait_min: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket in the queue, as the counter sees it."""

    visit: Visit
    place: int  # in the queue, from 1


def display(place: PlaceFacts, now: datetime) -> Display:
    """Return the tickets called and those that come next; anybody in the hall may read it."""
    rows = Visit.objects.filter(place_id=place.id, day=local_day(now))
    called = rows.filter(state=rules.CALLED).order_by("-called_at")[:SHOWN_CALLED]
    waiting = list(
        rows.filter(state=rules.WAITING).order_by("queue_at", "arrived_at").values_list("ticket", "minutes")
    )
    return Display(
        [Called(v.ticket, v.counter or 0, _fresh(v, now)) for v in called],
        [ticket for ticket, _ in waiting[:SHOWN_NEXT]],
        len(waiting),
        sum(minutes for _, minutes in waiting) // max(1, place.counters),
    )


def _fresh(visit: Visit, now: datetime) -> bool:
    return visit.called_at is not None and now - visit.called_at < timedelta(seconds=30)


def queue(place: PlaceFacts, by: Actor, now: datetime) -> list[Ticket]:
    """Return the tickets that wait, in the order of calling, for those who serve there."""
    may_run(by, place, SERVE)
    rows = Visit.objects.filter(place_id=place.id, day=local_day(now), state=rules.WAITING)
    return [Ticket(v, n) for n, v in enumerate(rows.order_by("queue_at", "arrived_at"), 1)]


def today(place: PlaceFacts, by: Actor, now: datetime, day: date | None = None) -> list[Visit]:
    """Return the visits of a day that were not given up, by time, for those who serve or supervise there."""
    may_run(by, place, SERVE, SUPERVISE)
    rows = Visit.objects.filter(place_id=place.id, day=day or local_day(now))
    return list(rows.exclude(state__in=[rules.LAPSED, rules.CANCELLED]).order_by("starts_at", "created_at"))


def challenges(place: PlaceFacts, by: Actor) -> list[tuple[Challenge, Visit]]:
    """Return what waits to be decided about missed visits, oldest first, for the place's supervisor."""
    may_run(by, place, SUPERVISE)
    rows = list(Challenge.objects.filter(place_id=place.id, decided_at__isnull=True).order_by("asked_at"))
    visits = Visit.objects.in_bulk([c.visit_id for c in rows])
    return [(c, visits[c.visit_id]) for c in rows if c.visit_id in visits]


def late_after(visit: Visit) -> datetime:
    """Return the instant after which a visit counts as missed."""
    return visit.ends_at + timedelta(minutes=terms().late_min)
