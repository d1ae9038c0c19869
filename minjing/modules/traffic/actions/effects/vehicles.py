"""What decided services of class A do to the register of vehicles, its files and the pool of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from minjing.kernel.matters.schema import Text
from minjing.modules.traffic.actions import plate_numbers, registers
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.actions.effects.permits import permit
from minjing.modules.traffic.models import FileEntry, Permit, Vehicle
from minjing.modules.traffic.queries import registers as found
from minjing.modules.traffic.rules import inspection, plates

PLATE, VIN, OWNER = text("号牌号码", "Plate number"), text("车辆识别代号", "VIN"), text("所有人", "Owner")
UNTIL, NEW_PLATE = text("检验有效期至", "Inspection valid until"), text("新号牌号码", "New plate number")
KIND_OF = {"small": plates.SMALL, "large": plates.LARGE, "motorcycle": plates.MOTORCYCLE, "trailer": plates.TRAILER}
BODY_OF = {"small": "car", "large": "truck", "motorcycle": "motorcycle", "trailer": "trailer"}
USES = {
    "private": "private", "goods": "freight", "passenger": "bus", "hire": "rental", "school_bus": "school",
    "dangerous": "freight", "coach": "bus", "fire": "rescue", "ambulance": "rescue", "rescue": "rescue",
}  # fmt: skip
OLD_NUMBER_LASTS = timedelta(days=730)  # 登记规定 art. 44: applied for within two years
Change = Callable[[Case], Mapping[str, Any]]


# ---- registering ----------------------------------------------------------------------------------------


def _number_for(case: Case, kind: str) -> str:
    """Take the number the applicant has kept, or a random one. Raises EffectRefused."""
    if case.text("plate_way") == "chosen":
        number = plates.parse(case.text("chosen_plate")).text
        if not plate_numbers.take(number, kind, case.person, case.now):
            raise refused("这个号码没有为申请人保留。", "This number is not kept for the applicant.")
        return number
    number = plate_numbers.assign(kind, case.now) or ""
    if not number:
        raise refused("号码池里没有可用的号码。", "No number of this kind is free.")
    return number


def register_vehicle(case: Case) -> Facts:
    """Enter a vehicle in the applicant's name, with plate, certificate, licence and inspection mark."""
    size = case.text("vehicle_kind") or "small"
    energy = {"battery": "battery", "plug_in": "hybrid", "fuel_cell": "battery"}.get(case.text("energy"), "petrol")
    kind = KIND_OF[size]
    if case.text("energy"):
        kind = plates.LARGE_NEW_ENERGY if size == "large" else plates.SMALL_NEW_ENERGY
    bought = case.day("purchased_date") or case.today
    inspected = inspection.next_after(case.today, case.today, "private", BODY_OF[size])
    made = registers.register_vehicle(
        {
            "org_id": case.matter.org_id, "plate": _number_for(case, kind), "plate_kind": kind,
            "use": USES.get(case.text("special_use"), "private"), "colour": case.text("body_colour") or "white",
            "engine_number": case.text("engine_no"), "owner_person_id": case.person,
            "inspected_until_date": inspected, "vin": case.text("vin").upper(), "brand": case.text("brand")[:20],
            "model": case.text("model_name"), "body": BODY_OF[size], "energy": energy, "made_date": bought,
            "registered_date": case.today,
        },
        by=case.by, now=case.now, matter_id=case.matter.id,
    )  # fmt: skip
    case.enter("certificate", vehicle=made, said={"plate": made.plate})
    case.enter("vehicle_licence", vehicle=made, said={"plate": made.plate})
    return [(OWNER, case.name), (PLATE, plates.shown(made.plate)), (VIN, made.vin), (UNTIL, f"{inspected}"),
            *case.told("vin", "plate_way", "chosen_plate")]  # fmt: skip


def transfer_by_order(case: Case) -> Facts:
    """Put a vehicle awarded by a court into the applicant's name, with a new number."""
    vehicle = Vehicle.objects.filter(vin=case.text("vin").upper()).first()
    if vehicle is None:
        raise refused("登记中没有这个车辆识别代号。", "No vehicle with this VIN is on record.")
    number = plate_numbers.assign(vehicle.plate_kind, case.now)
    facts = {"owner_person_id": case.person, "owner_firm": "", "plate": number or vehicle.plate, "status": "valid"}
    return [*_changed(case, vehicle, facts, "transfer_by_order"), (NEW_PLATE, plates.shown(str(facts["plate"])))]


# ---- changing -------------------------------------------------------------------------------------------


def _changed(case: Case, vehicle: Vehicle, facts: Mapping[str, Any], why: str) -> Facts:
    """Write facts of a vehicle and the entry on its file; return what the paper says."""
    if facts:
        registers.change_vehicle(vehicle.pk, facts, why, by=case.by, now=case.now, matter_id=case.matter.id)
    case.enter(why, vehicle=vehicle)
    return [(OWNER, case.name), (PLATE, plates.shown(case.plate.text)), *case.told("plate", "outside_plate")]


def changing(why: str, facts: Change = lambda case: {}) -> Callable[[Case], Facts]:
    """Return the effect that writes `facts` of the applicant's vehicle and an entry `why` on its file."""

    def run(case: Case) -> Facts:
        return _changed(case, case.vehicle, facts(case), why)

    return run


def _whole(case: Case) -> Mapping[str, Any]:
    return {"engine_number": case.text("new_engine_no"), "colour": case.text("new_colour")}


def _hailing(case: Case) -> Mapping[str, Any]:
    return {"use": "ride_hail" if case.text("hailing") == "enter" else "private"}


def _corrected(case: Case) -> Mapping[str, Any]:
    column = {"colour": "colour", "engine_no": "engine_number"}.get(case.text("wrong_item"))
    return {column: case.text("right_value")} if column else {}


def replaced(why: str, *papers: str) -> Callable[[Case], Facts]:
    """Return the effect that puts a new state on a vehicle's file and ends the one before it.

    What it replaces: the last entry of its own kind, and the `papers` that are made anew, of which one is in force.
    """

    def run(case: Case) -> Facts:
        case.end(why, vehicle_id=case.vehicle.pk)
        for paper in papers:
            case.end(paper, vehicle_id=case.vehicle.pk)
            case.enter(paper, vehicle=case.vehicle, subject=case.matter.number, said={"plate": case.vehicle.plate})
        return _changed(case, case.vehicle, {}, why)

    return run


def change_body(case: Case) -> Facts:
    """Put a new body or frame on record; with the frame the VIN changes, and the old one stays on the file."""
    vehicle, new = case.vehicle, case.text("new_vin").upper()
    if case.text("replaced_part") == "frame" and new and new != vehicle.vin:
        old = registers.restamp_vin(vehicle.pk, new, by=case.by, now=case.now, matter_id=case.matter.id)
        case.enter("old_vin", vehicle=vehicle, subject=old)
    return _changed(case, vehicle, {}, "change_body")


def reissue_plates(case: Case) -> Facts:
    """Make plates anew; lost and stolen ones stand on the file as such for whoever meets them on the road."""
    lost = case.text("loss_kind") in ("lost", "stolen")
    case.end("plates_lost", vehicle_id=case.vehicle.pk)
    if lost:
        case.enter(
            "plates_lost", vehicle=case.vehicle, subject=case.vehicle.plate,
            said={"how": case.text("loss_kind"), "which": case.text("which_plate")},
        )  # fmt: skip
    return replaced("reissue_plates")(case)


def driving_aid(case: Case) -> Facts:
    """Put a driving aid on record, or take it off: one kind is fitted at a time."""
    ended = case.end("driving_aid", vehicle_id=case.vehicle.pk)
    if case.text("aid_step") == "remove":
        if not ended:
            raise refused("这辆车没有操纵装置备案。", "No driving aid of this vehicle is on record.")
        return [(OWNER, case.name), (PLATE, plates.shown(case.plate.text)), *case.told("plate")]
    return _changed(case, case.vehicle, {}, "driving_aid")


def _gone(status: str) -> Change:
    return lambda case: {"status": status, "plate": ""}


def release_mortgage(case: Case) -> Facts:
    """End the mortgage on a vehicle."""
    said = _changed(case, case.vehicle, {"mortgaged": False}, "release_mortgage")
    case.end("mortgage", vehicle_id=case.vehicle.pk)
    return said


def pledge(case: Case) -> Facts:
    """Record a pledge on a vehicle, or end it."""
    if case.text("pledge_step") == "pledge":
        return _changed(case, case.vehicle, {}, "pledge")
    if not case.end("pledge", vehicle_id=case.vehicle.pk):
        raise refused("这辆车没有质押备案。", "There is no pledge of this vehicle on record.")
    return [(OWNER, case.name), *case.told()]


def swap_plates(case: Case) -> Facts:
    """Exchange the numbers of two vehicles of the applicant: three writes, no moment with one number on two."""
    first, second = case.vehicle, case.own_vehicle(plates.parse(case.text("other_plate")).text)
    one, other = first.plate, second.plate
    act: dict[str, Any] = {"by": case.by, "now": case.now, "matter_id": case.matter.id}
    registers.change_vehicle(first.pk, {"plate": f"*{case.matter.ver}{one[-5:]}"}, "swap_plates", **act)
    registers.change_vehicle(second.pk, {"plate": one}, "swap_plates", **act)
    registers.change_vehicle(first.pk, {"plate": other}, "swap_plates", **act)
    case.enter("swap_plates", vehicle=first)
    case.enter("swap_plates", vehicle=second)
    return [(OWNER, case.name), (text("互换", "Exchanged"), f"{plates.shown(one)} ⇄ {plates.shown(other)}")]


def replace_cloned(case: Case) -> Facts:
    """Give a vehicle a new number; the cloned one goes out of use."""
    number = plate_numbers.assign(case.vehicle.plate_kind, case.now)
    if number is None:
        raise refused("号码池里没有可用的号码。", "No number of this kind is free.")
    return [*_changed(case, case.vehicle, {"plate": number}, "replace_cloned"), (NEW_PLATE, plates.shown(number))]


def change_owner(why: str) -> Callable[[Case], Facts]:
    """Return the effect that puts the vehicle into the name of whom the form names; they have agreed by then."""

    def run(case: Case) -> Facts:
        other, vehicle = case.person_of(case.text("other_id")), case.vehicle
        if vehicle.mortgaged:
            raise refused("车辆有抵押登记，须先解除。", "The vehicle is mortgaged; release the mortgage first.")
        number = plate_numbers.assign(vehicle.plate_kind, case.now) if why == "transfer" else None
        facts: dict[str, Any] = {"owner_person_id": other}
        if number:
            facts["plate"] = number
        said = _changed(case, vehicle, facts, why)
        case.enter(f"{why}_in", vehicle=vehicle, person=other, said={"plate": number or vehicle.plate})
        if number:
            kept = case.now + OLD_NUMBER_LASTS
            case.enter("old_number", subject=case.plate.text, until=kept.date(), said={"kind": vehicle.plate_kind})
        return [*said, (NEW_PLATE, plates.shown(number or vehicle.plate))]

    return run


def restore_vehicle(case: Case) -> Facts:
    """Undo a transfer out or a deregistration: the vehicle is valid again, with its plate if that is still free."""
    gone = Vehicle.objects.filter(owner_person_id=case.person, plate="", past__plate=case.plate.text).first()
    if gone is None:
        raise refused("没有查到可以恢复的登记。", "There is no registration to restore.")
    taken = found.vehicle_of_plate(case.plate.text, gone.plate_kind) is not None
    number = plate_numbers.assign(gone.plate_kind, case.now) if taken else case.plate.text
    if not number:
        raise refused("原号码已被使用，号码池里没有可用的号码。", "The old number is taken and none is free.")
    said = _changed(case, gone, {"status": "valid", "plate": number}, "restore_vehicle")
    return [*said, (NEW_PLATE, plates.shown(number))]


def moved_in(case: Case) -> Facts:
    """Enter a vehicle that moves in from another city."""
    case.answers = {**case.answers, "plate_way": "assigned"}
    return register_vehicle(case)


# ---- plates, papers, marks ------------------------------------------------------------------------------


def mark(why: str) -> Callable[[Case], Facts]:
    """Return the effect that gives the inspection mark: until when is a rule of age and use."""

    def run(case: Case) -> Facts:
        v = case.vehicle
        until = inspection.next_after(case.today, v.registered_date, v.use, v.body)
        until = max(until, v.inspected_until_date)
        return [*_changed(case, v, {"inspected_until_date": until}, why), (UNTIL, f"{until}")]

    return run


def choose_plate(case: Case) -> Facts:
    """Confirm the number kept for the applicant, for the vehicle with this VIN."""
    kept = plate_numbers.held_by(case.person, case.now)
    if kept is None or kept.plate != plates.parse(case.text("chosen_plate")).text:
        raise refused("请先在选号页面选定号码。", "Choose the number on the page of numbers first.")
    until = kept.held_until_at
    assert until is not None
    case.enter("plate_choice", subject=kept.plate, until=until.date())
    return [
        (NEW_PLATE, plates.shown(kept.plate)),
        (text("保留至", "Kept until"), f"{until.date()}"),
        (VIN, case.text("vin")),
    ]


def keep_plate(case: Case) -> Facts:
    """Keep the number of the applicant's former vehicle for the next one."""
    entry = old_number(case.person, case.plate.text, case.today)
    if entry is None:
        raise refused("没有查到两年内使用过的这个号码。", "You have not used this number within the last two years.")
    kind = "52" if len(case.plate.text) == 8 else plates.SMALL
    until = case.now + timedelta(days=90)
    if found.vehicle_of_plate(case.plate.text, kind) or not plate_numbers.keep_old(
        case.plate.text, kind, case.person, until, case.now
    ):
        raise refused("这个号码已经给了别的车。", "This number is on another vehicle.")
    case.enter("keep_plate", subject=case.plate.text, until=until.date())
    return [(PLATE, plates.shown(case.plate.text)), (text("保留至", "Kept until"), f"{until.date()}")]


def old_number(person: Any, plate: str, today: date) -> FileEntry | None:
    """Return the entry by which somebody may use a former number again."""
    entries = FileEntry.objects.filter(person_id=person, kind="old_number", subject=plate, ended_at__isnull=True)
    return entries.filter(until_date__gte=today).first()


def temporary_plates(case: Case) -> Facts:
    """Issue temporary plates for some days."""
    first = case.day("from_date") or case.today
    last = first + timedelta(days=int(case.answers["temp_days"]) - 1)
    number = plates.nth("粤B", int(case.matter.number[-5:]) % 90_000)[:6] + "临"
    return permit(case, "temporary", number, first, last, vehicle=None)


def visitor_plates(case: Case) -> Facts:
    """Issue plates and licence for a vehicle that is here for a time."""
    first, last = case.day("entered_date") or case.today, case.day("until_date") or case.today
    return permit(case, "visitor", case.text("foreign_plate")[:8], first, last, vehicle=None)


def school_bus_sign(case: Case) -> Facts:
    """Issue the sign of a school bus for a school year."""
    for old in Permit.objects.filter(kind="school_bus", vehicle_id=case.vehicle.pk, status="valid"):
        old.status, old.since_at = "returned", case.now
        old.save(update_fields=["status", "since_at"])
    last = case.today + timedelta(days=365)
    return permit(case, "school_bus", case.vehicle.plate, case.today, last, vehicle=case.vehicle)


def sheet(case: Case) -> Facts:
    """Print what the register says of the applicant's vehicle."""
    return [*vehicle_facts(case.vehicle), *case.told("plate")]


def vehicle_facts(v: Vehicle) -> list[tuple[Text, str]]:
    """Return the columns of a vehicle as a paper prints them."""
    return [
        (PLATE, plates.shown(v.plate)), (VIN, v.vin), (text("品牌型号", "Make and model"), f"{v.brand} {v.model}"),
        (text("发动机号", "Engine number"), v.engine_number),
        (text("注册日期", "Registered on"), f"{v.registered_date}"),
        (UNTIL, f"{v.inspected_until_date}"), (text("抵押", "Mortgaged"), "是" if v.mortgaged else "否"),
    ]  # fmt: skip


RUNS: dict[str, Callable[[Case], Facts]] = {
    "register_vehicle": register_vehicle, "register_new_energy": register_vehicle,
    "register_special": register_vehicle, "move_in": moved_in, "transfer_by_order": transfer_by_order,
    "change_colour": changing("change_colour", lambda c: {"colour": c.text("new_colour")}),
    "change_engine": changing("change_engine", lambda c: {"engine_number": c.text("new_engine_no")}),
    "change_body": change_body,
    "change_whole": changing("change_whole", _whole),
    "change_use": changing("change_use", lambda c: {"use": USES[c.text("new_use")]}),
    "change_hailing": changing("change_hailing", _hailing),
    "change_owner": change_owner("change_owner"), "transfer": change_owner("transfer"),
    "move_out": changing("move_out", _gone("transferred")),
    "transfer_out": changing("transfer_out", _gone("transferred")),
    "swap_plates": swap_plates, "replace_cloned": replace_cloned,
    "mortgage": changing("mortgage", lambda c: {"mortgaged": True}),
    "release_mortgage": release_mortgage, "pledge": pledge,
    "deregister_scrapped": changing("deregister_scrapped", _gone("scrapped")),
    "deregister_gone": changing("deregister_gone", _gone("deregistered")),
    "restore_vehicle": restore_vehicle,
    "correct_vehicle": changing("correct_vehicle", _corrected),
    "mark_after_test": mark("mark_after_test"), "mark_exempt": mark("mark_exempt"),
    "choose_plate": choose_plate, "keep_plate": keep_plate, "temporary_plates": temporary_plates,
    "visitor_plates": visitor_plates, "school_bus_sign": school_bus_sign,
    "vehicle_sheet": sheet, "vehicle_wallet": sheet,
    # The register's columns stay as they are: the file says which state and which paper is in force (see the README).
    "vehicle_contact": replaced("vehicle_contact"),
    "owner_particulars": replaced("owner_particulars", "certificate", "vehicle_licence"),
    "reissue_plates": reissue_plates, "driving_aid": driving_aid,
    "reissue_vehicle_licence": replaced("reissue_vehicle_licence", "vehicle_licence"),
    "exchange_vehicle_licence": replaced("exchange_vehicle_licence", "vehicle_licence"),
    "issue_certificate": replaced("issue_certificate", "certificate"),
    "exchange_certificate": replaced("exchange_certificate", "certificate"),
    "replace_mark": replaced("replace_mark"),
    **{name: changing(name) for name in ("restamp_vin", "restamp_engine", "fitting", "declare_elsewhere")},
}  # fmt: skip
