"""What cameras saw comes in: each record once, as a violation that an officer reviews, with its pictures.

Nothing is charged by a camera: what it sends waits at the desk until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from minjing.base.coordinates import SYSTEMS, WGS84, distance_m, to_wgs84
from minjing.kernel.files import actions as files
from minjing.kernel.files.errors import SCANNER_DOWN
from minjing.kernel.identity.actor import SYSTEM
from minjing.modules.traffic import packs
from minjing.modules.traffic.actions import evidence, senders, violations
from minjing.modules.traffic.models import Approach, CameraRecord, CameraSystem, Violation, ViolationPhoto
from minjing.modules.traffic.rules.camera_records import CLOCK_OFF_S, Record, Unread, read
from minjing.modules.traffic.rules.messages import WrongMessage

TAKEN, REPEATED, REFUSED = "taken", "repeated", "refused"
AWAY_M = 150.0  # platform rule: further from its camera a record's position is not that of the camera


class ClockOff(Exception):
    """The sender's clock is off by `seconds`: nothing was taken, for a time decides what is charged."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"off by {seconds} s")
        self.seconds = seconds


@dataclass(slots=True)
class Outcome:
    """What became of one record; `why` is for a refused one, `findings` are codes of what was noticed."""

    key: str
    state: str
    number: str = ""
    where: str = ""
    why: str = ""
    findings: list[str] = field(default_factory=list)


def take(body: bytes, system: CameraSystem, *, now: datetime) -> list[Outcome]:
    """Take in one message; return what became of each record, in its order.

    Raises WrongMessage and ClockOff, which stand in the ledger; files.Refused where pictures cannot be looked at now:
    all records have been taken, and the same message sent again has the pictures kept.
    """
    try:
        message = read(body, system.system)
    except WrongMessage as wrong:
        senders.refuse(CameraSystem, str(wrong), now=now, system=system)
        raise
    off_s = int((message.sent_at - now).total_seconds())
    if abs(off_s) > CLOCK_OFF_S:
        senders.refuse(CameraSystem, f"clock: off by {off_s} s", now=now, system=system)
        raise ClockOff(off_s)
    records = [record for record in message.records if isinstance(record, Record)]
    approaches = Approach.objects.in_bulk({record.camera for record in records}, field_name="code")
    outcomes = [_outcome(record, approaches, system, message.system, now) for record in message.records]
    refused = [f"{outcome.where}: {outcome.why}" for outcome in outcomes if outcome.state == REFUSED]
    if refused:
        senders.refuse(CameraSystem, "; ".join(refused), now=now, system=system)
    _keep_pictures(records, outcomes, system, now)
    return outcomes


def _outcome(
    record: Record | Unread, approaches: Mapping[str, Approach], system: CameraSystem, crs: str, now: datetime
) -> Outcome:
    if isinstance(record, Unread):
        return Outcome(record.key, REFUSED, where=record.wrong.where, why=record.wrong.why)
    before = _before(record, system)
    if before is not None:
        return before
    if record.conduct not in packs.conducts():
        return Outcome(record.key, REFUSED, where="conduct", why="no conduct has this code")
    approach = approaches.get(record.camera)
    where = _where(record, approach, crs)
    if where is None:
        return Outcome(record.key, REFUSED, where="camera", why="not known here; position and place are needed")
    try:
        with transaction.atomic():
            violation = violations.record(_facts(record, where, system), by=SYSTEM, now=now)
            CameraRecord.objects.create(
                org_id=system.org_id, camera_system=system, key=record.key, digest=record.digest,
                violation_id=violation.pk, came_at=now,
            )  # fmt: skip
    except IntegrityError:
        before = _before(record, system)  # the same record came over another line at the same time
        if before is None:
            raise
        return before
    return Outcome(record.key, TAKEN, violation.number, findings=_noticed(record, approach, crs))


def _before(record: Record, system: CameraSystem) -> Outcome | None:
    """Return what to say of a record that has been taken before, None of a new one."""
    kept = CameraRecord.objects.filter(camera_system=system, key=record.key).first()
    if kept is None:
        return None
    if bytes(kept.digest) != record.digest:
        return Outcome(record.key, REFUSED, where="record", why="came before with other content; the first is kept")
    return Outcome(record.key, REPEATED, Violation.objects.values_list("number", flat=True).get(pk=kept.violation_id))


def _where(record: Record, approach: Approach | None, crs: str) -> dict[str, Any] | None:
    """Return place, position and heading; those of a camera known here count more than what its record says.

    None where nobody knows the camera and the record does not say enough.
    """
    if approach is not None:
        return {
            "lat": approach.lat, "lon": approach.lon, "source_crs": WGS84, "heading_deg": approach.heading_deg,
            "place": record.place or approach.place,
        }  # fmt: skip
    if record.lat is None or record.lon is None or not record.place:
        return None
    lat, lon = to_wgs84(record.lat, record.lon, crs)
    return {"lat": lat, "lon": lon, "source_crs": crs, "heading_deg": record.heading_deg, "place": record.place}


def _facts(record: Record, where: Mapping[str, Any], system: CameraSystem) -> dict[str, Any]:
    return {
        **where,
        "org_id": system.org_id,
        "violated_at": record.at,
        "conduct": record.conduct,
        "plate": record.plate,
        "plate_kind": record.plate_kind,
        "source": "camera",
        "evidence": [{"kind": "camera", "camera": record.camera, "system": system.code, "record": record.key}],
    }


def _noticed(record: Record, approach: Approach | None, crs: str) -> list[str]:
    """Return "gcj02" or "wgs84" where a position fits its camera in that other system, "away" where in neither."""
    if approach is None or record.lat is None or record.lon is None:
        return []
    away = {
        system: distance_m(*to_wgs84(record.lat, record.lon, system), approach.lat, approach.lon)
        for system in SYSTEMS
    }
    if away[crs] <= AWAY_M:
        return []
    return [next((system for system in SYSTEMS if away[system] <= AWAY_M), "away")]


def _keep_pictures(
    records: Sequence[Record], outcomes: Sequence[Outcome], system: CameraSystem, now: datetime
) -> None:
    """Keep the pictures that have not been looked at: apart from the record, for a scanner and a decoder see each.

    What is no picture is refused, which stands in the ledger, and the record goes without it.
    """
    states = {outcome.key: outcome for outcome in outcomes}
    sent = {record.key: record.pictures for record in records if states[record.key].state != REFUSED}
    kept = list(CameraRecord.objects.filter(camera_system=system, key__in=sent))
    found = Violation.objects.in_bulk([row.violation_id for row in kept])
    for row in kept:
        for n, content in enumerate(sent[row.key]):
            if n >= row.pictures and not _keep_picture(row.pk, n, found[row.violation_id], content, now):
                states[row.key].findings.append("picture")


def _keep_picture(record_id: UUID, n: int, violation: Violation, content: bytes, now: datetime) -> bool:
    """Keep the picture number `n` of a record, once; False where it is none. Raises files.Refused, scanner_down."""
    with transaction.atomic():
        row = CameraRecord.objects.select_for_update().get(pk=record_id)
        if n < row.pictures:
            return True
        row.pictures = n + 1
        row.save(update_fields=["pictures"])
        try:
            with transaction.atomic():
                evidence.add_photo(violation, ViolationPhoto.CAMERA, content, by=SYSTEM, now=now)
        except files.Refused as refusal:
            if refusal.key == SCANNER_DOWN:
                raise
            return False
    return True
