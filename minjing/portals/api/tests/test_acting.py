"""Acting for others through the API: offered, answered, ended; guardians; a ward’s papers; drafts for another."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from minjing.base import idnumber
from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Check, Evidence, Mandate
from minjing.kernel.identity.plugs import Registered, plugs
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.tests.conftest import NUMBERS, city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, STRANGER
from minjing.portals.api.tests.photos import photo
from minjing.portals.api.tests.test_api import as_, post, submitted  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db


def raised(actor) -> None:
    """Let card and person have been checked."""
    Evidence.objects.create(
        account_id=actor.account_id, person_id=actor.person_id, level=3, method="counter",
        taken_at=now() - timedelta(days=2), until=now() + timedelta(days=300),
    )  # fmt: skip


@pytest.fixture
def lin(as_) -> Client:  # noqa: F811 - the fixture
    raised(LIN)
    return as_(LIN)


@pytest.fixture
def agent(as_) -> Client:  # noqa: F811 - the fixture
    return as_(STRANGER)


def offer(**more):
    until = local_day(now()) + timedelta(days=60)
    said = {"name": "王雨桐", "id_number": NUMBERS[STRANGER.person_id], "services": ["HZ0301", "HZ9901"]}
    return {**said, "until": until.isoformat(), **more}


def offered(lin) -> str:
    made = lin.post("/api/mandates", offer())
    assert made.status_code == 201, made.content
    return made.json()["id"]


def test_offered_accepted_used_and_ended(lin, agent):
    mandate = offered(lin)
    (mine,) = lin.get("/api/mandates").json()["given"]
    assert (mine["id"], mine["state"], mine["services"]) == (mandate, "offered", ["HZ0301", "HZ9901"])
    assert post(agent, "/api/drafts/HZ9901", for_person=LIN.person_id).status_code == 403
    assert post(agent, f"/api/mandates/{mandate}/answer", accept=True).json() == {"accepted": True}
    (taken,) = agent.get("/api/mandates").json()["taken"]
    assert (taken["state"], taken["giver_id"], taken["giver_name"]) == ("in_force", str(LIN.person_id), "林晓夫")
    begun = post(agent, "/api/drafts/HZ9901", for_person=taken["giver_id"])
    assert begun.status_code == 200
    look = people.looks_at(LIN.person_id, now())[0]
    assert look.by == STRANGER.account_id, "whose form was opened finds that out"
    assert lin.delete(f"/api/mandates/{mandate}").json() == {"ended": True}
    assert Mandate.objects.get(pk=mandate).revoked_by_id == LIN.account_id
    assert agent.get(f"/api/drafts/{begun.json()['id']}").status_code == 403
    kinds = Outbox.objects.filter(kind__startswith="identity:mandate:").values_list("kind", flat=True)
    assert sorted(kinds) == [f"identity:mandate:{what}" for what in ("accepted", "offered", "revoked")]


def test_offered_twice_it_is_one_offer(lin):
    assert offered(lin) == offered(lin)
    assert Mandate.objects.count() == 1
    assert lin.post("/api/mandates", offer(services=["HZ9901"])).status_code == 201
    assert Mandate.objects.count() == 2


def test_a_draft_without_a_word_is_ones_own(agent):
    assert agent.post("/api/drafts/HZ9901", "", content_type="application/json").status_code == 200
    assert post(agent, "/api/drafts/HZ9901").status_code == 200


def test_without_a_mandate_nothing_is_begun_for_anyone(agent):
    for whose in ({"for_person": LIN.person_id}, {"for_person": new_id()}, {"for_firm": new_id()}):
        assert post(agent, "/api/drafts/HZ9901", **whose).status_code == 403
    assert post(agent, "/api/drafts/HZ9901", for_person="x").status_code == 422
    assert agent.get("/api/drafts").json() == []


def test_others_neither_answer_nor_end_it(lin, agent, as_):  # noqa: F811 - the fixture
    mandate = offered(lin)
    assert post(lin, f"/api/mandates/{mandate}/answer", accept=True).status_code == 404
    assert agent.delete(f"/api/mandates/{mandate}").status_code == 404, "what one has not taken, one declines"
    assert agent.delete(f"/api/mandates/{new_id()}").status_code == 404
    assert post(as_(CHEN), f"/api/mandates/{mandate}/answer", accept=True).status_code == 403
    assert Mandate.objects.get(pk=mandate).accepted is None
    assert post(agent, f"/api/mandates/{mandate}/answer", accept=False).status_code == 200
    assert post(agent, f"/api/mandates/{mandate}/answer", accept=True).status_code == 404, "answered is answered"


def test_below_level_three_nobody_gives_one(as_):  # noqa: F811 - the fixture
    refused = as_(STRANGER).post("/api/mandates", offer())
    assert (refused.status_code, refused.json()["key"]) == (403, "identity_level")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id_number": "1"}, "id_number"),
        ({"id_number": NUMBERS[LIN.person_id]}, "id_number"),
        ({"name": " "}, "name"),
        ({"services": ["x"]}, "services"),
        ({"until": "2001-01-01"}, "until"),
        ({"uscc": "1", "firm_name": "x"}, "uscc"),
        ({"uscc": "91440300708461136T", "firm_name": "腾飞"}, "papers"),
    ],
)
def test_what_is_wrong_comes_per_field(lin, wrong, field):
    answer = lin.post("/api/mandates", offer(**wrong))
    assert answer.status_code == 422
    assert {"zh", "en"} == answer.json()["errors"][field].keys()
    assert not Mandate.objects.exists()


@pytest.mark.parametrize("odd", ["\x00", "９" * 300, "9999-99-99", "10000-01-01", "<script>"])
def test_nonsense_is_answered_without_a_fault(lin, odd):
    for field in offer():
        assert 400 <= lin.post("/api/mandates", offer(**{field: odd})).status_code < 500
    assert 400 <= lin.post("/api/mandates/guardian", {"name": odd, "id_number": odd}).status_code < 500


# ---- guardians ------------------------------------------------------------------------------------------

CHILD = "林小满"


@pytest.fixture
def number(monkeypatch) -> str:
    """A child that the register knows, without knowing whose."""
    born = local_day(now()).replace(month=6, day=1)
    text = idnumber.compose("440304", born.replace(year=born.year - 7), 21)
    known = lambda *, name, id_number, now: Registered(id_number == text, name == CHILD)  # noqa: E731
    monkeypatch.setattr(plugs, "check_register", known)
    monkeypatch.setattr(plugs, "guardian", lambda child, taker, at: False)
    monkeypatch.setattr(plugs, "clean_picture", lambda content: content)
    return text


def test_papers_go_to_an_officer_where_the_register_does_not_show_it(lin, number):
    without = lin.post("/api/mandates/guardian", {"name": CHILD, "id_number": number})
    assert (without.status_code, list(without.json()["errors"])) == (422, ["papers"])
    said = {"name": CHILD, "id_number": number, "papers": photo()}
    made = lin.post("/api/mandates/guardian", said)
    assert (made.status_code, made.json()["waits"]) == (201, True)
    assert Check.objects.get().purpose == "guardian"
    (taken,) = lin.get("/api/mandates").json()["taken"]
    assert (taken["state"], taken["kind"]) == ("confirming", "guardian")
    again = lin.post("/api/mandates/guardian", {"name": CHILD, "id_number": number, "papers": photo()})
    assert (again.status_code, again.json()["key"]) == (409, "papers_wait")
    assert Mandate.objects.count() == 1


@pytest.fixture
def issued(as_):  # noqa: F811 - the fixture
    """Lin's matter, approved: a paper is issued."""
    number = submitted(as_(LIN)).json()["number"]
    for action, by in (("claim", CHEN), ("recommend", CHEN), ("claim", LUO), ("approve", LUO)):
        at = now()
        matter = queries.matter(number, by, at)
        actions.act(matter.id, action, ver=matter.ver, by=by, now=at, request_id=new_id())


def test_a_guardian_opens_the_childs_papers_on_record_and_nobody_else(city, as_, issued):  # noqa: F811
    at = now()
    ward = Mandate.objects.create(
        kind="guardian", giver_id=LIN.person_id, taker_id=STRANGER.person_id, services=[], source="officer",
        taker_index=blind_index("id_number", "x"), offered_by_id=STRANGER.account_id, offered_at=at, since=at,
        names_sealed=seal(LIN.person_id, "identity_mandate.names", json.dumps({"giver": CHILD, "taker": "x"})),
        until=at + timedelta(days=3000), answered_at=at, accepted=True,
    )  # fmt: skip
    path, guardian = f"/api/mandates/{ward.pk}/papers", as_(STRANGER)
    (paper,) = guardian.get(path).json()
    answer = guardian.get(f"{path}/{paper['id']}.pdf")
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert [look.by for look in people.looks_at(LIN.person_id, now())].count(STRANGER.account_id) == 2
    assert guardian.get(f"{path}/{new_id()}.pdf").status_code == 404
    assert as_(LIN).get(path).status_code == 404
    Mandate.objects.filter(pk=ward.pk).update(revoked_at=at, revoked_by=STRANGER.account_id)
    assert guardian.get(path).status_code == 404
    assert guardian.get(f"{path}/{paper['id']}.pdf").status_code == 404
    assert Outbox.objects.filter(kind="matters:acting:refused", actor_id=STRANGER.account_id).count() == 2


def test_a_paper_is_handed_out_to_its_holder(as_, issued):  # noqa: F811 - the fixtures
    lin = as_(LIN)
    (paper,) = lin.get("/api/me/papers").json()
    answer = lin.get(f"/api/me/papers/{paper['id']}.pdf")
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    for client in (as_(STRANGER), as_(CHEN)):
        assert client.get(f"/api/me/papers/{paper['id']}.pdf").status_code == 404
