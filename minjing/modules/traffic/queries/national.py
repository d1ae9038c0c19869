"""Which registers the house asks: its own tables, or a national register where `TRAFFIC_REGISTER_URL` names one."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from minjing.kernel.identity import queries as people
from minjing.modules.traffic.models import Licence, Vehicle
from minjing.modules.traffic.models.licences import LicenceFacts
from minjing.modules.traffic.models.vehicles import VehicleFacts
from minjing.modules.traffic.providers.registers import (
    Change,
    HttpRegisters,
    LicenceRecord,
    Registers,
    VehicleRecord,
)
from minjing.modules.traffic.queries import registers as own


class BuiltIn:
    """The tables of this house, as the protocol tells them."""

    def vehicle(self, plate: str, kind: str) -> VehicleRecord | None:
        """Return the vehicle that carries a plate of a kind now."""
        row = own.vehicle_of_plate(plate, kind)
        return None if row is None else vehicle_record(row, row)

    def vehicles(self, id_number: str) -> Sequence[VehicleRecord]:
        """Return the vehicles of a person that have a plate, by plate."""
        person = people.person_by_id_number(id_number)
        rows = own.vehicles_of(person) if person else []
        return sorted((vehicle_record(row, row) for row in rows if row.plate), key=lambda one: one.plate)

    def licence(self, id_number: str) -> LicenceRecord | None:
        """Return the licence of a person."""
        person = people.person_by_id_number(id_number)
        row = own.licence_of(person) if person else None
        return None if row is None else licence_record(row, row)

    def tell(self, changes: Sequence[Change]) -> None:
        """Change nothing: what has changed here is on record here already."""


def is_set() -> bool:
    """Say whether a national register stands behind the city's own."""
    return bool(settings.TRAFFIC_REGISTER_URL)


def registers() -> Registers:
    """Return the register that is asked: the national one where it is set, else the built-in one."""
    if is_set():
        return HttpRegisters(settings.TRAFFIC_REGISTER_URL, settings.TRAFFIC_REGISTER_KEY.encode())
    return BuiltIn()


def vehicle_record(row: Vehicle, held: VehicleFacts) -> VehicleRecord:
    """Return a vehicle with the facts that held."""
    return VehicleRecord(
        held.plate, held.plate_kind, row.vin, row.brand, row.model, held.colour, held.use, held.status,
        row.registered_date, held.inspected_until_date,
    )  # fmt: skip


def licence_record(row: Licence, held: LicenceFacts) -> LicenceRecord:
    """Return a licence with the facts that held."""
    return LicenceRecord(
        row.file_number, held.classes, held.status, row.first_issued_date, held.valid_from_date,
        held.valid_until_date, held.suspended_until_date,
    )  # fmt: skip
