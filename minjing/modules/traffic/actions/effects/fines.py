"""Violations asked for, settled and paid: answers with their reasons, decisions at once, orders of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from minjing.base.clock import CHINA, local_day
from minjing.kernel.matters.models import Matter
from minjing.modules.traffic.actions import deciding, money
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.actions.effects.answers import looked
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.models import Charge, Decision, Violation
from minjing.modules.traffic.queries import evidence, registers, violations
from minjing.modules.traffic.queries import points as counts
from minjing.modules.traffic.rules import plates
from minjing.modules.traffic.rules.penalties.surcharge import surcharge_fen

NUMBER, LIST, WHAT = text("违法编号", "Violation"), text("违法清单", "Violations"), text("违法行为", "Conduct")
FINE, POINTS, WHY = text("罚款", "Fine"), text("记分", "Points"), text("理由和依据", "Reasons and rules")
DECISION, DUE, RESULT = text("决定书编号", "Decision"), text("应缴", "Due"), text("结果", "Result")
OPEN = (Violation.PUBLISHED, Violation.DECIDED)
OBJECTION = "JT0313"
ANSWERED = {"approved": "异议成立，违法记录已消除", "refused": "异议不成立，维持记录", "": "核实中"}


def yuan(fen: int) -> str:
    """Return an amount as papers print it."""
    return f"¥{fen / 100:,.2f}"


def _lines(rows: Iterable[Violation]) -> str:
    told = [
        f"{r.number}　{r.violated_at.astimezone(CHINA):%Y-%m-%d %H:%M}　{r.place}　{title_of(r.conduct)['zh']}　"
        f"{yuan(r.fine_fen)}，记 {r.points} 分"
        for r in rows
    ]
    return "\n".join(told) or "没有未处理的违法"


def own(case: Case) -> violations.Seen:
    """Return the violation of the form, if it is the applicant's business. Raises EffectRefused."""
    row = Violation.objects.filter(number=case.text("violation_no").strip()).first()
    if row is None:
        raise refused("没有查到您的这起违法。", "No violation of yours has this number.")
    return violations.one(row.pk, by=case.applicant, now=case.now)


def by_plate(case: Case) -> Facts:
    """Answer the unsettled violations of a vehicle, to whoever knows plate and end of the VIN."""
    looked(case)
    found = registers.vehicles_of_plate(case.plate.text)
    vehicle = next((v for v in found if v.vin.endswith(case.text("vin_tail").upper())), None)
    if vehicle is None:
        raise refused("号牌和车架号后四位对不上。", "Plate and end of the VIN do not belong together.")
    rows = Violation.objects.filter(vehicle_id=vehicle.pk, state__in=OPEN).order_by("-violated_at")[:50]
    return [(text("号牌", "Plate"), plates.shown(vehicle.plate)), (LIST, _lines(rows))]


def by_licence(case: Case) -> Facts:
    """Answer the unsettled violations on the applicant's licence."""
    looked(case)
    rows = Violation.objects.filter(person_id=case.person, state__in=OPEN).order_by("-violated_at")[:50]
    return [(text("驾驶人", "Driver"), case.name), (LIST, _lines(rows))]


def picture(case: Case) -> Facts:
    """Answer which pictures a violation rests on, and what it is."""
    looked(case)
    row = own(case).row
    pictures = [taken["zh"] for _, taken in evidence.photos(row.pk)]
    return [(NUMBER, row.number), (WHAT, title_of(row.conduct)["zh"]), (text("地点", "Place"), row.place),
            (text("抓拍图片", "Pictures"), "、".join(pictures) or "登记中没有图片，可以提出异议")]  # fmt: skip


def points(case: Case) -> Facts:
    """Answer the points of this cycle and the day they are cleared."""
    looked(case)
    now = counts.standing_of(case.licence, case.now)
    return [
        (text("驾驶人", "Driver"), case.name), (POINTS, f"{now.points} 分"), (text("剩余", "Left"), f"{now.left} 分"),
        (text("本周期", "Cycle"), f"{now.start} 至 {now.end}"), (text("学习减分", "Taken off"), f"{now.reduced} 分"),
    ]  # fmt: skip


def settle(case: Case) -> Facts:
    """Decide a violation that the applicant does not contest: the decision with its reasons, at once."""
    seen = own(case)
    made = deciding.decide(seen.row.pk, by=case.applicant, now=case.now)
    return _decision(case, made)


def _decision(case: Case, made: Decision) -> Facts:
    seen = violations.seen(made.violation, case.now)
    why = "；".join(f"{_words(one.get('words'))}（{one.get('article', '')}）" for one in seen.reasons)
    return [
        (DECISION, made.number), (WHAT, title_of(made.violation.conduct)["zh"]), (FINE, yuan(made.fine_fen)),
        (POINTS, f"{made.points} 分"), (WHY, why or "按违法时有效的规则"),
        (text("缴款期限", "Pay until"), f"{made.due_date}"),
    ]  # fmt: skip


def _words(said: object) -> str:
    return str(said.get("zh", "")) if isinstance(said, dict) else str(said or "")


def decision_of(case: Case) -> Decision:
    """Return the applicant's decision of the form. Raises EffectRefused."""
    number = case.text("decision_no").strip()
    found = Decision.objects.filter(number=number, person_id=case.person).select_related("violation").first()
    if found is None:
        raise refused("没有查到您的这份决定书。", "No decision of yours has this number.")
    return found


def printed(case: Case) -> Facts:
    """Print a decision of the applicant's."""
    return _decision(case, decision_of(case))


def _unpaid(case: Case) -> list[Charge]:
    charges = Charge.objects.filter(decision=decision_of(case), state__in=("due", "open")).order_by("seq")
    if not charges:
        raise refused("这份决定没有应缴的罚款。", "Nothing of this decision is due.")
    return list(charges)


def pay(case: Case) -> Facts:
    """Open the order of the part that is due: it is paid at one's payments, whichever the channel."""
    charge = _unpaid(case)[0]
    order = money.order_of(charge.pk, by=case.applicant, now=case.now)
    number = (text("缴款单号", "Bill"), order.bill_no)
    return [(DECISION, case.text("decision_no")), number, (DUE, yuan(order.total_fen)),
            (text("怎么缴", "How to pay"), "“我的 › 缴费”里用微信、支付宝或银联支付")]  # fmt: skip


def pay_late(case: Case) -> Facts:
    """Say what is added for lateness, three per cent a day and never more than the fine, and open the order."""
    charge, day = _unpaid(case)[0], local_day(case.now)
    added = surcharge_fen(charge.fen, charge.due_date, day)
    return [*pay(case), (text("其中加处罚款", "Of it added"), yuan(added))]


def receipt(case: Case) -> Facts:
    """Answer what was paid on a decision."""
    looked(case)
    rows = Charge.objects.filter(decision=decision_of(case), state="paid").order_by("seq")
    lines = [f"{c.paid_at.astimezone(CHINA):%Y-%m-%d}　{yuan(c.fen + c.surcharge_fen)}" for c in rows if c.paid_at]
    return [(DECISION, case.text("decision_no")), (text("缴款记录", "Paid"), "\n".join(lines) or "还没有缴款")]


def first_offence(case: Case) -> Facts:
    """Answer whether a violation is let off as the first: what the rules of its day come to, and why."""
    seen = own(case)
    warned = seen.row.kind == "warned"
    why = "；".join(_words(one.get("words")) for one in seen.reasons)
    said = "符合首违免罚，改予警告" if warned else "不符合首违免罚"
    return [(NUMBER, seen.row.number), (RESULT, said), (FINE, yuan(seen.row.fine_fen)), (WHY, why or "—")]


def objection_result(case: Case) -> Facts:
    """Answer what has become of an objection of the applicant's."""
    row = Matter.objects.defer("answers_sealed").filter(
        number=case.text("objection_no").strip(), person_id=case.person, code=OBJECTION
    ).first()  # fmt: skip
    if row is None:
        raise refused("没有查到您的这件申诉。", "No objection of yours has this number.")
    return [(text("申诉编号", "Objection"), row.number), (RESULT, ANSWERED.get(row.outcome, "已终止"))]


RUNS: dict[str, Callable[[Case], Facts]] = {
    "violations_by_plate": by_plate, "violations_by_licence": by_licence, "violation_picture": picture,
    "points": points, "settle_violation": settle, "print_decision": printed, "pay_fine": pay,
    "pay_surcharge": pay_late, "fine_receipt": receipt, "first_offence": first_offence,
    "objection_result": objection_result,
}  # fmt: skip
