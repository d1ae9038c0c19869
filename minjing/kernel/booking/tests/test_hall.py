"""Tickets, reporting, calling: one pool, one order, numbers only."""

from datetime import date

import pytest

from minjing.base.ids import new_id
from minjing.kernel.booking import actions, plugs, queries
from minjing.kernel.booking.actions import upkeep
from minjing.kernel.booking.errors import Full, NobodyWaits, NotAllowed, Stale, Unknown
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.tests.conftest import (
    CHEN,
    ELSEWHERE,
    HEAD,
    LIN,
    MA,
    ZHOU,
    act,
    at,
    book,
    resident,
)
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox

pytestmark = pytest.mark.usefixtures("halls")


def ticket(now=None, services=("passport",), place: str = "hall") -> Visit:
    return actions.take_ticket(place, services, by=SYSTEM, now=now or at(9, 1), request_id=new_id())


def report(visit: Visit, now=None) -> Visit:
    return actions.arrive(visit.pk, by=SYSTEM, now=now or at(8, 50), request_id=new_id())


def call(counter: int = 1, who=ZHOU, now=None) -> Visit:
    return actions.call_next("hall", counter, by=who, now=now or at(9, 5), request_id=new_id())


def test_walk_ins_and_bookings_share_one_pool():
    for n in range(5):
        book(resident(10 + n))
    first, second = ticket(), ticket()
    assert (first.starts_at, second.starts_at) == (at(9), at(9, 30))
    assert (first.ticket, second.ticket) == ("B001", "B002")


def test_a_ticket_is_given_with_what_follows_from_it_or_not_at_all():
    def breaking(visit, *, by, now):
        raise RuntimeError("the matter could not go on")

    plugs.ARRIVED.append(breaking)
    try:
        with pytest.raises(RuntimeError):
            ticket()
    finally:
        plugs.ARRIVED.remove(breaking)
    assert not Visit.objects.exists()
    assert ticket().ticket == "B001"


def test_nothing_left_today_is_said_and_no_number_is_given():
    place = queries.place("corner")
    for _ in range(14 * 3):
        ticket(place="corner")
    with pytest.raises(Full):
        ticket(place="corner")
    assert queries.first_free([place], ["passport"], at(9, 1))["corner"] == at(9, day=date(2026, 9, 16))


def test_reporting_gives_a_ticket_once():
    visit = book()
    arrived = report(visit)
    assert (arrived.state, arrived.ticket, arrived.queue_at) == ("waiting", "A001", at(9))
    assert report(visit).ticket == "A001"


def test_one_cannot_report_from_home_or_too_early_or_too_late():
    visit = book()
    with pytest.raises(NotAllowed) as refused:
        actions.arrive(visit.pk, by=LIN, now=at(9), request_id=new_id())
    assert refused.value.key == "at_the_hall"
    for now, key in ((at(7, 59), "early"), (at(10, 1), "late")):
        with pytest.raises(NotAllowed) as refused:
            report(visit, now)
        assert refused.value.key == key
    assert Outbox.objects.filter(kind="booking:visit:refused").count() == 3


def test_a_slips_code_is_read_at_its_own_hall_only():
    visit = book()
    hall, corner = queries.place("hall"), queries.place("corner")
    assert queries.visit_by_code(f"https://x.example/v/{visit.code.lower()}", hall.id, ZHOU).pk == visit.pk
    with pytest.raises(Unknown):
        queries.visit_by_code(visit.code, hall.id, ELSEWHERE)
    with pytest.raises(Unknown):
        queries.visit_by_code(visit.code, corner.id, CHEN)


def test_tickets_are_called_by_time_then_arrival():
    late, early = book(CHEN, at(9, 30)), book(LIN, at(9))
    report(late, at(8, 40))
    report(early, at(8, 55))
    walk_in = ticket(at(8, 58))
    assert [call(now=at(9, 5)).pk for _ in range(3)] == [early.pk, walk_in.pk, late.pk]


def test_calling_the_next_finishes_the_one_before_and_an_empty_queue_says_so():
    visit = book()
    report(visit)
    called = call()
    assert (called.state, called.counter) == ("called", 1)
    with pytest.raises(NobodyWaits):
        call(now=at(9, 15))
    visit.refresh_from_db()
    assert visit.state == "done"
    ticket(at(9, 16))
    assert call(now=at(9, 17)).ticket == "B002"


def test_two_counters_call_two_people():
    ticket(), ticket()
    assert call(1).pk != call(2, MA).pk
    screen = queries.display(queries.place("hall"), at(9, 5))
    assert {(c.ticket, c.counter) for c in screen.called} == {("B001", 1), ("B002", 2)}


def test_who_is_skipped_comes_ten_minutes_later_and_who_does_not_come_is_missed():
    visit = book()
    report(visit)
    other = ticket(at(9, 1))
    act(call(), "recall")
    visit.refresh_from_db()
    assert visit.calls == 2
    act(visit, "skip")
    assert call(now=at(9, 6)).pk == other.pk
    again = call(now=at(9, 16))
    assert again.pk == visit.pk
    assert act(again, "miss", now=at(9, 20)).state == "missed"


def test_a_walk_in_who_left_counts_against_nobody():
    visit = ticket()
    act(call(), "miss")
    assert Visit.objects.get(pk=visit.pk).state == "missed"
    assert queries.missed_times(new_id(), at(10)) == []


def test_a_booked_visit_is_not_missed_before_its_last_minute():
    visit = book()
    with pytest.raises(NotAllowed) as refused:
        act(visit, "miss", now=at(9, 45))
    assert refused.value.key == "too_soon"
    assert act(visit, "miss", now=at(10, 1)).state == "missed"


def test_a_stale_counter_page_changes_nothing():
    ticket()
    visit = call()
    act(visit, "finish")
    with pytest.raises(Stale):
        actions.skip(visit.pk, ver=visit.ver, by=ZHOU, now=at(9, 6), request_id=new_id())


@pytest.mark.parametrize("who", [ELSEWHERE, HEAD, LIN])
def test_only_who_serves_there_calls(who):
    ticket()
    with pytest.raises(NotAllowed):
        call(who=who)


def test_a_counter_that_is_not_there_calls_nobody():
    ticket()
    with pytest.raises(NotAllowed):
        call(counter=3)


def test_the_screen_knows_numbers_only():
    book_of_lin = book()
    report(book_of_lin)
    ticket()
    call()
    screen = queries.display(queries.place("hall"), at(9, 5))
    assert [(c.ticket, c.counter, c.fresh) for c in screen.called] == [("A001", 1, True)]
    assert (screen.next, screen.waiting, screen.wait_min) == (["B002"], 1, 5)
    assert str(LIN.person_id) not in repr(screen)


def test_who_hangs_in_hears_of_arrivals_and_misses():
    heard = []
    hooks = [
        (plugs.ARRIVED, lambda visit, *, by, now: heard.append("arrived")),
        (plugs.MISSED, lambda visit, *, by, now: heard.append("missed")),
    ]
    for listed, hook in hooks:
        listed.append(hook)
    try:
        visit = book()
        report(visit, at(9))
        act(book(resident(3), at(9)), "miss", now=at(10, 30))
    finally:
        for listed, hook in hooks:
            listed.remove(hook)
    assert heard == ["arrived", "missed"]


def test_a_ticket_that_cannot_be_closed_keeps_no_other_open(monkeypatch, caplog):
    first, second = ticket(), ticket()
    real = upkeep.store.moved

    def breaking(visit, *args, **more):
        if visit.pk == first.pk:
            raise RuntimeError("broken")
        return real(visit, *args, **more)

    monkeypatch.setattr(upkeep.store, "moved", breaking)
    actions.sweep(at(0, 30, day=date(2026, 9, 16)))
    assert [Visit.objects.get(pk=pk).state for pk in (first.pk, second.pk)] == ["waiting", "done"]
    assert str(first.pk) in caplog.text


def test_tickets_of_yesterday_are_closed_by_the_sweep():
    visit = ticket()
    actions.sweep(at(0, 30, day=date(2026, 9, 16)))
    visit.refresh_from_db()
    assert visit.state == "done"


def test_a_button_pressed_twice_calls_one_ticket_and_finishes_none():
    ticket(), ticket()
    once = new_id()
    said = [actions.call_next("hall", 1, by=ZHOU, now=at(9, 5), request_id=once) for _ in range(2)]
    assert said[0].pk == said[1].pk
    assert sorted(Visit.objects.values_list("state", flat=True)) == ["called", "waiting"]


def test_the_last_ticket_asked_for_twice_is_given_twice_and_is_one():
    for _ in range(14 * 3 - 1):
        ticket(place="corner")
    once = new_id()
    last = [
        actions.take_ticket("corner", ["passport"], by=SYSTEM, now=at(9, 1), request_id=once).pk for _ in range(2)
    ]
    assert last[0] == last[1]


def test_a_resident_takes_no_ticket_from_home():
    with pytest.raises(NotAllowed):
        actions.take_ticket("hall", ["passport"], by=LIN, now=at(9, 1), request_id=new_id())
    assert not Visit.objects.exists()
