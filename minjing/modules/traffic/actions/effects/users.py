"""What decided services of class F do: users and bindings, sheets and certificates, reports and calls."""

from __future__ import annotations

from collections.abc import Callable

from minjing.kernel.files import queries as files
from minjing.kernel.identity import queries as people
from minjing.kernel.matters import queries as matters
from minjing.modules.traffic.actions import bindings, evidence, violations
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.models import Binding, Violation, ViolationPhoto
from minjing.modules.traffic.queries import registers as found
from minjing.modules.traffic.rules import plates

NAME, RESULT, RECORD = text("姓名", "Name"), text("结果", "Result"), text("记录号", "Record number")

SNAPPED = "snap_photos"  # the paper of a report that shows what was done: whoever is charged sees it, and no other

# What a report says was done, as the rules know it; what fits none is the officer's to enter.
REPORTED = {"lane": "SZP06", "emergency": "JF25", "phone": "JF31", "yield": "JF32", "parking": "SZP18"}


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
    if case.text("unbind_what") == "vehicle":
        chosen = list(rows.filter(account_id=case.matter.account_id))
    else:
        phone = case.text("user_phone")
        others = rows.exclude(account_id=case.matter.account_id)
        chosen = [row for row in others if people.own_phone(row.person_id) == phone]
    ended = [bindings.end(row.pk, by=case.applicant, now=case.now) for row in chosen]
    if not any(ended):
        raise refused("没有这样的绑定。", "There is no such binding.")
    return [(text("号牌号码", "Plate number"), plates.shown(case.vehicle.plate)), (RESULT, f"解绑 {len(ended)} 项")]


def regular_user(case: Case) -> Facts:
    """Let somebody use the applicant's vehicle until a day: they are bound at once, the owner having asked for it."""
    user = case.person_of(case.text("user_id"))
    bindings.lend(case.vehicle, user, until=case.day("until_date"), by=case.applicant, now=case.now)
    case.enter("regular_user", vehicle=case.vehicle, until=case.day("until_date"))
    return [(NAME, case.name), *case.told("user_id")]


def snapshot(case: Case) -> Facts:
    """Put a report that an officer has found true before the review of violations, as reported by the public."""
    conduct = REPORTED.get(case.text("snap_kind"))
    if conduct is not None:
        facts = {
            "org_id": case.matter.org_id, "violated_at": case.instant("happened_at"), "conduct": conduct,
            "place": case.text("place")[:80], "plate": plates.parse(case.text("outside_plate")).text,
            "source": "citizen", "evidence": [{"kind": "report", "matter": str(case.matter.id)}],
        }  # fmt: skip
        _with_pictures(violations.record(facts, by=case.by, now=case.now), case)
    return reported("snapshot")(case)


def _with_pictures(violation: Violation, case: Case) -> None:
    """Let the pictures of a report stand as evidence of what it says."""
    papers = matters.materials(case.matter)
    sent = [paper.file_id for paper in papers if paper.file_id and paper.name == SNAPPED]
    pictures = [pk for pk, told in files.files(sent).items() if told.kind == "image"]
    for file_id in pictures[: evidence.PHOTOS_MOST]:
        evidence.hold_photo(violation, ViolationPhoto.REPORT, file_id, by=case.by, now=case.now)


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
    "unbind_vehicle": unbound, "regular_user": regular_user, "no_car": no_car,
    "snapshot": snapshot, "facility_report": reported("facility_report"),
    "move_car": reported("move_car"), "pay_charge": charge_paid,
}  # fmt: skip
