"""From a match to a decision: candidates, one look, an own car, two officers at once, a driver who asks."""

from datetime import timedelta
from uuid import uuid4

import pytest

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.errors import NotAllowed
from minjing.modules.traffic.actions.yielding import asking, deciding, finding
from minjing.modules.traffic.actions.yielding.asking import Elsewhere, NotOfThisKind
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import Candidate, Strike, Violation, YieldingClaim
from minjing.modules.traffic.queries.yielding import desk
from minjing.modules.traffic.tests.test_yielding_taking import (
    AT,
    REVIEWER,
    dispatch,
    kinds,
    message,
    take,
    violation,
)

pytestmark = pytest.mark.django_db
__all__ = ["dispatch"]
SPAN = (AT - timedelta(minutes=5), AT + timedelta(hours=1))


@pytest.fixture
def candidate(dispatch) -> Candidate:
    take(dispatch)
    violation()
    assert finding.find(*SPAN, now=AT) == 1
    return Candidate.objects.get()


def test_the_match_finds_what_the_ambulance_explains_and_keeps_the_stretch(dispatch):
    take(dispatch)
    seen = violation()
    violation(heading=180)
    violation(conduct="SZP15")
    violation(at=AT + timedelta(seconds=110))
    violation(state="struck")
    assert finding.find(*SPAN, now=AT) == 1
    assert finding.find(*SPAN, now=AT) == 0
    found = Candidate.objects.get()
    assert (found.violation_id, found.distance_m, found.passed_at) == (seen.pk, 8, AT + timedelta(seconds=100))
    (first, _, _), (second, _, _) = found.evidence["stretch"]
    assert first <= found.passed_at.timestamp() <= second
    assert found.evidence["limits"]["within_m"] == 150
    assert kinds()[-1] == "traffic:yielding:found"


def test_an_ambulance_off_its_mission_explains_nothing(dispatch):
    ended = {
        "number": "M1",
        "callsign": "福田01",
        "began_at": AT.isoformat(),
        "ended_at": (AT + timedelta(seconds=40)).isoformat(),
    }
    take(dispatch, message(missions=[ended]))
    violation()
    assert finding.find(*SPAN, now=AT) == 0


def test_a_confirmed_candidate_strikes_its_violation_in_the_same_act(candidate):
    deciding.decide(candidate.pk, True, by=REVIEWER, now=AT)
    struck = Strike.objects.get()
    assert (struck.violation_id, struck.ground, struck.by) == (
        candidate.violation_id,
        "made_way",
        REVIEWER.account_id,
    )
    assert struck.evidence["candidate"] == str(candidate.pk)
    assert Violation.objects.get().state == "struck"
    assert "traffic:yielding:confirmed" in kinds()


def test_a_rejected_one_leaves_the_violation(candidate):
    deciding.decide(candidate.pk, False, "turned off", by=REVIEWER, now=AT)
    candidate.refresh_from_db()
    assert (candidate.state, candidate.reason) == ("rejected", "turned off")
    assert Violation.objects.get().state == "published"


def test_the_second_of_two_officers_is_told(candidate):
    deciding.decide(candidate.pk, True, by=REVIEWER, now=AT)
    with pytest.raises(deciding.Decided):
        deciding.decide(candidate.pk, False, by=REVIEWER, now=AT)
    assert kinds()[-1] == "traffic:yielding:refused"


def test_an_officer_does_not_decide_on_an_own_car(candidate, vehicle):
    mine = vehicle(REVIEWER.person_id)
    Violation.objects.update(vehicle_id=mine.pk)
    with pytest.raises(NotAllowed):
        deciding.decide(candidate.pk, True, by=REVIEWER, now=AT)
    assert (Strike.objects.count(), kinds()[-1]) == (0, "traffic:yielding:refused")


def test_it_takes_the_post(candidate):
    with pytest.raises(NotAllowed):
        deciding.decide(candidate.pk, True, by=Actor(uuid4(), "officer"), now=AT)


def test_when_striking_fails_nothing_is_decided(candidate, monkeypatch):
    def refuse(*_what, by, now):
        raise RuntimeError

    monkeypatch.setattr("minjing.modules.traffic.actions.penalties.strike", refuse)
    with pytest.raises(RuntimeError):
        deciding.decide(candidate.pk, True, by=REVIEWER, now=AT)
    assert Candidate.objects.get().state == "waiting"


def test_the_one_look_has_map_line_and_direction(candidate):
    look = desk.look_at(candidate)
    assert (look.after_s, look.turn_deg, look.map.bar_m) == (10, 0, 100)
    assert look.line.violated < look.line.passed <= look.line.violated + look.line.window


DRIVER = Actor(uuid4(), "resident", person_id=uuid4())


def test_a_driver_asks_and_an_ambulance_is_found(dispatch):
    take(dispatch)
    mine = violation(person_id=DRIVER.person_id)
    found = asking.ask(mine.pk, mine.violated_at + timedelta(minutes=4), None, by=DRIVER, now=AT)
    assert found is not None
    assert YieldingClaim.objects.get().candidate == found
    assert kinds()[-1] == "traffic:yielding:asked"


def test_a_driver_asks_and_none_was_there(db):
    mine = violation(person_id=DRIVER.person_id)
    assert asking.ask(mine.pk, mine.violated_at, None, by=DRIVER, now=AT) is None
    assert YieldingClaim.objects.get().candidate is None


def test_a_driver_asks_about_own_violations_of_the_right_kind_only(db):
    with pytest.raises(Unknown):
        asking.ask(violation().pk, AT, None, by=DRIVER, now=AT)
    belt = violation(person_id=DRIVER.person_id, conduct="SZP10")
    with pytest.raises(NotOfThisKind):
        asking.ask(belt.pk, belt.violated_at, None, by=DRIVER, now=AT)
    mine = violation(person_id=DRIVER.person_id)
    with pytest.raises(Elsewhere):
        asking.ask(mine.pk, mine.violated_at + timedelta(hours=1), None, by=DRIVER, now=AT)


def test_a_driver_asks_by_the_api_and_a_stranger_learns_nothing(dispatch, person):
    import json

    from django.test import Client

    from minjing.modules.traffic.tests.signed_in import browser

    take(dispatch)
    mine = violation(person_id=person(1))
    address = f"/api/traffic/violations/{mine.pk}/made-way"
    said = {"at": (AT + timedelta(seconds=90)).isoformat()}

    def ask(client, body):
        return client.post(address, json.dumps(body), content_type="application/json")

    answer = ask(browser(person(1)), said)
    assert (answer.status_code, answer.json()["found"], answer.json()["state"]) == (201, True, "waiting")
    assert ask(browser(person(2)), said).status_code == 404
    assert ask(Client(), said).status_code == 401
    assert ask(browser(person(1)), {"at": (AT + timedelta(hours=2)).isoformat()}).json()["key"] == "elsewhere"
    assert ask(browser(person(1)), {"at": "then"}).status_code == 422
    described = Client(HTTP_HOST="localhost").get("/api/openapi.json").json()
    assert "/api/traffic/violations/{violation_id}/made-way" in described["paths"]
