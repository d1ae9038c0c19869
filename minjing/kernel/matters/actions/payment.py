"""The fee of a matter: its order is opened with it, and a settled order moves the matter on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.conditions import holds
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.matters import plugs, queries, store
from minjing.kernel.matters.actions.steps import act, step
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale, Wrong
from minjing.kernel.matters.fees import Quote
from minjing.kernel.matters.models import Matter, Task
from minjing.kernel.matters.queries.levels import require_level
from minjing.kernel.matters.rules import CLEAR, PAYING, PAYMENT, Ask, Change, Snapshot
from minjing.kernel.matters.schema import Body
from minjing.kernel.pay import jobs
from minjing.kernel.pay.actions import orders as pay
from minjing.kernel.pay.models import Order

PURPOSE = "fee"


def open_fee(matter: Snapshot, body: Body, quote: Quote, *, by: Actor, now: datetime) -> None:
    """Open the order of a new matter in its submission's transaction."""
    fee = body.service.fee
    assert fee is not None
    pay.open_order(
        subject=matter.id,
        subject_number=matter.number,
        title=body.service.title.model_dump(),
        account_id=matter.account_id,
        person_id=matter.person_id,
        org_id=matter.org_id,
        unit_id=matter.station_id,
        items=quote.items,
        waivers=quote.waivers,
        purpose=PURPOSE,
        code=matter.code,
        expires_at=now + timedelta(days=fee.days),
        by=by,
        now=now,
    )


def require_level_to_pay(matter_id: UUID, *, by: Actor, now: datetime) -> None:
    """Raise NotAllowed, with the level that is missing, unless the payer has what the service asks for paying.

    An order of another subject, or of a matter that the payer may not open, asks for none: who owes may pay.
    """
    try:
        matter = queries.matter(matter_id, by, now)
    except MatterError:
        return
    require_level(by, queries.body_of(matter).service.level_for("pay"))


def settled(order: Order, *, by: Actor, now: datetime) -> None:
    """Move a matter on whose fee is settled, in the transaction of the capture or of the waiver."""
    matter = _of(order)
    if matter is None:
        return
    if matter.state == PAYING:
        after = step(matter, "settle", Ask(), by=SYSTEM, now=now, request_id=new_id())
        if decides_itself(queries.body_of(after), queries.opened(after), now):
            jobs.enqueue(queries.ISSUE, [after.id])  # the gateway is not kept waiting for papers to be typeset
    elif matter.closed_at is None:
        _close_task(matter, now)


def expired(order: Order, *, by: Actor, now: datetime) -> None:
    """Let a matter lapse whose fee was certainly not paid in time."""
    matter = _of(order)
    if matter is not None and matter.state == PAYING:
        step(matter, "lapse", Ask(), by=SYSTEM, now=now, request_id=new_id())


def _of(order: Order) -> Snapshot | None:
    if order.purpose != PURPOSE:
        return None
    row = Matter.objects.defer("answers_sealed").filter(id=order.subject_id).first()
    return queries.snapshot(row) if row else None


def decides_itself(body: Body, answers: Mapping[str, Any], now: datetime) -> bool:
    """Say whether the instant flow issues at once: the condition of the file holds, and the flow has `issue`."""
    start = body.flow.states[body.flow.start]
    if body.service.auto is None or "issue" not in start.actions:
        return False
    return holds(body.service.auto, answers, local_day(now))


def decide_at_once(matter: Snapshot, *, now: datetime) -> Snapshot:
    """Issue at once; what the register does not bear out is undone (savepoint) and waits for an officer."""
    try:
        with transaction.atomic():
            return act(matter.id, "issue", ver=matter.ver, by=SYSTEM, now=now, request_id=new_id())
    except (plugs.EffectRefused, Wrong):
        return matter


@transaction.atomic
def issue_paid(matter_id: UUID, *, now: datetime) -> None:
    """Issue what has been paid for and decides itself; what has been taken up or withdrawn meanwhile stays so."""
    pay.hold_subject(matter_id)  # before the matter, as a payment takes them
    row = Matter.objects.defer("answers_sealed").filter(id=matter_id).first()
    if row is None:
        return
    matter = queries.snapshot(row)
    body = queries.body_of(matter)
    if matter.state != body.flow.start or matter.claimed_by is not None:
        return
    if not decides_itself(body, queries.opened(matter), now):
        return
    with suppress(Stale, NotAllowed):
        decide_at_once(matter, now=now)


def _close_task(matter: Snapshot, now: datetime) -> None:
    """Close the task of payment; the matter goes on when it was the last that was open."""
    waiting = Task.objects.filter(matter_id=matter.id, kind=PAYMENT, done_at__isnull=True)
    if not waiting.update(done_at=now, done_by=SYSTEM.account_id, result=CLEAR):
        return
    after = matter.but(ver=matter.ver + 1, open_tasks=matter.open_tasks - 1)
    written = store.write(
        Change("finish_task", matter, after, "", None, Ask(reason=CLEAR)),
        queries.body_of(matter),
        by=SYSTEM,
        request_id=new_id(),
        place=queries.place_of(matter.station_id),
        calendar=queries.calendar(),
        now=now,
    )
    if not written:
        raise Stale(matter)
