"""Closing a child task; the matter goes on when the last is closed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import may
from minjing.kernel.matters import queries, rules, store
from minjing.kernel.matters.actions.once import NotWritten, again_or_stale
from minjing.kernel.matters.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import Task
from minjing.kernel.matters.rules import Ask, Change, Snapshot
from minjing.kernel.matters.schema import Text

FINISH = "finish_task"


def finish_task(task_id: UUID, result: str, *, by: Actor, now: datetime, request_id: UUID) -> Snapshot:
    """Close a child task; when the last one closes, the matter may go on (the join)."""
    try:
        with transaction.atomic():
            return _finish(task_id, result, by=by, now=now, request_id=request_id)
    except NotWritten:  # the transaction is undone: what was asked before is answered outside it
        matter = queries.matter(Task.objects.get(id=task_id).matter_id, by, now)
        return again_or_stale(matter, FINISH, by, request_id)


def _finish(task_id: UUID, result: str, *, by: Actor, now: datetime, request_id: UUID) -> Snapshot:
    task = Task.objects.filter(id=task_id).first()
    if task is None:
        raise Unknown
    matter = queries.matter(task.matter_id, by, now)
    place = queries.place_of(matter.station_id)
    verdict = may(by, FINISH, unit_path=place.path, post=task.post, code=matter.code)
    if not verdict.ok or verdict.holding is None:
        raise rules.refusal(verdict)
    if result not in (rules.CLEAR, rules.FOUND):
        raise Wrong({"result": Text(zh="请选择核查结果。", en="Choose the result.")})
    if matter.closed_at is not None:
        raise NotAllowed(
            "closed", "办件已办结，无需再核查。", "The matter is closed; there is nothing left to check."
        )
    closed = Task.objects.filter(id=task_id, done_at__isnull=True).update(
        done_at=now, done_by=by.account_id, result=result
    )
    if not closed:
        return _closed_before(task_id, result, matter, by)
    unit_id = verdict.holding.unit_id
    after = matter.but(
        ver=matter.ver + 1,
        open_tasks=matter.open_tasks - 1,
        acts=rules.acted(matter.acts, f"{rules.TASK}{task.kind}", by, task.post, unit_id),
    )
    change = Change(FINISH, matter, after, task.post, unit_id, Ask(reason=result))
    written = store.write(
        change,
        queries.body_of(matter),
        by=by,
        request_id=request_id,
        place=place,
        calendar=queries.calendar(),
        now=now,
    )
    if not written:
        raise NotWritten
    return after


def _closed_before(task_id: UUID, result: str, matter: Snapshot, by: Actor) -> Snapshot:
    """Return the matter when the asker closed the task just so; say that somebody else was first otherwise."""
    if Task.objects.filter(id=task_id, done_by=by.account_id, result=result).exists():
        return matter
    raise NotAllowed("task_done", "这项协办已经办结。", "This task has been finished already.")
