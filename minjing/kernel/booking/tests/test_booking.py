"""Booking, holding, moving, giving up: what is promised and what is refused."""

from datetime import date, timedelta

import pytest
from django.db.models import Sum

from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.errors import (
    AlreadyBooked,
    Closed,
    Full,
    HoldOver,
    NotAllowed,
    Past,
    Paused,
    Reused,
    Stale,
    Unknown,
    Wrong,
)
from minjing.kernel.booking.models import Item, Part, Slot, Visit
from minjing.kernel.booking.tests.conftest import (
    CHEN,
    HEAD,
    LIN,
    MONDAY,
    TUESDAY,
    WANG,
    ZHOU,
    act,
    at,
    book,
    hold,
    later,
    resident,
)
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message

pytestmark = pytest.mark.usefixtures("halls")


def used(start, place: str = "hall") -> int:
    return Slot.objects.get(place_id=queries.place(place).id, starts_at=start).used


def kinds() -> list[str]:
    return list(
        Outbox.objects.filter(kind__startswith="booking:visit").order_by("at", "id").values_list("kind", flat=True)
    )


def adds_up() -> bool:
    """Say whether every slot's count is the sum of its parts."""
    parts = dict(Part.objects.values_list("slot_id").annotate(Sum("minutes")))
    return all(slot.used == parts.get(slot.pk, 0) <= slot.capacity for slot in Slot.objects.all())


# ---- booking --------------------------------------------------------------------------------------------


def test_a_booking_is_visit_room_entry_and_notice_together():
    visit = book()
    assert Visit.objects.get(pk=visit.pk).state == "booked"
    assert used(at(9)) == 10
    assert kinds() == ["booking:visit:booked"]
    assert Outbox.objects.get(kind="booking:visit:booked").subject_id == LIN.person_id
    told = Message.objects.filter(account_id=LIN.account_id, template="visit_booked")
    assert set(told.values_list("channel", flat=True)) == {"in_app", "sms"}
    assert "2026年9月15日（周二）09:00" in told[0].text_zh
    assert "Tuesday, 15 September 2026, 09:00" in told[0].text_en


def test_several_services_take_the_slots_they_need():
    visit = book(services=("passport", "hk_macao", "id_card"))  # 55 minutes
    assert (used(at(9)), used(at(9, 30)), visit.minutes) == (30, 25, 55)
    assert Item.objects.filter(visit_id=visit.pk).count() == 3


def test_a_full_slot_refuses_and_leaves_nothing():
    for n in range(6):
        book(resident(10 + n))
    before = Visit.objects.count(), Item.objects.count(), Part.objects.count()
    with pytest.raises(Full):
        book(CHEN)
    assert (Visit.objects.count(), Item.objects.count(), Part.objects.count()) == before
    assert kinds()[-1] == "booking:visit:refused"
    assert used(at(9)) == 60


def test_where_the_second_slot_has_no_room_the_first_is_not_taken_either():
    for n in range(6):
        book(resident(10 + n), at(9, 30))
    with pytest.raises(Full):
        book(CHEN, at(9), ("id_card", "passport"))
    assert used(at(9)) == 0
    assert adds_up()


def test_a_full_slot_comes_with_the_nearest_free_ones():
    for n in range(6):
        book(resident(10 + n))
    near = queries.nearest_free(queries.place("hall"), at(9), ["passport"], MONDAY)
    assert [f.starts_at for f in near][:2] == [at(9, 30), at(10)]


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (at(9, day=date(2026, 9, 14)), None),
        (at(7, day=date(2026, 9, 14)), Past),
        (at(9, 10), Closed),  # no slot begins then
        (at(12), Closed),
        (at(9, day=date(2026, 9, 19)), Closed),  # a Saturday
        (at(9, day=date(2026, 9, 20)), None),  # a Sunday that is made up
        (at(9, day=date(2026, 10, 1)), Closed),  # National Day
        (at(9, day=date(2026, 11, 30)), Closed),  # too far ahead
    ],
)
def test_days_and_times_that_are_open_and_that_are_not(start, error):
    if error is None:
        assert book(start=start).state == "booked"
        return
    with pytest.raises(error):
        book(start=start)
    assert kinds() == ["booking:visit:refused"]


def test_a_visit_does_not_begin_where_noon_comes_between():
    with pytest.raises(Closed):
        book(start=at(11, 30), services=("id_card", "passport"))
    assert adds_up()


def test_the_second_click_is_the_same_booking():
    request_id = new_id()
    first, second = book(request_id=request_id), book(request_id=request_id)
    assert first.pk == second.pk
    assert (Visit.objects.count(), used(at(9))) == (1, 10)


def test_a_request_number_used_by_somebody_else_tells_nothing():
    request_id = new_id()
    book(request_id=request_id)
    with pytest.raises(Reused):
        book(CHEN, request_id=request_id)


def test_one_visit_a_person_service_and_day_also_at_another_place():
    book()
    with pytest.raises(AlreadyBooked):
        book(start=at(15), place="corner")
    assert book(start=at(15), services=("id_card",)).state == "booked"
    assert book(start=at(9, day=date(2026, 9, 16))).state == "booked"


def test_who_has_not_said_who_they_are_does_not_book():
    with pytest.raises(NotAllowed) as refused:
        book(Actor(new_id(), "resident"))
    assert refused.value.key == "identity_level"


@pytest.mark.parametrize("services", [(), ("passport", "passport"), ("driving",), ("id_card",) * 9])
def test_services_that_are_not_offered_are_refused(services):
    with pytest.raises(Wrong):
        book(services=services)


# ---- holding --------------------------------------------------------------------------------------------


def test_a_hold_takes_the_room_without_a_notice_and_confirming_tells():
    held = hold()
    assert (held.state, used(at(9)), Message.objects.count()) == ("held", 10, 0)
    kept = actions.confirm(held.pk, by=LIN, now=later(5), request_id=new_id())
    assert (kept.state, kept.held_until, used(at(9))) == ("booked", None, 10)
    assert Message.objects.filter(template="visit_booked").count() == 2
    assert actions.confirm(held.pk, by=LIN, now=later(6), request_id=new_id()).pk == held.pk
    assert Message.objects.count() == 2


def test_a_hold_that_is_over_counts_as_free_in_the_very_booking_that_wants_it():
    for n in range(6):
        hold(resident(10 + n))
    with pytest.raises(Full):
        book(CHEN, now=later(9))
    assert len(queries.slots(queries.place("hall"), TUESDAY, ["passport"], later(10))) == 14
    for n in range(6):
        book(resident(20 + n), now=later(10))
    assert used(at(9)) == 60
    assert adds_up()
    assert set(Visit.objects.filter(state="held").values_list("state", flat=True)) == {"held"}
    assert actions.sweep(later(10))["lapsed"] == 6
    assert used(at(9)) == 60


def test_a_hold_that_is_over_cannot_be_confirmed():
    held = hold()
    with pytest.raises(HoldOver):
        actions.confirm(held.pk, by=LIN, now=later(10), request_id=new_id())
    assert kinds()[-1] == "booking:visit:refused"


def test_choosing_another_time_moves_the_hold():
    first = hold()
    second = hold(start=at(10), now=later(3))
    assert second.pk == first.pk
    assert (used(at(9)), used(at(10)), second.held_until) == (0, 10, later(13))
    third = hold(start=at(15), place="corner", now=later(4))
    assert (third.pk, used(at(10)), used(at(15), "corner")) == (first.pk, 0, 10)


def test_who_let_a_hold_run_out_may_choose_again():
    hold()
    again = hold(now=later(11))
    assert again.state == "held"
    assert adds_up()


def test_a_hold_is_lengthened_once_when_a_check_of_identity_is_begun():
    held = hold()
    actions.prolong_held(LIN, later(8))
    held.refresh_from_db()
    assert (held.held_until, kinds()[-1]) == (later(28), "booking:visit:prolonged")
    assert set(Part.objects.values_list("held_until", flat=True)) == {later(28)}
    assert set(Item.objects.values_list("held_until", flat=True)) == {later(28)}
    actions.prolong_held(LIN, later(20))
    held.refresh_from_db()
    assert held.held_until == later(28), "once"
    assert actions.confirm(held.pk, by=LIN, now=later(27), request_id=new_id()).state == "booked"


def test_nobody_lengthens_another_s_hold_or_one_that_is_over_or_beyond_its_own_time():
    mine, others = hold(start=at(9), now=at(8, 50)), hold(CHEN, now=at(8, 40))
    actions.prolong_held(LIN, at(8, 55))
    for visit in (mine, others):
        visit.refresh_from_db()
    assert mine.held_until == at(9), "never beyond the beginning of the visit"
    assert others.prolonged_at is None
    actions.prolong_held(CHEN, at(8, 51))
    others.refresh_from_db()
    assert others.held_until == at(8, 50), "over is over"


def test_a_swept_hold_gives_its_room_back_once():
    hold(services=("passport", "id_card"))
    assert actions.sweep(later(11))["lapsed"] == 1
    assert actions.sweep(later(12))["lapsed"] == 0
    assert (used(at(9)), used(at(9, 30))) == (0, 0)
    assert Item.objects.filter(live=True).count() == 0


def test_a_visit_booked_for_a_draft_is_bound_to_the_matter_it_becomes():
    draft, matter = new_id(), new_id()
    held = hold(subject_id=draft)
    assert queries.visit_of_subject(draft).pk == held.pk
    kept = actions.confirm(held.pk, by=LIN, now=later(1), request_id=new_id())
    assert kept.subject_id == draft
    bound = actions.confirm(held.pk, by=LIN, now=later(2), request_id=new_id(), subject_id=matter)
    assert (bound.subject_id, bound.state) == (matter, "booked")
    assert kinds()[-1] == "booking:visit:bound"


# ---- moving and giving up -------------------------------------------------------------------------------


def move(visit, start, **more):
    ask = {"ver": visit.ver, "by": LIN, "now": MONDAY, "request_id": new_id(), **more}
    return actions.reschedule(visit.pk, start, **ask)


def test_moving_takes_the_new_and_lets_the_old_go():
    visit = book(services=("passport", "id_card"))
    moved = move(visit, at(14))
    assert (used(at(9)), used(at(9, 30)), used(at(14)), used(at(14, 30))) == (0, 0, 30, 10)
    assert (moved.code, moved.ver) == (visit.code, 2)
    assert Message.objects.filter(template="visit_moved", channel="in_app").count() == 1


def test_moving_by_one_slot_overlaps_with_itself_and_is_still_right():
    visit = book(services=("passport", "id_card"))
    for n in range(3):
        book(resident(10 + n), at(9, 30))
    move(visit, at(9, 30))
    assert (used(at(9)), used(at(9, 30)), used(at(10))) == (0, 60, 10)
    assert adds_up()


def test_moving_to_a_full_time_loses_nothing():
    visit = book()
    for n in range(6):
        book(resident(10 + n), at(10))
    with pytest.raises(Full):
        move(visit, at(10))
    visit.refresh_from_db()
    assert (visit.starts_at, used(at(9)), visit.state) == (at(9), 10, "booked")
    assert kinds()[-1] == "booking:visit:refused"


def test_a_stale_page_moves_and_cancels_nothing():
    visit = book()
    move(visit, at(10))
    with pytest.raises(Stale):
        move(visit, at(11))
    with pytest.raises(Stale):
        actions.cancel(visit.pk, ver=1, by=LIN, now=MONDAY, request_id=new_id())
    assert (used(at(10)), used(at(11))) == (10, 0)


def test_moving_to_a_day_that_has_one_already_is_refused():
    book(start=at(9, day=date(2026, 9, 16)))
    visit = book()
    with pytest.raises(AlreadyBooked):
        move(visit, at(15, day=date(2026, 9, 16)))
    assert adds_up()


def test_cancelling_frees_the_room_at_once_and_twice_is_once():
    visit = book()
    gone = act(visit, "cancel", LIN, MONDAY)
    assert (gone.state, used(at(9))) == ("cancelled", 0)
    assert act(visit, "cancel", LIN, MONDAY).state == "cancelled"
    assert used(at(9)) == 0
    assert book(start=at(9, 30)).state == "booked"


@pytest.mark.parametrize("who", [CHEN, ZHOU])
def test_nobody_moves_or_cancels_somebody_elses_visit(who):
    visit = book()
    refused = (Unknown, NotAllowed)
    with pytest.raises(refused):
        actions.cancel(visit.pk, ver=1, by=who, now=MONDAY, request_id=new_id())
    if who is CHEN:
        with pytest.raises(Unknown):
            queries.visit(visit.pk, CHEN)
        with pytest.raises(Unknown):
            actions.confirm(visit.pk, by=CHEN, now=MONDAY, request_id=new_id())


def test_a_visit_that_is_over_is_not_cancelled():
    visit = book()
    actions.sweep(at(10, 31))
    with pytest.raises(NotAllowed):
        act(visit, "cancel", LIN, at(11))


# ---- missed visits --------------------------------------------------------------------------------------


def miss_some(count: int, who: Actor = WANG) -> list[Visit]:
    visits = []
    for n in range(count):
        start = at(9, day=date(2026, 9, 15) + timedelta(days=n))
        visits.append(book(who, start))
        actions.sweep(start + timedelta(hours=2))
    for visit in visits:
        visit.refresh_from_db()
    return visits


def test_who_does_not_come_is_told_what_that_means():
    (visit,) = miss_some(1)
    assert visit.state == "missed"
    told = Message.objects.get(template="visit_missed", channel="in_app")
    assert "满 3 次" in told.text_zh
    assert "1" in told.text_en


def test_the_third_miss_pauses_online_booking_and_not_the_hall():
    miss_some(3)
    now = at(8, day=date(2026, 9, 18))
    with pytest.raises(Paused) as refused:
        book(WANG, at(9, day=date(2026, 9, 21)), now=now)
    assert "2026年10月17日" in refused.value.text["zh"]
    assert "现场取号不受影响" in refused.value.text["zh"]
    assert kinds()[-1] == "booking:visit:refused"
    ticket = actions.take_ticket(
        "hall", ["passport"], by=SYSTEM, now=now, request_id=new_id(), person_id=WANG.person_id
    )
    assert ticket.ticket == "B001"


def test_a_challenge_that_is_accepted_ends_the_pause():
    visits = miss_some(3)
    now = at(8, day=date(2026, 9, 18))
    actions.challenge(visits[0].pk, "当天住院，有医院证明。", by=WANG, now=now)
    with pytest.raises(Unknown):
        actions.challenge(visits[1].pk, "不是我", by=CHEN, now=now)
    (waiting,) = queries.challenges(queries.place("hall"), HEAD)
    assert waiting[1].pk == visits[0].pk
    with pytest.raises(NotAllowed):
        actions.decide_challenge(visits[0].pk, excused=True, by=ZHOU, now=now)
    actions.decide_challenge(visits[0].pk, excused=True, by=HEAD, now=now)
    assert book(WANG, at(9, day=date(2026, 9, 21)), now=now).state == "booked"
    assert Message.objects.filter(account_id=WANG.account_id, template="visit_excused").exists()
    with pytest.raises(Stale):
        actions.decide_challenge(visits[0].pk, excused=False, by=HEAD, now=now)


# ---- reminders ------------------------------------------------------------------------------------------


def test_a_reminder_goes_out_once_a_day_before():
    visit = book(start=at(9, day=date(2026, 9, 17)))
    assert actions.remind(at(8, 59, day=date(2026, 9, 16))) == 0
    assert actions.remind(at(9, 1, day=date(2026, 9, 16))) == 2  # in the app and by text message
    assert actions.remind(at(9, 2, day=date(2026, 9, 16))) == 0
    visit.refresh_from_db()
    assert visit.reminded_at is not None


def test_who_has_just_booked_is_not_reminded_of_it():
    book(start=at(9, day=date(2026, 9, 14)))
    assert actions.remind(later(5)) == 0
