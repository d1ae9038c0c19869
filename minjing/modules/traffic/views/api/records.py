"""Officers look up a vehicle by its plate, or a licence by its file number, for a reason.

Beside it stands the key by which anybody checks an electronic licence.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field

from minjing.base.clock import now
from minjing.modules.traffic import signing
from minjing.modules.traffic.queries import records as queries
from minjing.modules.traffic.queries.withholding import Withheld
from minjing.portals.api.shapes import Shape
from minjing.portals.api.views.door import asker, reason_of

router = Router(tags=["traffic"])


class RecordLookIn(BaseModel):
    """A plate, or the twelve digits of a file number; why stands in the header Look-Reason."""

    text: str = Field(max_length=20)


class RecordVehicleOut(Shape):
    """What is on record of a vehicle."""

    id: UUID
    plate: str
    plate_kind: str
    status: str
    vin: str
    brand: str
    model: str
    body: str
    energy: str
    colour: str
    use: str
    seats: int
    made_date: date
    registered_date: date
    inspected_until_date: date
    insured_until_date: date | None
    mortgaged: bool


class VehiclePastOut(Shape):
    """What it was before."""

    plate: str
    colour: str
    use: str
    status: str
    since_at: datetime
    until_at: datetime


class RecordPermitOut(Shape):
    """A permit in force."""

    number: str
    kind: str
    valid_from_date: date
    valid_until_date: date


class RecordEntryOut(Shape):
    """An entry on the file: its kind and since when, not what was said."""

    kind: str
    since_at: datetime
    until_date: date | None


class SeenVehicleOut(BaseModel):
    """A vehicle as an officer sees it."""

    vehicle: RecordVehicleOut
    owner: str
    due: list[str]  # inspection, insurance: what has run out
    alerts: list[RecordEntryOut]
    entries: list[RecordEntryOut]
    permits: list[RecordPermitOut]
    pasts: list[VehiclePastOut]
    open_violations: int


class RecordLicenceOut(Shape):
    """What is on record of a licence."""

    id: UUID
    file_number: str
    classes: str
    status: str
    first_issued_date: date
    valid_from_date: date
    valid_until_date: date
    suspended_until_date: date | None


class LicencePastOut(Shape):
    """What it was before."""

    classes: str
    status: str
    since_at: datetime
    until_at: datetime


class SeenLicenceOut(BaseModel):
    """A licence as an officer sees it."""

    licence: RecordLicenceOut
    holder: str
    over: bool
    standing: dict[str, Any]
    withheld: dict[str, Any]
    pasts: list[LicencePastOut]
    open_violations: int


class RecordsOut(BaseModel):
    """What was found: vehicles of this city, a licence, or what the national register says of the plate."""

    vehicles: list[SeenVehicleOut]
    licence: SeenLicenceOut | None
    elsewhere: dict[str, Any] | None


@router.post("/records", response=RecordsOut)
def look(request: HttpRequest, said: RecordLookIn) -> RecordsOut:
    """Return the vehicles with a plate, or the licence with a file number; the look is on record before.

    Asked by POST, since addresses are kept in logs.
    """
    found = queries.look(said.text, reason_of(request), by=asker(request), now=now())
    return RecordsOut(
        vehicles=[_vehicle(seen) for seen in found.vehicles],
        licence=_licence(found.licence) if found.licence else None,
        elsewhere=asdict(found.elsewhere) if found.elsewhere else None,
    )


@router.get("/licence-key", auth=None)
def licence_key(request: HttpRequest) -> dict[str, str]:
    """Return the public key (Ed25519, base64) by which an electronic licence is checked without asking us."""
    return {"key": signing.public_key()}


def _vehicle(seen: queries.SeenVehicle) -> SeenVehicleOut:
    return SeenVehicleOut(
        vehicle=RecordVehicleOut.model_validate(seen.row),
        owner=seen.owner,
        due=list(seen.due),
        alerts=[RecordEntryOut.model_validate(row) for row in seen.alerts],
        entries=[RecordEntryOut.model_validate(row) for row in seen.entries],
        permits=[RecordPermitOut.model_validate(row) for row in seen.permits],
        pasts=[VehiclePastOut.model_validate(row) for row in seen.pasts],
        open_violations=seen.open_violations,
    )


def _licence(seen: queries.SeenLicence) -> SeenLicenceOut:
    return SeenLicenceOut(
        licence=RecordLicenceOut.model_validate(seen.row),
        holder=seen.holder,
        over=seen.over,
        standing=asdict(seen.standing),
        withheld=_withheld(seen.withheld),
        pasts=[LicencePastOut.model_validate(row) for row in seen.pasts],
        open_violations=seen.open_violations,
    )


def _withheld(found: Withheld) -> dict[str, Any]:
    return {
        "suspensions": [{"violation": row.violation.number} | asdict(clock) for row, clock in found.suspensions],
        "study_days": found.full.study_days if found.full else 0,
        "studied": found.studied,
        "retest_from": found.retest_from,
    }
