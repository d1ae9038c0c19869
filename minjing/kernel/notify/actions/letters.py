"""Paper letters: what no other channel could tell, printed once a day and posted; each step on record."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import SYSTEM_KIND, Actor
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import addresses
from minjing.kernel.notify.models import Batch, Message
from minjing.kernel.notify.rights import must_post
from minjing.kernel.notify.rules import UNDELIVERED, may_post

BATCH_MAX = 500


@transaction.atomic
def make_batch(*, by: Actor, now: datetime) -> UUID | None:
    """Gather the letters that wait into a batch, each with its address of this moment, sealed; None: none waits.

    In the morning the system gathers them. Raises identity's NotAllowed.
    """
    if by.kind != SYSTEM_KIND:
        must_post(by)
    day = local_day(now)
    waiting = list(
        Message.objects.select_for_update(skip_locked=True)
        .filter(channel=Message.LETTER, state=Message.WAITING, batch_id__isnull=True)
        .order_by("id")[:BATCH_MAX]
    )
    batch_id, taken = new_id(), 0
    for one in waiting:
        address = addresses.postal(one.account_id) if one.account_id else None
        if address is None:
            one.state, one.fault = Message.FAILED, "no_address"
        else:
            one.batch_id, one.state, one.attempts = batch_id, Message.SENDING, 1
            one.envelope_sealed = addresses.close(one.pk, address, "")
            taken += 1
        one.save(update_fields=["batch_id", "state", "attempts", "envelope_sealed", "fault"])
    if not taken:
        return None
    number = f"{day:%Y%m%d}-{Batch.objects.filter(day_date=day).count() + 1}"
    Batch.objects.create(id=batch_id, day_date=day, number=number, letters=taken, made_at=now)
    said = {"by": by.account_id, "batch": batch_id, "number": number, "letters": taken}
    ledger.append(ledger.entry("notify:batch:made", said, at=now))
    return batch_id


@transaction.atomic
def mark_printed(batch_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Note that a batch has been printed; False when it was already. Raises identity's NotAllowed, Unknown."""
    must_post(by)
    batch = _locked(batch_id)
    if batch.state != Batch.MADE:
        return False
    batch.state, batch.printed_at, batch.printed_by = Batch.PRINTED, now, by.account_id
    batch.save()
    ledger.append(ledger.entry("notify:batch:printed", {"by": by.account_id, "batch": batch_id}, at=now))
    return True


@transaction.atomic
def mark_posted(batch_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Note that a batch has been handed to the post: its letters count as sent, their addresses are emptied.

    False when it was already. Raises identity's NotAllowed, Unknown.
    """
    must_post(by)
    batch = _locked(batch_id)
    if batch.state == Batch.POSTED:
        return False
    batch.state, batch.posted_at, batch.posted_by = Batch.POSTED, now, by.account_id
    if batch.printed_at is None:
        batch.printed_at, batch.printed_by = now, by.account_id
    batch.save()
    Message.objects.filter(batch_id=batch_id, state=Message.SENDING).update(
        state=Message.SENT, sent_at=now, receipt=batch.number, envelope_sealed=None
    )
    said = {"by": by.account_id, "batch": batch_id, "letters": batch.letters}
    ledger.append(ledger.entry("notify:batch:posted", said, at=now))
    return True


@transaction.atomic
def mark_returned(message_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Note that a letter has come back; False when it was noted, or was never posted.

    Raises identity's NotAllowed.
    """
    must_post(by)
    came_back = Message.objects.filter(pk=message_id, channel=Message.LETTER, state=Message.SENT, report="").update(
        report=UNDELIVERED, reported_at=now, fault="returned"
    )
    if came_back:
        said = {"by": by.account_id, "message": message_id, "channel": Message.LETTER, "fault": "returned"}
        ledger.append(ledger.entry("notify:message:undelivered", said, at=now))
    return bool(came_back)


# What the list of reasons has for it: answering the person when all other ways are closed.
REASON = "after_closing"


@transaction.atomic
def downloaded(batch_id: UUID, *, by: Actor, now: datetime) -> None:
    """Put on record that the letters of a batch, names and addresses, are about to leave the house as a file.

    Each person sees it among the looks at their data. Raises identity's NotAllowed, and Unknown for a batch that is
    posted: its addresses are gone.
    """
    must_post(by)
    if _locked(batch_id).state == Batch.POSTED:
        raise Unknown
    accounts = list(Message.objects.filter(batch_id=batch_id).values_list("account_id", flat=True))
    people = Account.objects.filter(pk__in=[a for a in accounts if a], person__isnull=False)
    named = [pk for pk in people.values_list("person_id", flat=True) if pk]
    if named:  # looked at where the post that sends letters is held: a batch is of the whole city
        unit = next(holding.unit_path for holding in by.holdings if may_post(holding.acts))
        identity.record_look(by, named, ["name", "address"], reason=REASON, unit_path=unit, now=now)
    said = {"by": by.account_id, "batch": batch_id, "accounts": accounts}
    ledger.append(ledger.entry("notify:batch:downloaded", said, at=now))


def _locked(batch_id: UUID) -> Batch:
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise Unknown
    return batch
