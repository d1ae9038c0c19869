"""One service as the tests see it, and what can be looked for on the registers afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from minjing.kernel.booking.models import Visit
from minjing.kernel.pay.models import Order
from minjing.modules.traffic.models import (
    Charge,
    FileEntry,
    Licence,
    Permit,
    PlateNumber,
    TestBooking,
    Vehicle,
)
from minjing.modules.traffic.tests.items.given import of_lin
from minjing.modules.traffic.tests.items_world import LIN, PLATE, SU, VIN

Check = Callable[[Any], bool]


def car(**facts: Any) -> Check:
    """Say what the first car is afterwards."""
    return lambda m: all(getattr(Vehicle.objects.get(vin="LDEM00000B1234500"), k) == v for k, v in facts.items())


def holds(**facts: Any) -> Check:
    return lambda m: all(getattr(of_lin(), k) == v for k, v in facts.items())


def permit(kind: str, plate: str | None = None) -> Check:
    def check(m: Any) -> bool:
        row = Permit.objects.get(matter_id=m.id)
        return row.kind == kind and row.status == "valid" and (plate is None or row.plate == plate)

    return check


def filed(kind: str) -> Check:
    """Say what entry stands on a file from this matter."""
    return lambda m: FileEntry.objects.get(matter_id=m.id).kind == kind


def on_file(*kinds: str) -> Check:
    """Say which entries of this matter are in force on a file, each alone of its kind there."""

    def check(m: Any) -> bool:
        rows = FileEntry.objects.filter(matter_id=m.id, ended_at__isnull=True)
        found = {row.kind: row for row in rows}
        alone = all(
            FileEntry.objects.filter(
                kind=row.kind, vehicle_id=row.vehicle_id, licence_id=row.licence_id, ended_at__isnull=True
            ).count()
            == 1
            for row in rows
        )
        return alone and set(found) == set(kinds)

    return check


def new_frame(m: Any) -> bool:
    """Say that the new VIN is on the vehicle, the old one on its file."""
    row = FileEntry.objects.get(matter_id=m.id, kind="old_vin")
    return row.subject == "LDEM00000B1234500" and Vehicle.objects.get(vin=VIN).plate == PLATE


def subject_is(subject: str) -> Check:
    return lambda m: TestBooking.objects.get(matter_id=m.id).subject == subject


def says(*words: str) -> Check:
    """Say what the paper of the matter prints."""

    def check(m: Any) -> bool:
        printed = json.dumps([value for _, value in printed_on(m)], ensure_ascii=False)
        return all(word in printed for word in words)

    return check


def printed_on(m: Any) -> Any:
    return PRINTED[m.id]


PRINTED: dict[Any, Any] = {}


def new_owner(m: Any) -> bool:
    v = Vehicle.objects.get(vin="LDEM00000B1234500")
    return v.owner_person_id == SU.person_id and v.matter_id == m.id


def registered(kind: str, **facts: Any) -> Check:
    def check(m: Any) -> bool:
        v = Vehicle.objects.get(vin=VIN)
        number = PlateNumber.objects.get(plate=v.plate, plate_kind=v.plate_kind)
        return v.plate_kind == kind and v.matter_id == m.id and number.state == "taken" and all(
            getattr(v, k) == w for k, w in facts.items()
        )  # fmt: skip

    return check


def licensed(classes: str) -> Check:
    return lambda m: Licence.objects.get(person_id=SU.person_id, matter_id=m.id).classes == classes


def order_of_charge(fen: int) -> Check:
    return lambda m: Order.objects.get(subject_id=Charge.objects.get().pk).total_fen == fen


def given_up(m: Any) -> bool:
    return TestBooking.objects.get().status == Visit.objects.get().state == "cancelled"


@dataclass
class Spec:
    """One service: given before, answered, who applies, its fee in fen, what stands afterwards."""

    said: dict[str, Any] = field(default_factory=dict)
    given: Callable[[], dict[str, Any]] | None = None
    by: Any = LIN
    fee: int = 0
    after: Check | None = None
