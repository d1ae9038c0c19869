"""Many at once: exactly as many visits as there is room, and every slot is the sum of its parts."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, BoundedSemaphore

import pytest
from django.db import connection
from django.db.models import Sum

from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.booking.models import Item, Part, Slot, Visit
from minjing.kernel.booking.tests.conftest import MONDAY, ZHOU, at, later, put, resident
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 200
CONNECTIONS = 80  # the server takes a hundred; the other clients wait for theirs as they do at a pool


def all_at_once(jobs, clients: int = CLIENTS):
    """Run the jobs in threads that all start together; return their results or the keys of their refusals."""
    ready, pool = Barrier(min(clients, len(jobs))), BoundedSemaphore(CONNECTIONS)

    def run(job):
        ready.wait()
        with pool:
            try:
                return job()
            except BookingError as refused:
                return refused.key
            finally:
                connection.close()

    with ThreadPoolExecutor(min(clients, len(jobs))) as threads:
        return list(threads.map(run, jobs))


def adds_up() -> bool:
    parts = dict(Part.objects.values_list("slot_id").annotate(Sum("minutes")))
    return all(slot.used == parts.get(slot.pk, 0) <= slot.capacity for slot in Slot.objects.all())


@pytest.fixture
def wide(lasting_halls):
    """A hall whose slots take exactly fifty visits of ten minutes."""
    put("wide", counters=25, slot_min=20, hours=[["09:00", "12:00"]])
    actions.open_all_days(MONDAY)
    return queries.place("wide")


def test_of_two_hundred_who_want_one_slot_of_fifty_exactly_fifty_have_it(wide):
    def book(n):
        return actions.book("wide", ["passport"], at(9), by=resident(n), now=MONDAY, request_id=new_id()).state

    results = Counter(all_at_once([lambda n=n: book(n) for n in range(CLIENTS)]))
    assert results == {"booked": 50, "full": 150}
    slot = Slot.objects.get(place_id=wide.id, starts_at=at(9))
    assert (slot.used, slot.capacity) == (500, 500)
    assert Visit.objects.filter(state="booked").count() == Part.objects.count() == 50
    entries = Counter(Outbox.objects.filter(kind__startswith="booking:visit").values_list("kind", flat=True))
    assert entries == {"booking:visit:booked": 50, "booking:visit:refused": 150}
    assert adds_up()


def test_fifty_holds_that_are_over_are_given_out_once_to_two_hundred(wide):
    for n in range(50):
        actions.hold("wide", ["passport"], at(9), by=resident(500 + n), now=MONDAY, request_id=new_id())

    def book(n):
        return actions.book("wide", ["passport"], at(9), by=resident(n), now=later(11), request_id=new_id()).state

    jobs = [lambda n=n: book(n) for n in range(CLIENTS - 4)]
    jobs += [lambda: actions.sweep(later(11)) and "swept"] * 4  # the sweep takes the same holds away meanwhile
    results = Counter(all_at_once(jobs))
    assert (results["booked"], results["full"]) == (50, CLIENTS - 54)
    actions.sweep(later(12))
    assert Slot.objects.get(place_id=wide.id, starts_at=at(9)).used == 500
    assert adds_up()


def test_a_booking_clicked_many_times_at_once_is_one(wide):
    request_id = new_id()

    def click():
        return actions.book("wide", ["passport"], at(9), by=resident(1), now=MONDAY, request_id=request_id).pk

    assert len(set(all_at_once([click] * 24))) == 1
    assert Visit.objects.count() == 1


def test_one_person_with_many_tabs_has_one_visit_a_day(wide):
    starts = wide.grid.starts(at(9).date())

    def book(n):
        start = starts[n % len(starts)]
        return actions.book("wide", ["passport"], start, by=resident(1), now=MONDAY, request_id=new_id()).state

    assert Counter(all_at_once([lambda n=n: book(n) for n in range(24)])) == {"booked": 1, "already_booked": 23}
    assert adds_up()


def test_many_counters_call_nobody_twice(lasting_halls):
    put("busy", counters=20)
    actions.open_all_days(MONDAY)
    now = at(9, 1)
    for _ in range(30):
        actions.take_ticket("busy", ["passport"], by=SYSTEM, now=now, request_id=new_id())

    def call(counter):
        return actions.call_next("busy", counter, by=ZHOU, now=at(9, 5), request_id=new_id()).ticket

    called = all_at_once([lambda c=c: call(c) for c in range(1, 21)])
    assert sorted(called) == [f"B{n:03d}" for n in range(1, 21)]


def test_everything_at_once_leaves_every_slot_the_sum_of_its_parts(wide):
    """Holds, confirmations, moves that cross, long visits, cancellations, sweeps: nothing is oversold or lost."""
    starts = wide.grid.starts(at(9).date())[:4]
    seed = random.Random(7)
    plans = [(n, seed.random(), seed.sample(starts, 3), seed.choice([["passport"], ["id_card", "passport"]]))
             for n in range(120)]  # fmt: skip

    def live(plan):
        n, luck, (first, second, third), services = plan
        who, now = resident(n), MONDAY + timedelta(seconds=n)
        ask = {"by": who, "now": now}
        visit = actions.hold("wide", services, first, request_id=new_id(), **ask)
        if luck < 0.15:
            return "left"
        if luck < 0.5:
            visit = actions.hold("wide", services, second, request_id=new_id(), **ask)
        visit = actions.confirm(visit.pk, request_id=new_id(), **ask)
        if luck > 0.3:
            visit = actions.reschedule(visit.pk, third, ver=visit.ver, request_id=new_id(), **ask)
        if luck > 0.8:
            return actions.cancel(visit.pk, ver=visit.ver, request_id=new_id(), **ask).state
        return visit.state

    jobs = [lambda p=p: live(p) for p in plans] + [lambda: actions.sweep(later(30)) and "swept"] * 4
    results = Counter(all_at_once(jobs))
    assert results["booked"] + results["cancelled"] > 20, results
    assert adds_up()
    actions.sweep(later(60))
    assert adds_up()
    kept = Visit.objects.filter(state="booked")
    assert Part.objects.values("visit_id").distinct().count() == kept.count()
    assert Item.objects.filter(live=True).values("visit_id").distinct().count() == kept.count()
