"""Whose business a matter is: of the posts that its flow names, and of those that supervise; no other post's."""

from dataclasses import replace

import pytest

from minjing.base.ids import new_id
from minjing.kernel.ledger.queries import about
from minjing.kernel.matters import actions, oversight, publishing, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.test_actions import HOUR, act
from minjing.kernel.matters.tests.world import CHECKER, CHEN, ELSEWHERE, HEAD, LUO, MONDAY, PUBLISHER, ZHOU, officer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
LISTS = ("to_claim", "waiting", "deciding", "done")
OTHERS = {
    "hall_clerk": officer(71, "hall_clerk", "1.4.", ("look", "serve")),
    "exit_entry_clerk": officer(72, "exit_entry_clerk", "1.", ("handle", "look")),
    "traffic_counter": officer(73, "traffic_counter", "1.", ("handle", "look", "serve")),
    "fee_clerk": officer(74, "fee_clerk", "1.", ("reconcile",)),
    "bureau_approver": officer(75, "bureau_approver", "1.", ("decide", "look")),
    "administrator": PUBLISHER,
}
HALL_HEAD = officer(76, "hall_head", "1.4.", ("look", "serve", "supervise"))


def submit(code="HZ9901"):
    papers = {"marriage_certificate": [scan()]}
    return actions.submit_whole(code, ANSWERS, by=world.LIN, now=MONDAY, request_id=new_id(), materials=papers)


def waiting(code="HZ9901"):
    said = {"note": "请补交结婚证。", "materials": ["marriage_certificate"]}
    return act(act(submit(code), "claim", ZHOU), "ask_supplement", ZHOU, **said)


@pytest.fixture
def busy():
    """A matter that waits for papers, one with the branch, one that is done."""
    waits = act(
        act(submit(), "claim", ZHOU), "ask_supplement", ZHOU, note="请补。", materials=["marriage_certificate"]
    )
    deciding = act(act(submit(), "claim", ZHOU), "recommend", ZHOU)
    done = act(act(submit(), "claim", ZHOU), "refuse_to_accept", ZHOU, note="不属本所受理", reason="elsewhere")
    return waits, deciding, done


@pytest.mark.parametrize("by", OTHERS.values(), ids=OTHERS)
def test_a_post_that_the_flow_does_not_name_sees_nothing_of_it(busy, by):
    for matter in busy:
        with pytest.raises(Unknown):
            queries.matter(matter.number, by, MONDAY)
        assert not queries.reads(matter, by)
    assert queries.by_id([m.id for m in busy], by) == {}
    assert oversight.of_person(world.LIN.person_id, by) == []
    assert [queries.queue(by, name, MONDAY + HOUR) for name in LISTS] == [[]] * len(LISTS)
    assert set(queries.counts(by, MONDAY + HOUR).values()) == {0}


@pytest.mark.parametrize(("by", "seen"), [(CHEN, 3), (LUO, 3), (ELSEWHERE, 0)], ids=["clerk", "branch", "elsewhere"])
def test_the_posts_of_the_flow_see_it_and_their_lists_show_it(busy, by, seen):
    assert len(queries.by_id([m.id for m in busy], by)) == seen
    lists = {name: len(queries.queue(by, name, MONDAY + HOUR)) for name in ("waiting", "deciding", "done")}
    assert lists == dict.fromkeys(lists, 1 if seen else 0)


def test_a_list_leaves_out_the_services_that_the_post_has_nothing_to_do_with(busy):
    publishing.publish([world.body("counter", code="HZ9902", decides="station")], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    other = waiting("HZ9902")
    assert [len(queries.queue(by, "waiting", MONDAY + HOUR)) for by in (CHEN, LUO)] == [2, 1]
    assert [queries.counts(by, MONDAY + HOUR)["waiting"] for by in (CHEN, LUO)] == [2, 1]
    with pytest.raises(Unknown):
        queries.matter(other.number, LUO, MONDAY)


@pytest.mark.parametrize("by", [HEAD, HALL_HEAD], ids=["station", "hall"])
def test_who_supervises_sees_clocks_and_opens_nothing(busy, by):
    matter = queries.matter(busy[0].number, by, MONDAY)
    assert matter in queries.queue(by, "waiting", MONDAY + HOUR)
    for reason in ("", "counter"):
        with pytest.raises(NotAllowed) as refused:
            queries.open_file(matter, by, MONDAY, reason=reason, full=False)
        assert refused.value.key == "no_look"
    assert about(matter.person_id, kinds=["identity:person:looked"]) == []


def test_who_decides_fees_or_in_another_trade_looks_over_no_station():
    other = [officer(77, post, "1.", ("decide", "look")) for post in ("fee_approver", "exit_entry_approver")]
    assert [oversight.supervising(by) for by in other] == [[], []]
    assert [len(oversight.supervising(by)) for by in (LUO, HALL_HEAD)] == [1, 1]


def test_a_child_task_of_the_flow_makes_it_the_checkers_business():
    publishing.publish([world.body("counter", code="HZ9902", decides="station")], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    assert queries.may_see(submit(), CHECKER)
    assert not queries.may_see(submit(code="HZ9902"), CHECKER)


def test_a_deputy_sees_as_the_post_they_stand_in_for_and_the_look_says_so():
    matter = submit()
    (held,) = CHEN.holdings
    by = replace(OTHERS["hall_clerk"], account_id=ZHOU.account_id)  # one with an account: the lot may draw the look
    deputy = replace(by, holdings=(*by.holdings, replace(held, deputy_for=CHEN.account_id)))
    queries.open_file(queries.matter(matter.number, deputy, MONDAY), deputy, MONDAY, reason="counter", full=False)
    (entry,) = about(matter.person_id, kinds=["identity:person:looked"])
    assert (entry["what"]["post"], entry["what"]["deputy_for"]) == ("station_clerk", str(CHEN.account_id))
