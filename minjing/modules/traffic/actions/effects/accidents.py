"""What decided services of class D do to the register of accidents and to the files of those in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from minjing.modules.traffic.actions.case import Case, Facts, text
from minjing.modules.traffic.actions.effects.answers import accident_of
from minjing.modules.traffic.models import Accident, AccidentParty
from minjing.modules.traffic.queries import registers as found
from minjing.modules.traffic.rules import plates

NUMBER, STATE = text("事故编号", "Number"), text("环节", "Step")


def begin(case: Case, *, injured: bool, kind: str) -> Accident:
    """Enter an accident with the applicant as its first party; with somebody hurt it is an officer's at once."""
    mine = next(iter(found.vehicles_of(case.person)), None)
    row = Accident.objects.create(
        org_id=case.matter.org_id, number=case.matter.number, kind=kind, happened_at=case.instant("happened_at"),
        state=Accident.WITH_OFFICER if injured or kind != "quick" else Accident.OPEN, place=case.text("place")[:80],
        injured=injured, situation=case.text("situation"), opened_at=case.now, since_at=case.now,
        why="injured" if injured else "", matter_id=case.matter.id,
    )  # fmt: skip
    AccidentParty.objects.create(
        org_id=case.matter.org_id, accident=row, side="a", account_id=case.matter.account_id, person_id=case.person,
        vehicle_id=mine.pk if mine else None, plate=mine.plate if mine else "", insurer=case.text("insurer")[:40],
        joined_at=case.now,
    )  # fmt: skip
    return row


def settle_accident(case: Case) -> Facts:
    """Open the settlement of a small accident; the other driver joins and both sign on their phones."""
    row = begin(case, injured=bool(case.answers.get("injured")), kind="quick")
    other = plates.parse(case.text("other_plate")).text
    case.enter("settle_accident", subject=row.number)
    state = "已转民警处理（有人受伤）" if row.injured else "等另一方加入并签字"
    return [(NUMBER, row.number), (STATE, state), (text("另一方车辆", "Other vehicle"), plates.shown(other)),
            *case.told("other_plate", "other_driver", "other_phone")]  # fmt: skip


def report_accident(case: Case) -> Facts:
    """Enter a reported accident; the officer on duty has it."""
    row = begin(case, injured=bool(case.answers.get("injured")), kind="simple")
    case.enter("report_accident", subject=row.number)
    return [(NUMBER, row.number), *case.told()]


def about_accident(why: str, state: str = "", days: int = 0) -> Callable[[Case], Facts]:
    """Return the effect on an accident's file: an entry `why`, a new state of the accident, a day it is due by."""

    def run(case: Case) -> Facts:
        row = accident_of(case)
        if state and row.state not in Accident.ENDED:
            Accident.objects.filter(pk=row.pk).update(state=state, why=why[:20], since_at=case.now)
        until = case.today + timedelta(days=days) if days else None
        case.enter(why, subject=row.number, until=until)
        due = [(text("最迟", "By"), f"{until}")] if until else []
        return [(NUMBER, row.number), *due, *case.told("accident_no", "statement")]

    return run


RUNS: dict[str, Callable[[Case], Facts]] = {
    "settle_accident": settle_accident, "report_accident": report_accident,
    "ask_liability": about_accident("ask_liability", Accident.WITH_OFFICER),
    "accident_evidence": about_accident("accident_evidence"),
    "review_determination": about_accident("review_determination", days=30),
    "new_examination": about_accident("new_examination", days=3), "mediation": about_accident("mediation", days=10),
    "fast_track": about_accident("fast_track", Accident.WITH_OFFICER, days=5),
    "accident_certificate": about_accident("accident_certificate", Accident.WITH_OFFICER, days=10),
    "relief_fund": about_accident("relief_fund", days=5), "case_evidence": about_accident("case_evidence", days=3),
}  # fmt: skip


def hit_and_run(case: Case) -> Facts:
    """Put what somebody knows of a hit-and-run driver on file; who said it stays sealed."""
    case.enter("hit_and_run", subject=case.matter.number)
    return [(text("记录号", "Record number"), case.matter.number), *case.told("clue")]


RUNS["hit_and_run"] = hit_and_run
