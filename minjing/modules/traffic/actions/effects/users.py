"""What decided services of class F do: users and bindings, sheets and certificates, reports and calls."""

from __future__ import annotations

from collections.abc import Callable

from minjing.modules.traffic.actions import bindings
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
    """Bind a vehicle: one's own at once, another's when the owner agrees; the owner is told."""
    row = bindings.bind(case.plate.text, case.text("vin_tail"), by=case.applicant, now=case.now)
    state = "已绑定" if row.state == Binding.BOUND else "已请车主确认"
    return [(text("号牌号码", "Plate number"), plates.shown(case.plate.text)), (RESULT, state)]


def bound_licence(case: Case) -> Facts:
    """Bind the applicant's own licence by its file number."""
    bindings.bind_licence(case.text("file_no"), by=case.applicant, now=case.now)
    return [(text("档案编号", "File number"), case.licence.file_number), (RESULT, "已绑定")]


def unbound(case: Case) -> Facts:
    """End the applicant's binding, or those of other users of the applicant's own vehicle."""
    rows = Binding.objects.filter(vehicle=case.vehicle, state__in=Binding.OPEN)
    own = case.text("unbind_what") == "vehicle"
    rows = rows.filter(account_id=case.matter.account_id) if own else rows.exclude(account_id=case.matter.account_id)
    ended = [bindings.end(row.pk, by=case.applicant, now=case.now) for row in list(rows)]
    return [(text("号牌号码", "Plate number"), plates.shown(case.vehicle.plate)), (RESULT, f"解绑 {len(ended)} 项")]


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
    "register_star": filed("register_star"), "update_star": filed("update_star"),
    "bind_vehicle": bound, "bind_licence": bound_licence,
    "unbind_vehicle": unbound, "regular_user": filed("regular_user", "user_id"), "no_car": no_car,
    "snapshot": reported("snapshot"), "facility_report": reported("facility_report"),
    "move_car": reported("move_car"), "pay_charge": charge_paid,
}  # fmt: skip
