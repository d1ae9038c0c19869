"""The same step in many matters: what one statement writes for all is what each would have written by itself."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from minjing.base.ids import new_id
from minjing.kernel.identity.sealing import unseal
from minjing.kernel.ledger.actions import keeping
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.actions import many as bulk
from minjing.kernel.matters.actions import steps
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.models import Matter, MatterEvent, Request, Task
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.test_actions import HOUR, act, submit
from minjing.kernel.matters.tests.world import CHECKER, CHEN, LIN, LUO, MONDAY, PUBLISHER, ZHOU
from minjing.kernel.notify.models import Message

pytestmark = pytest.mark.django_db

# What differs from matter to matter by its nature: ids, and what is sealed.
OWN = frozenset(
    [
        "id",
        "number",
        "matter_id",
        "request_id",
        "entry_id",
        "dedupe",
        "note_sealed",
        "subject_index",
        "answers_sealed",
    ]
)


def many(matters, action, by=CHEN, at=MONDAY + HOUR, request_id=None, **more):
    pairs = [(m.id, m.ver) for m in matters]
    return actions.act_many(pairs, action, by=by, now=at, request_id=request_id or new_id(), **more)


def left_by(matter):
    """Return all that stands of a matter in the tables, without what differs from matter to matter."""
    entries = Outbox.objects.filter(object_id=matter.id).order_by("seq")
    rows = [
        *Matter.objects.filter(id=matter.id).values(),
        *MatterEvent.objects.filter(matter_id=matter.id).order_by("seq").values(),
        *Request.objects.filter(matter_id=matter.id).order_by("seq").values(),
        *entries.values("kind", "org_id", "at", "subject_id", "actor_id"),
        *Task.objects.filter(matter_id=matter.id).order_by("opened_at").values(),
        *Message.objects.filter(matter_id=matter.id).order_by("created_at", "channel").values(),
    ]
    shown = [{name: value for name, value in row.items() if name not in OWN} for row in rows]
    return str(shown).replace(matter.number, "№"), [entry.what | {"matter": None} for entry in entries]


def recommended():
    matter = act(submit(), "claim", CHEN)
    for task in queries.tasks(matter):
        matter = actions.finish_task(task.id, "clear", by=CHECKER, now=MONDAY, request_id=new_id())
    return act(matter, "recommend", CHEN)


@pytest.mark.parametrize(
    ("begin", "action", "by", "more"),
    [
        (submit, "claim", CHEN, {}),
        (lambda: act(submit(), "claim", CHEN), "release", CHEN, {}),
        (recommended, "claim", LUO, {}),
        (lambda: act(recommended(), "claim", LUO), "return", LUO, {"note": "材料需再核对一次。"}),
        (lambda: act(recommended(), "claim", LUO), "refuse", LUO, {"note": "不符合条件。", "reason": "conditions"}),
    ],
)
def test_many_at_once_leave_what_each_by_itself_leaves(city, begin, action, by, more):
    publishing.publish([world.body(checks=["record_check"])], by=PUBLISHER, now=MONDAY)
    alone, *together = [begin() for _ in range(4)]
    done = act(alone, action, by, at=MONDAY + HOUR, **more)
    results = many(together, action, by, **more)
    assert [r.error for r in results] == [None] * 3
    for result in results:
        assert left_by(result.matter) == left_by(done)
        assert result.matter == queries.matter(result.matter_id, by, MONDAY)
        assert queries.refold(result.matter) == {}
    if "note" in more:
        for event in MatterEvent.objects.filter(action=action):
            applicant = Matter.objects.get(id=event.matter_id).person_id
            assert more["note"] in unseal(applicant, queries.NOTE_CONTEXT, bytes(event.note_sealed)).decode()


def test_many_plain_steps_are_two_statements(city):
    matters = [submit() for _ in range(20)]
    queries.units(), queries.calendar(), queries.body_of(matters[0])
    with CaptureQueriesContext(connection) as seen:
        results = many(matters, "claim")
    assert all(r.matter for r in results)
    asked = [q["sql"] for q in seen.captured_queries if "SAVEPOINT" not in q["sql"]]
    assert len(asked) == 2, asked


def test_one_that_cannot_holds_up_no_other_and_says_why(city):
    free, taken, stale, closed = [submit() for _ in range(4)]
    act(taken, "claim", ZHOU)
    moved_on = act(act(stale, "claim", CHEN), "release", CHEN)
    closed = act(closed, "withdraw", LIN)
    results = many([free, taken.but(ver=2), stale, closed], "claim")
    assert [r.error is None for r in results] == [True, False, False, False]
    assert "其他民警" in results[1].error.zh
    assert queries.matter(stale.id, CHEN, MONDAY) == moved_on
    assert MatterEvent.objects.filter(action="claim", matter_id=free.id).count() == 1


def test_a_request_done_before_among_them_is_not_done_again(city):
    first, second, request_id = submit(), submit(), new_id()
    many([first], "claim", request_id=request_id)
    results = many([first, second, first], "claim", request_id=request_id)
    assert [r.error for r in results] == [None] * 3
    of_both = {"matter_id__in": [first.id, second.id]}
    assert MatterEvent.objects.filter(action="claim", **of_both).count() == 2
    assert Request.objects.filter(seq=2, **of_both).count() == 2


def test_a_request_used_elsewhere_is_refused_and_the_others_go_on(city):
    first, second, request_id = submit(), submit(), new_id()
    own = bulk._request_of(first.id, request_id)
    act(submit(), "claim", CHEN, request_id=own)
    results = many([first, second], "claim", request_id=request_id)
    assert [r.error is None for r in results] == [False, True]
    assert Matter.objects.get(id=first.id).claimed_by is None


def test_decisions_with_an_effect_are_each_a_transaction(city, monkeypatch):
    matters = [act(recommended(), "claim", LUO) for _ in range(3)]
    run, calls = steps.run_effect, []

    def fails_for_the_second(change, *given):
        calls.append(change.before.id)
        if change.before.id == matters[1].id:
            raise MatterError("no", "登记失败。", "The register refused.")
        run(change, *given)

    monkeypatch.setattr(steps, "run_effect", fails_for_the_second)
    results = many(matters, "approve", LUO)
    assert [r.error is None for r in results] == [True, False, True]
    assert calls == [m.id for m in matters]
    assert [Matter.objects.get(id=m.id).state for m in matters] == ["approved", "recommended", "approved"]


def test_each_gets_a_promise_of_its_own_and_none_for_what_was_not_done(city, django_capture_on_commit_callbacks):
    free, taken, other = submit(), submit(), submit()
    act(taken, "claim", ZHOU)
    with keeping() as promises, django_capture_on_commit_callbacks(execute=True):
        many([free, taken.but(ver=2), other], "claim")
    assert {e.object_id for p in promises for e in p.entries} == {free.id, other.id}
    assert all(len(p.entries) == 1 for p in promises)


def test_what_is_undone_around_it_leaves_nothing(city):
    matters = [submit() for _ in range(3)]
    with transaction.atomic():
        many(matters, "claim")
        transaction.set_rollback(True)
    assert MatterEvent.objects.filter(action="claim", matter_id__in=[m.id for m in matters]).count() == 0
    assert {m.ver for m in Matter.objects.all()} == {1}


def test_an_applicant_who_was_erased_holds_up_no_other(city):
    mine, gone = (
        act(act(submit(), "claim", CHEN), "refuse_to_accept", CHEN, note="不受理", reason="elsewhere") for _ in "ab"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE matters_matter SET person_id = gen_random_uuid() WHERE id = %s", [gone.id])
        cursor.execute("SET LOCAL session_replication_role = origin")
    results = many([gone, mine], "ask_reopening", note="请重新办理。")
    assert [r.error and r.error.zh for r in results] == ["该人员的数据已删除。", None]
    assert queries.matter(mine.id, CHEN, MONDAY).state == "reopening"
