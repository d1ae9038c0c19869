"""Asking an owner to move a vehicle: told at once, answered by the text's link, telephoned through a relay.

The relay is the only one who is told both numbers; the ledger has it before they leave. What a page, a message, a log
or the register holds is the number in between, and only while it is good.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from minjing.base.clock import CHINA
from minjing.kernel.identity import limits
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.limits import Limit
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.case import Case
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import MoveCall, RelayedCall
from minjing.modules.traffic.providers.relay import AliyunRelay, Bound, Refused, Relay, Report, Unavailable
from minjing.modules.traffic.queries import move_calls as found
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.rules import move_calls as rules
from minjing.modules.traffic.rules import plates

GUESSES = Limit(30, limits.CODE_HERE.window)  # links that are none, an hour from one address
BIND = "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('traffic', 'traffic.relay', %s)"


@cache
def relay() -> Relay:
    """Return the relay that the settings name."""
    return AliyunRelay(settings.RELAY_URL, settings.RELAY_KEY_ID, settings.RELAY_KEY, pool=settings.RELAY_POOL)


def call(case: Case) -> None:
    """Tell the owner, in the transaction of the submission; the message has the plate and the place, no number."""
    plate = plates.parse(case.text("outside_plate")).text
    vehicle = next(iter(registers.vehicles_of_plate(plate)), None)
    owner = vehicle.owner_person_id if vehicle else None
    account = people.account_of_person(owner) if owner else None
    link = secrets.token_urlsafe(12)
    row = MoveCall.objects.create(
        matter_id=case.matter.id, org_id=case.matter.org_id, plate=plate, caller_person_id=case.person,
        caller_account_id=case.matter.account_id, owner_account_id=account, called_at=case.now,
        owner_person_id=owner if account else None, state=MoveCall.TOLD if account else MoveCall.NOBODY,
        reason=case.text("move_why")[:10], place=case.text("blocked_place")[:60],
        link_index=link_index(link) if account else None,
        link_until_at=case.now + found.limits().link if account else None,
        relay_state=MoveCall.ASKED if account else "",
    )  # fmt: skip
    case.note(events.MOVE_CALLED, owner, told=account is not None)
    if account is None:
        return
    # Nothing that the caller has typed: under our name, anybody could write to whose plate they see.
    said = {
        "plate": plates.shown(plate), "reason": rules.REASONS.get(row.reason, UNSAID),
        "link": f"{settings.BASE_URL}{reverse('traffic:move_answer', args=[link])}",
    }  # fmt: skip
    notify.tell(account, "move_your_car", said, dedupe=f"move:{case.matter.id}", now=case.now)
    with connection.cursor() as cursor:
        cursor.execute(BIND, [json.dumps({"matter_id": str(case.matter.id)})])


UNSAID = {"zh": "挡住了别人", "en": "it is in the way"}


def bind(matter_id: UUID, *, now: datetime, by: Relay | None = None) -> bool:
    """Ask the relay for a number between the two; False when it has to be asked again. Safe to run twice.

    The ledger's entry is committed before the numbers leave: if we crash after it, the next run asks anew and the
    binding that nobody wrote down ends by its own expiry.
    """
    with transaction.atomic():
        row = MoveCall.objects.select_for_update().filter(pk=matter_id, relay_state=MoveCall.ASKED).first()
        if row is None or row.owner_person_id is None:
            return True
        if row.called_at + found.limits().link < now:  # long past: nobody waits at the car any more
            _relay(row, MoveCall.FAILED, "late", now)
            return True
        _note(events.MOVE_RELAYED, row, now, what="asked")
    numbers = [people.own_phone(one) for one in (row.caller_person_id, row.owner_person_id)]
    until = now + found.limits().relay
    try:
        if not all(numbers) or numbers[0] == numbers[1]:
            raise Refused("no_phone")
        made = (by or relay()).bind(numbers[0], numbers[1], until, about=row.matter_id.hex)
    except Unavailable:
        return False
    except Refused as refused:
        _fail(matter_id, refused.code, now)
        return True
    return _bound(matter_id, made, until, now)


@transaction.atomic
def _bound(matter_id: UUID, made: Bound, until: datetime, now: datetime) -> bool:
    row = MoveCall.objects.select_for_update().get(pk=matter_id)
    if row.relay_state != MoveCall.ASKED:  # another run was first, or the owner said misuse: this one expires
        return True
    row.relay_ref, row.relay_number, row.relay_until_at = made.ref, made.number, until
    _relay(row, MoveCall.BOUND, "", now)
    said = {"plate": plates.shown(row.plate), "number": made.number, "until": f"{until.astimezone(CHINA):%H:%M}"}
    for account in (row.caller_account_id, row.owner_account_id):
        if account is not None:
            notify.tell(account, "move_relayed", said, dedupe=f"relay:{row.pk}:{account}", now=now)
    return True


@transaction.atomic
def _fail(matter_id: UUID, why: str, now: datetime) -> None:
    row = MoveCall.objects.select_for_update().get(pk=matter_id)
    if row.relay_state == MoveCall.ASKED:
        _relay(row, MoveCall.FAILED, why, now)


def by_link(link: str, address: str, *, now: datetime) -> MoveCall:
    """Return the call that a link of a text message opens. Raises Unknown; TooMany for an address that guesses."""
    row = found.by_link(link_index(link), now)
    if row is None:
        limits.spend("move_link", address, GUESSES, now)
        raise Unknown
    return row


@transaction.atomic
def answer(link: str, what: str, *, now: datetime) -> MoveCall:
    """Take the owner's answer by the link of the text message and tell the caller; misuse ends the relay at once.

    The last answer counts, but whoever said misuse has said it. Raises Unknown for a link that is none, or no more.
    """
    row = MoveCall.objects.select_for_update().filter(link_index=link_index(link), link_until_at__gt=now).first()
    if row is None or what not in rules.ANSWERS:
        raise Unknown
    if row.answer in (what, rules.MISUSE):
        return row
    row.answer, row.answered_at = what, now
    row.save(update_fields=["answer", "answered_at"])
    _note(events.MOVE_ANSWERED, row, now, what=what)
    if what == rules.MISUSE:
        _note(events.MOVE_MISUSED, row, now, subject=row.caller_person_id)
        if row.relay_state == MoveCall.ASKED:  # a number that is being set up meanwhile is told to nobody
            _relay(row, MoveCall.FAILED, rules.MISUSE, now)
        elif row.relay_state == MoveCall.BOUND:
            row.relay_until_at = now
            row.save(update_fields=["relay_until_at"])  # the sweep of this minute unbinds it
    said = {"plate": plates.shown(row.plate), "answer": rules.ANSWERS[what]}
    notify.tell(row.caller_account_id, "move_answered", said, dedupe=f"answer:{row.pk}:{what}", now=now)
    return row


@transaction.atomic
def finish(matter_id: UUID, *, by: Actor, now: datetime) -> None:
    """Say that the car is gone: the number in between ends with it. Raises Unknown for another's call."""
    row = MoveCall.objects.select_for_update().filter(pk=matter_id).first()
    if row is None or row.caller_person_id != by.person_id:
        raise Unknown
    if row.relay_state == MoveCall.BOUND:
        row.relay_until_at = now
        row.save(update_fields=["relay_until_at"])
        _note(events.MOVE_RELAYED, row, now, what="finished")


def sweep(now: datetime, by: Relay | None = None) -> int:
    """End the bindings whose time is over, and ask again for those not made yet; return how many ended."""
    for pk in MoveCall.objects.filter(relay_state=MoveCall.ASKED).values_list("pk", flat=True)[:50]:
        if not bind(pk, now=now, by=by):
            break
    over = MoveCall.objects.filter(relay_state=MoveCall.BOUND, relay_until_at__lte=now)[:50]
    return sum(_end(row, now, by or relay()) for row in over)


def _end(row: MoveCall, now: datetime, by: Relay) -> int:
    try:
        by.unbind(Bound(row.relay_ref, row.relay_number))
    except Unavailable:
        return 0  # the relay ends it by itself at the same time; the next sweep says so once more
    with transaction.atomic():
        held = MoveCall.objects.select_for_update().get(pk=row.pk)
        if held.relay_state != MoveCall.BOUND:
            return 0
        held.relay_number = ""
        _relay(held, MoveCall.ENDED, "", now)
    return 1


@transaction.atomic
def reported(reports: Sequence[Report], *, now: datetime) -> int:
    """Keep what the relay tells of telephone calls, each once; return how many were new."""
    fresh = 0
    for one in reports:
        row = MoveCall.objects.filter(relay_ref=one.ref).exclude(relay_ref="").first()
        if row is None:
            continue
        _, made = RelayedCall.objects.get_or_create(
            call=row,
            number=one.call,
            defaults={
                "org_id": row.org_id,
                "by_caller": one.by_a,
                "rang_at": one.rang_at,
                "talked_s": min(one.talked_s, 86_400),
            },
        )
        if made:
            fresh += 1
            _note(events.MOVE_RELAYED, row, now, what="talked" if one.talked_s else "rang")
    return fresh


def forged(now: datetime) -> None:
    """Write down that a report came to an address that is not ours to believe."""
    ledger.append(ledger.entry(events.MOVE_REFUSED, {"why": "report", "by": SYSTEM.account_id}, at=now))


def link_index(link: str) -> bytes:
    """Return what is kept of the link: it is random enough that a plain hash keeps it."""
    return sha256(b"traffic-move:" + link.encode()).digest()


def _relay(row: MoveCall, state: str, why: str, now: datetime) -> None:
    row.relay_state = state
    row.save(update_fields=["relay_state", "relay_ref", "relay_number", "relay_until_at"])
    _note(events.MOVE_RELAYED, row, now, what=state, why=why)


def _note(kind: str, row: MoveCall, now: datetime, *, subject: UUID | None = None, **said: str) -> None:
    whole = {**{k: v for k, v in said.items() if v}, "matter": row.matter_id, "by": SYSTEM.account_id}
    subject_id = subject or row.owner_person_id
    ledger.append(ledger.entry(kind, whole, at=now, org_id=row.org_id, subject_id=subject_id))
