"""Many at once: two officers approving, a button pressed eight times, two tabs; one outcome, one paper."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale
from minjing.kernel.matters.models import Matter, MatterEvent
from minjing.kernel.matters.tests.conftest import ANSWERS, lasting_city, scan  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MA, MONDAY, ZHOU
from minjing.kernel.notify.models import Message
from minjing.kernel.papers import queries as papers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lasting_city")]
HOUR = timedelta(hours=1)
AT_ONCE = 8


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run each act in a thread with a connection of its own, all let go at once; return what came of each."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return act()
        except MatterError as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def submitted():
    papers_in = {"marriage_certificate": [scan()]}
    return actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials=papers_in)


def act(matter, action, by, **more):
    request_id = more.pop("request_id", None) or new_id()
    return actions.act(matter.id, action, ver=matter.ver, by=by, now=MONDAY + HOUR, request_id=request_id, **more)


def steps(matter, action: str) -> int:
    return MatterEvent.objects.filter(matter_id=matter.id, action=action).count()


def test_eight_approvals_by_two_officers_make_one_paper():
    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    came = at_once(*[lambda by=by: act(matter, "approve", by) for by in [LUO, MA] * (AT_ONCE // 2)])
    done = [c for c in came if not isinstance(c, MatterError)]
    assert len(done) == 1
    assert all(isinstance(c, (Stale, NotAllowed)) for c in came if isinstance(c, MatterError))
    assert steps(matter, "approve") == 1
    assert len(papers.of_matter(matter.id, now=MONDAY)) == 1
    assert Outbox.objects.filter(kind="papers:paper:issued").count() == 1
    assert Message.objects.filter(matter_id=matter.id, template="approved", channel="sms").count() == 1


def test_the_same_press_of_approve_eight_times_is_answered_eight_times_and_done_once():
    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    request_id = new_id()
    came = at_once(*[lambda: act(matter, "approve", LUO, request_id=request_id)] * AT_ONCE)
    assert {c.outcome for c in came} == {"approved"}
    assert steps(matter, "approve") == 1
    assert len(papers.of_matter(matter.id, now=MONDAY)) == 1


def test_of_two_clerks_claiming_at_once_one_has_the_matter():
    matter = submitted()
    came = at_once(*[lambda by=by: act(matter, "claim", by) for by in [CHEN, ZHOU] * (AT_ONCE // 2)])
    done = [c for c in came if not isinstance(c, MatterError)]
    assert len(done) == 1
    assert Matter.objects.get(id=matter.id).claimed_by == done[0].claimed_by
    assert steps(matter, "claim") == 1


def test_approving_and_withdrawing_at_once_leaves_one_outcome_and_no_stray_paper():
    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    at_once(*[lambda: act(matter, "approve", LUO), lambda: act(matter, "withdraw", LIN)] * (AT_ONCE // 2))
    after = queries.matter(matter.id, LIN, MONDAY)
    assert after.outcome in ("approved", "withdrawn")
    assert len(papers.of_matter(matter.id, now=MONDAY)) == (1 if after.outcome == "approved" else 0)
    assert steps(matter, "approve") + steps(matter, "withdraw") == 1
    assert queries.refold(after) == {}


def test_a_draft_submitted_from_eight_tabs_is_one_matter():
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    for page, data in (
        ("spouse", {"spouse_id": ANSWERS["spouse_id"], "married_on": "2019-05-20", "has_children": "no"}),
        ("office", {"office": "U27"}),
        ("delivery", {"delivery": "electronic"}),
    ):
        assert actions.save_page(draft.id, page, data, by=LIN, now=MONDAY) == {}
    actions.attach(draft.id, "marriage_certificate", scan(), by=LIN, now=MONDAY)
    came = at_once(*[lambda: actions.submit(draft.id, by=LIN, now=MONDAY, request_id=new_id())] * AT_ONCE)
    assert len({c.id for c in came}) == 1
    assert Matter.objects.count() == 1
    assert Outbox.objects.filter(kind="matters:matter:submitted").count() == 1


def test_numbers_given_at_once_are_all_different_and_without_a_gap():
    sheets = [scan(shade=60 + n) for n in range(AT_ONCE)]
    came = at_once(
        *[
            lambda sheet=sheet: actions.submit_whole(
                "HZ9901",
                ANSWERS,
                by=LIN,
                now=MONDAY,
                request_id=new_id(),
                materials={"marriage_certificate": [sheet]},
            )
            for sheet in sheets
        ]
    )
    assert sorted(int(c.number[-7:]) for c in came) == list(range(1, AT_ONCE + 1))
