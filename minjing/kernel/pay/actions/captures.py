"""Captures: money that a gateway took is recorded once, as the gateway says it, whatever we think of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.pay.actions.differences import open_difference
from minjing.kernel.pay.actions.orders import owed, settle
from minjing.kernel.pay.actions.refunds import give_back
from minjing.kernel.pay.models import Attempt, Capture, Order, Statement
from minjing.kernel.pay.providers import Told
from minjing.kernel.pay.rules.captures import SETTLES, WRONG_AMOUNT, effect
from minjing.kernel.pay.rules.states import ATTEMPT, move


def record(order: Order, attempt: Attempt, told: Told, *, source: str, now: datetime) -> Capture | None:
    """Record the money of an attempt; order and attempt are locked by the caller's transaction.

    It settles the order, or goes back by itself: after the order was paid by another attempt, after it had expired
    or was cancelled, and when it is not the amount that was asked for. Said twice, it is recorded once; a payment
    that stands under another attempt already is recorded there, and None is returned.
    """
    before = Capture.objects.filter(attempt_id=attempt.id).first()
    if before is not None:
        return _again(before, attempt, told, now)
    other = Capture.objects.filter(house=attempt.house, gateway_no=told.gateway_no).first()
    if other is not None:
        _again(other, attempt, told, now)
        return None
    at = told.at or now
    follows = effect(order.state, owed(order), attempt.fen, told.fen)
    capture_id = new_id()
    said = {
        "capture": capture_id, "order": order.id, "matter": order.subject_id, "attempt": attempt.number,
        "channel": attempt.channel, "gateway_no": told.gateway_no, "fen": told.fen, "role": follows.role,
        "source": source, "by": order.account_id,
    }  # fmt: skip
    written = ledger.entry("pay:capture:recorded", said, at=now, org_id=order.org_id, subject_id=order.person_id)
    capture = Capture.objects.create(
        id=capture_id,
        entry_id=written.id,
        org_id=order.org_id,
        order_id=order.id,
        attempt_id=attempt.id,
        house=attempt.house,
        channel=attempt.channel,
        gateway_no=told.gateway_no,
        fen=told.fen,
        at=at,
        day=local_day(at),
        recorded_at=now,
        source=source,
        role=follows.role,
    )
    attempt.state, attempt.next_at, attempt.begun = move(ATTEMPT, attempt.state, "captured"), None, {}
    attempt.closed_at = now
    attempt.save(update_fields=["state", "next_at", "begun", "closed_at"])
    ledger.append(written)
    if follows.role == SETTLES:
        settle(order, by=SYSTEM, now=now)
    if follows.back_fen:
        give_back(order, capture, follows.back_fen, follows.cause, by=SYSTEM, now=now)
    _look_into(order, attempt, capture, follows.cause, now)
    return capture


def _again(before: Capture, attempt: Attempt, told: Told, now: datetime) -> Capture:
    """The same payment told again changes nothing; another one under the same number is somebody's to look into."""
    if (before.attempt_id, before.gateway_no, before.fen) != (attempt.id, told.gateway_no, told.fen):
        open_difference(
            house=attempt.house, day=local_day(told.at or now), kind="captured_twice", number=attempt.number,
            gateway_no=told.gateway_no, our_fen=before.fen, their_fen=told.fen, order_id=before.order_id, now=now,
        )  # fmt: skip
    return before


def _look_into(order: Order, attempt: Attempt, capture: Capture, cause: str, now: datetime) -> None:
    """Open the differences that a capture brings with it: another amount, or a day that was closed already."""
    known: dict[str, Any] = {
        "house": attempt.house, "day": capture.day, "number": attempt.number, "gateway_no": capture.gateway_no,
        "their_fen": capture.fen, "order_id": order.id, "now": now,
    }  # fmt: skip
    if cause == WRONG_AMOUNT:
        open_difference(kind="captured_amount", our_fen=attempt.fen, **known)
    if Statement.objects.filter(house=attempt.house, day=capture.day, state="closed").exists():
        open_difference(kind="after_close", **known)
