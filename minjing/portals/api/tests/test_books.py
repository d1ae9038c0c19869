"""Money at the workbench through the API: two officers decide, the desk closes differences and days, once each."""

from typing import Any

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Post, Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan  # noqa: F401 - the small world
from minjing.kernel.matters.tests.test_fees import FEE
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LIN, PUBLISHER, STRANGER
from minjing.kernel.pay.actions import attempts, statements
from minjing.kernel.pay.models import Difference, Order, Refund, Statement, Waiver
from minjing.kernel.pay.tests.conftest import house  # noqa: F401 - the house in memory
from minjing.kernel.pay.tests.conftest import officer as make_officer
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture
from minjing.portals.api.tests.test_fees import opened
from minjing.portals.api.tests.test_halls import put

pytestmark = pytest.mark.django_db
CLOSING = {"reason": "house_error", "note": "已书面确认。"}


@pytest.fixture
def order(city: None, house: Any) -> Order:  # noqa: F811 - the fixtures
    """The fee of a matter that Lin has submitted; the station's clerks handle matters."""
    Post.objects.filter(code="station_clerk").update(acts=["look", "handle"])
    publishing.publish([world.body(fee=FEE)], by=PUBLISHER, now=clock.now())
    queries.forget_kept()
    HOUSE.at(clock.now())
    papers = {"marriage_certificate": [scan()]}
    matter = actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=clock.now(), request_id=new_id(), materials=papers)
    return Order.objects.get(subject_id=matter.id)


def pay(order: Order) -> None:
    attempt = attempts.begin(order.id, "wechat_h5", by=LIN, now=clock.now(), key=str(new_id()))
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="ask", now=clock.now())


@pytest.fixture
def chen(order: Order, as_: Any) -> Client:  # noqa: F811 - the fixtures
    return as_(CHEN)


@pytest.fixture
def boss(order: Order, as_: Any) -> Client:  # noqa: F811 - the fixtures
    return as_(make_officer(Unit.objects.get(level="bureau"), "second_approver", "approve_fee", "close_day"))


@pytest.fixture
def clerk(order: Order, as_: Any) -> Client:  # noqa: F811 - the fixtures
    return as_(make_officer(Unit.objects.get(level="bureau"), "second_clerk", "reconcile"))


@pytest.fixture
def difference(order: Order) -> Difference:
    """Something that the house's bill of today does not have."""
    pay(order)
    row = Statement.objects.create(house="simulated", day=clock.local_day(clock.now()), next_at=clock.now())
    HOUSE.spoil = lambda rows: []
    statements.read(row.id, now=clock.now())
    return Difference.objects.get()


def propose(client: Client, order: Order, what: str, fen: Any, **more: Any) -> Any:
    said = {"fen": fen, "reason": "低保家庭。", "request_id": new_id(), **more}
    return post(client, f"/api/books/matters/{order.subject_number}/orders/{order.id}/{what}", **said)


def test_a_waiver_from_the_proposal_to_the_settled_fee(chen, boss, order):
    once = new_id()
    made, again = (propose(chen, order, "waivers", 2_000, request_id=once) for _ in range(2))
    assert (made.status_code, made.json()["state"]) == (201, "proposed")
    assert (made.json(), Waiver.objects.filter(name="officer").count()) == (again.json(), 1)
    (fee,) = chen.get(f"/api/books/matters/{order.subject_number}").json()
    assert (fee["waiver_waits"], fee["sheet"]["balance"]["due_fen"]) == (True, 2_000)
    (wish,) = boss.get("/api/books/wishes").json()
    assert (wish["kind"], wish["fen"], wish["reason"], wish["own"]) == ("waiver", 2_000, "低保家庭。", False)
    path = f"/api/books/waivers/{wish['id']}"
    assert put(boss, path, granted=True).json()["state"] == "granted"
    assert Order.objects.get().state == "settled"
    late = put(boss, path, granted=False)
    assert (late.status_code, late.json()["key"]) == (409, "stale")


def test_a_refund_from_the_proposal_to_the_job(chen, boss, order):
    unpaid = propose(chen, order, "refunds", 550)
    assert (unpaid.status_code, unpaid.json()["key"]) == (409, "not_open_open")
    pay(order)
    beyond = propose(chen, order, "refunds", 3_000)
    assert (beyond.status_code, beyond.json()["key"]) == (409, "beyond_capture")
    once = new_id()
    made, again = (propose(chen, order, "refunds", 550, request_id=once) for _ in range(2))
    assert (made.status_code, made.json()) == (201, again.json())
    other = propose(chen, order, "refunds", 1, request_id=once)
    assert (other.status_code, other.json()["key"]) == (409, "key_reused")
    assert chen.get(f"/api/books/matters/{order.subject_number}").json()[0]["left_fen"] == 1_450
    assert put(boss, f"/api/books/refunds/{made.json()['id']}", granted=True).json()["state"] == "due"
    assert Refund.objects.get().fen == 550


def test_who_proposes_does_not_decide_and_who_has_no_post_does_neither(chen, boss, order, as_):  # noqa: F811
    made = propose(chen, order, "waivers", 100).json()
    path = f"/api/books/waivers/{made['id']}"
    assert put(chen, path, granted=True).status_code == 403
    for who in (LIN, STRANGER, ELSEWHERE):
        assert put(as_(who), path, granted=True).status_code == 403
        assert as_(who).get("/api/books/wishes").json() == []
    assert propose(boss, order, "waivers", 100).status_code in (403, 404)
    assert propose(as_(LIN), order, "waivers", 100).status_code == 403
    assert propose(as_(STRANGER), order, "waivers", 100).status_code == 404
    assert as_(STRANGER).get(f"/api/books/matters/{order.subject_number}").status_code == 404
    assert Waiver.objects.get(name="officer").state == "proposed"
    assert put(boss, f"/api/books/waivers/{new_id()}", granted=True).status_code == 404
    assert put(boss, f"/api/books/refunds/{new_id()}", granted=True).status_code == 404


def test_an_order_is_spoken_of_under_its_own_matter_only(chen, order):
    other = opened(unit_id=order.unit_id)
    other.subject_number = order.subject_number
    assert propose(chen, other, "waivers", 1).status_code == 404
    assert not Waiver.objects.filter(name="officer").exists()


def test_the_desk_from_the_difference_to_the_closed_day(clerk, boss, difference):
    day = f"/api/books/days/simulated/{difference.day}/close"
    early = post(boss, day)
    assert (early.status_code, list(early.json()["errors"])) == (422, ["day"])
    (row,) = clerk.get("/api/books/differences").json()
    assert (row["kind"], row["our_fen"], row["their_fen"]) == ("ours_only", 2_000, None)
    path = f"/api/books/differences/{row['id']}"
    assert clerk.get(path).json()["fee"]["sheet"]["balance"]["paid_fen"] == 2_000
    assert post(clerk, f"{path}/take").json()["mine"] is True
    assert list(post(clerk, f"{path}/close", **{**CLOSING, "note": " "}).json()["errors"]) == ["note"]
    assert list(post(clerk, f"{path}/close", **{**CLOSING, "reason": "matched_later"}).json()["errors"]) == ["reason"]
    assert post(clerk, f"{path}/close", **CLOSING).json()["state"] == "closed"
    assert post(clerk, f"{path}/close", **CLOSING).status_code == 409
    assert post(clerk, f"{path}/take").status_code == 409
    assert [row["id"] for row in clerk.get("/api/books/differences?state=closed").json()] == [str(difference.id)]
    assert post(clerk, day).status_code == 403, "another person closes the day"
    assert post(boss, day).json() == {"house": "simulated", "day": str(difference.day)}
    assert post(boss, day).status_code == 409
    assert Statement.objects.get().state == "closed"
    assert [row["state"] for row in boss.get("/api/books/days").json()] == ["closed"]
    assert Outbox.objects.filter(kind__in=["pay:difference:closed", "pay:day:closed"]).count() == 2


def test_a_difference_is_closed_by_its_owner(clerk, difference):
    owner = new_id()
    Difference.objects.update(owner_id=owner)
    path = f"/api/books/differences/{difference.id}/close"
    assert list(post(clerk, path, **CLOSING).json()["errors"]) == ["owner"]
    assert clerk.get("/api/books/differences?mine=true").json() == []


@pytest.mark.parametrize("who", [CHEN, LIN, ELSEWHERE])
def test_the_desk_is_for_those_who_reconcile(difference, as_, who):  # noqa: F811 - the fixture
    client, path = as_(who), f"/api/books/differences/{difference.id}"
    for read in ("/api/books/differences", path, "/api/books/days"):
        assert client.get(read).status_code == 403
    for act in ("take", "close"):
        assert post(client, f"{path}/{act}", **CLOSING).status_code == 403
    assert post(client, f"/api/books/days/simulated/{difference.day}/close").status_code == 403
    assert Difference.objects.get().state == "open"


def test_without_a_token_nothing_is_told_or_done(difference, order):
    nobody = Client(HTTP_HOST="localhost")
    for path in ("differences", "days", "wishes", "reasons", f"matters/{order.subject_number}"):
        assert nobody.get(f"/api/books/{path}").status_code == 401
    assert propose(nobody, order, "waivers", 1).status_code == 401


def test_the_reasons_are_those_an_officer_may_give(clerk):
    said = clerk.get("/api/books/reasons").json()
    assert ("house_error" in said, "matched_later" in said) == (True, False)


ODD = ["\x00", "\ud800", "x" * 5000, -1, 0, 10**30, 1.5, None, [], {"a": [1]}]


@pytest.mark.parametrize("odd", ODD)
def test_odd_input_gets_an_answer_and_no_fault(chen, clerk, difference, order, odd):
    for what in ("waivers", "refunds"):
        for said in ({"fen": odd}, {"fen": 1, "reason": odd}, {"fen": 1, "request_id": odd}):
            assert 400 <= propose(chen, order, what, **said).status_code < 500
    for said in ({"reason": odd}, {"note": odd}):
        path = f"/api/books/differences/{difference.id}/close"
        assert post(clerk, path, **{**CLOSING, **said}).status_code == 422
    assert not Waiver.objects.filter(name="officer").exists()
    assert not Refund.objects.exists()


@pytest.mark.parametrize("path", ["simulated/9999-12-31", "simulated/x", "nowhere/2026-09-14"])
def test_odd_days_get_an_answer_and_no_fault(boss, path):
    assert post(boss, f"/api/books/days/{path}/close").status_code in (404, 422)
