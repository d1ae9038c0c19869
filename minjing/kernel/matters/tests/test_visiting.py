"""A service that takes one visit: held while the form is filled in, confirmed by submitting, or nothing happens."""

from datetime import date, timedelta

import pytest

from minjing.base.ids import new_id
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as halls
from minjing.kernel.booking.models import Visit
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import LIN, MONDAY, PUBLISHER

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY.replace(hour=9) + timedelta(days=1)


@pytest.fixture
def draft(city):
    """A whole draft of the small service, which takes a visit to a hall with one counter."""
    halls.forget_kept()
    booking.put_place(
        code="hall", unit_code="U4", kind="test_hall", name={"zh": "大厅", "en": "Hall"},
        address={"zh": "路", "en": "Road"}, lon=114.1, lat=22.5, hours=[["09:00", "12:00"]], slot_min=30, counters=1,
        offers=[("moves", {"zh": "入户", "en": "Moves"}, 10)], demo=True, by=SYSTEM, now=MONDAY,
    )  # fmt: skip
    halls.forget_kept()
    booking.open_days("hall", date(2026, 9, 15), date(2026, 9, 15), by=SYSTEM, now=MONDAY)
    body = world.body(booking={"kind": "test_hall", "service": "moves"})
    publishing.publish([body], by=PUBLISHER, now=MONDAY - timedelta(hours=1))
    queries.forget_kept()
    row = actions.draft("HZ9901", by=LIN, now=MONDAY)
    for page in body.service.form:
        own = {f.name: ANSWERS[f.name] for f in page.fields if f.name in ANSWERS}
        actions.save_page(row.id, page.page, own, by=LIN, now=MONDAY)
    actions.attach(row.id, "marriage_certificate", scan(), by=LIN, now=MONDAY)
    yield row
    halls.forget_kept()


def hold(draft) -> Visit:
    return booking.hold("hall", ["moves"], TUESDAY, by=LIN, now=MONDAY, request_id=new_id(), subject_id=draft.id)


def submit(draft, now=MONDAY):
    return actions.submit(draft.id, by=LIN, now=now, request_id=new_id())


def test_without_a_visit_nothing_is_submitted_and_the_sentence_says_what_to_choose(draft):
    with pytest.raises(Wrong) as wrong:
        submit(draft)
    assert set(wrong.value.errors) == {"visit"}
    assert not Matter.objects.exists()


def test_submitting_confirms_the_visit_for_the_matter(draft):
    held = hold(draft)
    matter = submit(draft)
    held.refresh_from_db()
    assert (held.state, held.subject_id) == ("booked", matter.id)
    assert submit(draft).id == matter.id  # pressed twice: one matter, one visit
    assert Visit.objects.count() == 1


def test_a_visit_that_was_kept_too_long_ago_is_chosen_again_and_the_form_is_not_lost(draft):
    held = hold(draft)
    late = held.held_until + timedelta(seconds=1)
    with pytest.raises(Wrong) as wrong:
        submit(draft, late)
    assert "重新选择" in wrong.value.errors["visit"].zh
    assert not Matter.objects.exists()
    assert queries.draft_answers(queries.draft(draft.id, LIN, late))


def test_a_service_that_takes_no_visit_keeps_its_bytes():
    assert "booking" not in world.body().model_dump(mode="json")["service"]


def test_a_visit_confirmed_before_the_form_was_sent_is_bound_to_the_matter(draft):
    held = hold(draft)
    booking.confirm(held.pk, by=LIN, now=MONDAY, request_id=new_id())
    matter = submit(draft)
    held.refresh_from_db()
    assert (held.state, held.subject_id) == ("booked", matter.id)


def test_withdrawing_gives_the_time_back(draft):
    held = hold(draft)
    matter = submit(draft)
    actions.act(matter.id, "withdraw", ver=matter.ver, by=LIN, now=MONDAY, request_id=new_id())
    held.refresh_from_db()
    assert held.state == "cancelled"
    assert Matter.objects.get().state == "withdrawn"
