"""Vehicles and licences, now or on any day: one statement each.

These return rows to the house's own work (matching, evaluating, deciding). What shows another's record to somebody
writes the look first: see `queries.records`.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from minjing.modules.traffic.models import Licence, LicencePast, Vehicle, VehiclePast
from minjing.modules.traffic.models.licences import LicenceFacts
from minjing.modules.traffic.models.vehicles import VehicleFacts


def vehicle_of_plate(plate: str, kind: str) -> Vehicle | None:
    """Return the vehicle that carries this plate now."""
    return Vehicle.objects.filter(plate=plate, plate_kind=kind).exclude(plate="").first()


def vehicles_of_plate(plate: str) -> list[Vehicle]:
    """Return the vehicles that carry this text now: a yellow plate may read as a blue one."""
    return list(Vehicle.objects.filter(plate=plate).exclude(plate="").order_by("plate_kind"))


def vehicles_of(person_id: UUID) -> list[Vehicle]:
    """Return what a person owns now, newest first."""
    return list(Vehicle.objects.filter(owner_person_id=person_id).order_by("-registered_date", "-id"))


def vehicle_on(vehicle_id: UUID, at: datetime) -> VehicleFacts | None:
    """Return what held of a vehicle at an instant; None before it was registered or for no vehicle."""
    now = Vehicle.objects.filter(pk=vehicle_id).first()
    if now is None or now.since_at <= at:
        return now
    return VehiclePast.objects.filter(vehicle_id=vehicle_id, since_at__lte=at, until_at__gt=at).first()


def vehicle_of_plate_on(plate: str, kind: str, at: datetime) -> UUID | None:
    """Return the vehicle that carried this plate at an instant."""
    now = vehicle_of_plate(plate, kind)
    if now is not None and now.since_at <= at:
        return now.pk
    past = VehiclePast.objects.filter(plate=plate, plate_kind=kind, until_at__gt=at, since_at__lte=at)
    return past.values_list("vehicle_id", flat=True).first()


def licence_of(person_id: UUID) -> Licence | None:
    """Return the licence of a person as it is now."""
    return Licence.objects.filter(person_id=person_id).first()


def licence_on(licence_id: UUID, at: datetime) -> LicenceFacts | None:
    """Return what held of a licence at an instant; None before it was issued."""
    now = Licence.objects.filter(pk=licence_id).first()
    if now is None or now.since_at <= at:
        return now
    return LicencePast.objects.filter(licence_id=licence_id, since_at__lte=at, until_at__gt=at).first()


def may_drive(licence: LicenceFacts, day: date) -> bool:
    """Say whether a licence allows driving on a day: in force, not run out, report not overdue (a year of grace)."""
    return licence.status in LicenceFacts.MAY_DRIVE and licence.valid_from_date <= day <= licence.valid_until_date
