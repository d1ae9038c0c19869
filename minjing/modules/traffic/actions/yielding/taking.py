"""Taking in what dispatch systems send: each batch once, everything noticed, nothing thrown away.

A batch whose clock or whose system of coordinates is doubtful is held with its words; its missions stay out of the
match until a person has said what is right. Taking and holding are one transaction each, with the ledger's entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.sealing import conceal_bytes
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.senders import refuse
from minjing.modules.traffic.actions.yielding import noticing
from minjing.modules.traffic.actions.yielding.noticing import Track
from minjing.modules.traffic.actions.yielding.reporting import keep_pictures, report
from minjing.modules.traffic.models import Batch, DispatchSystem, Mission, TrackPart
from minjing.modules.traffic.queries.yielding.limits import limits
from minjing.modules.traffic.queries.yielding.tracks import packed
from minjing.modules.traffic.rules.messages import WrongMessage
from minjing.modules.traffic.rules.yielding.messages import Message, read

REPEATED = "repeated"
MESSAGES = "traffic.messages"  # what the key of the house is derived for
MATCH = "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('traffic', 'traffic.match', %s)"


class OtherContent(Exception):
    """A batch of this name came before with other content; the one that came first is kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message: taken, held or repeated; what was found on the way."""

    state: str
    batch: Batch
    findings: Sequence[Mapping[str, Any]]


def take(body: bytes, dispatch: DispatchSystem, *, way: str, now: datetime) -> Answer:
    """Take in one message. Raises WrongMessage, and OtherContent for a known name with other content.

    Raises files.Refused where pictures cannot be looked at now: all else has been taken, and the same message sent
    again has them kept.
    """
    try:
        message = read(body, dispatch.system)
    except WrongMessage as wrong:
        refuse(DispatchSystem, str(wrong), now=now, system=dispatch)
        raise
    digest = sha256(body).digest()
    with transaction.atomic():
        # One message of one sender at a time: the second of two that come at once finds the first.
        DispatchSystem.objects.select_for_update().get(pk=dispatch.pk)
        before = Batch.objects.filter(dispatch=dispatch, key=message.batch).first()
        if before is None:
            answer = _taken(message, body, digest, dispatch, way, now)
        else:
            answer = Answer(REPEATED, before, before.findings)
    if before is not None and bytes(before.digest) != digest:
        refuse(DispatchSystem, f"batch: {message.batch} came before with other content", now=now, system=dispatch)
        raise OtherContent(message.batch)
    keep_pictures(message.reports, dispatch, now=now)
    return answer


def _taken(message: Message, body: bytes, digest: bytes, dispatch: DispatchSystem, way: str, now: datetime) -> Answer:
    missions = tell(message, dispatch)
    tracks, findings = noticing.tracks_of(message, message.system)
    doubt, doubts = noticing.doubts(message, tracks, missions, now)
    batch = Batch.objects.create(
        id=new_id(), org_id=dispatch.org_id, dispatch=dispatch, key=message.batch, way=way, sent_at=message.sent_at,
        came_at=now, system=message.system, digest=digest, fixes=message.fixes, findings=[*doubts, *findings],
        state=Batch.HELD if doubt else Batch.TAKEN, message_sealed=conceal_bytes(MESSAGES, body) if doubt else None,
    )  # fmt: skip
    if doubt:
        Mission.objects.filter(pk__in=[missions[number].pk for number in tracks]).update(doubt=doubt)
        enter(events.TRACKS_HELD, batch, now)
        return Answer(Batch.HELD, batch, batch.findings)
    store(batch, tracks, missions, message.system)
    for one in message.reports:
        report(one, missions, dispatch, system=message.system, now=now)
    enter(events.TRACKS_TAKEN, batch, now)
    return Answer(Batch.TAKEN, batch, batch.findings)


def tell(message: Message, dispatch: DispatchSystem) -> Mapping[str, Mission]:
    """Write down the missions that a message speaks of, by number; a later message may end or correct one.

    A track may come before word of its mission does: then the mission begins with its first fix until that is told.
    """
    for one in message.missions:
        facts = {"callsign": one.callsign, "began_at": one.began_at, "ended_at": one.ended_at}
        Mission.objects.update_or_create(
            dispatch=dispatch, number=one.number, defaults=facts, create_defaults=facts | {"org_id": dispatch.org_id}
        )
    for number in {*message.tracks, *(one.mission for one in message.reports)}:
        Mission.objects.get_or_create(
            dispatch=dispatch, number=number, defaults=_untold(message, number, dispatch)
        )  # fmt: skip
    named = {told.number for told in message.missions} | {*message.tracks} | {one.mission for one in message.reports}
    return {one.number: one for one in Mission.objects.filter(dispatch=dispatch, number__in=named)}


def _untold(message: Message, number: str, dispatch: DispatchSystem) -> Mapping[str, Any]:
    first = min((fix[0] for fix in message.tracks.get(number, ())), default=message.sent_at.timestamp())
    return {"callsign": number[:20], "began_at": datetime.fromtimestamp(first, UTC), "org_id": dispatch.org_id}


def store(batch: Batch, tracks: Mapping[str, Track], missions: Mapping[str, Mission], system: str) -> None:
    """Append the tracks to their missions, and have the time that they cover matched, in the same transaction."""
    parts = [
        TrackPart(
            id=new_id(), org_id=batch.org_id, mission=missions[number], batch=batch,
            first_at=datetime.fromtimestamp(track[0][0], UTC), last_at=datetime.fromtimestamp(track[-1][0], UTC),
            count=len(track), source_system=system, fixes_sealed=packed(track),
        )
        for number, track in tracks.items()
        if track
    ]  # fmt: skip
    TrackPart.objects.bulk_create(parts)
    if parts:
        begin = min(part.first_at for part in parts) - timedelta(seconds=limits().after_s)
        window = {"begin": begin.isoformat(), "end": max(part.last_at for part in parts).isoformat()}
        with connection.cursor() as cursor:
            cursor.execute(MATCH, [json.dumps(window)])


def enter(kind: str, batch: Batch, now: datetime, **more: Any) -> None:
    """Write a batch's entry into the ledger: counts, codes and the digest, never a position."""
    said = {
        "batch": batch.pk, "system": batch.system, "fixes": batch.fixes, "digest": bytes(batch.digest).hex(),
        "findings": [finding["code"] for finding in batch.findings], "by": SYSTEM.account_id,
    }  # fmt: skip
    ledger.append(ledger.entry(kind, said | more, at=now, org_id=batch.org_id))
