"""The statements beside an in-memory twin: whatever is asked in whatever order, both say the same.

A few examples in CI; `BOOKING_EXAMPLES=500` for the long run.
"""

import os
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.booking.models import Slot, Visit
from minjing.kernel.booking.tests.conftest import MONDAY, at, put, resident

LONG = "BOOKING_EXAMPLES" in os.environ  # then a failure is also made small, which takes minutes
PEOPLE = 4
SERVICES = {"passport": 10, "hk_macao": 20, "id_card": 35}
SLOTS = 4  # of half an hour, one counter: thirty minutes each
HOLD = timedelta(minutes=10)
whose, where = st.integers(0, PEOPLE - 1), st.integers(0, SLOTS - 1)
which = st.lists(st.sampled_from(sorted(SERVICES)), min_size=1, max_size=2, unique=True)


class Twin:
    """The same rules, told naively: a list of visits, and the room added up anew each time."""

    def __init__(self) -> None:
        self.visits: dict[object, dict] = {}

    def parts(self, slot: int, services: list[str]) -> dict[int, int]:
        minutes, found = sum(SERVICES[s] for s in services), {}
        while minutes > 0:
            found[slot] = min(30, minutes)
            slot, minutes = slot + 1, minutes - 30
        return found

    def live(self, now) -> list[dict]:
        return [v for v in self.visits.values() if v["state"] == "booked" or self.held(v, now)]

    def held(self, visit: dict, now) -> bool:
        return visit["state"] == "held" and visit["until"] > now

    def room(self, slot: int, now, besides: object = None) -> int:
        taken = (v["parts"].get(slot, 0) for v in self.live(now) if v["id"] != besides)
        return 30 - sum(taken)

    def take(self, who: int, slot: int, services: list[str], now, besides: object = None) -> str:
        parts = self.parts(slot, services)
        if any(s >= SLOTS for s in parts):
            return "closed"
        if any(self.room(s, now, besides) < m for s, m in parts.items()):
            return "full"
        mine = [v for v in self.live(now) if v["who"] == who and v["id"] != besides]
        if any(set(v["services"]) & set(services) for v in mine):
            return "already_booked"
        return ""


class Booking(RuleBasedStateMachine):
    """People who hold, book, confirm, move, give up and let time pass."""

    @initialize()
    def begin(self) -> None:
        self.now, self.twin = MONDAY, Twin()
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # visits are never deleted; here they must be
            cursor.execute("DELETE FROM booking_visit; DELETE FROM booking_part; DELETE FROM booking_item;"
                           "UPDATE booking_slot SET used = 0")  # fmt: skip
            cursor.execute("SET session_replication_role = origin")

    def both(self, wanted: str, act) -> Visit | None:
        """Do it; compare what came of it with what the twin said."""
        visit, said = None, ""
        try:
            visit = act()
        except BookingError as refused:
            said = refused.key
        assert said == wanted
        return visit

    @rule(who=whose, slot=where, services=which, keep=st.sampled_from((False, False, False, True)))
    def take(self, who: int, slot: int, services: list[str], keep: bool) -> None:
        twin, act = self.twin, actions.book if keep else actions.hold
        held = None
        if not keep:  # a hold for one of these services is moved
            mine = [v for v in twin.live(self.now) if v["who"] == who and v["state"] == "held"]
            held = next((v for v in mine if set(v["services"]) & set(services)), None)
            if sum(bool(set(v["services"]) & set(services)) for v in mine) > 1:
                return  # which of two is moved is nobody's promise
        wanted = twin.take(who, slot, services, self.now, held["id"] if held else None)
        start = at(9) + timedelta(minutes=30 * slot)
        visit = self.both(
            wanted,
            lambda: act("one", services, start, by=resident(who), now=self.now, request_id=new_id()),
        )
        if visit is not None:
            state = "booked" if keep else "held"
            until = self.now + HOLD
            assert (visit.pk == held["id"]) if held else (visit.pk not in twin.visits)
            twin.visits[visit.pk] = {
                "id": visit.pk, "who": who, "services": services, "parts": twin.parts(slot, services),
                "state": state, "until": until,
            }  # fmt: skip

    def some(self, number: int, *states: str) -> dict | None:
        found = [v for v in self.twin.visits.values() if v["state"] in states]
        return found[number % len(found)] if found else None

    @rule(number=st.integers(0, 30))
    def confirm(self, number: int) -> None:
        mine = self.some(number, "held")
        if mine is None:
            return
        wanted = "" if mine["until"] > self.now else "hold_over"
        ask = {"by": resident(mine["who"]), "now": self.now, "request_id": new_id()}
        if self.both(wanted, lambda: actions.confirm(mine["id"], **ask)):
            mine["state"] = "booked"

    @rule(number=st.integers(0, 30), slot=where)
    def move(self, number: int, slot: int) -> None:
        mine = self.some(number, "booked")
        if mine is None:
            return
        wanted = self.twin.take(mine["who"], slot, mine["services"], self.now, mine["id"])
        ver = Visit.objects.get(pk=mine["id"]).ver
        start = at(9) + timedelta(minutes=30 * slot)
        ask = {"ver": ver, "by": resident(mine["who"]), "now": self.now, "request_id": new_id()}
        if self.both(wanted, lambda: actions.reschedule(mine["id"], start, **ask)):
            mine["parts"] = self.twin.parts(slot, mine["services"])

    @rule(number=st.integers(0, 30))
    def cancel(self, number: int) -> None:
        mine = self.some(number, "held", "booked")
        if mine is None:
            return
        ver = Visit.objects.get(pk=mine["id"]).ver
        ask = {"ver": ver, "by": resident(mine["who"]), "now": self.now, "request_id": new_id()}
        self.both("", lambda: actions.cancel(mine["id"], **ask))
        mine["state"] = "cancelled"

    @rule(minutes=st.sampled_from((1, 11)))
    def wait(self, minutes: int) -> None:
        if self.now < MONDAY + timedelta(hours=12):
            self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        actions.sweep(self.now)
        for visit in self.twin.visits.values():
            if visit["state"] == "held" and visit["until"] <= self.now:
                visit["state"] = "lapsed"

    @invariant()
    def the_rooms_agree(self) -> None:
        free = {f.starts_at: f.free_min for f in queries.slots_of_day(queries.place("one"), at(9).date(), self.now)}
        for slot in range(SLOTS):
            assert free[at(9) + timedelta(minutes=30 * slot)] == self.twin.room(slot, self.now)
        assert not Slot.objects.filter(used__gt=30, place_id=queries.place("one").id).exists()


@pytest.mark.usefixtures("halls")
def test_the_statements_say_what_the_twin_says():
    offers = [(service, {"zh": service, "en": service}, minutes) for service, minutes in SERVICES.items()]
    put("one", counters=1, hours=[["09:00", "11:00"]], offers=offers)
    actions.open_all_days(MONDAY)
    run_state_machine_as_test(
        Booking,
        settings=settings(
            max_examples=int(os.environ.get("BOOKING_EXAMPLES", "15")),
            stateful_step_count=40,
            deadline=None,
            derandomize=not LONG,
            phases=list(Phase) if LONG else [Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
