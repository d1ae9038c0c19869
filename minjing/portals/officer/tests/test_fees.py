"""Money at the workbench: propose and decide by two, the desk with its differences, closing a day."""

from typing import Any

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.test_fees import FEE
from minjing.kernel.matters.tests.world import CHEN, LIN, PUBLISHER
from minjing.kernel.pay.actions import attempts, differences, statements
from minjing.kernel.pay.models import Difference, Order, Refund, Statement, Waiver
from minjing.kernel.pay.tests.conftest import house  # noqa: F401 - the house in memory
from minjing.kernel.pay.tests.conftest import officer as make_officer
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.portals.officer.views.fees import fen_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(city: None, house: Any) -> dict[str, Client]:  # noqa: F811 - the fixtures
    from minjing.kernel.identity.models import Post, Unit

    Post.objects.filter(code="station_clerk").update(acts=["look", "handle"])
    bureau = Unit.objects.get(level="bureau")
    publishing.publish([world.body(fee=FEE)], by=PUBLISHER, now=clock.now())
    queries.forget_kept()
    HOUSE.at(clock.now())
    return {
        "clerk": signed_in(CHEN),
        "boss": signed_in(make_officer(bureau, "fee_approver", "approve_fee", "close_day")),
        "books": signed_in(make_officer(bureau, "fee_clerk", "reconcile")),
    }


@pytest.fixture
def order(people: dict[str, Client]) -> Order:
    papers = {"marriage_certificate": [scan()]}
    matter = actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=clock.now(), request_id=new_id(), materials=papers)
    return Order.objects.get(subject_id=matter.id)


def pay(order: Order) -> None:
    attempt = attempts.begin(order.id, "wechat_h5", by=LIN, now=clock.now(), key=str(new_id()))
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="ask", now=clock.now())


def propose(browser: Client, order: Order, wish: str, yuan: str) -> Any:
    said = {"wish": wish, "yuan": yuan, "reason": "低保家庭。", "key": str(new_id())}
    return browser.post(f"/officer/matters/{order.subject_number}/fee/{order.id}/", said)


def test_a_waiver_from_the_proposal_to_the_matter_that_moves_on(people: dict[str, Client], order: Order):
    page = people["clerk"].get(f"/officer/matters/{order.subject_number}/fee/").content.decode()
    assert "¥20.00" in page
    assert propose(people["clerk"], order, "waiver", "20.00").status_code == 302
    waiver = Waiver.objects.get(name="officer")
    assert "低保家庭。" in people["boss"].get("/officer/fees/approvals/").content.decode()
    people["boss"].post(f"/officer/fees/approvals/waiver/{waiver.id}/", {"decision": "grant"})
    assert Order.objects.get().state == "settled"


def test_a_refund_from_the_proposal_to_the_job(people: dict[str, Client], order: Order):
    pay(order)
    assert propose(people["clerk"], order, "refund", "30").status_code == 422
    assert propose(people["clerk"], order, "refund", "abc").status_code == 422
    assert propose(people["clerk"], order, "refund", "5.5").status_code == 302
    refund = Refund.objects.get()
    people["boss"].post(f"/officer/fees/approvals/refund/{refund.id}/", {"decision": "grant"})
    refund.refresh_from_db()
    assert (refund.fen, refund.state) == (550, "due")


def test_who_has_not_the_post_is_told_which_it_takes(people: dict[str, Client], order: Order):
    answer = people["clerk"].get("/officer/fees/")
    assert answer.status_code == 403
    assert people["clerk"].get("/officer/fees/approvals/").status_code == 403
    assert people["books"].get(f"/officer/matters/{order.subject_number}/fee/").status_code in (200, 404)
    assert propose(people["boss"], order, "waiver", "1").status_code == 403


def test_the_desk_from_the_difference_to_the_closed_day(people: dict[str, Client], order: Order):
    pay(order)
    day = clock.local_day(clock.now())
    row = Statement.objects.create(house="simulated", day=day, next_at=clock.now())
    HOUSE.spoil = lambda rows: []
    statements.read(row.id, now=clock.now())
    page = people["books"].get("/officer/fees/").content.decode()
    assert "我方有、账单无" in page
    found = Difference.objects.get()
    goal = f"/officer/fees/differences/{found.id}/"
    assert "¥20.00" in people["books"].get(goal).content.decode()
    assert people["books"].post(goal, {"reason": "house_error", "note": ""}).status_code == 422
    assert people["books"].post(goal, {"reason": "house_error", "note": "已书面确认。"}).status_code == 302
    people["boss"].post(f"/officer/fees/days/simulated/{day}/close/")
    assert Statement.objects.get().state == "closed"
    assert "已日结" in people["boss"].get("/officer/fees/?view=closed").content.decode()


def test_an_empty_desk_says_that_all_agrees(people: dict[str, Client]):
    assert "没有待处理的差错" in people["books"].get("/officer/fees/").content.decode()
    assert "没有等待审批" in people["boss"].get("/officer/fees/approvals/").content.decode()


def test_a_difference_without_an_order_is_shown_too(people: dict[str, Client]):
    now = clock.now()
    differences.open_difference(
        house="wechat", day=clock.local_day(now), kind="theirs_only", number="X1", their_fen=1, now=now
    )
    page = people["books"].get(f"/officer/fees/differences/{Difference.objects.get().id}/").content.decode()
    assert "我方没有这个编号的缴费单" in page


@pytest.mark.parametrize(("yuan", "fen"), [("12", 1200), ("12.5", 1250), ("¥1,200.05", 120_005), ("0.01", 1)])
def test_yuan_are_read_as_fen(yuan: str, fen: int):
    assert fen_of(yuan) == fen


@pytest.mark.parametrize("yuan", ["", "-1", "1.234", "１２", "a", "1.-2"])
def test_what_is_no_amount_is_refused(yuan: str):
    from minjing.kernel.pay.errors import Wrong

    with pytest.raises(Wrong):
        fen_of(yuan)
