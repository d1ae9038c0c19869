"""Batches that are held: a person says what is right, and they are taken or discarded; either is on record."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base.coordinates import SYSTEMS
from minjing.kernel.files import actions as files
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import reveal_bytes
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.matters.errors import NotAllowed
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.yielding import noticing
from minjing.modules.traffic.actions.yielding.deciding import ACT, NEEDS_ACT
from minjing.modules.traffic.actions.yielding.reporting import keep_pictures, report
from minjing.modules.traffic.actions.yielding.taking import MESSAGES, store, tell
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import Batch, Mission
from minjing.modules.traffic.queries.yielding import desk
from minjing.modules.traffic.rules.yielding.messages import Message, read

OWED_AT_ONCE = 20
# What a person may say of a held batch.
AS_SENT, GCJ02, CLOCK, DISCARD = "as_sent", "gcj02", "clock", "discard"
ANSWERS = (AS_SENT, GCJ02, CLOCK, DISCARD)


class NotHeld(Exception):
    """The batch is not held (any more)."""


def settle(batch_id: UUID, answer: str, *, by: Actor, now: datetime) -> None:
    """Take a held batch as it was sent, as GCJ-02 or with its clock put right; or discard it.

    Raises Unknown, NotHeld, NotAllowed, ValueError for an answer that is none.
    """
    if answer not in ANSWERS:
        raise ValueError(answer)
    if answer == DISCARD:
        discard(batch_id, by=by, now=now)
        return
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise Unknown
    system = GCJ02 if answer == GCJ02 else batch.system
    shift_s = desk.off_s(batch) if answer == CLOCK else 0
    release(batch_id, system=system, shift_s=shift_s, by=by, now=now)


def release(batch_id: UUID, *, system: str, shift_s: int, by: Actor, now: datetime) -> None:
    """Take a held batch: its coordinates are in `system`, its clock is ahead by `shift_s`.

    Pictures of its reports are kept at once, or by `keep_owed` while no scanner answers; a refusal of one stands in
    the ledger. Raises Unknown, NotHeld, NotAllowed, ValueError for an unknown system.
    """
    if system not in SYSTEMS:
        raise ValueError(system)
    with transaction.atomic():
        batch = _held(batch_id, by)
        message = _message_of(batch)
        _take(batch, message, system, shift_s, by, now)
    with suppress(files.Refused):
        _keep_pictures(batch, message, now)


def keep_owed(now: datetime) -> None:
    """Keep the pictures of released batches that no scanner looked at then. Raises files.Refused while none does."""
    owed = Batch.objects.filter(state=Batch.TAKEN, message_sealed__isnull=False).select_related("dispatch")
    for batch in owed.order_by("came_at")[:OWED_AT_ONCE]:
        _keep_pictures(batch, _message_of(batch), now)


def _keep_pictures(batch: Batch, message: Message, now: datetime) -> None:
    """Keep the pictures of a batch; its message, in which they came, is needed no longer."""
    keep_pictures(message.reports, batch.dispatch, now=now)
    Batch.objects.filter(pk=batch.pk).update(message_sealed=None)


def _take(batch: Batch, message: Message, system: str, shift_s: int, by: Actor, now: datetime) -> None:
    missions = tell(message, batch.dispatch)
    tracks, _ = noticing.tracks_of(message, system, shift_s)
    store(batch, tracks, missions, system)
    for one in message.reports:
        report(one, missions, batch.dispatch, system=system, now=now)
    _settle(batch, Batch.TAKEN, by, now)
    _clear([mission.pk for mission in missions.values()])
    _enter(events.TRACKS_RELEASED, batch, by, now, {"as": system, "shift_s": shift_s})


@transaction.atomic
def discard(batch_id: UUID, *, by: Actor, now: datetime) -> None:
    """Discard a held batch; that it came and what was found stays. Raises Unknown, NotHeld, NotAllowed."""
    batch = _held(batch_id, by)
    numbers = list(_message_of(batch).tracks)
    batch.message_sealed = None
    _settle(batch, Batch.DISCARDED, by, now)
    _clear(Mission.objects.filter(dispatch=batch.dispatch, number__in=numbers).values_list("pk", flat=True))
    _enter(events.TRACKS_DISCARDED, batch, by, now, {})


def _message_of(batch: Batch) -> Message:
    return read(reveal_bytes(MESSAGES, bytes(batch.message_sealed or b"")), batch.dispatch.system)


def _held(batch_id: UUID, by: Actor) -> Batch:
    if not any(ACT in holding.acts for holding in by.holdings):
        raise NotAllowed(*NEEDS_ACT, ACT)
    batch = Batch.objects.select_for_update(of=("self",)).select_related("dispatch").filter(pk=batch_id).first()
    if batch is None:
        raise Unknown
    if batch.state != Batch.HELD:
        raise NotHeld
    return batch


def _settle(batch: Batch, state: str, by: Actor, now: datetime) -> None:
    batch.state, batch.decided_by, batch.decided_at = state, by.account_id, now
    batch.save(update_fields=["state", "message_sealed", "decided_by", "decided_at"])


def _clear(missions: Iterable[UUID]) -> None:
    """Let missions into the match again of which no batch is held any more."""
    for mission in Mission.objects.filter(pk__in=list(missions)).exclude(doubt=""):
        held = Batch.objects.filter(dispatch=mission.dispatch_id, state=Batch.HELD)
        if not any(finding.get("mission") == mission.number or finding["code"] == noticing.CLOCK
                   for batch in held for finding in batch.findings):  # fmt: skip
            Mission.objects.filter(pk=mission.pk).update(doubt="")


def _enter(kind: str, batch: Batch, by: Actor, now: datetime, more: dict[str, object]) -> None:
    said = {"batch": batch.pk, "by": by.account_id, **more}
    ledger.append(ledger.entry(kind, said, at=now, org_id=batch.org_id))
