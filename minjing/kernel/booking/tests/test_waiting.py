"""The waiting list fills what becomes free; places open, close and change what they take."""

from datetime import date, timedelta

import pytest

from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.errors import Closed, NotAllowed, Unknown, Wrong
from minjing.kernel.booking.models import Slot, Visit, Wait
from minjing.kernel.booking.tests.conftest import (
    CHEN,
    ELSEWHERE,
    HEAD,
    LIN,
    MONDAY,
    TUESDAY,
    WANG,
    ZHOU,
    act,
    at,
    book,
    later,
    put,
    resident,
)
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message

pytestmark = pytest.mark.usefixtures("halls")


@pytest.fixture
def full() -> list[Visit]:
    """One hall with one slot, and it is full."""
    put("tiny", counters=1, hours=[["09:00", "09:30"]])
    actions.open_all_days(MONDAY)
    return [book(resident(10 + n), place="tiny") for n in range(3)]


def queue(who, services=("passport",), day=TUESDAY, now=MONDAY) -> Wait:
    return actions.wait_for("tiny", day, services, by=who, now=now)


def jobs() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'booking.fill'")
        return cursor.fetchone()[0]


def test_what_is_given_up_is_offered_to_the_first_and_then_to_the_next(full):
    first, second = queue(LIN), queue(CHEN)
    act(full[0], "cancel", resident(10), MONDAY)
    assert jobs() == 1
    place = queries.place("tiny")
    assert actions.fill(place.id, TUESDAY, now=later(1)) == 1
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, second.state) == ("offered", "waiting")
    offer = Visit.objects.get(pk=first.visit_id)
    assert (offer.state, offer.held_until) == ("held", later(31))
    assert "08:31" in Message.objects.get(template="visit_offered", channel="in_app").text_zh
    assert actions.sweep(later(32))["offered"] == 1  # not confirmed: it lapses, and the second is asked
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, second.state) == ("over", "offered")
    assert Message.objects.filter(account_id=LIN.account_id, template="visit_offer_over").exists()
    kept = actions.confirm(second.visit_id, by=CHEN, now=later(33), request_id=new_id())
    second.refresh_from_db()
    assert (kept.state, second.state) == ("booked", "taken")


def test_nobody_else_confirms_an_offer(full):
    wait = queue(LIN)
    act(full[0], "cancel", resident(10), MONDAY)
    actions.fill(queries.place("tiny").id, TUESDAY, now=later(1))
    wait.refresh_from_db()
    with pytest.raises(Unknown):
        actions.confirm(wait.visit_id, by=CHEN, now=later(2), request_id=new_id())


def test_who_leaves_with_an_offer_passes_it_on(full):
    wait = queue(LIN)
    act(full[0], "cancel", resident(10), MONDAY)
    actions.fill(queries.place("tiny").id, TUESDAY, now=later(1))
    actions.leave_list(wait.pk, by=LIN, now=later(2))
    assert Slot.objects.get(place_id=queries.place("tiny").id, starts_at=at(9)).used == 20
    with pytest.raises(Unknown):
        actions.leave_list(wait.pk, by=CHEN, now=later(3))


def test_a_visit_too_long_for_what_is_free_does_not_block_the_next(full):
    long, short = queue(LIN, ("hk_macao",)), queue(CHEN)
    act(full[0], "cancel", resident(10), MONDAY)
    assert actions.fill(queries.place("tiny").id, TUESDAY, now=later(1)) == 1
    long.refresh_from_db(), short.refresh_from_db()
    assert (long.state, short.state) == ("waiting", "offered")


def test_waiting_twice_is_once_and_a_closed_day_has_no_list(full):
    assert queue(LIN).pk == queue(LIN).pk
    with pytest.raises(Closed):
        queue(LIN, day=date(2026, 9, 19))
    with pytest.raises(Closed):
        queue(LIN, day=date(2026, 9, 11))


def test_so_many_lists_at_a_time_and_no_more(full):
    for n in range(5):
        queue(WANG, day=TUESDAY + timedelta(days=[0, 1, 2, 3, 6][n]))
    with pytest.raises(NotAllowed):
        queue(WANG, day=TUESDAY + timedelta(days=7))


def test_a_list_of_a_day_that_is_over_ends(full):
    wait = queue(LIN)
    actions.sweep(at(8, day=date(2026, 9, 16)))
    wait.refresh_from_db()
    assert wait.state == "over"


# ---- places ---------------------------------------------------------------------------------------------


def capacity(start) -> int:
    return Slot.objects.get(place_id=queries.place("hall").id, starts_at=start).capacity


def test_a_supervisor_sets_how_many_counters_serve_and_nobody_loses_a_visit():
    for n in range(4):
        book(resident(10 + n))
    kept = actions.set_capacity("hall", TUESDAY, at(9), at(10), 1, by=HEAD, now=MONDAY)
    assert kept == [at(9)]
    assert (capacity(at(9)), capacity(at(9, 30)), capacity(at(10))) == (40, 30, 60)
    actions.set_capacity("hall", TUESDAY, at(9), at(10), 4, by=HEAD, now=MONDAY)
    assert capacity(at(9)) == 120


@pytest.mark.parametrize("who", [ZHOU, ELSEWHERE, LIN])
def test_nobody_else_sets_it(who):
    with pytest.raises(NotAllowed):
        actions.set_capacity("hall", TUESDAY, at(9), at(10), 1, by=who, now=MONDAY)
    with pytest.raises(NotAllowed):
        actions.close_day("hall", TUESDAY, {"zh": "停电"}, by=who, now=MONDAY)


def test_closing_a_day_tells_who_has_a_visit_and_counts_against_nobody():
    visit = book()
    assert actions.close_day("hall", TUESDAY, {"zh": "设备检修", "en": ""}, by=HEAD, now=MONDAY) == 1
    visit.refresh_from_db()
    assert visit.state == "cancelled"
    assert "因故取消" in Message.objects.get(template="visit_called_off", channel="in_app").text_zh
    with pytest.raises(Closed):
        book(CHEN)
    days = {d.day: d for d in queries.days(queries.place("hall"), ["passport"], MONDAY)}
    assert (days[TUESDAY].is_open, days[TUESDAY].closed_why["zh"]) == (False, "设备检修")
    assert actions.open_all_days(MONDAY) == 0
    with pytest.raises(Wrong):
        actions.close_day("hall", date(2026, 9, 16), {"zh": " "}, by=HEAD, now=MONDAY)


def test_days_open_by_the_calendar_once():
    days = queries.days(queries.place("hall"), ["passport"], MONDAY)
    listed = {d.day for d in days}
    assert date(2026, 9, 20) in listed  # made up
    assert not listed & {date(2026, 9, 19), date(2026, 10, 1), date(2026, 10, 7)}
    assert actions.open_all_days(MONDAY) == 0
    assert actions.open_all_days(MONDAY + timedelta(days=1)) == 2 * 14


def test_places_are_found_by_service_distance_and_load():
    near = queries.nearest_first(queries.places("exit_entry_hall", ["passport"]), 114.055, 22.54)
    assert [(p.code, round(km)) for p, km in near] == [("hall", 1), ("corner", 10)]
    assert queries.exit_of("U4") == (114.05, 22.54)
    for n in range(6):
        book(resident(10 + n), at(9, day=date(2026, 9, 14)))
    load = queries.board([p for p, _ in near], ["passport"], MONDAY)
    assert 0 < load["hall"] < 5
    assert load["corner"] == 0


def test_terms_are_published_once_and_count_from_then_on():
    assert actions.publish_terms({"hold_min": 3}, by=SYSTEM, now=MONDAY)
    assert not actions.publish_terms({"hold_min": 3}, by=SYSTEM, now=MONDAY)
    assert queries.terms().hold_min == 3
    with pytest.raises(NotAllowed):
        actions.publish_terms({"hold_min": 4}, by=HEAD, now=MONDAY)
    assert Outbox.objects.filter(kind="booking:terms:published").count() == 1
