"""What decided services of class F do: users and bindings, sheets and certificates, reports and calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.models import Binding
from minjing.modules.traffic.queries import registers as found
from minjing.modules.traffic.rules import plates

NAME, RESULT, RECORD = text("姓名", "Name"), text("结果", "Result"), text("记录号", "Record number")


def filed(why: str, *left_out: str) -> Callable[[Case], Facts]:
    """Return the effect that puts what the form says on the applicant's file."""

    def run(case: Case) -> Facts:
        if case.text("plate"):
            case.enter(why, vehicle=case.vehicle, until=case.day("until_date"))
        else:
            case.enter(why, subject=_about(case))
        return [(NAME, case.name), *case.told(*left_out)]

    return run


def _about(case: Case) -> str:
    """Return the number that a report concerns: of the accident, or the plate."""
    if case.text("accident_no"):
        return case.text("accident_no")[:40]
    return case.plate.text if case.text("outside_plate") else ""


def reported(why: str) -> Callable[[Case], Facts]:
    """Return the effect of a report that an officer has dealt with: on file, with the record number."""

    def run(case: Case) -> Facts:
        case.enter(why, subject=_about(case) or case.matter.number)
        return [(RECORD, case.matter.number), *case.told("statement", "clue")]

    return run


def bound(case: Case) -> Facts:
    """Bind a vehicle: one's own at once, another's when the owner agrees."""
    vehicles = found.vehicles_of_plate(case.plate.text)
    vehicle = next((v for v in vehicles if v.vin.endswith(case.text("vin_tail").upper())), None)
    if vehicle is None:
        raise refused("号牌和车架号后四位对不上。", "Plate and end of the VIN do not belong together.")
    own = vehicle.owner_person_id == case.person
    if case.text("whose") == "own" and not own:
        raise refused(
            "这辆车不是登记在您名下，请选“他人的”。", "This vehicle is not yours; choose “somebody else’s”."
        )
    open_ones = Binding.objects.filter(account_id=case.matter.account_id, vehicle=vehicle, state__in=Binding.OPEN)
    row = open_ones.first()
    if row is None:
        row = Binding.objects.create(
            org_id=case.matter.org_id, account_id=case.matter.account_id, person_id=case.person,
            kind=Binding.OWN if own else Binding.OTHER, vehicle=vehicle, owner_person_id=vehicle.owner_person_id,
            state=Binding.BOUND if own else Binding.ASKED, asked_at=case.now, answered_at=case.now if own else None,
            until_at=None if own else case.now + timedelta(days=7), since_at=case.now,
        )  # fmt: skip
        case.enter("bind_vehicle", vehicle=vehicle)
    state = "已绑定" if row.state == Binding.BOUND else "已请车主确认，七天内有效"
    return [(text("号牌号码", "Plate number"), plates.shown(vehicle.plate)), (RESULT, state)]


def unbound(case: Case) -> Facts:
    """End the applicant's binding, or those of other users of the applicant's own vehicle."""
    rows = Binding.objects.select_for_update().filter(vehicle=case.vehicle, state__in=Binding.OPEN)
    own = case.text("unbind_what") == "vehicle"
    rows = rows.filter(account_id=case.matter.account_id) if own else rows.exclude(account_id=case.matter.account_id)
    ended = 0
    for row in rows:
        row.state, row.since_at, row.ended_by = Binding.ENDED, case.now, "user" if own else "owner"
        row.save(update_fields=["state", "since_at", "ended_by"])
        ended += 1
    case.enter("unbind_vehicle", vehicle=case.vehicle)
    return [(text("号牌号码", "Plate number"), plates.shown(case.vehicle.plate)), (RESULT, f"解绑 {ended} 项")]


def no_car(case: Case) -> Facts:
    """Certify that no vehicle is registered in the applicant's name."""
    if any(v.status in ("valid", "held", "stolen") for v in found.vehicles_of(case.person)):
        raise refused("申请人名下有登记的机动车，不能出具。", "A vehicle is registered in the applicant’s name.")
    case.enter("no_car")
    return [(NAME, case.name), (RESULT, f"截至 {case.today}，名下没有登记的机动车"), *case.told()]


def charge_paid(case: Case) -> Facts:
    """End a charge on the applicant's file: its fee has been paid by now."""
    if not case.end("charge", person_id=case.person, subject=case.text("charge_no").strip()):
        raise refused("没有查到这笔应缴费用。", "There is no such charge.")
    return [(NAME, case.name), (RESULT, "已缴清"), *case.told()]


RUNS: dict[str, Callable[[Case], Facts]] = {
    "register_star": filed("register_star"), "update_star": filed("update_star"), "bind_vehicle": bound,
    "unbind_vehicle": unbound, "regular_user": filed("regular_user", "user_id"), "no_car": no_car,
    "snapshot": reported("snapshot"), "facility_report": reported("facility_report"),
    "move_car": reported("move_car"), "pay_charge": charge_paid,
}  # fmt: skip
