"""From the outbox to the person: one notice in one channel, in spite of trouble, and never twice."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify.actions import carrying
from minjing.kernel.notify.actions.planning import go_on, plan
from minjing.kernel.notify.actions.sending import send
from minjing.kernel.notify.actions.telling import enqueue
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.rules import LEASE, LOST_AFTER, next_try

log = logging.getLogger(__name__)
SWEEP_MAX = 500
# A bell is answered for so long, then for the next one: a code, or any other job of the worker, goes between.
TURN_S = 0.3
TURN_MAX = 100


def deliver(message_id: UUID, *, now: datetime) -> str:
    """Send one notice if it is due and nobody else is sending it; return its state.

    Two short transactions with the provider's answer between them: a worker that dies there leaves the row
    `sending` with the provider's name, and the next one asks that provider before it sends.
    Raises NotDelivered when it is to be tried again later.
    """
    message = take(message_id, now)
    if message is None:
        return Message.objects.filter(pk=message_id).values_list("state", flat=True).first() or ""
    if message.state != Message.SENDING:
        if message.state == Message.WAITING and message.next_at is not None:
            raise NotDelivered("quiet_hours", message.next_at)
        return message.state
    try:
        receipt = send(message, now)
    except sms.Refused as refusal:
        return _give_up(message, refusal.fault, now)
    except sms.Unavailable as trouble:
        return put_off(message, trouble, now)
    except carrying.TakenOver:
        return Message.SENDING
    return _mark_sent(message, receipt, now)


def deliver_due(clock: Callable[[], datetime]) -> tuple[int, bool]:
    """Deliver what is due and has not been tried, oldest first, for TURN_S; return how many, and whether more is due.

    One that is put off gets a job of its own at its time; one that breaks is left to the sweep and stops no other.
    """
    until, done = time.monotonic() + TURN_S, 0
    due = Message.objects.filter(state=Message.WAITING, attempts=0, next_at__lte=clock())
    found = list(due.exclude(channel=Message.LETTER).order_by("next_at").values_list("pk", flat=True)[: TURN_MAX + 1])
    for n, pk in enumerate(found):
        if n == TURN_MAX or time.monotonic() >= until:
            return done, True
        try:
            deliver(pk, now=clock())
        except NotDelivered as later:
            enqueue([pk], later.retry_at)
        except Exception:
            log.exception("A notice could not be delivered: %s", pk)
            continue
        done += 1
    return done, False


def sweep(now: datetime) -> int:
    """Give a new job to each notice whose own was lost, and their shares back to providers; return how many."""
    carrying.recover(now)
    lost = list(
        Message.objects.filter(state__in=[Message.WAITING, Message.SENDING], next_at__lte=now - LOST_AFTER)
        .exclude(channel=Message.LETTER)  # letters wait for the day's batch
        .order_by("next_at")
        .values_list("pk", flat=True)[:SWEEP_MAX]
    )
    enqueue(lost)
    return len(lost)


@transaction.atomic
def take(message_id: UUID, now: datetime) -> Message | None:
    """Take a notice that is due, for LEASE; plan its channels if nobody has. None: not due, or somebody has it.

    A notice that planning has put off or skipped comes back with that state, saved.
    """
    due = Q(state__in=[Message.WAITING, Message.SENDING], next_at__lte=now)
    message = Message.objects.select_for_update(skip_locked=True).filter(due, pk=message_id).first()
    if message is None:
        return None
    if message.planned_at is None:
        plan(message, now)
        if message.state == Message.SKIPPED or (message.next_at is not None and message.next_at > now):
            message.save(update_fields=["state", "next_at", "planned_at"])
            return message
    message.state, message.attempts, message.next_at = Message.SENDING, message.attempts + 1, now + LEASE
    message.save(update_fields=["state", "attempts", "next_at", "planned_at"])
    return message


@transaction.atomic
def _mark_sent(message: Message, receipt: str, now: datetime) -> str:
    return _close(message, now, state=Message.SENT, sent_at=now, fault="", receipt=receipt[:60])


@transaction.atomic
def _give_up(message: Message, fault: str, now: datetime) -> str:
    state = _close(message, now, state=Message.FAILED, fault=fault[:30])
    go_on(message, now)
    return state


def put_off(message: Message, trouble: sms.Unavailable, now: datetime) -> str:
    """Try again later, or give up after the last time. Raises NotDelivered."""
    again = next_try(message.attempts, now, trouble.wait)
    if again is None:
        return _give_up(message, trouble.fault, now)
    changed = _own(message).update(state=Message.WAITING, next_at=again, fault=trouble.fault[:30])
    if changed:
        raise NotDelivered(trouble.fault, again)
    return Message.SENDING


def _close(message: Message, now: datetime, **outcome: Any) -> str:
    """Set the last state and record it, unless another worker has taken the notice over meanwhile."""
    if _own(message).update(envelope_sealed=None, **outcome):
        said = {
            "message": message.pk,
            "template": message.template,
            "channel": message.channel,
            "carrier": message.carrier,
            "account": message.account_id,
            "matter": message.matter_id,
            "fault": outcome["fault"],
        }
        kind = f"notify:message:{outcome['state']}"
        ledger.append(ledger.entry(kind, said, at=now, org_id=message.org_id))
    return str(outcome["state"])


def _own(message: Message) -> Any:
    return Message.objects.filter(pk=message.pk, state=Message.SENDING, attempts=message.attempts)
