"""Waivers that no rule gives: one officer proposes with a reason, another grants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.pay.actions.once import once
from minjing.kernel.pay.actions.orders import close_attempts, locked, owed, settle
from minjing.kernel.pay.errors import NotOpen, Stale, Unknown, Wrong
from minjing.kernel.pay.models import Order, Waiver
from minjing.kernel.pay.rights import APPROVE, HANDLE, require
from minjing.kernel.pay.rules.states import WAIVER, move

REASON_MAX = 200
TITLE = {"zh": "经批准减免", "en": "Waived after approval"}


@transaction.atomic
def propose(order_id: UUID, fen: int, reason: str, *, by: Actor, now: datetime, key: str) -> Waiver:
    """Propose to ask for `fen` less. Raises NotAllowed, NotOpen, Wrong, KeyReused, Unknown."""
    order = locked(order_id)
    require(by, HANDLE, order)
    taken = once(by, key, "propose_waiver", {"order": str(order_id), "fen": fen, "reason": reason}, now)
    if taken.answer:
        return Waiver.objects.get(id=taken.answer["waiver"])
    if order.state != "open":
        raise NotOpen(order.state)
    if not reason.strip() or len(reason) > REASON_MAX:
        raise Wrong("reason", "请写明减免理由（不超过 200 字）。", "Give the reason, in at most 200 characters.")
    if not 0 < fen <= owed(order):
        raise Wrong("fen", "减免金额须大于 0 且不超过应缴金额。", "Between nought and what is due.")
    if Waiver.objects.filter(order_id=order.id, state="proposed").exists():
        raise Wrong("fen", "已有一项减免等待审批。", "A waiver of this order waits for approval already.")
    waiver = Waiver.objects.create(
        id=new_id(),
        org_id=order.org_id,
        order_id=order.id,
        name="officer",
        title=TITLE,
        fen=fen,
        reason=reason.strip(),
        state="proposed",
        asked_by=by.account_id,
        asked_at=now,
    )
    taken.answered({"waiver": str(waiver.id)})
    _record(order, waiver, "proposed", by, now)
    return waiver


@transaction.atomic
def decide(waiver_id: UUID, granted: bool, *, by: Actor, now: datetime) -> Waiver:
    """Grant or refuse a waiver that another officer proposed. Raises NotAllowed, NotOpen, Stale, Unknown.

    With nothing left to pay the order is settled. Who is paying the old amount just now gets the rest back.
    """
    order_id = Waiver.objects.filter(id=waiver_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise Unknown
    order = locked(order_id)
    waiver = Waiver.objects.select_for_update().get(id=waiver_id)
    require(by, APPROVE, order, not_by=waiver.asked_by)
    if waiver.state != "proposed":
        raise Stale
    if granted and order.state != "open":
        raise NotOpen(order.state)
    waiver.state = move(WAIVER, waiver.state, "granted" if granted else "refused")
    waiver.decided_by, waiver.decided_at = by.account_id, now
    waiver.save(update_fields=["state", "decided_by", "decided_at"])
    _record(order, waiver, "granted" if granted else "refused", by, now)
    if granted:
        order.waived_fen += waiver.fen
        order.save(update_fields=["waived_fen"])
        if owed(order):
            close_attempts(order, now)
        else:
            settle(order, by=by, now=now)
    return waiver


def _record(order: Order, waiver: Waiver, what: str, by: Actor, now: datetime) -> None:
    said = {
        "waiver": waiver.id, "order": order.id, "matter": order.subject_id, "fen": waiver.fen,
        "by": by.account_id,
    }  # fmt: skip
    entry = ledger.entry(f"pay:waiver:{what}", said, at=now, org_id=order.org_id, subject_id=order.person_id)
    ledger.append(entry)
