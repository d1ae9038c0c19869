"""What accidents, permits, bindings and files say against an application."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from minjing.kernel.identity import queries as people
from minjing.kernel.matters.models import Matter
from minjing.modules.traffic import charges
from minjing.modules.traffic.accepts.asked import Asked, Check, Wrong, wrong
from minjing.modules.traffic.accepts.vehicles import bound_vehicle, own_vehicle
from minjing.modules.traffic.models import Accident, Decision, Permit, Study, Violation
from minjing.modules.traffic.queries import bindings, move_calls, registers
from minjing.modules.traffic.rules import passes


def own_accident(asked: Asked) -> Wrong:
    """The applicant was in the accident."""
    if not Accident.objects.filter(number=asked.text("accident_no"), parties__person_id=asked.person).exists():
        return wrong("accident_no", "没有查到您参与的这起事故。", "No accident with this number has you as a party.")
    return {}


def review_in_time(asked: Asked) -> Wrong:
    """Within three days of receiving the paper (事故规定 art. 71, 56; days are working days there)."""
    found = own_accident(asked)
    if not found and asked.today > asked.day("received_date") + timedelta(days=7):
        return wrong(
            "received_date", "收到之日起三日内申请，已经超过。", "The three days after you received it are over."
        )
    return found


def review(asked: Asked) -> Wrong:
    """The number is of a review of the applicant's."""
    if not Matter.objects.filter(number=asked.text("review_no"), person_id=asked.person, code="JT0408").exists():
        return wrong("review_no", "没有查到您的这个复核。", "No review of yours has this number.")
    return {}


def settle_accident(asked: Asked) -> Wrong:
    """Two different vehicles."""
    if any(v.plate == asked.plate("other_plate") for v in registers.vehicles_of(asked.person)):
        return wrong("other_plate", "请填对方车辆的号牌。", "Enter the plate of the other vehicle.")
    return {}


def lorry_roads(asked: Asked) -> Wrong:
    """Roads and hours do not fall into those in which no pass is given; the term is a year at most."""
    found = bound_vehicle(asked)
    if found:
        return found
    if asked.day("until_date") < asked.day("from_date"):
        return wrong("until_date", "结束日期早于开始日期。", "The last day is before the first.")
    if (asked.day("until_date") - asked.day("from_date")).days > 366:
        return wrong("until_date", "通行证最长一年。", "A pass runs for a year at most.")
    clash = passes.conflicts(asked.answers["roads"], asked.text("pass_hours"))
    if clash:
        road = clash[0]
        return wrong(
            "pass_hours",
            f"{road.name[0]} 在 {road.start}-{road.end} 不发通行证，请改选夜间或平峰时段。",
            f"No pass is given for {road.name[1]} from {road.start} to {road.end}; choose night or off-peak hours.",
        )
    return {}


def extend_permit(asked: Asked) -> Wrong:
    """A permit for road works of the applicant's that still runs, 30 days before it ends (许可法 art. 50)."""
    row = Permit.objects.filter(
        number=asked.text("permit_ref"), kind="construction", holder_person_id=asked.person, status="valid"
    ).first()  # fmt: skip
    if row is None or row.valid_until_date < asked.today:
        return wrong("permit_ref", "没有查到您可以延期的占道施工许可。", "There is no permit of yours to extend.")
    if asked.today > row.valid_until_date - timedelta(days=30):
        return wrong("permit_ref", "须在有效期届满 30 日前申请。", "Apply 30 days before it ends.")
    if asked.day("until_date") <= row.valid_until_date:
        return wrong("until_date", "应晚于原有效期。", "It has to be later than the present end.")
    return {}


def visitor_day(asked: Asked) -> Wrong:
    """One day a month for a car from elsewhere (限行通告, 置信度 C)."""
    day, plate = asked.day("travel_date"), asked.plate("outside_plate")
    if plate.startswith("粤B"):
        return wrong("outside_plate", "本市号牌不需要申请。", "Plates of this city need none.")
    taken = Permit.objects.filter(kind="visitor_day", plate=plate, valid_from_date__year=day.year,
                                  valid_from_date__month=day.month)  # fmt: skip
    if taken.exists():
        return wrong("travel_date", "这个月已经申请过一天。", "A day of this month has been taken already.")
    return {}


def no_drive(asked: Asked) -> Wrong:
    """Own vehicle; days in order, at most 60 at a time."""
    found = own_vehicle(asked)
    if found:
        return found
    days = (asked.day("quiet_until") - asked.day("quiet_from")).days
    if not 0 <= days < 60:
        return wrong(
            "quiet_until", "结束日期应在开始日期之后 60 天以内。", "The last day is within 60 days of the first."
        )
    return {}


def matter_number(asked: Asked) -> Wrong:
    """The number is of a matter of the applicant's."""
    if not Matter.objects.filter(number=asked.text("matter_no"), person_id=asked.person).exists():
        return wrong("matter_no", "没有查到您名下的这个流水号。", "No matter of yours has this number.")
    return {}


def snapshot_result(asked: Asked) -> Wrong:
    """The number is of a report of the applicant's."""
    if not Matter.objects.filter(number=asked.text("record_no"), person_id=asked.person, code="JT0615").exists():
        return wrong("record_no", "没有查到您的这个举报。", "No report of yours has this number.")
    return {}


def charge(asked: Asked) -> Wrong:
    """There is such a charge on the applicant's file."""
    if charges.open_charge(asked.person, asked.text("charge_no")) is None:
        return wrong("charge_no", "没有查到您的这笔应缴费用。", "There is no such charge of yours.")
    return {}


MOVE_WORDS = {
    "hour": ("一小时内请人挪车次数已满，请稍后再试。", "You have made all the calls of this hour; try again later."),
    "day": (
        "今天请人挪车次数已满；紧急情况请拨打 122。",
        "You have made all the calls of today; if urgent, call 122.",
    ),
    "plate_wait": ("刚刚已经通知过，请稍等十分钟。", "The owner has just been called; wait ten minutes."),
    "plate_day": ("这辆车今天已被多次通知；请拨打 122。", "This car has been called often today; call 122."),
    "misuse": (
        "有车主反映您的挪车请求不属实，三十天内不能再用；有异议可到窗口说明，紧急情况请拨打 122。",
        "Owners say that your calls were not true: not for thirty days. Object at the counter; if urgent, call 122.",
    ),
}


def move_car(asked: Asked) -> Wrong:
    """Within the limits of data/move_calls.yaml, and not barred after misuse (platform rule)."""
    why = move_calls.refused(asked.person, asked.plate("outside_plate"), asked.now)
    return wrong("outside_plate", *MOVE_WORDS[why]) if why else {}


def waiver(asked: Asked) -> Wrong:
    """Driven away within ten minutes of the notice, and not before it."""
    noticed, left = (datetime.fromisoformat(asked.text(n)) for n in ("noticed_at", "left_at"))
    if not timedelta(0) <= left - noticed <= timedelta(minutes=10):
        return wrong(
            "left_at", "须在收到告知后十分钟内驶离。", "You have to drive away within ten minutes of the notice."
        )
    return {}


def name_driver(asked: Asked) -> Wrong:
    """The driver is somebody else whom the house knows; the violation is on record."""
    if not Violation.objects.filter(number=asked.text("violation_no").strip()).exists():
        return wrong("violation_no", "没有这个违法编号。", "There is no violation with this number.")
    other = people.person_by_id_number(asked.text("driver_id"))
    if other is None:
        return wrong("driver_id", "驾驶人还没有实名核验，请先注册。", "The driver has to be verified here first.")
    return wrong("driver_id", "不能填您本人的号码。", "This is your own number.") if other == asked.person else {}


def known_violation(asked: Asked) -> Wrong:
    """The violation is on record; later than three months from now it cannot be put off (违法程序 art. 53)."""
    if not Violation.objects.filter(number=asked.text("violation_no").strip()).exists():
        return wrong("violation_no", "没有这个违法编号。", "There is no violation with this number.")
    until = asked.text("postpone_until")
    if until and date.fromisoformat(until) > asked.today + timedelta(days=92):
        return wrong("postpone_until", "最长延期三个月。", "Three months at most.")
    return {}


def own_violation(asked: Asked) -> Wrong:
    """The violation is the applicant's, or of a vehicle of theirs."""
    row = Violation.objects.filter(number=asked.text("violation_no").strip(), state__in=Violation.SHOWN).first()
    if row is not None and row.person_id == asked.person:
        return {}
    if row is not None and row.person_id is None and row.vehicle_id is not None:
        own = {v.pk for v in registers.vehicles_of(asked.person)}
        bound = bindings.in_use(asked.person, asked.now).filter(vehicle_id=row.vehicle_id)
        if row.vehicle_id in own or bound.exists():
            return {}
    return wrong("violation_no", "没有查到您的这起违法。", "No violation of yours has this number.")


def settle(asked: Asked) -> Wrong:
    """The applicant's own, and not settled yet."""
    found = own_violation(asked)
    if not found and not Violation.objects.filter(
        number=asked.text("violation_no").strip(), state=Violation.PUBLISHED
    ).exists():  # fmt: skip
        return wrong("violation_no", "这起违法已经处理。", "This violation is settled already.")
    return found


def own_decision(asked: Asked) -> Wrong:
    """The decision is the applicant's."""
    if not Decision.objects.filter(number=asked.text("decision_no").strip(), person_id=asked.person).exists():
        return wrong("decision_no", "没有查到您的这份决定书。", "No decision of yours has this number.")
    return {}


def objection(asked: Asked) -> Wrong:
    """The number is of an objection of the applicant's."""
    rows = Matter.objects.filter(number=asked.text("objection_no").strip(), person_id=asked.person, code="JT0313")
    if not rows.exists():
        return wrong("objection_no", "没有查到您的这件申诉。", "No objection of yours has this number.")
    return {}


def _studied(kind: str) -> Check:
    def check(asked: Asked) -> Wrong:
        """A study of this kind is finished, its test passed."""
        done = Study.objects.filter(person_id=asked.person, kind=kind, matter_id=None, passed_at__isnull=False)
        if not done.exists():
            field = next(iter(asked.answers))
            return wrong(
                field, "请先在学习页面学满时间并考试合格。", "Study on the page of studies first, and pass the test."
            )
        return {}

    return check


STUDIES: dict[str, Check] = {
    f"study_{kind}": _studied(kind) for kind in ("reduction", "full_points", "verification", "ebike", "pedestrian")
}


def plate_form(asked: Asked) -> Wrong:
    """The plate is written as plates are; that is looked at before."""
    return {}
