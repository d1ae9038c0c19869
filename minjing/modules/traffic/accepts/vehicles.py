"""What the register of vehicles says against an application."""

from __future__ import annotations

from datetime import timedelta

from minjing.kernel.identity import queries as people
from minjing.modules.traffic.accepts.asked import Asked, Wrong, wrong
from minjing.modules.traffic.actions import plate_numbers
from minjing.modules.traffic.actions.effects.vehicles import old_number
from minjing.modules.traffic.models import FileEntry, Vehicle
from minjing.modules.traffic.queries import bindings, registers
from minjing.modules.traffic.queries.files import said
from minjing.modules.traffic.rules import inspection


def own_vehicle(asked: Asked) -> Wrong:
    """The vehicle is registered in the applicant's name."""
    if asked.vehicle is None:
        return wrong(
            "plate", "登记在您名下的车辆里没有这个号牌。", "No vehicle with this plate is registered in your name."
        )
    return {}


def bound_vehicle(asked: Asked) -> Wrong:
    """The vehicle is the applicant's, or they have bound it with the owner's consent."""
    if asked.vehicle is not None:
        return {}
    if not bindings.in_use(asked.person, asked.now).filter(vehicle__plate=asked.plate()).exists():
        return wrong(
            "plate", "请先绑定这辆车（他人的车须车主同意）。", "Bind this vehicle first; its owner has to agree."
        )
    return {}


def new_vehicle(asked: Asked) -> Wrong:
    """The VIN has 17 characters and is not on record; a chosen number is kept for the applicant."""
    vin = asked.text("vin").upper()
    if len(vin) != 17 or not vin.isalnum() or set("IOQ") & set(vin):
        return wrong(
            "vin", "车辆识别代号应为 17 位，没有字母 I、O、Q。", "A VIN has 17 characters, without I, O and Q."
        )
    if Vehicle.objects.filter(vin=vin).exists():
        return wrong("vin", "这个车辆识别代号已经登记。", "A vehicle with this VIN is registered already.")
    if asked.text("plate_way") == "chosen":
        kept = plate_numbers.held_by(asked.person, asked.now)
        if kept is None or kept.plate != asked.plate("chosen_plate"):
            return wrong(
                "chosen_plate",
                "这个号码没有为您保留，请先选号。",
                "This number is not kept for you; choose one first.",
            )
    return {}


def court_vehicle(asked: Asked) -> Wrong:
    """The vehicle that a court awarded is on record."""
    if not Vehicle.objects.filter(vin=asked.text("vin").upper()).exists():
        return wrong("vin", "登记中没有这个车辆识别代号。", "No vehicle with this VIN is on record.")
    return {}


def swap(asked: Asked) -> Wrong:
    """Both are the applicant's, of one kind, and have not been swapped within a year (登记规定 art. 20)."""
    if asked.vehicle is None:
        return own_vehicle(asked)
    other = next((v for v in registers.vehicles_of(asked.person) if v.plate == asked.plate("other_plate")), None)
    if other is None or other.pk == asked.vehicle.pk:
        return wrong("other_plate", "另一辆车也要登记在您名下。", "The other vehicle has to be yours as well.")
    if other.plate_kind != asked.vehicle.plate_kind:
        return wrong("other_plate", "两车的号牌种类不同，不能互换。", "The plates are of different kinds.")
    year_ago = asked.now - timedelta(days=365)
    both = (asked.vehicle.pk, other.pk)
    if FileEntry.objects.filter(kind="swap_plates", vehicle_id__in=both, since_at__gt=year_ago).exists():
        return wrong("plate", "同种号牌一年内只能互换一次。", "Numbers can be exchanged once a year.")
    return {}


def transfer(asked: Asked) -> Wrong:
    """The applicant's own, not mortgaged, and the buyer is somebody else whom the house knows."""
    return own_vehicle(asked) or _free_of_debt(asked) or _other_person(asked, "other_id")


def co_owner(asked: Asked) -> Wrong:
    """As a transfer: own vehicle, no mortgage, another person."""
    return transfer(asked)


def _free_of_debt(asked: Asked) -> Wrong:
    if asked.vehicle is not None and asked.vehicle.mortgaged:
        return wrong(
            "plate", "车辆有抵押登记，请先解除抵押。", "The vehicle is mortgaged; release the mortgage first."
        )
    return {}


def _other_person(asked: Asked, field: str) -> Wrong:
    number = asked.text(field)
    other = people.person_by_id_number(number)
    if other == asked.person:
        return wrong(field, "不能填您本人的号码。", "This is your own number.")
    if other is None and "target_city" not in asked.answers:
        return wrong(
            field, "对方还没有在本平台实名核验，请对方先注册。", "The other person has to be verified here first."
        )
    return {}


def mortgaged(asked: Asked) -> Wrong:
    """There is a mortgage to release."""
    if asked.vehicle is None:
        return own_vehicle(asked)
    return {} if asked.vehicle.mortgaged else wrong("plate", "这辆车没有抵押登记。", "This vehicle is not mortgaged.")


def not_mortgaged(asked: Asked) -> Wrong:
    """The vehicle is the applicant's and free."""
    return own_vehicle(asked) or _free_of_debt(asked)


def gone_vehicle(asked: Asked) -> Wrong:
    """There is a registration of the applicant's that ended, with this plate."""
    ended = Vehicle.objects.filter(owner_person_id=asked.person, plate="", past__plate=asked.plate("outside_plate"))
    if not ended.exists():
        return wrong(
            "outside_plate",
            "没有查到您名下已转出或注销的这个号牌。",
            "No ended registration of yours had this plate.",
        )
    return {}


def tested(asked: Asked) -> Wrong:
    """Own vehicle, and near enough to the end of the last mark (登记规定 art. 54: three months)."""
    if asked.vehicle is None:
        return own_vehicle(asked)
    if asked.vehicle.inspected_until_date > asked.today + timedelta(days=92):
        until = asked.vehicle.inspected_until_date
        return wrong(
            "plate",
            f"检验有效期至 {until}，期满前三个月内再申请。",
            f"The mark runs until {until}: apply in its last three months.",
        )
    return {}


def exempt(asked: Asked) -> Wrong:
    """As `tested`, and of an age at which no test is needed."""
    found = tested(asked)
    v = asked.vehicle
    if not found and v is not None and not inspection.is_exempt(v.registered_date, v.use, v.body, asked.today):
        return wrong(
            "plate", "这辆车本次须上线检验，请先预约检验。", "This vehicle has to be tested this time; book a test."
        )
    return found


def temporary_plates(asked: Asked) -> Wrong:
    """Not more than three times for the same reason (登记规定 art. 47)."""
    before = FileEntry.objects.filter(person_id=asked.person, kind="temporary_plates").order_by("-since_at")[:20]
    vin, why = asked.text("vin").upper(), asked.text("temp_purpose")
    used = sum(1 for w in map(said, before) if w.get("vin", "").upper() == vin and w.get("temp_purpose") == why)
    if used >= 3:
        return wrong("temp_purpose", "同一原因已核发三次。", "Three have been issued for the same reason.")
    return {}


def plate_choice(asked: Asked) -> Wrong:
    """The number is kept for the applicant."""
    kept = plate_numbers.held_by(asked.person, asked.now)
    if kept is None or kept.plate != asked.plate("chosen_plate"):
        return wrong(
            "chosen_plate",
            "这个号码没有为您保留，请先在选号页面选定。",
            "This number is not kept for you; choose it on the page of numbers first.",
        )
    return {}


def keep_plate(asked: Asked) -> Wrong:
    """The number was the applicant's within two years (登记规定 art. 44)."""
    if old_number(asked.person, asked.plate("old_plate"), asked.today) is None:
        return wrong(
            "old_plate",
            "没有查到您两年内使用过的这个号码。",
            "You have not used this number within the last two years.",
        )
    return {}


def plate_and_vin(asked: Asked) -> Wrong:
    """Plate and end of the VIN belong together: who asks has the vehicle's papers."""
    tail = asked.text("vin_tail").upper()
    if not any(v.vin.endswith(tail) and len(tail) == 4 for v in registers.vehicles_of_plate(asked.plate())):
        return wrong("vin_tail", "号牌和车架号后四位对不上。", "Plate and end of the VIN do not belong together.")
    return {}


def bind(asked: Asked) -> Wrong:
    """Plate and VIN agree; the vehicle is whose the form says."""
    name, tail = "outside_plate", asked.text("vin_tail").upper()
    found = next((v for v in registers.vehicles_of_plate(asked.plate(name)) if v.vin.endswith(tail)), None)
    if found is None or len(tail) != 4:
        return wrong("vin_tail", "号牌和车架号后四位对不上。", "Plate and end of the VIN do not belong together.")
    if (asked.text("whose") == "own") != (found.owner_person_id == asked.person):
        return wrong("whose", "与登记的车主不符。", "The register says otherwise.")
    return {}
