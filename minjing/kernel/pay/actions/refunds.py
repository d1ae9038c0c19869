"""Refunds: never beyond the capture, sent under one number until the gateway says what became of them.

The claim on the capture is one conditional update; the database checks it again (pay_capture_refunding) and that the
claims add up (refunds_add_up).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F, Sum
from pydantic_core import to_json

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.notify import actions as notify
from minjing.kernel.pay import jobs
from minjing.kernel.pay.actions.differences import open_difference
from minjing.kernel.pay.actions.once import once
from minjing.kernel.pay.actions.orders import cancel, locked, tell, telling
from minjing.kernel.pay.channels import channels
from minjing.kernel.pay.errors import BeyondCapture, NotOpen, Stale, Unknown, Wrong
from minjing.kernel.pay.models import Capture, Order, Refund
from minjing.kernel.pay.providers import Refund as Wire
from minjing.kernel.pay.providers import RefundTold, Refused, Unavailable
from minjing.kernel.pay.rights import APPROVE, HANDLE, require
from minjing.kernel.pay.rules.asking import LEASE, next_question
from minjing.kernel.pay.rules.numbers import refund_number
from minjing.kernel.pay.rules.states import ORDER, REFUND, UNFINISHED_REFUNDS, move
from minjing.kernel.pay.sql import statement

REASON_MAX = 200
Part = tuple[Order, Capture, int]  # so many fen of a capture of this order


def give_back(order: Order, capture: Capture, fen: int, cause: str, *, by: Actor, now: datetime) -> Refund:
    """Send part of a capture back without asking anybody; the order is locked by the caller. Raises BeyondCapture."""
    (refund,) = _sent([(order, capture, fen)], _so_far(order), cause, by, now)
    return refund


def _sent(parts: Sequence[Part], so_far: Mapping[UUID, int], cause: str, by: Actor, now: datetime) -> list[Refund]:
    """Claim these parts and have them sent, each payer told of it."""
    refunds = _claimed(parts, so_far, cause, "", "due", by, now)
    if cause != "withdrawn":
        notify.tell_many([telling(r.order, "pay_returning", about=r.number, fen=r.fen) for r in refunds], now=now)
    return refunds


@transaction.atomic
def refund_all(subject: UUID, *, cause: str = "withdrawn", by: Actor, now: datetime) -> Sequence[Refund]:
    """Give everything back that was paid for a subject, and ask for nothing more, in the caller's transaction.

    For matters that end before work on them has begun; the caller has settled that they did.
    """
    orders = Order.objects.select_for_update().filter(subject_id=subject).order_by("id")
    sent: list[Refund] = []
    for order in list(orders):
        if order.state == "open":
            cancel(order, by=by, now=now)
        for capture in Capture.objects.filter(order_id=order.id).order_by("id"):
            left = capture.fen - capture.refunding_fen
            if left:
                sent.append(give_back(order, capture, left, cause, by=by, now=now))
    return sent


@transaction.atomic(savepoint=False)
def refund_parts(
    wanted: Mapping[UUID, int], *, cause: str = "overpaid", by: Actor, now: datetime
) -> Sequence[Refund]:
    """Give back so many fen of what was paid for each subject, in the caller's transaction, all at once.

    For amounts that turn out too high afterwards; the caller has settled that they did, holding the orders
    (`orders.hold_subjects`). Raises BeyondCapture.
    """
    left, parts, so_far = dict(wanted), [], {}
    for order, capture, refunds in _captured(wanted):
        so_far[order.id] = refunds
        part = min(left[order.subject_id], capture.fen - capture.refunding_fen)
        if part > 0:
            parts.append((order, capture, part))
            left[order.subject_id] -= part
    if any(left.values()):
        raise BeyondCapture(0)
    return _sent(parts, so_far, cause, by, now)


_OF_CAPTURE = ("id", "org_id", "order_id", "house", "fen", "refunding_fen")
_OF_ORDER = (
    "id", "org_id", "bill_no", "subject_id", "account_id", "person_id", "title", "total_fen", "waived_fen",
)  # fmt: skip


def _captured(subjects: Collection[UUID]) -> list[tuple[Order, Capture, int]]:
    """Return what was captured of these subjects, each with its order and how many refunds that has had."""
    with prepared_cursor() as cursor:
        cursor.execute(statement("captured"), [list(subjects)])
        rows = cursor.fetchall()
    found = []
    for *columns, refunds in rows:
        of_capture, of_order = columns[: len(_OF_CAPTURE)], columns[len(_OF_CAPTURE) :]
        order = Order.from_db(DEFAULT_DB_ALIAS, _OF_ORDER, of_order)
        order.title = json.loads(order.title)  # this cursor leaves jsonb as text
        found.append((order, Capture.from_db(DEFAULT_DB_ALIAS, _OF_CAPTURE, of_capture), refunds))
    return found


@transaction.atomic
def propose(order_id: UUID, fen: int, reason: str, *, by: Actor, now: datetime, key: str) -> Refund:
    """Propose to give part or all of a paid fee back; another officer decides. The amount is claimed meanwhile.

    Raises NotAllowed, NotOpen, BeyondCapture, Wrong, KeyReused, Unknown.
    """
    order = locked(order_id)
    require(by, HANDLE, order)
    taken = once(by, key, "propose_refund", {"order": str(order_id), "fen": fen, "reason": reason}, now)
    if taken.answer:
        return Refund.objects.get(id=taken.answer["refund"])
    if not reason.strip() or len(reason) > REASON_MAX:
        raise Wrong("reason", "请写明退费理由（不超过 200 字）。", "Give the reason, in at most 200 characters.")
    capture = Capture.objects.filter(order_id=order.id, role="settles").first()
    if order.state != "settled" or capture is None:
        raise NotOpen(order.state)
    (refund,) = _claimed([(order, capture, fen)], _so_far(order), "officer", reason.strip(), "proposed", by, now)
    taken.answered({"refund": str(refund.id)})
    return refund


@transaction.atomic
def decide(refund_id: UUID, granted: bool, *, by: Actor, now: datetime) -> Refund:
    """Grant or reject a refund that another officer proposed. Raises NotAllowed, Stale, Unknown."""
    refund = _locked(refund_id)
    require(by, APPROVE, refund.order, not_by=refund.asked_by)
    if refund.state != "proposed":
        raise Stale
    refund.state = move(REFUND, refund.state, "due" if granted else "rejected")
    refund.decided_by, refund.decided_at = by.account_id, now
    refund.next_at = now if granted else None
    refund.save(update_fields=["state", "decided_by", "decided_at", "next_at"])
    if granted:
        jobs.enqueue(jobs.SEND_REFUND, [refund.id])
    else:
        _release(refund)
    _record(refund, "approved" if granted else "rejected", by.account_id, now)
    return refund


def _so_far(order: Order) -> dict[UUID, int]:
    """Return how many refunds an order has had."""
    return {order.id: Refund.objects.filter(order_id=order.id).count()}


def _claimed(
    parts: Sequence[Part],
    so_far: Mapping[UUID, int],
    cause: str,
    reason: str,
    state: str,
    by: Actor,
    now: datetime,
) -> list[Refund]:
    """Claim parts of captures, write the refunds and have those that are due sent. Raises BeyondCapture, Wrong.

    A capture stands in `parts` once; `so_far` says how many refunds each order has had.
    """
    if any(fen <= 0 for _, _, fen in parts):
        raise Wrong("fen", "退款金额须大于 0。", "The amount must be above nought.")
    seqs, decided, refunds = dict(so_far), state != "proposed", []
    for order, capture, fen in parts:
        seq = seqs[order.id] = seqs[order.id] + 1
        refund = Refund(
            id=new_id(),
            org_id=order.org_id,
            order_id=order.id,
            capture_id=capture.id,
            number=refund_number(order.bill_no, seq),
            seq=seq,
            house=capture.house,
            fen=fen,
            cause=cause,
            reason=reason,
            state=state,
            asked_by=by.account_id,
            asked_at=now,
            decided_by=by.account_id if decided else None,
            decided_at=now if decided else None,
            next_at=now if decided else None,
        )
        refund.order = order
        refunds.append(refund)
    _write(refunds, parts)
    ledger.append(*(_entry(r, "ordered" if decided else "proposed", by.account_id, now) for r in refunds))
    return refunds


_OF_PART = ("id", "org_id", "order_id", "capture_id", "number", "seq", "house", "fen")


def _write(refunds: Sequence[Refund], parts: Sequence[Part]) -> None:
    """Claim the captures by one conditional update and write their refunds, all alike but for their parts."""
    if not refunds:
        return
    one = refunds[0]
    said = {
        "parts": to_json([{name: getattr(r, name) for name in _OF_PART} for r in refunds]).decode(),
        "cause": one.cause, "reason": one.reason, "state": one.state, "by": one.asked_by, "now": one.asked_at,
        "decided_by": one.decided_by, "decided_at": one.decided_at,
        "queue": jobs.QUEUE, "task": jobs.SEND_REFUND, "lock": jobs.at_once(jobs.SEND_REFUND),
    }  # fmt: skip
    with prepared_cursor() as cursor:
        cursor.execute(statement("claim"), said)
        claimed = {pk for (pk,) in cursor.fetchall()}
    for _, capture, _ in parts:
        if capture.id not in claimed:
            held = Capture.objects.values_list("refunding_fen", flat=True).get(id=capture.id)
            raise BeyondCapture(capture.fen - held)


def _release(refund: Refund) -> None:
    Capture.objects.filter(id=refund.capture_id).update(refunding_fen=F("refunding_fen") - refund.fen)


def send(refund_id: UUID, *, now: datetime) -> str:
    """Send a refund to its gateway, or ask what became of it, if its time has come; return its state.

    The gateway knows a refund by its number: sent again after a crash, it pays once.
    """
    refund = Refund.objects.select_related("capture__attempt", "order").filter(id=refund_id).first()
    if refund is None:
        return ""
    if refund.next_at is None or refund.next_at > now or not _taken(refund, now):
        return refund.state
    way = channels().get(refund.capture.channel)
    try:
        if way is None:
            raise Unavailable("no_channel")
        wire = wire_of(refund)
        told = way.refund(wire) if refund.state == "due" else way.ask_refund(wire)
    except Unavailable as trouble:
        return _put_off(refund.id, trouble, now)
    except Refused as refused:
        told = RefundTold(refund.number, "failed")
        Refund.objects.filter(id=refund.id, state__in=UNFINISHED_REFUNDS).update(fault=refused.fault[:60])
    return take(refund.id, told, now=now)


def _taken(refund: Refund, now: datetime) -> bool:
    mine = Refund.objects.filter(id=refund.id, next_at=refund.next_at, state=refund.state)
    return bool(mine.update(next_at=now + LEASE, asked=min(refund.asked + 1, 30_000)))


@transaction.atomic
def _put_off(refund_id: UUID, trouble: Unavailable, now: datetime) -> str:
    refund = _locked(refund_id)
    if refund.state in UNFINISHED_REFUNDS:
        _later(refund, now, trouble)
    return refund.state


@transaction.atomic
def take(refund_id: UUID, told: RefundTold, *, now: datetime) -> str:
    """Act on what a gateway says of a refund, however it came to us; return the refund's state afterwards."""
    refund = _locked(refund_id)
    if refund.state not in UNFINISHED_REFUNDS:
        return refund.state
    if told.state == "done" and told.fen not in (0, refund.fen):
        _difference(refund, "refund_amount", told, now)
    if told.state == "done":
        _done(refund, told, now)
    elif told.state == "failed":
        _failed(refund, told, now)
    else:
        # A gateway that knows nothing of the number has not got it: it is sent again, under the same number.
        ahead = "pending" if told.state == "pending" else "due"
        refund.state = refund.state if refund.state == ahead else move(REFUND, refund.state, ahead)
        refund.gateway_no = told.gateway_no or refund.gateway_no
        _later(refund, now)
    return refund.state


def _done(refund: Refund, told: RefundTold, now: datetime) -> None:
    at = told.at or now
    refund.state, refund.done_at, refund.day = move(REFUND, refund.state, "done"), at, local_day(at)
    refund.gateway_no, refund.next_at = told.gateway_no or refund.gateway_no, None
    refund.save(update_fields=["state", "done_at", "day", "gateway_no", "next_at"])
    _record(refund, "done", None, now)
    order = refund.order
    tell(order, "pay_returned", now=now, about=refund.number, fen=refund.fen)
    taken = Capture.objects.filter(order_id=order.id).aggregate(fen=Sum("fen"))["fen"] or 0
    back = Refund.objects.filter(order_id=order.id, state="done").aggregate(fen=Sum("fen"))["fen"] or 0
    if order.state == "settled" and taken == back:
        order.state = move(ORDER, order.state, "returned")
        order.save(update_fields=["state"])


def _failed(refund: Refund, told: RefundTold, now: datetime) -> None:
    """Nothing has gone back and nothing will: the claim is let go, and an officer has to find another way."""
    refund.state, refund.next_at = move(REFUND, refund.state, "failed"), None
    refund.save(update_fields=["state", "next_at"])
    _release(refund)
    _record(refund, "failed", None, now)
    _difference(refund, "refund_failed", told, now)


def _difference(refund: Refund, kind: str, told: RefundTold, now: datetime) -> None:
    open_difference(
        house=refund.house, day=local_day(now), kind=kind, number=refund.number, gateway_no=told.gateway_no,
        our_fen=refund.fen, their_fen=told.fen or None, order_id=refund.order_id, now=now,
    )  # fmt: skip


def _later(refund: Refund, now: datetime, trouble: Unavailable | None = None) -> None:
    refund.fault = trouble.fault[:60] if trouble else ""
    refund.next_at = next_question(refund.asked, now, trouble.wait if trouble else None)
    refund.save(update_fields=["state", "gateway_no", "fault", "next_at"])
    jobs.enqueue(jobs.SEND_REFUND, [refund.id], at=refund.next_at)


def _locked(refund_id: UUID) -> Refund:
    """Return the refund with its order, both locked, the order first."""
    order_id = Refund.objects.filter(id=refund_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise Unknown
    order = locked(order_id)
    refund = Refund.objects.select_for_update().get(id=refund_id)
    refund.order = order
    return refund


def _record(refund: Refund, what: str, by: UUID | None, now: datetime) -> None:
    ledger.append(_entry(refund, what, by, now))


def _entry(refund: Refund, what: str, by: UUID | None, now: datetime) -> ledger.Entry:
    said = {
        "refund": refund.number, "order": refund.order_id, "matter": refund.order.subject_id, "fen": refund.fen,
        "cause": refund.cause, "state": refund.state, "by": by,
    }  # fmt: skip
    return ledger.entry(f"pay:refund:{what}", said, at=now, org_id=refund.org_id, subject_id=refund.order.person_id)


def wire_of(refund: Refund) -> Wire:
    """Return the refund as its channel sees it."""
    return Wire(
        number=refund.number,
        fen=refund.fen,
        attempt_number=refund.capture.attempt.number,
        attempt_fen=refund.capture.fen,
        gateway_no=refund.capture.gateway_no,
        begun_at=refund.asked_at.replace(microsecond=0),
        reason="退费",
        notify_url=f"{settings.PAY_NOTIFY_URL}/pay/notify/{refund.capture.channel}",
    )
