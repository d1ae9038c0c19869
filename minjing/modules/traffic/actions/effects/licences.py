"""What decided services of class B do to the register of licences, to learners' files and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from minjing.kernel.identity.queries import checks as people
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import registers
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.actions.effects.answers import looked
from minjing.modules.traffic.models import FileEntry, Licence
from minjing.modules.traffic.providers.registers import Unavailable
from minjing.modules.traffic.queries import national
from minjing.modules.traffic.queries import registers as found
from minjing.modules.traffic.queries.safety import record_of
from minjing.modules.traffic.rules import licences as rules

HOLDER, CLASSES = text("持证人", "Holder"), text("准驾车型", "Classes")
FILE, VALID, POINTS_LEFT = text("档案编号", "File number"), text("有效期", "Valid"), text("状态", "State")
LEARNER, LEARNS = text("学习驾驶证明编号", "Learner’s certificate"), text("申请车型", "Class applied for")
STATES = {"valid": "正常", "full_points": "超分", "suspended": "暂扣", "stopped": "停止使用", "revoked": "吊销",
          "cancelled": "注销"}  # fmt: skip
# Hong Kong classes and what they are exchanged for (互认安排, 置信度 B).
HK_CLASSES = {"1": "C1", "2": "C1", "10": "A1", "3": "D"}
Change = Callable[[Case], Mapping[str, Any]]


def licence_facts(row: Licence) -> Facts:
    """Return the columns of a licence as a paper prints them."""
    until = "长期" if row.valid_until_date.year == date.max.year else f"{row.valid_until_date}"
    return [(CLASSES, row.classes), (FILE, row.file_number), (VALID, f"{row.valid_from_date} 至 {until}"),
            (POINTS_LEFT, STATES[row.status])]  # fmt: skip


def changing(why: str, facts: Change = lambda case: {}) -> Callable[[Case], Facts]:
    """Return the effect that writes `facts` of the applicant's licence and an entry `why` on its file."""

    def run(case: Case) -> Facts:
        row, new = case.licence, facts(case)
        if new:
            row = registers.change_licence(row.pk, new, why, by=case.by, now=case.now, matter_id=case.matter.id)
        until = case.day("postpone_until")
        case.enter(why, licence=row, until=until)
        return [(HOLDER, case.name), *licence_facts(row), *case.told("licence_no")]

    return run


def replaced(why: str, paper: bool = False) -> Callable[[Case], Facts]:
    """Return the effect that puts a new state on a licence's file and ends the one before it.

    With `paper` the licence is made anew: the one before it is in force no longer.
    """

    def run(case: Case) -> Facts:
        row = case.licence
        case.end(why, licence_id=row.pk)
        if paper:
            case.end("licence_paper", licence_id=row.pk)
            case.enter("licence_paper", licence=row, subject=case.matter.number, said={"classes": row.classes})
        return changing(why)(case)

    return run


def safety_record(case: Case) -> Facts:
    """Print the violations and accidents of the years asked for, with the licence and the vehicles they belong to."""
    back = int(case.text("years_back") or 1)
    looked(case)
    sums = record_of(case.person, rules.years_later(case.today, -back))
    facts: Facts = [
        (text("名下机动车", "Vehicles"), "、".join(sums.plates) or "没有"),
        (text("违法", "Violations"), f"{sums.violations} 起，记 {sums.points} 分"),
        (text("未处理的违法", "Of them unsettled"), f"{sums.unsettled} 起"),
        (text("事故", "Accidents"), f"{sums.accidents} 起，其中有责任 {sums.liable} 起"),
    ]
    case.enter("safety_record", licence=case.licence)
    return [(HOLDER, case.name), *licence_facts(case.licence), *facts, *case.told("licence_no")]


def moved_in(case: Case) -> str:
    """Return the classes of a licence that moves in: a national register's word before the form's."""
    if not national.is_set():
        return case.text("class_held")
    case.note(events.REGISTER_ASKED, case.person, what="licence")
    try:
        known = national.registers().licence(people.name_and_number(case.person)[1])
    except Unavailable as down:
        raise refused(down.text["zh"], down.text["en"]) from None
    if known is None or known.status != Licence.VALID:
        raise refused(
            "全国登记中没有申请人的有效驾驶证。", "The national register has no licence in force of the applicant."
        )
    return known.classes


def renewed(case: Case) -> Mapping[str, Any]:
    """Return the next term: six years, ten, then long-term, from the day the last one ends or today."""
    row = case.licence
    first = max(case.today, row.valid_until_date) if row.valid_until_date < date.max else case.today
    held = (row.valid_until_date - row.valid_from_date).days
    return {"valid_from_date": first, "valid_until_date": rules.next_term(first, held)}


def lowered(case: Case) -> Mapping[str, Any]:
    """Return the lower class that is asked for. Raises EffectRefused for one that is not lower."""
    wanted = case.text("lower_class")
    if not rules.is_lower(wanted, case.licence.classes):
        raise refused("所选准驾车型不低于现有车型。", "This class is not lower than the one held.")
    return {"classes": wanted}


def issued(classes: Callable[[Case], str], why: str) -> Callable[[Case], Facts]:
    """Return the effect that issues a licence to somebody who has none of this city."""

    def run(case: Case) -> Facts:
        if found.licence_of(case.person) is not None:
            raise refused("登记中已有申请人的驾驶证。", "The applicant has a licence on record already.")
        row = registers.issue_licence(
            {
                "org_id": case.matter.org_id, "person_id": case.person, "classes": classes(case),
                "file_number": f"4403{case.matter.number[-8:]:0>8}"[:12],
                "first_issued_date": case.day("first_issued") or case.today,
                "valid_from_date": case.today, "valid_until_date": rules.next_term(case.today, 0),
                "probation_until_date": rules.year_later(case.today) if why == "ceremony" else None,
            },
            by=case.by, now=case.now, matter_id=case.matter.id,
        )  # fmt: skip
        case.enter(why, licence=row)
        return [(HOLDER, case.name), *licence_facts(row), *case.told()]

    return run


# ---- learning -------------------------------------------------------------------------------------------


def learner_of(person: Any, day: date) -> FileEntry | None:
    """Return the learner's certificate of a person that is in force."""
    entries = FileEntry.objects.filter(person_id=person, kind="learner", ended_at__isnull=True, until_date__gte=day)
    return entries.order_by("-since_at").first()


def enrol(case: Case) -> Facts:
    """Issue the learner's certificate for the class applied for: good for three years."""
    case.end("learner", person_id=case.person)
    until = rules.years_later(case.today, rules.LEARNER_YEARS)
    case.enter("learner", subject=case.matter.number, until=until, said={"class": case.text("class_wanted")})
    return [(HOLDER, case.name), (LEARNER, case.matter.number), (VALID, f"{case.today} 至 {until}"), *case.told()]


def learning(why: str) -> Callable[[Case], Facts]:
    """Return the effect that puts an entry on a learner's file."""

    def run(case: Case) -> Facts:
        row = learner_of(case.person, case.today)
        if row is None:
            raise refused("没有有效的学习驾驶证明。", "There is no learner’s certificate in force.")
        if why == "change_test_city":
            before = FileEntry.objects.filter(person_id=case.person, kind=why, since_at__gte=row.since_at).count()
            if before >= rules.TEST_CITY_CHANGES:
                raise refused("考试地最多变更三次。", "The test city can be changed three times.")
        case.enter(why, subject=row.subject, until=row.until_date)
        return [(HOLDER, case.name), (LEARNER, row.subject), *case.told("learner_no")]

    return run


def temporary_permit(case: Case) -> Facts:
    """Give a visitor leave to drive: three months, or a year."""
    months = int(case.text("stay_months"))
    until = rules.months_later(case.today, months)
    case.enter("temporary_permit", subject=case.matter.number, until=until)
    number = (text("许可编号", "Permit"), case.matter.number)
    return [(HOLDER, case.name), number, (VALID, f"{case.today} 至 {until}"), *case.told("stay_months")]


RUNS: dict[str, Callable[[Case], Facts]] = {
    "enrol": enrol, "enrol_more": enrol, "change_class": enrol,
    "print_learner": learning("print_learner"), "change_test_city": learning("change_test_city"),
    "test_fee": learning("test_fee"),
    "temporary_permit": temporary_permit,
    "exchange_military": issued(lambda c: c.text("military_class"), "exchange_military"),
    "exchange_foreign": issued(lambda c: c.text("class_wanted"), "exchange_foreign"),
    "exchange_hk": issued(lambda c: HK_CLASSES[c.text("hk_class")], "exchange_hk"),
    "move_licence_in": issued(moved_in, "move_licence_in"),
    "renew_licence": changing("renew_licence", renewed),
    "age_exchange": changing("age_exchange", lowered), "downgrade": changing("downgrade", lowered),
    "health_exchange": changing("health_exchange", lowered),
    "cancel_licence": changing("cancel_licence", lambda c: {"status": "cancelled"}),
    "restore_late_renewal": changing("restore_late_renewal", lambda c: {"status": "valid", **renewed(c)}),
    "restore_late_medical": changing(
        "restore_late_medical", lambda c: {"status": "valid", "checkup_due_date": rules.year_later(c.today)}
    ),
    "file_medical": changing("file_medical", lambda c: {"checkup_due_date": rules.year_later(c.today)}),
    "verify_licence": changing("verify_licence", lambda c: {"checkup_due_date": rules.year_later(c.today)}),
    "postpone_renewal": changing(
        "postpone_renewal",
        lambda c: {"valid_until_date": max(c.licence.valid_until_date, c.day("postpone_until") or c.today)},
    ),
    "postpone_check": changing("postpone_check", lambda c: {"checkup_due_date": c.day("postpone_until")}),
    "postpone_medical": changing("postpone_medical", lambda c: {"checkup_due_date": c.day("postpone_until")}),
    # The register's columns stay as they are: the file says which state and which paper is in force (see the README).
    "licence_particulars": replaced("licence_particulars", paper=True),
    "exchange_damaged": replaced("exchange_damaged", paper=True),
    "replace_lost": replaced("replace_lost", paper=True),
    "licence_contact": replaced("licence_contact"), "employer": replaced("employer"),
    "school_bus_driver": replaced("school_bus_driver"), "electronic_licence": replaced("electronic_licence"),
    "driver_sheet": changing("driver_sheet"), "safety_record": safety_record,
}  # fmt: skip
