"""The monitor replays visits against the ledger, both ways: what was written past it is named, the rest is not."""

import json

import pytest
from django.db import connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.booking import actions
from minjing.kernel.booking.errors import AlreadyBooked, Stale
from minjing.kernel.booking.models import Request, Visit
from minjing.kernel.booking.records import VISITS
from minjing.kernel.booking.tests.conftest import CHEN, LIN, MONDAY, ZHOU, act, at, book, hold, later
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.watch.replay import check, entries_of, newest

pytestmark = pytest.mark.usefixtures("halls")


def found() -> list[str]:
    return sorted({finding.row for finding in check(VISITS, newest(VISITS, 50), [], MONDAY)})


def past_the_house(sql: str, *params: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.fixture
def day() -> Visit:
    """Return a visit that was held, lengthened, booked, moved and kept; beside it others in every other state."""
    visit = hold()
    actions.prolong_held(LIN, later(5))
    actions.confirm(visit.pk, by=LIN, now=later(6), request_id=new_id())
    visit.refresh_from_db()
    actions.reschedule(visit.pk, at(10), ver=visit.ver, by=LIN, now=later(7), request_id=new_id())
    actions.arrive(visit.pk, by=ZHOU, now=at(9, 50), request_id=new_id())
    actions.call_next("hall", 1, by=ZHOU, now=at(10), request_id=new_id())
    act(visit, "skip", now=at(10, 1))
    actions.call_next("hall", 1, by=ZHOU, now=at(10, 2), request_id=new_id())
    act(visit, "recall", now=at(10, 3))
    act(visit, "finish", now=at(10, 4))
    book(CHEN, at(14), ("id_card",))
    hold(CHEN, at(15), now=MONDAY)
    actions.sweep(later(11))
    visit.refresh_from_db()
    return visit


def test_what_was_done_by_its_statements_agrees_with_the_ledger(day):
    assert day.state == "done"
    assert found() == []


def test_a_state_that_was_changed_past_the_booking_is_named(day):
    past_the_house("UPDATE booking_visit SET state = 'missed' WHERE id = %s", day.pk)
    assert found() == [f"booking_visit {day.pk}"]


def test_an_act_without_its_entry_and_an_entry_without_its_act_are_named(day):
    one = Request.objects.filter(visit_id=day.pk, act="moved").get()
    past_the_house("DELETE FROM ledger_outbox WHERE id = %s", one.entry_id)
    assert any(f"{day.pk} (moved)" in row for row in found())
    entries = [e.id for e in Outbox.objects.filter(kind="booking:visit:arrived")]
    past_the_house("DELETE FROM booking_request WHERE entry_id = ANY(%s)", entries)
    stated = list(entries_of(entries).values())
    assert any("its record is gone" in f.text["en"] for f in check(VISITS, [], stated, MONDAY))


def test_a_second_visit_and_a_stale_page_are_refused_and_that_is_on_record():
    book()
    other = book(start=at(9), services=("id_card",))
    with pytest.raises(AlreadyBooked):
        actions.reschedule(
            other.pk, at(10), ver=other.ver, by=LIN, now=MONDAY, request_id=new_id(), services=("passport",)
        )
    assert refusals() == ["already_booked"]
    with pytest.raises(Stale):
        actions.cancel(other.pk, ver=9, by=LIN, now=MONDAY, request_id=new_id())
    with pytest.raises(Stale):
        actions.reschedule(other.pk, at(10), ver=9, by=LIN, now=MONDAY, request_id=new_id())
    assert refusals() == ["already_booked", "stale", "stale"]
    assert found() == []


def refusals() -> list[str]:
    rows = Outbox.objects.filter(kind="booking:visit:refused").order_by("seq")
    return [json.loads(bytes(row.payload))["why"] for row in rows if row.payload]
