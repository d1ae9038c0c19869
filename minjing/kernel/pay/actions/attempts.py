"""Attempts: begun at a gateway, asked about until it is certain what became of them.

Crash windows, and what closes them: a row is written before the gateway is told (so no payment can come that we do
not know the number of), and every row that is not over has a time at which the gateway is asked. Whether we die
before, during or after a call, the next question finds out.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.pay import jobs, plugs
from minjing.kernel.pay.actions.captures import record
from minjing.kernel.pay.actions.once import once
from minjing.kernel.pay.actions.orders import locked, owed
from minjing.kernel.pay.channels import channels
from minjing.kernel.pay.errors import (
    ChannelRefused,
    ChannelSilent,
    NoSuchChannel,
    NotOpen,
    TooManyAttempts,
    Unknown,
)
from minjing.kernel.pay.models import Attempt, Order
from minjing.kernel.pay.providers import Attempt as Wire
from minjing.kernel.pay.providers import Begun, Channel, Refused, Told, Unavailable
from minjing.kernel.pay.rights import is_payer
from minjing.kernel.pay.rules.asking import (
    ASK_AGAIN,
    ATTEMPT_LEAST,
    CERTAIN_AFTER,
    LEASE,
    attempt_ends,
    next_question,
)
from minjing.kernel.pay.rules.numbers import ATTEMPTS_MAX, attempt_number
from minjing.kernel.pay.rules.states import ATTEMPT, UNFINISHED_ATTEMPTS, move

DESCRIPTION_MAX = 40
# At most so many attempts of one order in ATTEMPT_LIVES: a person tries three or four ways.
TRIES_MAX = 12


def begin(
    order_id: UUID, channel: str, *, by: Actor, now: datetime, key: str, payer: str = "", payer_ip: str = ""
) -> Attempt:
    """Begin to pay an order through a channel; the attempt says where to send the payer.

    The same `key`, and the same channel while its attempt lives, give the same attempt: two taps are one.
    Raises NotOpen, NoSuchChannel, KeyReused, TooManyAttempts, Unknown; ChannelRefused when no money can come of this
    attempt; ChannelSilent when that is not known (it is asked about, and another attempt may be begun meanwhile).
    """
    way = channels().get(channel)
    if way is None:
        raise NoSuchChannel
    attempt = _written(order_id, way, by, now, key)
    if attempt.state == "captured" or (attempt.state == "open" and attempt.begun):
        return attempt  # paid already: the gateway would refuse it, and we would say that no money was taken
    wire = wire_of(attempt, payer=payer or plugs.payer(channel, by.account_id), payer_ip=payer_ip)
    try:
        begun = way.begin(wire)
    except Refused as refused:
        _close_refused(attempt.id, refused.fault, now)
        raise ChannelRefused(refused.fault) from None
    except Unavailable as trouble:
        _note_silence(attempt.id, trouble.fault, now)
        raise ChannelSilent(trouble.fault) from None
    return _opened(attempt.id, begun, now)


@transaction.atomic
def _written(order_id: UUID, way: Channel, by: Actor, now: datetime, key: str) -> Attempt:
    """Write the attempt down before the gateway hears of it, or return the one that lives."""
    order = locked(order_id)
    if not is_payer(by, order):
        raise Unknown
    taken = once(by, key, "begin", {"order": str(order_id), "channel": way.name}, now)
    if taken.answer:
        return Attempt.objects.get(id=taken.answer["attempt"])
    if order.state != "open" or order.expires_at <= now + ATTEMPT_LEAST:
        raise NotOpen(order.state if order.state != "open" else "expired")
    tried = Attempt.objects.filter(order_id=order.id)
    living = tried.filter(
        channel=way.name, state__in=["new", "open"], fen=owed(order), expires_at__gt=now + ATTEMPT_LEAST
    ).first()
    attempt = living or _new(order, way, tried.count() + 1, now)
    taken.answered({"attempt": str(attempt.id)})
    return attempt


def _new(order: Order, way: Channel, seq: int, now: datetime) -> Attempt:
    recent = Attempt.objects.filter(order_id=order.id, expires_at__gt=now).count()
    if seq > ATTEMPTS_MAX or recent >= TRIES_MAX:
        raise TooManyAttempts
    attempt = Attempt.objects.create(
        id=new_id(),
        org_id=order.org_id,
        order_id=order.id,
        number=attempt_number(order.bill_no, seq),
        seq=seq,
        channel=way.name,
        house=way.house,
        fen=owed(order),
        begun_at=now.replace(microsecond=0),
        expires_at=attempt_ends(now, order.expires_at).replace(microsecond=0),
        next_at=now + LEASE,
    )
    said = {
        "attempt": attempt.number, "order": order.id, "matter": order.subject_id, "channel": way.name,
        "fen": attempt.fen, "by": order.account_id,
    }  # fmt: skip
    ledger.append(ledger.entry("pay:attempt:begun", said, at=now, org_id=order.org_id, subject_id=order.person_id))
    return attempt


@transaction.atomic
def _opened(attempt_id: UUID, begun: Begun, now: datetime) -> Attempt:
    """Note where the payer goes. The gateway may have told us the outcome meanwhile: that stands."""
    attempt = Attempt.objects.select_for_update().get(id=attempt_id)
    if attempt.state == "new":
        attempt.state = move(ATTEMPT, attempt.state, "open")
    if attempt.state in UNFINISHED_ATTEMPTS:
        attempt.begun, attempt.fault = {**asdict(begun), "fields": dict(begun.fields)}, ""
        attempt.asked, attempt.next_at = 0, now + ASK_AGAIN[0]
        attempt.save(update_fields=["state", "begun", "fault", "asked", "next_at"])
        jobs.enqueue(jobs.ASK, [attempt.id], at=attempt.next_at)
    return attempt


@transaction.atomic
def _close_refused(attempt_id: UUID, fault: str, now: datetime) -> None:
    attempt = Attempt.objects.select_for_update().get(id=attempt_id)
    if attempt.state in UNFINISHED_ATTEMPTS:
        _close(attempt, fault, now)


@transaction.atomic
def _note_silence(attempt_id: UUID, fault: str, now: datetime) -> None:
    """Keep the attempt in view: the gateway may have taken it. Failed is not final."""
    attempt = Attempt.objects.select_for_update().get(id=attempt_id)
    if attempt.state in ("new", "open"):
        attempt.state, attempt.fault = move(ATTEMPT, attempt.state, "failed"), fault[:60]
        attempt.asked, attempt.next_at = 0, now + ASK_AGAIN[0]
        attempt.save(update_fields=["state", "fault", "asked", "next_at"])
        jobs.enqueue(jobs.ASK, [attempt.id], at=attempt.next_at)


def came_back(number: str, *, now: datetime) -> Attempt | None:
    """Note that the payer's browser is back, and ask the gateway at once. Coming back proves nothing.

    Anybody may load that page again and again: the gateway is asked once in a few seconds.
    """
    attempt = Attempt.objects.filter(number=number).select_related("order").first()
    if attempt is None or attempt.state not in UNFINISHED_ATTEMPTS:
        return attempt
    with transaction.atomic():
        back = Attempt.objects.filter(id=attempt.id, state__in=UNFINISHED_ATTEMPTS)
        back = back.filter(Q(came_back_at__isnull=True) | Q(came_back_at__lte=now - ASK_AGAIN[0]))
        if back.update(came_back_at=now):
            ask_soon(attempt, now)
    return attempt


def ask_soon(attempt: Attempt, now: datetime) -> None:
    """Have the gateway asked now instead of at its time."""
    if Attempt.objects.filter(id=attempt.id, state__in=UNFINISHED_ATTEMPTS, next_at__gt=now).update(next_at=now):
        jobs.enqueue(jobs.ASK, [attempt.id])


def ask(attempt_id: UUID, *, now: datetime) -> str:
    """Ask the gateway what became of an attempt if its time has come, and act on the answer; return its state.

    An attempt that is out of time, or whose order wants no more money, is closed at the gateway: that is a question
    too, and the payer may have been faster.
    """
    attempt = Attempt.objects.select_related("order").filter(id=attempt_id).first()
    if attempt is None:
        return ""
    if attempt.next_at is None or attempt.next_at > now or not _claimed(attempt, now):
        return attempt.state
    way = channels().get(attempt.channel)
    if way is None:
        _put_off(attempt.id, Unavailable("no_channel"), now)
        return attempt.state
    closing = attempt.expires_at <= now or attempt.order.state != "open"
    try:
        told = way.close(wire_of(attempt)) if closing else way.ask(wire_of(attempt))
    except Unavailable as trouble:
        _put_off(attempt.id, trouble, now)
        return attempt.state
    except Refused as refused:
        _put_off(attempt.id, Unavailable(refused.fault), now)
        return attempt.state
    return take(attempt.id, told, source="close" if closing else "ask", now=now)


def _claimed(attempt: Attempt, now: datetime) -> bool:
    """Take the question, so that no other worker asks it meanwhile; after LEASE another may."""
    mine = Attempt.objects.filter(id=attempt.id, next_at=attempt.next_at, state__in=UNFINISHED_ATTEMPTS)
    return bool(mine.update(next_at=now + LEASE, asked=min(attempt.asked + 1, 30_000)))


def _put_off(attempt_id: UUID, trouble: Unavailable, now: datetime) -> None:
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(id=attempt_id)
        if attempt.state in UNFINISHED_ATTEMPTS:
            _later(attempt, now, trouble)


@transaction.atomic
def take(attempt_id: UUID, told: Told, *, source: str, now: datetime) -> str:
    """Act on what a gateway says of an attempt, however it came to us; return the attempt's state afterwards.

    Safe to repeat and in any order: states only go forward, and a payment is recorded once.
    """
    order = locked(Attempt.objects.values_list("order_id", flat=True).get(id=attempt_id))
    attempt = Attempt.objects.select_for_update().get(id=attempt_id)
    if told.state == "paid" and told.fen > 0:
        record(order, attempt, told, source=source, now=now)
    elif attempt.state in UNFINISHED_ATTEMPTS:
        if told.state == "closed" or (told.state == "unknown" and now > attempt.expires_at + CERTAIN_AFTER):
            _close(attempt, told.state, now)
        else:
            _later(attempt, now)
    return attempt.state


def _later(attempt: Attempt, now: datetime, trouble: Unavailable | None = None) -> None:
    attempt.fault = trouble.fault[:60] if trouble else attempt.fault
    wait = trouble.wait if trouble else None
    attempt.next_at = next_question(attempt.asked, now, wait, attempt.expires_at)
    attempt.save(update_fields=["fault", "next_at"])
    jobs.enqueue(jobs.ASK, [attempt.id], at=attempt.next_at)


def _close(attempt: Attempt, fault: str, now: datetime) -> None:
    attempt.state, attempt.closed_at = move(ATTEMPT, attempt.state, "closed"), now
    attempt.next_at, attempt.begun, attempt.fault = None, {}, fault[:60]
    attempt.save(update_fields=["state", "closed_at", "next_at", "begun", "fault"])
    said = {"attempt": attempt.number, "order": attempt.order_id, "channel": attempt.channel, "fault": fault[:60]}
    ledger.append(ledger.entry("pay:attempt:closed", said, at=now, org_id=attempt.org_id))


def wire_of(attempt: Attempt, *, payer: str = "", payer_ip: str = "") -> Wire:
    """Return the attempt as its channel sees it."""
    return Wire(
        number=attempt.number,
        fen=attempt.fen,
        description=str(attempt.order.title["zh"])[:DESCRIPTION_MAX],
        begun_at=attempt.begun_at,
        expires_at=attempt.expires_at,
        notify_url=f"{settings.PAY_NOTIFY_URL}/pay/notify/{attempt.channel}",
        return_url=f"{settings.BASE_URL}/pay/back/{attempt.number}/",
        gateway_no="",
        payer=payer,
        payer_ip=payer_ip,
    )
