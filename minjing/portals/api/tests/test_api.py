"""The API as a program sees it."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy, override

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.providers.promise import promise_verifier
from minjing.kernel.ledger.rules.promise import open_promise
from minjing.kernel.ledger.rules.tree import leaf_hash
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MA, STRANGER
from minjing.portals.api.views.door import Json

AT = datetime(2026, 3, 2, 4, 0, 17, 250, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_(city):  # noqa: F811 - the fixture
    """Return a client for a persona."""
    from django.utils import timezone

    def client(actor) -> Client:
        token = identity.token_for(Account.objects.get(id=actor.account_id), timezone.now())
        return Client(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_HOST="localhost")

    return client


def post(client: Client, path: str, **body):
    return client.post(path, json.dumps(body, default=str), content_type="application/json")


def submitted(client: Client):
    return post(
        client,
        "/api/matters",
        code="HZ9901",
        answers=ANSWERS,
        materials={"marriage_certificate": [scan()]},
        request_id=new_id(),
    )


def test_the_description_lists_every_operation():
    description = Client(HTTP_HOST="localhost").get("/api/openapi.json").json()
    assert {"/api/matters", "/api/matters/{ref}/actions/{action}", "/api/services"} <= description["paths"].keys()


def test_without_a_token_nothing_of_anyone_is_told(city):  # noqa: F811 - the fixture
    assert Client(HTTP_HOST="localhost").get("/api/matters").status_code == 401
    assert Client(HTTP_HOST="localhost").get("/api/services").status_code == 200


def test_a_resident_submits_and_follows(as_):
    lin = as_(LIN)
    made = submitted(lin)
    assert made.status_code == 201
    number = made.json()["number"]
    assert [m["number"] for m in lin.get("/api/matters").json()] == [number]
    assert lin.get(f"/api/matters/{number}/line").json()[0]["status"] == "here"
    assert lin.get(f"/api/matters/{number}/answers").json()["spouse_id"] == ANSWERS["spouse_id"]


def test_what_is_wrong_comes_per_field_in_both_languages(as_):
    answer = post(as_(LIN), "/api/matters", code="HZ9901", answers={"spouse_id": "1"}, request_id=new_id())
    assert answer.status_code == 422
    assert {"zh", "en"} == answer.json()["errors"]["spouse_id"].keys()


def test_a_stranger_learns_nothing(as_):
    number = submitted(as_(LIN)).json()["number"]
    for path in ("", "/line", "/answers", "/events", "/materials", "/steps", "/tasks", "/papers"):
        assert as_(STRANGER).get(f"/api/matters/{number}{path}").status_code == 404


def test_two_officers_claim_and_the_second_sees_how_it_stands(as_):
    made = submitted(as_(LIN)).json()
    path = f"/api/matters/{made['id']}/actions/claim"
    assert post(as_(CHEN), path, ver=1, request_id=new_id()).status_code == 200
    late = post(as_(CHEN), path, ver=1, request_id=new_id())
    assert late.status_code == 409
    assert late.json()["matter"]["claimed_by"] == str(CHEN.account_id)


def test_the_same_request_twice_is_answered_alike(as_):
    made = submitted(as_(LIN)).json()
    request_id = new_id()
    path = f"/api/matters/{made['id']}/actions/claim"
    first = post(as_(CHEN), path, ver=1, request_id=request_id)
    assert first.status_code == 200
    assert post(as_(CHEN), path, ver=1, request_id=request_id).json() == first.json()


def test_a_shut_account_has_no_token_any_more(as_):
    lin = as_(LIN)
    Account.objects.filter(id=LIN.account_id).update(is_active=False)
    assert lin.get("/api/me").status_code == 401


def test_search_needs_a_reason_and_leaves_a_record(as_):
    from minjing.kernel.ledger.models import Outbox

    chen = as_(CHEN)
    assert post(chen, "/api/work/search", text="林晓夫").status_code == 403
    reason = chen.get("/api/work/reasons").json()[0]["key"]
    found = post(chen, "/api/work/search", text="440304199001010011", reason=reason)
    assert [person["name"] for person in found.json()] == ["林*夫"]
    assert "440304199001010011" not in found.content.decode()
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=LIN.person_id).count() == 1


def test_an_act_is_answered_with_the_ledgers_promise_and_the_same_again(as_):
    lin, request_id = as_(LIN), new_id()
    sent = {"code": "HZ9901", "answers": ANSWERS, "materials": {"marriage_certificate": [scan()]}}
    made = post(lin, "/api/matters", **sent, request_id=request_id).json()
    key = promise_verifier()
    (leaf,) = open_promise(made["promise"], [key]).leaves
    events = lin.get(f"/api/matters/{made['id']}/events").json()
    assert leaf == leaf_hash(ledger.public_entry_of(UUID(events[0]["entry"])))
    assert post(lin, "/api/matters", **sent, request_id=request_id).json()["promise"] == made["promise"]
    claimed = post(as_(CHEN), f"/api/matters/{made['id']}/actions/claim", ver=1, request_id=new_id()).json()
    assert open_promise(claimed["promise"], [key]).leaves != (leaf,)
    assert lin.get(f"/api/matters/{made['id']}").json()["promise"] == ""


def test_each_step_of_a_bulk_act_has_its_own_promise(as_):
    ids = [submitted(as_(LIN)).json()["id"] for _ in range(3)]
    chosen = [{"id": i, "ver": 1} for i in ids]
    done = post(as_(CHEN), "/api/matters/bulk/claim", matters=chosen, request_id=new_id()).json()
    assert len({row["matter"]["promise"] for row in done}) == 3


def test_receipts_are_for_those_whose_business_it_is_and_disclosures_for_the_person(as_):
    made = submitted(as_(LIN)).json()
    entry = as_(LIN).get(f"/api/matters/{made['id']}/events").json()[0]["entry"]
    path = f"/api/matters/{made['id']}/receipts/{entry}"
    own = as_(LIN).get(path).json()
    assert own["promise"] == made["promise"]
    assert own["receipt"] is None, "it is not in the log yet"
    assert own["disclosure"]["content"]["to"] == "submitted"
    assert as_(CHEN).get(path).json()["disclosure"] is None
    assert as_(STRANGER).get(path).status_code == 404
    assert as_(LIN).get(f"/api/matters/{made['id']}/receipts/{new_id()}").status_code == 404


def test_a_look_has_a_receipt_for_the_person_alone(as_):
    reason = as_(CHEN).get("/api/work/reasons").json()[0]["key"]
    post(as_(CHEN), "/api/work/search", text="440304199001010011", reason=reason)
    (look,) = as_(LIN).get("/api/me/looks").json()
    path = f"/api/me/looks/{look['entry']}/receipt"
    assert as_(LIN).get(path).json()["disclosure"]["kind"] == "identity:person:looked"
    assert as_(STRANGER).get(path).status_code == 404
    assert as_(CHEN).get(path).status_code == 404


def test_supervision_is_for_supervisors(as_):
    for path in ("units", "overdue", "load", "trend", "matters"):
        assert as_(CHEN).get(f"/api/work/supervision/{path}").status_code == 403


@pytest.mark.parametrize("path", ["/api/matters?limit=-5", "/api/me/notices?limit=-1", "/api/matters/not-a-number"])
def test_odd_questions_are_answered_without_an_error(as_, path):
    assert as_(LIN).get(path).status_code in (200, 404, 422)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"名": "粤·𬭎", "at": AT}, '{"名":"粤·𬭎","at":"2026-03-02T04:00:17.000250Z"}'),
        ([Decimal("1.50"), None, UUID(int=1), date(2026, 3, 2)], f'["1.50",null,"{UUID(int=1)}","2026-03-02"]'),
        ({"\ud800": "half a character"}, '{"\\ud800": "half a character"}'),
        (gettext_lazy("Yes"), '"是"'),
    ],
)
def test_answers_are_json_whatever_is_in_them(data, said):
    with override("zh-hans"):
        assert Json().render(None, data, response_status=200).decode() == said


def test_an_approver_takes_a_paper_back_and_the_check_says_why(as_):
    made = submitted(as_(LIN)).json()
    for who, action in ((CHEN, "claim"), (CHEN, "recommend"), (LUO, "claim"), (LUO, "approve")):
        path = f"/api/matters/{made['id']}/actions/{action}"
        made = post(as_(who), path, ver=made["ver"], request_id=new_id()).json()
    papers = f"/api/matters/{made['id']}/papers"
    (paper,) = as_(MA).get(papers).json()
    back = f"{papers}/{paper['id']}/take-back"
    asked = {"ver": made["ver"], "reason": "issued_in_error", "note": "签错了人。", "request_id": new_id()}
    assert post(as_(LUO), back, **asked).status_code == 403
    assert "reason" in post(as_(MA), back, **{**asked, "reason": "used"}).json()["errors"]
    done = post(as_(MA), back, **asked)
    assert (done.status_code, done.json()["ver"]) == (200, made["ver"] + 1)
    assert open_promise(done.json()["promise"], [promise_verifier()]).leaves
    assert post(as_(MA), back, **asked).json() == done.json()
    (paper,) = as_(LIN).get(papers).json()
    assert (paper["state"], paper["reason"]["zh"]) == ("revoked", "签发有误")
