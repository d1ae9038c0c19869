"""A missed visit: its matter waits in a state of its own, the applicant is told, and coming lets it go on."""

from datetime import timedelta

import pytest
from django.test import RequestFactory

from minjing.kernel.booking import plugs as booking
from minjing.kernel.booking.models import Visit
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import queries
from minjing.kernel.matters.actions import upkeep
from minjing.kernel.matters.actions.visiting import visit_kept, visit_missed
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.notify.models import Message
from minjing.modules.exit_entry.tests.world import CLERK, HOUR, LIN, NOW, SU, act, apply
from minjing.portals.citizen.views import visits as citizen_visits

pytestmark = pytest.mark.django_db


def visit_for(matter, *, services=("passport",), subject=True) -> Visit:
    return Visit(subject_id=matter.id if subject else None, person_id=LIN.person_id, services=list(services))


def missed():
    matter = apply("EX0003", LIN, reason="expiring")
    for follow in booking.MISSED:
        follow(visit_for(matter), by=SYSTEM, now=NOW + HOUR)
    return queries.matter(matter.id, LIN.actor, NOW + HOUR)


def test_a_missed_visit_pauses_its_matter_and_the_applicant_is_told(office):
    matter = missed()
    assert (matter.state, matter.pause_reason) == ("visit_missed", "visit")
    told = Message.objects.filter(template="visit_missed", channel="in_app", matter_id=matter.id)
    assert "重新预约" in told.get().text_zh
    visit_missed(visit_for(matter), by=SYSTEM, now=NOW + HOUR)
    assert told.count() == 1


@pytest.mark.parametrize("how", ["booked", "ticket", "officer"])
def test_coming_by_a_new_visit_a_ticket_or_an_officers_word_lets_it_go_on(office, how):
    matter = missed()
    if how == "officer":
        act(matter, "came", CLERK, now=NOW + 2 * HOUR)
    else:
        visit_kept(visit_for(matter, subject=how == "booked"), by=SYSTEM, now=NOW + 2 * HOUR)
    after = queries.matter(matter.id, LIN.actor, NOW + 2 * HOUR)
    assert (after.state, after.paused_since) == ("submitted", None)
    assert after.due_at > matter.due_at or after.due_at is not None


def test_a_ticket_for_something_else_changes_nothing(office):
    matter = missed()
    visit_kept(visit_for(matter, services=("taiwan",), subject=False), by=SYSTEM, now=NOW + 2 * HOUR)
    assert queries.matter(matter.id, LIN.actor, NOW + 2 * HOUR).state == "visit_missed"


def test_a_matter_that_an_officer_has_decided_on_is_left_alone(office):
    matter = act(act(apply("EX0003", LIN, reason="expiring"), "claim", CLERK), "recommend", CLERK)
    visit_missed(visit_for(matter), by=SYSTEM, now=NOW + 2 * HOUR)
    assert queries.matter(matter.id, LIN.actor, NOW + 2 * HOUR).state == "recommended"


def test_nobody_who_comes_lets_it_lapse_after_thirty_days(office):
    matter = missed()
    upkeep.sweep(NOW + timedelta(days=32))
    assert queries.matter(matter.id, LIN.actor, NOW + timedelta(days=32)).state == "lapsed"


def test_the_page_leads_to_a_new_time_which_is_for_this_matter(office, monkeypatch):
    monkeypatch.setattr("minjing.portals.citizen.views.matters.now", lambda: NOW + HOUR)
    matter = missed()
    page = signed_in(LIN.actor).get(f"/matters/{matter.number}/").content.decode()
    assert "您没有在约定的时间到场" in page
    assert f"for={matter.id}" in page
    request = RequestFactory().get("/", {"for": str(matter.id)})
    request.actor = LIN.actor
    assert citizen_visits._subject(request) == matter.id
    assert citizen_visits._draft_url(request) == "", "the visit is confirmed on a page of its own"
    request.actor = SU.actor
    with pytest.raises(Unknown):
        citizen_visits._subject(request)
