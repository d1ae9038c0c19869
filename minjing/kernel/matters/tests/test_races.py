"""Many at once: one claim, one decision, one matter, numbers without a gap."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, queries, rules
from minjing.kernel.matters.errors import MatterError, Stale
from minjing.kernel.matters.models import Draft, Matter, MatterEvent, Request
from minjing.kernel.matters.tests.test_actions import act, submit
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MA, MONDAY, ZHOU
from minjing.kernel.papers import queries as papers

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


def all_at_once(jobs):
    """Run the jobs in threads of their own connections; return their results or the keys of their refusals."""

    def run(job):
        try:
            return job()
        except MatterError as refused:
            return refused.key
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, jobs))


def test_of_many_who_claim_at_once_one_has_it(lasting_city):
    matter = submit()
    jobs = [lambda who=who: act(matter, "claim", who).claimed_by for who in (CHEN, ZHOU) * 4]
    results = Counter(str(r) for r in all_at_once(jobs))
    assert MatterEvent.objects.filter(matter_id=matter.id, action="claim").count() == 1
    assert results["stale"] + results["claimed"] == 7


def test_two_approvers_pressing_at_once_issue_one_paper(lasting_city):
    matter = act(act(submit(), "claim", CHEN), "recommend", CHEN)
    claimed = act(matter, "claim", LUO)
    results = all_at_once([lambda who=who: act(claimed, "approve", who).outcome for who in (LUO, MA) * 4])
    assert results.count("approved") == 1
    assert len(papers.of_matter(matter.id, now=MONDAY)) == 1
    assert Outbox.objects.filter(kind="matters:matter:approve").count() == 1


def test_a_service_begun_many_times_at_once_has_one_draft(lasting_city):
    begun = all_at_once([lambda: actions.draft("HZ9901", by=LIN, now=MONDAY).id] * AT_ONCE)
    assert len(set(begun)) == 1
    assert Draft.objects.count() == 1


def test_the_same_request_sent_many_times_at_once_has_one_effect(lasting_city):
    request_id = new_id()
    results = all_at_once([lambda: submit(request_id=request_id).id] * AT_ONCE)
    assert len(set(results)) == 1
    assert Matter.objects.count() == MatterEvent.objects.count() == 1


def test_numbers_given_out_at_once_differ_and_leave_no_gap(lasting_city):
    results = all_at_once([lambda: submit().number] * 24)
    assert sorted(results) == [f"HZ0426{n:07d}" for n in range(1, 25)]


def test_bulk_and_single_acts_at_once_do_nothing_twice(lasting_city):
    chosen = [submit() for _ in range(5)]
    request_id = new_id()

    def bulk():
        pairs = [(m.id, m.ver) for m in chosen]
        return actions.act_many(pairs, "claim", by=CHEN, now=MONDAY, request_id=request_id)

    all_at_once([bulk] * 4)
    assert MatterEvent.objects.filter(action="claim").count() == 5


def test_a_plain_step_is_one_journey_to_the_database(lasting_city):
    matter = submit()
    queries.units(), queries.calendar(), queries.body_of(matter)
    with CaptureQueriesContext(connection) as captured:
        actions.step(matter, "claim", rules.Ask(), by=CHEN, now=MONDAY, request_id=new_id())
    assert len(captured) == 1  # no BEGIN, no COMMIT


def test_a_request_number_used_elsewhere_moves_nothing_and_leaves_nothing(lasting_city):
    first, second, used = submit(), submit(), new_id()
    actions.step(first, "claim", rules.Ask(), by=CHEN, now=MONDAY, request_id=used)
    counted = MatterEvent.objects.count(), Outbox.objects.count(), Request.objects.count()
    with pytest.raises(MatterError) as refused:
        actions.step(second, "claim", rules.Ask(), by=CHEN, now=MONDAY, request_id=used)
    assert refused.value.key == "request_reused"
    assert Matter.objects.get(id=second.id).claimed_by is None
    assert (MatterEvent.objects.count(), Outbox.objects.count(), Request.objects.count()) == counted


def test_a_step_on_a_matter_that_moved_on_leaves_nothing(lasting_city):
    matter = submit()
    act(matter, "claim", CHEN)
    counted = MatterEvent.objects.count(), Outbox.objects.count(), Request.objects.count()
    with pytest.raises(Stale):
        actions.step(matter, "claim", rules.Ask(), by=ZHOU, now=MONDAY, request_id=new_id())
    assert (MatterEvent.objects.count(), Outbox.objects.count(), Request.objects.count()) == counted


def test_bulk_acts_over_the_same_matters_in_any_order_never_wait_in_a_ring(lasting_city):
    chosen = [submit() for _ in range(12)]
    pairs = [(m.id, m.ver) for m in chosen]

    def bulk(order):
        return actions.act_many(order, "claim", by=CHEN, now=MONDAY, request_id=new_id())

    results = all_at_once([lambda order=order: bulk(order) for order in (pairs, pairs[::-1]) * 4])
    assert Counter(r.error is None for result in results for r in result)[True] == 12
    assert MatterEvent.objects.filter(action="claim", matter_id__in=[m.id for m in chosen]).count() == 12
