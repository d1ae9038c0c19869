"""Vehicles and licences of the residents one can be in the demo, and a few hundred others. All of it is made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.queries import person_by_id_number
from minjing.modules.traffic.actions import plate_numbers
from minjing.modules.traffic.actions import registers as acts
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.queries.violations import to_review
from minjing.site.demo import camera, residents
from minjing.site.demo.fleet.drivers import term
from minjing.site.demo.fleet.fill import fill
from minjing.site.demo.fleet.vehicles import vin_check
from minjing.site.demo.residents import AYGUL, CHEN, CHEN_DAUGHTER, LIN, RARE, WANG, WU, ZHENG, Known

NOON = time(12, tzinfo=CHINA)
OTHERS = 200  # vehicles of people who only stand in the registers
PHOTOGRAPHED = 4  # of the violations that wait for a look: the desk shows both, with a picture and without

# Owner, plate, body, energy, brand, model, colour, years on the road, days until the next inspection.
CARS: Sequence[tuple[Known, str, str, str, str, str, str, float, int]] = (
    (LIN, "粤B8A6K1", "car", "petrol", "南粤", "L5", "white", 7.4, 160),
    (LIN, "粤BD31415", "suv", "battery", "星河", "X6", "blue", 1.2, 1_800),
    (WANG, "粤BDF2718", "car", "battery", "鹏程", "EV-3", "red", 2.6, 1_200),
    (CHEN, "粤B2C407", "car", "petrol", "东江", "M3", "silver", 11.8, -12),  # overdue
    (CHEN_DAUGHTER, "粤BF16180", "suv", "hybrid", "海风", "S7", "grey", 3.1, 900),
    (ZHENG, "粤B577K9", "suv", "petrol", "云岭", "X2", "black", 5.2, 300),
    (RARE, "粤B7T320", "truck", "diesel", "长川", "T9", "yellow", 4.0, 40),
)
# Numbers to choose from, by kind of plate: one letter of the demo's own, so that no car on record has one of them.
POOLS: Mapping[str, Sequence[str]] = {
    "02": [f"粤B{n:03d}QX" for n in range(400)],
    "52": [f"粤BDQ{n:04d}" for n in range(400)],
    "01": [f"粤BQ{n:03d}X" for n in range(200)],
}
# Holder, classes, years since the first issue, and what else differs from a licence in force.
LICENCES: Sequence[tuple[Known, str, float, Mapping[str, Any]]] = (
    (LIN, "C1", 12.4, {}),
    (WANG, "C1", 0.6, {"probation": True}),
    (CHEN, "C1", 30.0, {"checkup_days": 25}),
    (CHEN_DAUGHTER, "C2", 15.9, {}),  # runs out soon
    (ZHENG, "C1,D", 9.0, {}),
    (WU, "C1", 6.5, {}),
    (AYGUL, "C1", 4.0, {}),
    (RARE, "B2", 5.5, {"checkup_days": 200}),
)


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Fill the registers of the demo; nothing if they are filled."""
    if registers.vehicle_of_plate(CARS[0][1], "02") is not None:
        return
    today = local_day(now)
    for number, row in enumerate(CARS):
        _car(number, row, today, now)
    for number, (known, classes, years, more) in enumerate(LICENCES):
        _licence(number, _who(known), known, classes, today - timedelta(days=int(years * 365.25)), more, now)
    for kind, numbers in POOLS.items():
        plate_numbers.open_pool(numbers, kind, by=SYSTEM, now=now)
    rows, _ = fill(OTHERS, now, lambda line: None)
    for waiting in to_review(limit=PHOTOGRAPHED):
        camera.photograph(waiting)
    say(f"{len(CARS) + OTHERS} vehicles, and {rows:,} rows of drivers, licences and violations")


def _who(known: Known) -> UUID:
    found = person_by_id_number(known.id_number)
    assert found is not None
    return found


def _car(
    number: int, row: tuple[Known, str, str, str, str, str, str, float, int], today: date, now: datetime
) -> None:
    known, plate, body, energy, brand, model, colour, years, inspected = row
    registered = today - timedelta(days=int(years * 365.25))
    head, tail = f"LZDE{number}D7{number}", f"{'ABCDEFGHJKLMNPRST'[max(0, registered.year - 2010)]}Z{number:06d}"
    facts = {
        "org_id": residents.ORGS.get(f"{known.area}004", 2),
        "plate": plate,
        "plate_kind": "52" if len(plate) == 8 else "01" if body == "truck" else "02",
        "use": "freight" if body == "truck" else "private",
        "colour": colour,
        "owner_person_id": _who(known),
        "inspected_until_date": today + timedelta(days=inspected),
        "insured_until_date": today + timedelta(days=30 + number * 40),
        "vin": f"{head}{vin_check(head, tail)}{tail}",
        "engine_number": f"{7_310_000 + number * 911}",
        "brand": brand,
        "model": model,
        "body": body,
        "energy": energy,
        "seats": 2 if body == "truck" else 5,
        "made_date": registered - timedelta(days=60),
        "registered_date": registered,
    }
    acts.register_vehicle(facts, by=SYSTEM, now=now, since=datetime.combine(registered, NOON))


def _licence(
    number: int, person: UUID, known: Known, classes: str, issued: date, more: Mapping[str, Any], now: datetime
) -> None:
    today = local_day(now)
    since, until = (date.fromisoformat(day) for day in term(issued.isoformat(), today.isoformat()))
    facts = {
        "org_id": residents.ORGS.get(f"{known.area}004", 2),
        "person_id": person,
        "file_number": f"4409{number:08d}",
        "classes": classes,
        "first_issued_date": issued,
        "valid_from_date": since,
        "valid_until_date": until,
        "probation_until_date": issued + timedelta(days=365) if more.get("probation") else None,
        "checkup_due_date": today + timedelta(days=more["checkup_days"]) if "checkup_days" in more else None,
    }
    acts.issue_licence(facts, by=SYSTEM, now=now, since=datetime.combine(since, NOON))
