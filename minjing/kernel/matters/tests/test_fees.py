"""A matter and its fee: opened with it, moved on by the money, given back when nobody has worked on it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from minjing.base.idnumber import compose
from minjing.base.ids import new_id
from minjing.kernel.matters import actions, catalog, fees, publishing, queries, rules
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.models import Matter, Task
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.issuing import issue_what_is_paid
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MONDAY, PUBLISHER
from minjing.kernel.pay.actions import attempts, orders, waivers
from minjing.kernel.pay.models import Attempt, Order, Refund
from minjing.kernel.pay.tests.conftest import house  # noqa: F401 - the house in memory
from minjing.kernel.pay.tests.simulated import HOUSE

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BASIS = {"law": "平台规则", "confidence": "C"}
FEE: dict[str, Any] = {
    "items": [
        {"name": "permit", "title": {"zh": "工本费", "en": "Cost of the paper"}, "fen": 2_000, "basis": BASIS},
        {
            "name": "post", "title": {"zh": "邮寄费", "en": "Postage"}, "fen": 1_500, "when": {"delivery": "post"},
            "basis": BASIS,
        },
    ],
    "waivers": [
        {
            "name": "family", "title": {"zh": "有子女随迁免收工本费", "en": "Free with children"},
            "when": {"has_children": True}, "percent": 100, "items": ["permit"], "basis": BASIS,
        }
    ],
}  # fmt: skip


@pytest.fixture
def charged(city, house):  # noqa: F811 - the fixture
    """The small service with a fee that is due before anybody works on it."""
    from minjing.kernel.matters.actions import payment
    from minjing.kernel.pay import plugs

    plugs.on_settled(payment.settled)
    plugs.on_expired(payment.expired)
    HOUSE.at(MONDAY)
    publish(FEE)


def publish(fee: dict[str, Any], flow: str = "reviewed", **more: Any) -> None:
    publishing.publish([world.body(flow, fee=fee, **more)], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()


def submit(**changed: Any) -> rules.Snapshot:
    papers = {"marriage_certificate": [scan()]}
    if changed.get("has_children"):
        papers["birth_certificate"] = [scan(shade=90)]
    return actions.submit_whole(
        "HZ9901", {**ANSWERS, **changed}, by=LIN, now=MONDAY, request_id=new_id(), materials=papers
    )


def order_of(matter: rules.Snapshot) -> Order:
    return Order.objects.get(subject_id=matter.id)


def pay(matter: rules.Snapshot, at=MONDAY + HOUR) -> None:
    only_pay(matter, at)
    issue_what_is_paid(at)


def only_pay(matter: rules.Snapshot, at=MONDAY + HOUR) -> None:
    """Have the gateway tell of the payment, and the worker not yet at it."""
    attempt = attempts.begin(order_of(matter).id, "wechat_h5", by=LIN, now=at, key=str(new_id()))
    HOUSE.at(at)
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="notification", now=at)


def seen(matter: rules.Snapshot) -> rules.Snapshot:
    return queries.snapshot(Matter.objects.get(id=matter.id))


def act(matter: rules.Snapshot, action: str, by, **more: Any) -> rules.Snapshot:
    now = more.pop("now", MONDAY + 2 * HOUR)
    return actions.act(matter.id, action, ver=seen(matter).ver, by=by, now=now, request_id=new_id(), **more)


def test_a_matter_waits_for_its_fee_and_moves_on_by_the_capture(charged):
    matter = submit(delivery="post", post_address="福田区示范路 1 号")
    assert (matter.state, matter.pause_reason, matter.back_to) == ("paying", "payment", "submitted")
    order = order_of(matter)
    assert (order.total_fen, order.state, order.subject_number) == (3_500, "open", matter.number)
    with pytest.raises(NotAllowed):
        act(matter, "claim", CHEN)
    pay(matter)
    after = seen(matter)
    assert (after.state, after.paused_since, after.post) == ("submitted", None, "station_clerk")
    assert queries.refold(after) == {}
    assert act(matter, "claim", CHEN).claimed_by == CHEN.account_id


def test_the_time_of_paying_does_not_count(charged):
    matter = submit()
    promised = matter.due_at
    pay(matter, MONDAY + 3 * DAY)
    assert seen(matter).due_at > promised


def test_a_fee_that_is_waived_whole_holds_nothing_up(charged):
    children = [{"name": "林小宝", "id_number": compose("440304", date(2015, 1, 1), 1), "relation": "子"}]
    matter = submit(has_children=True, children=children)
    assert matter.state == "submitted"
    assert order_of(matter).state == "settled"


def test_a_service_whose_items_do_not_apply_opens_no_order(charged):
    publish({**FEE, "items": [FEE["items"][1]], "waivers": [], "how_waived": {"zh": "到窗口。", "en": "Ask."}})
    assert submit().state == "submitted"
    assert not Order.objects.exists()


def test_asking_twice_is_one_matter_with_one_order(charged):
    request_id = new_id()
    papers = {"marriage_certificate": [scan()]}
    for _ in range(2):
        actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=request_id, materials=papers)
    assert Order.objects.count() == 1


def test_withdrawn_before_it_was_paid_asks_for_nothing(charged):
    matter = submit()
    act(matter, "withdraw", LIN)
    assert order_of(matter).state == "cancelled"
    assert not Refund.objects.exists()


def test_withdrawn_before_anybody_worked_on_it_gives_all_back(charged):
    matter = submit()
    pay(matter)
    act(matter, "withdraw", LIN)
    refund = Refund.objects.get()
    assert (refund.cause, refund.fen, refund.state) == ("withdrawn", 2_000, "due")


def test_withdrawn_after_an_officer_began_keeps_the_fee(charged):
    matter = submit()
    pay(matter)
    act(matter, "claim", CHEN)
    act(matter, "release", CHEN)
    act(matter, "withdraw", LIN)
    assert not Refund.objects.exists()
    assert order_of(matter).state == "settled"


def test_what_is_not_accepted_is_not_paid_for(charged):
    matter = submit()
    pay(matter)
    act(matter, "claim", CHEN)
    act(matter, "refuse_to_accept", CHEN, reason="not_competent", note="不属本所管辖。")
    assert Refund.objects.get().fen == 2_000


def test_what_is_refused_after_examination_keeps_the_fee(charged):
    matter = submit()
    pay(matter)
    act(matter, "claim", CHEN)
    act(matter, "recommend", CHEN)
    act(matter, "claim", LUO)
    act(matter, "refuse", LUO, reason="conditions", note="不符合。")
    assert not Refund.objects.exists()


def test_an_unpaid_matter_lapses_when_the_gateway_has_closed_the_last_attempt(charged):
    matter = submit()
    order = order_of(matter)
    attempt = attempts.begin(order.id, "wechat_h5", by=LIN, now=MONDAY + 7 * DAY - HOUR, key="k")
    late = MONDAY + 7 * DAY + HOUR
    assert not orders.expire(order.id, now=late)
    assert seen(matter).state == "paying"
    HOUSE.at(late)
    attempts.ask(attempt.id, now=late)
    assert orders.expire(order.id, now=late)
    assert (seen(matter).state, seen(matter).outcome) == ("lapsed", "lapsed")


def test_a_waiver_granted_later_moves_the_matter_on(charged):
    from minjing.kernel.identity.actor import Actor, Holding

    matter = submit()
    held = Holding("fee_approver", 1, "1.", "bureau", 0, frozenset({"approve_fee"}))
    boss = Actor(new_id(), "officer", holdings=(held,))
    clerk = world.officer(11, "station_clerk", "1.4.27.", ("handle", "look"))
    waiver = waivers.propose(order_of(matter).id, 2_000, "低保家庭。", by=clerk, now=MONDAY + HOUR, key="k")
    waivers.decide(waiver.id, True, by=boss, now=MONDAY + HOUR)
    assert seen(matter).state == "submitted"


def test_what_is_issued_at_once_waits_for_its_fee_first(charged):
    publish(FEE, "instant", auto={"has_children": False})
    matter = submit()
    assert matter.state == "paying"
    assert not queries.is_being_issued(matter.id)
    only_pay(matter)
    assert seen(matter).state == "submitted", "a gateway is answered without waiting for papers"
    assert queries.is_being_issued(matter.id)
    issue_what_is_paid(MONDAY + HOUR)
    assert not queries.is_being_issued(matter.id)
    assert seen(matter).outcome == "approved"
    issued = seen(matter)
    actions.issue_paid(matter.id, now=MONDAY + 2 * HOUR)  # a worker that was held up does its job a second time
    assert seen(matter) == issued


def test_what_somebody_takes_up_before_it_is_issued_is_theirs(charged):
    publish(FEE, "instant", auto={"has_children": False})
    taken_up, withdrawn = submit(), submit()
    for matter, action, by in ((taken_up, "claim", CHEN), (withdrawn, "withdraw", LIN)):
        only_pay(matter)
        act(matter, action, by)
        before = seen(matter)
        issue_what_is_paid(MONDAY + 3 * HOUR)
        assert seen(matter) == before
    assert Refund.objects.get().order.subject_id == withdrawn.id


def test_where_only_the_decision_waits_the_payment_is_a_task_beside_the_review(charged):
    publish({**FEE, "due": "before_decision"})
    matter = submit()
    assert (matter.state, matter.open_tasks) == ("submitted", 1)
    act(matter, "claim", CHEN)
    with pytest.raises(NotAllowed, match="parallel task"):
        act(matter, "recommend", CHEN)
    pay(matter)
    assert (seen(matter).open_tasks, Task.objects.get().result) == (0, "clear")
    assert queries.refold(seen(matter)) == {}
    assert act(matter, "recommend", CHEN).state == "recommended"


def test_a_payment_and_a_withdrawal_at_once_leave_no_money_behind(charged):
    """The withdrawal is first: the money comes to a cancelled order and goes back."""
    matter = submit()
    attempt = attempts.begin(order_of(matter).id, "wechat_h5", by=LIN, now=MONDAY + HOUR, key="k")
    HOUSE.at(MONDAY + HOUR)
    told = HOUSE.pay(attempt.number)
    act(matter, "withdraw", LIN)
    attempts.take(attempt.id, told, source="notification", now=MONDAY + 2 * HOUR)
    assert Refund.objects.get().cause == "late"
    assert Attempt.objects.get().state == "captured"


def test_the_guide_shows_the_station_of_paying_first(charged):
    _, body = queries.service("HZ9901")
    assert [s.key for s in queries.line_ahead(body)][:2] == ["paying", "submitted"]


def test_quotes_follow_the_answers(charged):
    _, body = queries.service("HZ9901")
    said = fees.quote(body, {**ANSWERS, "delivery": "post", "has_children": True}, LIN.person_id, MONDAY)
    assert said is not None
    assert (said.total_fen, said.due_fen, dict(said.off)) == (3_500, 1_500, {"family": 2_000})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"waivers": []}, "nobody is ever let off"),
        ({"items": [{**FEE["items"][0], "when": {"colour": "red"}}]}, "no field 'colour'"),
        ({"items": [{**FEE["items"][0], "when": {"delivery": "pigeon"}}]}, "no option 'pigeon'"),
        ({"of": "nobody.prices", "items": []}, "no module offers"),
        ({"of": "nobody.prices"}, "either items or a table"),
        ({"waivers": [{**FEE["waivers"][0], "items": ["stamp"]}]}, "no item 'stamp'"),
        ({"items": [FEE["items"][0], FEE["items"][0]]}, "same name"),
    ],
)
def test_the_lint_finds_what_is_wrong_with_a_fee(changed: dict[str, Any], says: str):
    found = catalog.lint([world.body(fee={**FEE, **changed})])
    assert any(says in problem for problem in found), found


def test_a_fee_without_its_basis_is_refused_by_the_file_itself():
    item = {key: value for key, value in FEE["items"][0].items() if key != "basis"}
    with pytest.raises(ValueError, match="basis"):
        world.service(fee={**FEE, "items": [item]})


def test_a_service_without_a_fee_keeps_its_bytes():
    assert "fee" not in world.service().model_dump(mode="json")
    assert "paying" not in world.body().flow.states


def test_the_books_of_a_matter_add_up_at_the_end_of_each_transaction(charged):
    pay(submit())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
