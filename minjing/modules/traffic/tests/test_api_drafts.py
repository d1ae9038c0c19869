"""The what-if desk over the JSON API: drafts begun, changed, refused, replayed, and the tables of the replay."""

import json
from importlib import import_module
from uuid import uuid4

import pytest
from django.test import Client

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.pay.tests.conftest import officer as appointed
from minjing.modules.traffic import packs
from minjing.modules.traffic.actions import drafts
from minjing.modules.traffic.models import DraftReplay, RuleDraft
from minjing.modules.traffic.tests.test_drafts import NOW, city  # noqa: F401 - the world

import_module("minjing.portals.api.views")  # as the house does: the API first, then what modules hang into it
pytestmark = pytest.mark.django_db
DESK = "/api/traffic/drafts"
PERIOD = {"from_date": "2024-11-27", "until_date": "2026-11-27"}


@pytest.fixture(autouse=True)
def today(monkeypatch):
    for where in ("minjing.base.clock.now", "minjing.modules.traffic.views.api.drafts.now"):
        monkeypatch.setattr(where, lambda: NOW)


@pytest.fixture
def officer():
    """Return a way to sign an officer in: officer(post, act, …)."""
    unit = Unit.objects.create(
        code="440300", org_id=0, level="bureau", path="1.", name={"zh": "市局", "en": "Bureau"}
    )
    return lambda post, *acts: signed_in(people.actor_of(appointed(unit, post, *acts).account_id, NOW))


@pytest.fixture
def lawyer(officer):
    return officer("traffic_legal", "draft_rules", "see_drafts")


def post(desk: Client, address: str, said: dict) -> tuple[int, dict]:
    answer = desk.post(f"{DESK}{address}", json.dumps(said), content_type="application/json")
    return answer.status_code, answer.json()


def begun(desk: Client) -> dict:
    status, made = post(desk, "", {"base": "shenzhen", "title": "提高罚款"})
    assert status == 201
    return made


def test_a_lawyer_begins_a_draft_changes_a_number_and_reads_what_it_comes_to(city, lawyer):  # noqa: F811
    made = begun(lawyer)
    address = f"/{made['id']}"
    seen = lawyer.get(f"{DESK}{address}").json()
    assert (seen["changes_something"], seen["outdated"]) == (False, False)
    number = next(field for field in seen["fields"] if field["name"] == "e-SZP01")
    assert (number["value"], number["unit"]["en"]) == (number["in_force"], "yuan")
    status, changed = post(lawyer, address, {"seen": seen["draft"]["digest"], "numbers": {"e-SZP01": 600}})
    assert (status, changed["digest"] != made["digest"]) == (200, True)
    assert "fine_fen: 60000" in RuleDraft.objects.get().source
    status, asked = post(lawyer, f"{address}/replays", PERIOD)
    assert (status, asked["state"], post(lawyer, f"{address}/replays", PERIOD)[1]["id"]) == (
        202, "waiting", asked["id"],
    )  # fmt: skip
    where = f"{DESK}{address}/replays/{asked['id']}"
    assert lawyer.get(where).json()["figures"] == {}
    drafts.run(DraftReplay.objects.get().pk, now=NOW)
    done = lawyer.get(where).json()
    assert (done["replay"]["state"], done["moved"]) == ("done", False)
    whole = done["figures"]["whole"]
    assert (whole["violations"], whole["fine_after_fen"] > whole["fine_before_fen"]) == (38, True)
    assert (done["figures"]["vehicles"]["worse"], done["figures"]["persons"]["worse"]) == (6, None)
    listed = lawyer.get(DESK).json()
    assert (listed["drafts"][0]["replay"]["id"], "shenzhen" in listed["packs"]) == (asked["id"], True)
    assert packs.in_force().version == seen["draft"]["pack"]


def test_rules_that_are_wrong_are_refused_with_every_fault_and_where(lawyer):
    made = begun(lawyer)
    address, seen, before = f"/{made['id']}", made["digest"], RuleDraft.objects.get().source
    for said, path in (
        ({"numbers": {"e-SZP01": -5}}, "SZP01"), ({"numbers": {"e-SZP01": 10**12}}, "SZP01"),
        ({"numbers": {"e-none": 5}}, "e-none"), ({"numbers": {"\ud800": 5}}, "\ud800"),
        ({"source": "rules: ]"}, "YAML:1"), ({"source": "rules: 5"}, "rules"),
    ):  # fmt: skip
        status, answer = post(lawyer, address, {"seen": seen} | said)
        assert (status, answer["key"], answer["faults"][0]["path"]) == (422, "wrong_pack", path)
        assert answer["faults"][0]["reason"].keys() == {"zh", "en"}
    for nonsense in ({}, {"numbers": {}, "source": "rules: []"}, {"numbers": {"e-SZP01": "six"}}, {"source": 7}):
        assert post(lawyer, address, {"seen": seen} | nonsense)[0] == 422
    assert RuleDraft.objects.get().source == before


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(lawyer):
    made = begun(lawyer)
    said = {
        "seen": made["digest"],
        "source": RuleDraft.objects.get().source.replace("fine_fen: 50000", "fine_fen: 1"),
    }
    assert post(lawyer, f"/{made['id']}", said)[0] == 200
    status, answer = post(lawyer, f"/{made['id']}", said)
    assert (status, answer["key"]) == (409, "draft_moved")
    assert Outbox.objects.filter(kind="traffic:draft:changed").count() == 1


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"base": "none"}, "no_pack"), ({"title": " "}, "draft_title"), ({"title": "\u0000"}, "unstorable"),
        ({"title": "题" * 61}, "malformed"), ({"base": None}, "malformed"),
    ],
)  # fmt: skip
def test_a_draft_that_cannot_be_begun_is_refused(said, key, lawyer):
    status, answer = post(lawyer, "", {"base": "shenzhen", "title": "提高罚款"} | said)
    assert (status, answer.get("key")) == (422, key)
    assert not RuleDraft.objects.exists()


def test_a_period_is_past_and_no_longer_than_three_years(lawyer):
    address = f"/{begun(lawyer)['id']}/replays"
    for wrong in ({"until_date": "2027-01-01"}, {"from_date": "2020-01-01"}, {"from_date": "2026-11-28"}):
        assert post(lawyer, address, PERIOD | wrong)[1]["key"] == "draft_period"
    assert post(lawyer, address, PERIOD | {"from_date": "soon"})[0] == 422
    assert not DraftReplay.objects.exists()


def test_who_may_look_changes_nothing_and_others_see_nothing(lawyer, officer):
    made = begun(lawyer)
    address = f"/{made['id']}"
    replay = post(lawyer, f"{address}/replays", PERIOD)[1]["id"]
    supervisor, stranger = officer("supervisor", "supervise", "see_drafts"), officer("clerk", "handle")
    assert supervisor.get(f"{DESK}{address}").status_code == 200
    for other in (supervisor, stranger):
        assert post(other, "", {"base": "shenzhen", "title": "x"})[0] == 403
        assert post(other, address, {"seen": made["digest"], "source": "rules: []"})[0] == 403
        assert post(other, f"{address}/replays", PERIOD)[0] == 403
    assert post(stranger, address, {"seen": made["digest"], "numbers": {"e-SZP01": 1}})[0] == 403
    assert Outbox.objects.filter(kind="traffic:draft:refused").count() == 6
    for where in ("", address, f"{address}/replays/{replay}"):
        answer = stranger.get(f"{DESK}{where}")
        assert (answer.status_code, answer.json()["key"]) == (403, "no_sight_of_drafts")
        assert Client().get(f"{DESK}{where}").status_code == 401
    assert (RuleDraft.objects.count(), DraftReplay.objects.count()) == (1, 1)
    for where in (f"/{uuid4()}", f"{address}/replays/{uuid4()}", f"/{uuid4()}/replays/{replay}"):
        assert lawyer.get(f"{DESK}{where}").status_code == 404
