"""How many matters lie in each queue: one statement kept for a post, counting for who asks, when they ask."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minjing.kernel.identity.models import Unit
from minjing.kernel.matters import queries
from minjing.kernel.matters.queries import QUEUES
from minjing.kernel.matters.tests.test_actions import HOUR, act, submit
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LUO, MONDAY, ZHOU

pytestmark = pytest.mark.django_db
LONG_AFTER = MONDAY + timedelta(days=60)


@pytest.fixture
def busy(city):
    """Three free matters at the station, one on Chen's desk, one that waits for papers, one with the branch."""
    for _ in range(3):
        submit()
    act(submit(), "claim", CHEN)
    waits = act(submit(), "claim", ZHOU)
    act(waits, "ask_supplement", ZHOU, note="请补交结婚证。", materials=["marriage_certificate"])
    act(act(submit(), "claim", ZHOU), "recommend", ZHOU)


def listed(by, at):
    queues = {name: len(queries.queue(by, name, at)) for name in QUEUES if name != "done"}
    return queues | {"tasks": queries.open_tasks(by).count()}


@pytest.mark.parametrize("by", [CHEN, ZHOU, LUO, ELSEWHERE], ids=["chen", "zhou", "branch", "elsewhere"])
@pytest.mark.parametrize("at", [MONDAY + HOUR, LONG_AFTER], ids=["that day", "long after"])
def test_the_counts_are_those_of_the_lists(busy, by, at):
    queries.counts(LUO, MONDAY)
    queries.counts(CHEN, MONDAY)  # Zhou's colleague: the same statement, another desk, another hour
    assert queries.counts(by, at) == listed(by, at)


def test_who_holds_the_same_post_has_a_desk_of_their_own(busy):
    assert [queries.counts(by, MONDAY + HOUR)["claimed"] for by in (CHEN, ZHOU)] == [1, 0]
    act(queries.queue(CHEN, "to_claim", MONDAY)[0], "claim", CHEN)
    assert [queries.counts(by, MONDAY + HOUR)["claimed"] for by in (CHEN, ZHOU)] == [2, 0]


def test_what_is_overdue_depends_on_the_hour(busy):
    assert [queries.counts(CHEN, at)["overdue"] for at in (MONDAY, LONG_AFTER)] == [0, 4]


def test_a_deputy_counts_the_services_of_their_scope(busy):
    (held,) = CHEN.holdings
    for scope, free in ((("HZ9901",), 3), (("HZ9902",), 0)):
        deputy = replace(ZHOU, holdings=(replace(held, deputy_for=CHEN.account_id, scope=scope),))
        assert queries.counts(deputy, MONDAY)["to_claim"] == free


def test_a_station_moved_below_a_branch_counts_for_the_branch(busy):
    assert queries.counts(LUO, MONDAY + HOUR)["waiting"] == 1
    Unit.objects.filter(id=27).update(path="1.5.27.", parent_id=5)
    queries.forget_kept()
    assert queries.counts(LUO, MONDAY + HOUR)["waiting"] == 0


def test_the_statement_is_put_together_once_for_a_post(busy):
    queries.counts(CHEN, MONDAY)
    before = queries.lists._counting.cache_info()
    with CaptureQueriesContext(connection) as asked:
        queries.counts(ZHOU, MONDAY + HOUR)
    assert len(asked) == 1
    assert queries.lists._counting.cache_info().misses == before.misses
