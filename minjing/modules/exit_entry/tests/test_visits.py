"""A visit booked by an application: in the same pool as on the pages, once, with a slip."""

from datetime import date

import pytest

from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as halls
from minjing.kernel.booking.models import Visit
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.models import Matter
from minjing.kernel.papers import queries as papers
from minjing.modules.exit_entry.tests.world import LIN, NOW, OLD, SU, WANG, apply

pytestmark = pytest.mark.django_db
MONDAY = "2026-11-30T09:00"
ASKED = {"service_code": "passport", "hall_code": "hall", "starts_at": MONDAY, "person_count": 1}


@pytest.fixture
def hall(office):
    """An exit-entry hall with one counter, open on the Monday after."""
    halls.forget_kept()
    booking.put_place(
        code="hall", unit_code="440300", kind="exit_entry_hall", name={"zh": "大厅", "en": "Hall"},
        address={"zh": "路", "en": "Road"}, lon=114.1, lat=22.5, hours=[["09:00", "12:00"]], slot_min=30, counters=1,
        offers=[("passport", {"zh": "护照", "en": "Passport"}, 10)], demo=True, by=SYSTEM, now=NOW,
    )  # fmt: skip
    halls.forget_kept()
    booking.open_days("hall", date(2026, 11, 30), date(2026, 11, 30), by=SYSTEM, now=NOW)
    yield
    halls.forget_kept()


def state_of(matter) -> tuple[str, str]:
    row = Matter.objects.get(id=matter.id)
    return row.state, row.outcome


def test_a_visit_is_booked_at_once_for_the_applicant_and_the_slip_names_it(hall):
    matter = apply("EX0001", LIN, **ASKED)
    visit = Visit.objects.get()
    assert (visit.state, visit.person_id, visit.subject_id) == ("booked", LIN.person_id, matter.id)
    assert state_of(matter) == ("approved", "approved")
    assert papers.of_matter(matter.id, now=NOW)[0].kind == "visit_slip"


def test_a_slot_that_is_full_is_not_oversold_and_waits_for_an_officer(hall):
    for someone in (LIN, SU, OLD):
        apply("EX0001", someone, **ASKED)
    late = apply("EX0001", WANG, **ASKED)
    assert Visit.objects.count() == 3
    assert state_of(late) == ("submitted", "")


def test_no_such_hall_service_or_time_is_said_beside_the_field(hall):
    for wrong, field in (
        ({"hall_code": "nowhere"}, "hall_code"),
        ({"service_code": "taiwan"}, "hall_code"),
        ({"starts_at": "2026-11-26T09:00"}, "starts_at"),
    ):
        with pytest.raises(Wrong) as refused:
            apply("EX0001", LIN, **{**ASKED, **wrong})
        assert set(refused.value.errors) == {field}
