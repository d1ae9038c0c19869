"""Writing into the registers of vehicles and licences: enter, and change facts from an instant on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import bindings
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import Licence, RegisterNotice, Vehicle
from minjing.modules.traffic.models.licences import LicenceFacts
from minjing.modules.traffic.models.vehicles import VehicleFacts
from minjing.modules.traffic.queries import national

VEHICLE_FACTS = {f.name for f in VehicleFacts._meta.get_fields()} - {"since_at"}
LICENCE_FACTS = {f.name for f in LicenceFacts._meta.get_fields()} - {"since_at"}
INSTANT = timedelta(microseconds=1)


@transaction.atomic
def register_vehicle(
    facts: Mapping[str, Any],
    *,
    by: Actor,
    now: datetime,
    matter_id: UUID | None = None,
    since: datetime | None = None,
) -> Vehicle:
    """Enter a vehicle; `facts` are the fields of Vehicle but `since_at`, `since` when they came to hold (now).

    IntegrityError: the plate or the VIN is taken.
    """
    vehicle = Vehicle.objects.create(**facts, since_at=since or now, matter_id=matter_id)
    said = {"vehicle": vehicle.pk, "kind": vehicle.plate_kind, "matter": matter_id, "by": by.account_id}
    _append(events.VEHICLE_REGISTERED, said, vehicle.owner_person_id, vehicle.org_id, now)
    _queue(RegisterNotice.VEHICLE, vehicle, "registered", now)
    return vehicle


@transaction.atomic
def change_vehicle(
    vehicle_id: UUID,
    facts: Mapping[str, Any],
    why: str,
    *,
    by: Actor,
    now: datetime,
    matter_id: UUID | None = None,
) -> Vehicle:
    """Write what holds of a vehicle from now on; what held before stays on record.

    `facts` are fields of VehicleFacts, `why` one word for the ledger (transferred, recoloured …). A vehicle that
    gives up its plate is given `plate=""` with its status. Raises Unknown, ValueError for what is no fact.
    """
    _only(facts, VEHICLE_FACTS)
    vehicle = Vehicle.objects.select_for_update().filter(pk=vehicle_id).first()
    if vehicle is None:
        raise Unknown
    before = vehicle.owner_person_id
    _write(vehicle, facts, now, matter_id)
    said = {"vehicle": vehicle_id, "what": sorted(facts), "why": why, "matter": matter_id, "by": by.account_id}
    _append(events.VEHICLE_CHANGED, said, before or vehicle.owner_person_id, vehicle.org_id, now)
    _queue(RegisterNotice.VEHICLE, vehicle, why, now)
    if vehicle.owner_person_id != before or not vehicle.plate:
        bindings.end_all_of(vehicle, by=by, now=now)
    return vehicle


@transaction.atomic
def restamp_vin(vehicle_id: UUID, vin: str, *, by: Actor, now: datetime, matter_id: UUID | None = None) -> str:
    """Write the VIN of a new frame and return the old one, for the file. IntegrityError: taken."""
    vehicle = Vehicle.objects.select_for_update().filter(pk=vehicle_id).first()
    if vehicle is None:
        raise Unknown
    old, vehicle.vin = vehicle.vin, vin
    _write(vehicle, {"colour": vehicle.colour}, now, matter_id)
    vehicle.save(update_fields=["vin"])
    said = {"vehicle": vehicle_id, "what": ["vin"], "why": "change_body", "matter": matter_id, "by": by.account_id}
    _append(events.VEHICLE_CHANGED, said, vehicle.owner_person_id, vehicle.org_id, now)
    _queue(RegisterNotice.VEHICLE, vehicle, "change_body", now)
    return old


@transaction.atomic
def issue_licence(
    facts: Mapping[str, Any],
    *,
    by: Actor,
    now: datetime,
    matter_id: UUID | None = None,
    since: datetime | None = None,
) -> Licence:
    """Enter a first licence; `facts` are the fields of Licence but `since_at`, `since` when they came to hold (now).

    IntegrityError: the person has one.
    """
    licence = Licence.objects.create(**facts, since_at=since or now, matter_id=matter_id)
    said = {"licence": licence.pk, "classes": licence.classes, "matter": matter_id, "by": by.account_id}
    _append(events.LICENCE_ISSUED, said, licence.person_id, licence.org_id, now)
    _queue(RegisterNotice.LICENCE, licence, "issued", now)
    return licence


@transaction.atomic
def change_licence(
    licence_id: UUID,
    facts: Mapping[str, Any],
    why: str,
    *,
    by: Actor,
    now: datetime,
    matter_id: UUID | None = None,
) -> Licence:
    """Write what holds of a licence from now on; what held before stays on record. Raises Unknown, ValueError."""
    _only(facts, LICENCE_FACTS)
    licence = Licence.objects.select_for_update().filter(pk=licence_id).first()
    if licence is None:
        raise Unknown
    _write(licence, facts, now, matter_id)
    said = {"licence": licence_id, "what": sorted(facts), "why": why, "matter": matter_id, "by": by.account_id}
    _append(events.LICENCE_CHANGED, said, licence.person_id, licence.org_id, now)
    _queue(RegisterNotice.LICENCE, licence, why, now)
    return licence


def _only(facts: Mapping[str, Any], known: set[str]) -> None:
    if not facts or facts.keys() - known:
        raise ValueError(f"these are no facts that change: {sorted(facts.keys() - known)}")


def _write(row: Vehicle | Licence, facts: Mapping[str, Any], now: datetime, matter_id: UUID | None) -> None:
    for name, value in facts.items():
        setattr(row, name, value)
    # Two changes at one instant, as of one act: the second holds from the next instant on.
    row.since_at = max(now, row.since_at + INSTANT)
    row.matter_id = matter_id or row.matter_id
    row.save(update_fields=[*facts, "since_at", "matter_id"])


def _queue(what: str, row: Vehicle | Licence, why: str, now: datetime) -> None:
    """Queue what a row has become for a national register, where one is set: see `actions.national`."""
    if national.is_set():
        RegisterNotice.objects.create(
            org_id=row.org_id, what=what, row_id=row.pk, since_at=row.since_at, why=why[:30], next_at=now
        )


def _append(kind: str, said: Mapping[str, Any], subject: UUID | None, org_id: int, now: datetime) -> None:
    ledger.append(ledger.entry(kind, dict(said), at=now, org_id=org_id, subject_id=subject))
