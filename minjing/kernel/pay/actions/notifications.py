"""What gateways send us: verified, recorded, believed as far as it can be, and answered as the real one expects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.limits import is_worth_an_entry
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.pay.actions import attempts, refunds
from minjing.kernel.pay.actions.differences import open_difference
from minjing.kernel.pay.channels import channels
from minjing.kernel.pay.errors import NoSuchChannel
from minjing.kernel.pay.models import Attempt, Capture, Notification, Refund
from minjing.kernel.pay.providers import Answer, Channel, Forged, NotForUs, RefundTold, Told


@dataclass(frozen=True, slots=True)
class _Letter:
    """A notification as it came in."""

    way: Channel
    body: bytes
    address: str
    now: datetime


def take_notification(
    channel: str, headers: Mapping[str, str], body: bytes, *, address: str, now: datetime
) -> Answer:
    """Act on a notification and return what to answer. Raises NoSuchChannel.

    Forged, for another merchant, for another amount: nothing changes, the ledger has the refusal, and where money
    may stand behind it a difference is opened and the gateway is asked. Replayed: recorded once, thanked for again.
    """
    way = channels().get(channel)
    if way is None:
        raise NoSuchChannel
    letter = _Letter(way, body, address, now)
    try:
        told = way.read_notification({name.lower(): value for name, value in headers.items()}, body)
    except Forged as forged:
        return _refused(letter, "forged", forged.fault)
    except NotForUs as other:
        return _refused(letter, "not_for_us", other.fault)
    if isinstance(told, RefundTold):
        return _of_refund(letter, told)
    return _of_attempt(letter, told)


def _of_attempt(letter: _Letter, told: Told) -> Answer:
    attempt = Attempt.objects.filter(number=told.number).first()
    if attempt is None:
        return _unknown(letter, told.number, "theirs_only", told.fen if told.state == "paid" else 0, told.gateway_no)
    if attempt.house != letter.way.house:
        return _refused(letter, "not_for_us", "other_house", told.number)
    if told.state == "paid" and told.fen != attempt.fen:
        return _other_amount(letter, attempt, told)
    with transaction.atomic():
        repeated = Capture.objects.filter(attempt_id=attempt.id, gateway_no=told.gateway_no).exists()
        attempts.take(attempt.id, told, source="notification", now=letter.now)
        _keep(letter, "repeated" if repeated else "taken", told.number)
    return letter.way.thanks()


@transaction.atomic
def _other_amount(letter: _Letter, attempt: Attempt, told: Told) -> Answer:
    """A signed message that names another amount is not believed: the gateway is asked, and an officer looks."""
    open_difference(
        house=attempt.house, day=local_day(letter.now), kind="notified_amount", number=attempt.number,
        gateway_no=told.gateway_no, our_fen=attempt.fen, their_fen=told.fen, order_id=attempt.order_id,
        now=letter.now,
    )  # fmt: skip
    attempts.ask_soon(attempt, letter.now)
    return _refused(letter, "wrong_amount", "wrong_amount", told.number)


def _of_refund(letter: _Letter, told: RefundTold) -> Answer:
    refund = Refund.objects.filter(number=told.number).first()
    if refund is None:
        return _unknown(letter, told.number, "refund_theirs_only", told.fen, told.gateway_no)
    if refund.house != letter.way.house:
        return _refused(letter, "not_for_us", "other_house", told.number)
    with transaction.atomic():
        repeated = refund.state in ("done", "failed")
        refunds.take(refund.id, told, now=letter.now)
        _keep(letter, "repeated" if repeated else "taken", told.number)
    return letter.way.thanks()


@transaction.atomic
def _unknown(letter: _Letter, number: str, kind: str, fen: int, gateway_no: str) -> Answer:
    """Validly signed and for us, but no number of ours: somebody has to find out whose money that is."""
    if fen:
        open_difference(
            house=letter.way.house, day=local_day(letter.now), kind=kind, number=number, gateway_no=gateway_no,
            their_fen=fen, now=letter.now,
        )  # fmt: skip
    _keep(letter, "unknown", number)
    _tell_ledger(letter, "refused", "unknown", "unknown_number", number)
    return letter.way.thanks()


@transaction.atomic
def _refused(letter: _Letter, verdict: str, fault: str, number: str = "") -> Answer:
    worth = is_worth_an_entry("pay_rubbish", letter.address, letter.now)
    if worth or number:
        _keep(letter, verdict, number, fault)
        _tell_ledger(letter, "refused", verdict, fault, number)
    return letter.way.sorry(fault)


def _keep(letter: _Letter, verdict: str, number: str, fault: str = "") -> None:
    Notification.objects.create(
        id=new_id(),
        channel=letter.way.name,
        at=letter.now,
        number=number[:32],
        verdict=verdict,
        fault=fault[:60],
        body_sha256=hashlib.sha256(letter.body).digest(),
    )
    if verdict in ("taken", "repeated"):
        _tell_ledger(letter, verdict, verdict, "", number)


def _tell_ledger(letter: _Letter, what: str, verdict: str, fault: str, number: str) -> None:
    said = {
        "channel": letter.way.name, "verdict": verdict, "fault": fault[:60], "number": number[:32],
        "sha256": hashlib.sha256(letter.body).hexdigest(),
    }  # fmt: skip
    ledger.append(ledger.entry(f"pay:notification:{what}", said, at=letter.now))
