"""What services of class C do beside deciding on a violation: study, waivers, later days, drivers."""

from __future__ import annotations

from collections.abc import Callable

from minjing.base.clock import CHINA
from minjing.kernel.booking import queries as halls
from minjing.kernel.booking.rules import parse_code
from minjing.kernel.identity.actor import RESIDENT, Actor
from minjing.kernel.matters.models import Matter
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import parking, points
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import FileEntry, Study, Violation
from minjing.modules.traffic.queries.files import said
from minjing.modules.traffic.rules import study as rules
from minjing.modules.traffic.rules.penalties import words

NAME, RESULT, VIOLATION = text("姓名", "Name"), text("结果", "Result"), text("违法编号", "Violation")
RECORD = text("学习记录编号", "Record of the study")
WAIVER = "JT0316"
STATES = {"approved": "免罚", "refused": "不予免罚", "": "审核中"}


def _violation(case: Case, number: str) -> Violation | None:
    return Violation.objects.filter(number=number.strip()).first()


# ---- study and points -----------------------------------------------------------------------------------


def finished(case: Case, kind: str) -> Study:
    """Use up the applicant's passed study of a kind. Raises EffectRefused where there is none."""
    row = Study.objects.select_for_update().filter(
        person_id=case.person, kind=kind, matter_id=None, passed_at__isnull=False
    ).first()  # fmt: skip
    if row is None:
        raise refused("没有学习满时间并考试合格的记录。", "There is no finished study with its test passed.")
    row.matter_id = case.matter.id
    row.save(update_fields=["matter_id"])
    case.note(events.STUDY_USED, case.person, study=row.pk, kind_of=kind)
    return row


def reduce(case: Case, reference: str) -> int:
    """Take a point off, six in a cycle at most; return how many of this cycle have been taken off by now."""
    one, matter_id = rules.POINTS_A_STUDY, case.matter.id
    try:
        return points.reduce(case.licence.person_id, one, reference, by=case.by, now=case.now, matter_id=matter_id)
    except Refused as beyond:
        raise refused("本记分周期已减满 6 分。", "Six points of this cycle have been taken off already.") from beyond


def studied(kind: str) -> Callable[[Case], Facts]:
    """Return the effect of a finished study: on file, with what follows from it."""

    def run(case: Case) -> Facts:
        row = finished(case, kind)
        case.enter("study", subject=row.number, said={"kind": kind})
        minutes = sum(row.seconds_by_day.values()) // 60
        facts: Facts = [(NAME, case.name), (RECORD, row.number), (text("学习时长", "Time"), f"{minutes} 分钟"),
                        (text("考试成绩", "Marks"), f"{row.marks}")]  # fmt: skip
        if kind == "reduction":
            facts.append((text("本周期累计减分", "Taken off in this cycle"), f"{reduce(case, row.number)} 分"))
        return [*facts, *case.told("licence_no")]

    return run


def points_request(case: Case) -> Facts:
    """Take points off that an officer has found earned: in class, or by public service."""
    total = reduce(case, case.text("study_ref") or case.matter.number)
    case.enter("points_request", licence=case.licence)
    return [(NAME, case.name), (text("本周期累计减分", "Taken off in this cycle"), f"{total} 分"), *case.told()]


# ---- waivers, later days, drivers -----------------------------------------------------------------------


def parking_waiver(case: Case) -> Facts:
    """Let a driver off who drove away within ten minutes: strike the violation that the notice was about.

    Where none is on record yet the finding stands on file: the record may come later, or be another city's.
    """
    noticed_at, left_at = case.instant("noticed_at"), case.instant("left_at")
    found = parking.violation_of(case.plate.text, noticed_at)
    facts: Facts = []
    if found is not None:
        strike = parking.waive(found, noticed_at, left_at, by=case.by, now=case.now, matter_id=case.matter.id)
        back = sum(change["back_fen"] for change in strike.differences)
        facts = [(VIOLATION, found.number), (text("原路退回", "Comes back"), words.yuan(back))]
    case.enter("parking_waiver", subject=case.plate.text)
    minutes = int((left_at - noticed_at).total_seconds() // 60)
    return [(RESULT, "免予处罚"), *facts, (text("驶离用时", "Driven away after"), f"{minutes} 分钟"), *case.told()]


def waiver_result(case: Case) -> Facts:
    """Answer what has become of the applicant's requests about parking for a plate."""
    rows = Matter.objects.defer("answers_sealed").filter(person_id=case.person, code=WAIVER).order_by("-submitted_at")
    lines = [
        f"{r.number}　{r.submitted_at.astimezone(CHINA):%Y-%m-%d}　{STATES.get(r.outcome, '已终止')}"
        for r in rows[:20]
    ]
    return [(text("号牌", "Plate"), case.plate.text), (text("申请", "Requests"), "\n".join(lines) or "没有申请")]


def postponed(case: Case) -> Facts:
    """Give somebody until a later day to settle a violation."""
    until = case.day("postpone_until")
    case.enter("postpone_handling", subject=case.text("violation_no")[:40], until=until)
    return [(NAME, case.name), (text("延期到", "Until"), f"{until}"), *case.told("postpone_until")]


def driver_named(case: Case) -> Facts:
    """Put on record who drove: the driver has confirmed it on their own phone by now."""
    driver, number = case.person_of(case.text("driver_id")), case.text("violation_no")
    row = _violation(case, number)
    if row is not None and row.person_id is None and row.state in ("recorded", "reviewed", "published"):
        Violation.objects.filter(pk=row.pk).update(person_id=driver)
    case.enter("name_driver", subject=number[:40])
    case.enter("named_driver", subject=number[:40], person=driver, said={"violation": number})
    return [(VIOLATION, number), (text("实际驾驶人", "Driver"), case.text("driver_name"))]


# ---- queries --------------------------------------------------------------------------------------------


def booking(case: Case) -> Facts:
    """Answer what the applicant has booked under a code, and whether it stands."""
    account = Actor(case.matter.account_id, RESIDENT, case.person, level=2)
    code = parse_code(case.text("booking_code"))
    visit = next((v for v in halls.my_visits(account) if code and v.code == code), None)
    if visit is None:
        raise refused("没有查到您的这个预约。", "There is no booking of yours with this code.")
    states = {
        "held": "保留中",
        "booked": "有效",
        "cancelled": "已取消",
        "arrived": "已到场",
        "done": "已办结",
        "missed": "未到场",
    }
    at, where = visit.starts_at.astimezone(CHINA), halls.place_by_id(visit.place_id).name["zh"]
    return [(text("预约码", "Code"), visit.code), (text("时间", "When"), f"{at:%Y-%m-%d %H:%M}"),
            (text("地点", "Place"), where), (RESULT, states.get(visit.state, "已终止"))]  # fmt: skip


def towed(case: Case) -> Facts:
    """Answer where a towed vehicle stands."""
    row = FileEntry.objects.filter(kind="towed", subject=case.plate.text, ended_at__isnull=True).first()
    if row is None:
        return [(text("号牌", "Plate"), case.plate.text), (RESULT, "没有拖移、扣留记录")]
    words = said(row)
    return [(text("号牌", "Plate"), case.plate.text), (text("停放地点", "Where it is"), str(words.get("yard", ""))),
            (text("需要带", "Bring"), "行驶证、驾驶证、处理完毕凭证")]  # fmt: skip


RUNS: dict[str, Callable[[Case], Facts]] = {
    "study_reduction": studied("reduction"), "full_points_study": studied("full_points"),
    "verification_study": studied("verification"), "ebike_study": studied("ebike"),
    "pedestrian_study": studied("pedestrian"), "points_request": points_request, "parking_waiver": parking_waiver,
    "waiver_result": waiver_result, "postpone_handling": postponed, "name_driver": driver_named,
    "handling_booking": booking, "towed": towed,
}  # fmt: skip
