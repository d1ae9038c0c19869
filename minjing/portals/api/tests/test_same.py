"""Whether the same person has the same thing open already: both sides learn it, and nothing of another applicant."""

from datetime import timedelta

import pytest

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LIN, MONDAY, PUBLISHER, STRANGER
from minjing.portals.api.tests.test_api import as_  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
CODE = "HZ9904"
NOTHING = {"open": False, "matters": []}
ANOTHERS = {"open": True, "matters": []}


@pytest.fixture(autouse=True)
def service(city):  # noqa: F811 - the fixture
    """Publish a service that is about the spouse: two people may apply for the same person."""
    publishing.publish([world.body(code=CODE, about="spouse_id")], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()


def submitted(by):
    return actions.submit_whole(
        CODE,
        ANSWERS,
        by=by,
        now=clock.now() - timedelta(hours=1),
        request_id=new_id(),
        materials={"marriage_certificate": [scan(by)]},
    )


def filled_in(by):
    """Return a draft in which the spouse is named."""
    draft = actions.draft(CODE, by=by, now=clock.now())
    page = {name: ANSWERS[name] for name in ("spouse_id", "married_on", "has_children")}
    actions.save_page(draft.id, "spouse", page, by=by, now=clock.now())
    return draft


def test_before_submission_one_learns_what_the_page_says(as_):  # noqa: F811 - the fixture
    draft, path = filled_in(LIN), "/api/drafts/{}/duplicates".format
    assert as_(LIN).get(path(draft.id)).json() == NOTHING
    theirs = submitted(STRANGER)
    answer = as_(LIN).get(path(draft.id))
    assert answer.json() == ANOTHERS
    page = signed_in(LIN).get(f"/drafts/{draft.id}/check/").content.decode()
    assert "已有正在办理的申请" in page
    for kept_back in (theirs.number, str(theirs.id), str(theirs.account_id)):
        assert kept_back not in answer.content.decode()
        assert kept_back not in page
    own = submitted(LIN)
    assert [row["number"] for row in as_(LIN).get(path(draft.id)).json()["matters"]] == [own.number]
    assert as_(STRANGER).get(path(draft.id)).status_code == 404


def test_afterwards_the_applicant_learns_of_anothers_and_the_officer_sees_it(as_):  # noqa: F811 - the fixture
    mine = submitted(LIN)
    path = f"/api/matters/{mine.number}/duplicates"
    assert as_(LIN).get(path).json() == NOTHING
    theirs = submitted(STRANGER)
    assert as_(LIN).get(path).json() == ANOTHERS
    seen = as_(CHEN).get(path).json()
    assert (seen["open"], [row["number"] for row in seen["matters"]]) == (True, [theirs.number])
    assert as_(ELSEWHERE).get(path).status_code in (403, 404)
