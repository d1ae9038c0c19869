"""An objection to a violation: noted when it is submitted, and upheld it strikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from minjing.base.ids import new_id
from minjing.modules.traffic.actions import judging, penalties
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Objection, Violation
from minjing.modules.traffic.queries import objections
from minjing.modules.traffic.rules.penalties import words

# What a driver says, as the packs know it; what fits nothing is another lawful ground for the officer to weigh.
GROUNDS = {
    "wrong_reading": "wrong_plate",
    "cloned": "cloned",
    "stolen": "stolen",
    "emergency": "rescue",
    "signal": "contradictory_signals",
    "yielded": "made_way",
}


def objects(case: Case) -> None:
    """Note which violation a submitted objection is about: it cannot be decided online meanwhile."""
    found = _violation(case)
    judging.hold(found)
    if objections.open_for(found) is not None:
        raise refused("对这条记录的异议正在核实。", "An objection to this record is being looked into already.")
    Objection.objects.create(
        id=new_id(), org_id=found.org_id, violation_id=found.pk, matter_id=case.matter.id,
        ground=_ground(case), made_at=case.now,
    )  # fmt: skip
    case.note("traffic:objection:made", case.person, violation=found.pk, ground=_ground(case))


def upheld(case: Case) -> Facts:
    """Strike the violation, recompute later ones, and print what has changed."""
    found = _violation(case)
    if found.reviewed_by == case.by.account_id:
        raise refused(*Refused.WORDS["same_officer"])
    try:
        strike = penalties.strike(
            found.pk, _ground(case), {"objection": str(case.matter.id)}, by=case.by, now=case.now,
            matter_id=case.matter.id,
        )  # fmt: skip
    except Refused as wrong:
        raise refused(wrong.text["zh"], wrong.text["en"]) from None
    later = [change for change in strike.differences if change["number"] != found.number]
    label = text("重新计算", "Worked out again")
    facts = [(text("撤销的违法", "Struck"), found.number)]
    facts += [(label, f"{change['number']}：{_was_is(change)}") for change in later]
    back = sum(change["back_fen"] for change in strike.differences)
    return [*facts, (text("原路退回", "Comes back"), words.yuan(back))]


def _was_is(change: Mapping[str, Mapping[str, int]]) -> str:
    return f"{words.yuan(change['before']['fine_fen'])} → {words.yuan(change['after']['fine_fen'])}"


def _ground(case: Case) -> str:
    return GROUNDS.get(case.text("ground"), "other")


def _violation(case: Case) -> Violation:
    found = Violation.objects.filter(number=case.text("violation_no").strip().upper()).first()
    if found is None:
        raise refused("没有这条违法记录。", "There is no such violation.")
    return found


RUNS: Mapping[str, Callable[[Case], Facts]] = {"object": upheld}
