"""What stands on the registers before somebody applies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from minjing.base.ids import new_id
from minjing.kernel.booking.models import Visit
from minjing.kernel.identity.actor import SYSTEM
from minjing.modules.traffic import courses
from minjing.modules.traffic.actions import plate_numbers, points, registers, studies
from minjing.modules.traffic.actions.case import case_of
from minjing.modules.traffic.models import (
    Accident,
    AccidentParty,
    Charge,
    Decision,
    Licence,
    Permit,
    Vehicle,
    Violation,
    ViolationPhoto,
)
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items_world import HOUR, LIN, NOW, PLATE, SU, TODAY


def mine(plate: str = PLATE) -> Vehicle:
    return Vehicle.objects.get(plate=plate)


def of_lin() -> Licence:
    return Licence.objects.get(person_id=LIN.person_id)


def change(**facts: Any) -> Callable[[], dict[str, Any]]:
    """Say that the first car has other facts before."""

    def given() -> dict[str, Any]:
        registers.change_vehicle(mine().pk, facts, "before", by=SYSTEM, now=world.BEFORE + HOUR)
        return {}

    return given


def licence_is(**facts: Any) -> Callable[[], dict[str, Any]]:
    def given() -> dict[str, Any]:
        registers.change_licence(of_lin().pk, facts, "before", by=SYSTEM, now=NOW - timedelta(days=30))
        return {}

    return given


def learning() -> dict[str, Any]:
    """SU has a learner's certificate, for long enough to be tested."""
    matter = world.apply("JT0201", SU, now=NOW - timedelta(days=60), class_wanted="C1")
    world.paid(matter, SU, NOW - timedelta(days=60))
    world.decided(matter, NOW - timedelta(days=60) + HOUR)
    return {}


def with_booking() -> dict[str, Any]:
    learning()
    booked = world.apply("JT0207", SU)
    assert booked.outcome == "approved"
    return {"booking_code": Visit.objects.get(person_id=SU.person_id).code}


def violation_booked(code: str) -> Callable[[], dict[str, Any]]:
    def given() -> dict[str, Any]:
        world.apply(code, LIN, plate=PLATE)
        return {"booking_code": Visit.objects.get(person_id=LIN.person_id).code}

    return given


def coast() -> dict[str, Any]:
    world.apply("JT0511", LIN, outside_plate="粤A88888")
    return {"booking_code": Visit.objects.get(person_id=LIN.person_id).code}


def kept_number() -> dict[str, Any]:
    offer = plate_numbers.draw(LIN.person_id, "02", by=LIN.actor, now=NOW)
    plate_numbers.pick(offer.pk, offer.plates[0], "02", LIN.person_id, by=LIN.actor, now=NOW)
    return {"chosen_plate": offer.plates[0], "plate_way": "chosen"}


def entry(kind: str, subject: str = "", person: Any = LIN, **said: Any) -> Callable[[], dict[str, Any]]:
    """Say that an entry stands on a file before."""

    def given() -> dict[str, Any]:
        matter = world.apply("JT0601", person)
        case = case_of(matter, {}, SYSTEM, NOW - timedelta(days=40))
        case.enter(
            kind,
            subject=subject,
            until=TODAY + timedelta(days=300),
            said=said,
            vehicle=mine() if person is LIN else None,
        )
        return {}

    return given


def violated() -> dict[str, Any]:
    """A camera has caught LIN's first car, in two pictures."""
    caught = Violation.objects.create(
        org_id=0, number="WF1", violated_at=NOW - timedelta(days=3), recorded_at=NOW - timedelta(days=2),
        conduct="SZP01", place="深南大道", plate=PLATE, vehicle_id=mine().pk, state="published", fine_fen=50_000,
        points=6,
    )  # fmt: skip
    for kind in (ViolationPhoto.CAMERA, ViolationPhoto.RECORDER):
        ViolationPhoto.objects.create(org_id=0, violation=caught, kind=kind, file_id=new_id(), came_at=NOW)
    return {}


def settled() -> dict[str, Any]:
    """LIN has accepted the violation: a decision of 500 yuan."""
    violated()
    world.apply("JT0305", LIN, violation_no="WF1")
    return {"decision_no": Decision.objects.get().number}


def late() -> dict[str, Any]:
    said = settled()
    Charge.objects.update(due_date=TODAY - timedelta(days=10))
    return said


def settled_and_paid() -> dict[str, Any]:
    said = settled()
    Charge.objects.update(state="paid", paid_at=NOW)
    return said


def objected() -> dict[str, Any]:
    violated()
    return {"objection_no": world.apply("JT0313", LIN, violation_no="WF1", ground="other").number}


def handling() -> dict[str, Any]:
    violated()
    world.apply("JT0310", LIN, violation_no="WF1")
    return {"booking_code": Visit.objects.get(person_id=LIN.person_id).code}


def waived() -> dict[str, Any]:
    world.decided(world.apply("JT0316", LIN, left_at="2026-11-26T10:09"))
    return {}


def studied(kind: str) -> Callable[[], dict[str, Any]]:
    """Say that LIN has studied long enough, on days that passed, and knows the answers."""

    def given() -> dict[str, Any]:
        days = 7 if kind == "full_points" else 1
        row = studies.begin(kind, by=LIN.actor, now=NOW - timedelta(days=days))
        for day in range(days, 0, -1):
            for step in range(40 if kind == "verification" else 14):
                at = NOW - timedelta(days=day) + timedelta(minutes=5 * step)
                studies.turn(row.pk, step, by=LIN.actor, now=at)
        answers = {i: q["right"] for i, q in enumerate(courses.questions())}
        assert studies.test(row.pk, answers, by=LIN.actor, now=NOW).marks == 100
        return {}

    return given


def accident(state: str) -> Callable[[], dict[str, Any]]:
    def given() -> dict[str, Any]:
        row = Accident.objects.create(
            org_id=0, number="SG0001", kind="quick" if state != "determined" else "simple", state=state,
            happened_at=NOW - HOUR, place="深南大道", opened_at=NOW - HOUR, since_at=NOW - HOUR,
        )  # fmt: skip
        AccidentParty.objects.create(
            org_id=0, accident=row, side="a", person_id=LIN.person_id, plate=PLATE, joined_at=NOW, liability="equal"
        )
        return {"accident_no": "SG0001"}

    return given


def permit_for_works() -> dict[str, Any]:
    Permit.objects.create(
        org_id=0, number="SG-1", kind="construction", plate="", holder_person_id=LIN.person_id, since_at=NOW - HOUR,
        valid_from_date=TODAY, valid_until_date=TODAY + timedelta(days=60),
    )  # fmt: skip
    return {"permit_ref": "SG-1", "until_date": "2027-05-31"}


def snapped() -> dict[str, Any]:
    matter = world.apply("JT0615", SU)
    return {"record_no": matter.number}


def reviewed() -> dict[str, Any]:
    accident("determined")()
    return {"review_no": world.apply("JT0408", LIN, accident_no="SG0001").number}


def full_points_studied() -> dict[str, Any]:
    """LIN's points were full ten days ago; the seven days of study and their test are done."""
    points.from_elsewhere(
        LIN.person_id, 12, "guangzhou", "GZ1", NOW - timedelta(days=12), by=SYSTEM, now=NOW - timedelta(days=10)
    )
    return studied("full_points")()
