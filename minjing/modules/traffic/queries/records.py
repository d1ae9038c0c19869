"""Another's vehicle or licence as an officer looks it up, for a reason: the look is on record before anything opens.

Where the city's own register has no such plate and a national one is set, that one is asked; this too is on record
first. A vehicle of a firm has nobody to write the look for: the entry names the vehicle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Text, Wrong
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.errors import plate_words
from minjing.modules.traffic.models import (
    FileEntry,
    Licence,
    LicencePast,
    Permit,
    Vehicle,
    VehiclePast,
    Violation,
)
from minjing.modules.traffic.providers.registers import Unavailable, VehicleRecord
from minjing.modules.traffic.queries import national, past, points, registers, withholding
from minjing.modules.traffic.queries.withholding import Withheld
from minjing.modules.traffic.rules import plates
from minjing.modules.traffic.rules.penalties.points import Standing

RECORD = "traffic_record"
FILE_NUMBER = re.compile(r"\d{12}\Z")
SHOWN = 20


@dataclass(frozen=True, slots=True)
class SeenVehicle:
    """A vehicle as an officer sees it."""

    row: Vehicle
    owner: str
    due: Sequence[str]  # inspection, insurance: what has run out
    pasts: Sequence[VehiclePast]
    permits: Sequence[Permit]
    alerts: Sequence[FileEntry]  # plates reported lost, replaced for cloning
    entries: Sequence[FileEntry]
    open_violations: int


@dataclass(frozen=True, slots=True)
class SeenLicence:
    """A licence as an officer sees it."""

    row: Licence
    holder: str
    over: bool
    standing: Standing
    withheld: Withheld
    pasts: Sequence[LicencePast]
    open_violations: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a look has found: vehicles (a yellow plate may read as a blue one), a licence, or another register."""

    vehicles: Sequence[SeenVehicle] = ()
    licence: SeenLicence | None = None
    elsewhere: VehicleRecord | None = None


def wanted(text: str) -> tuple[str, str]:
    """Return what a text asks for: ("licence", file number) or ("plate", plate). Raises Wrong, saying why."""
    typed = text.strip()
    if FILE_NUMBER.match(typed):
        return "licence", typed
    if typed.isdigit():
        raise Wrong("file_number", {
            "zh": f"档案编号是 12 位数字，这里有 {len(typed)} 位。",
            "en": f"A file number has 12 digits; this has {len(typed)}.",
        }, "q")  # fmt: skip
    try:
        return "plate", plates.parse(typed).text
    except plates.WrongPlate as wrong:
        raise Wrong("plate", plate_words(wrong), "q") from None


def look(text: str, reason: str, *, by: Actor, now: datetime) -> Found:
    """Return the vehicles with a plate, or the licence with a file number. Raises Wrong, NotAllowed.

    Where nothing is found the question is on record. A plate that went out of use because it was cloned is said to be
    one, with the day.
    """
    what, asked = wanted(text)
    why = people.require_look(by, reason)  # also where nobody's record is opened: a firm's vehicle, another register
    if what == "licence":
        row = Licence.objects.filter(file_number=asked).first()
        if row is None:
            identity.asked_in_vain(by, asked, reason=why, now=now)
            raise Wrong(
                "unknown", {"zh": "没有这个档案编号的驾驶证。", "en": "No licence has this file number."}, "q"
            )
        return Found(licence=_licence(row, reason, why, by, now))
    rows = registers.vehicles_of_plate(asked)
    if rows:
        return Found(vehicles=[_vehicle(row, reason, why, by, now) for row in rows])
    identity.asked_in_vain(by, asked, reason=why, now=now)
    cloned = _cloned(asked)
    if cloned is not None:
        raise Wrong("cloned", cloned, "q")
    return Found(elsewhere=_elsewhere(asked, why, by, now))


def _vehicle(row: Vehicle, reason: str, why: str, by: Actor, now: datetime) -> SeenVehicle:
    _looked("vehicle", row, row.owner_person_id, why, by, now)
    owner = row.owner_firm
    if row.owner_person_id is not None:
        identity.record_look(by, [row.owner_person_id], [RECORD], reason=reason, now=now)
        owner = _name(row.owner_person_id, reason, by, now)
    day = local_day(now)
    insured = row.insured_until_date
    due = ["inspection"] * (row.inspected_until_date < day) + ["insurance"] * bool(insured and insured < day)
    entries = list(FileEntry.objects.filter(vehicle_id=row.pk, ended_at__isnull=True).order_by("-since_at")[:SHOWN])
    return SeenVehicle(
        row, owner, due, list(row.past.order_by("-since_at")[:SHOWN]), past.permits_of_plate(row.plate, now),
        [one for one in entries if one.kind in ("plates_lost", "replace_cloned", "pledge")], entries,
        _open(vehicle_id=row.pk),
    )  # fmt: skip


def _licence(row: Licence, reason: str, why: str, by: Actor, now: datetime) -> SeenLicence:
    _looked("licence", row, row.person_id, why, by, now)
    identity.record_look(by, [row.person_id], [RECORD], reason=reason, now=now)
    return SeenLicence(
        row, _name(row.person_id, reason, by, now), row.valid_until_date < local_day(now),
        points.standing_of(row, now), withholding.of(row.person_id, now),
        list(row.past.order_by("-since_at")[:SHOWN]),
        _open(person_id=row.person_id),
    )  # fmt: skip


def _name(person_id: UUID, reason: str, by: Actor, now: datetime) -> str:
    found = identity.look(by, [person_id], ["name"], reason=reason, now=now)
    return found.get(person_id, {}).get("name", "")


def _open(**whose: Any) -> int:
    return Violation.objects.filter(state__in=(Violation.PUBLISHED, Violation.DECIDED), **whose).count()


def _cloned(plate: str) -> Text | None:
    """Return the sentence for a plate that went out of use because another vehicle carried a copy of it."""
    old = VehiclePast.objects.filter(plate=plate).order_by("-until_at").first()
    if old is None:
        return None
    entry = FileEntry.objects.filter(vehicle_id=old.vehicle_id, kind="replace_cloned", since_at__gte=old.since_at)
    if not entry.exists():
        return None
    day = f"{local_day(old.until_at)}"
    return {
        "zh": f"这个号牌因被套牌已于 {day} 停用；现在挂它的车都不是登记车辆，请拦下核对车架号。",
        "en": f"This plate is out of use since {day}: it was cloned; none carries it lawfully: compare the VIN.",
    }


def _elsewhere(plate: str, why: str, by: Actor, now: datetime) -> VehicleRecord | None:
    if not national.is_set():
        return None
    with transaction.atomic():
        said = {"what": "vehicle", "reason": why, "by": by.account_id}
        ledger.append(ledger.entry(events.REGISTER_ASKED, said, at=now))
    try:
        return national.registers().vehicle(plate, plates.parse(plate).kind)
    except Unavailable as down:
        raise Wrong("register_down", down.text, "q") from None


def _looked(what: str, row: Vehicle | Licence, person_id: UUID | None, why: str, by: Actor, now: datetime) -> None:
    said = {"what": what, "row": row.pk, "reason": why, "by": by.account_id}
    with transaction.atomic():
        ledger.append(ledger.entry(events.REGISTER_LOOKED, said, at=now, org_id=row.org_id, subject_id=person_id))
