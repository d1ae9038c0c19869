"""Cancellation: a death, an enlistment, a settlement abroad, a second entry."""

from collections.abc import Mapping
from datetime import date

from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.case import HOUSEHOLD, REASON, Case, person_facts, text
from minjing.modules.household.models import Member
from minjing.modules.household.rules import Refusal

_ENDS = (
    ("death_date", "death", text("死亡日期", "Date of death")),
    ("enlist_date", "enlistment", text("入伍日期", "Date of enlistment")),
    ("settle_date", "settled_abroad", text("出国（境）定居日期", "Settled abroad on")),
)
CAUSES: Mapping[str, tuple[str, str]] = {
    "death": ("死亡", "death"), "enlistment": ("参军入伍", "enlistment"),
    "settled_abroad": ("出国（境）定居", "settled abroad"), "duplicate": ("重复（虚假）户口", "duplicate entry"),
    "birth": ("出生登记", "birth"), "late_registration": ("补报出生登记", "late registration"),
    "moved_in": ("迁入", "moved in"), "moved_out": ("迁出", "moved out"), "moved": ("市内移居", "moved in the city"),
    "set_up": ("立户", "household set up"), "split": ("分户", "household split"),
    "merged": ("并户", "households merged"), "relation": ("与户主关系变更", "relation changed"),
    "corrected": ("更正", "corrected"),
    "restored": ("恢复户口", "restored"), "initial": ("建档", "first entry"),
}  # fmt: skip


def cancel(case: Case) -> Outcome:
    """End a registration for good; a household left without a head is given one."""
    number = case.first("person_id_no_cancelled", "cancelled_id", "duplicate_id")
    person = register.person_of(number) if number else case.concerned
    member = register.current_membership(person)
    if member is None:
        raise Refusal(
            "already_cancelled" if Member.objects.filter(person_id=person).exists() else "was_never_registered"
        )
    cause, label, happened = "duplicate", None, None
    for name, why, title in _ENDS:
        if case.first(name):
            cause, label, happened = why, title, date.fromisoformat(case.first(name)[:10])
    (standing,) = register.standings([member])
    rules.event_allowed(None if cause == "enlistment" else happened, standing.birth, case.act.day)
    facts = person_facts(person)
    register.leave(case.act, member, cause)
    register.set_items(
        case.act, person, member.org_id, {"status": cause, "ended_on": happened.isoformat() if happened else ""}
    )
    successor = register.settle(case.act, member.household, cause, wished=case.first("next_head_name"))
    facts += [(HOUSEHOLD, member.household.number), (REASON, CAUSES[cause][0])]
    if label is not None and happened is not None:
        facts.append((label, happened.isoformat()))
    facts.append((text("注销日期", "Cancelled on"), case.act.day.isoformat()))
    if successor is not None:
        facts.append((text("接任户主", "New head"), register.known(successor)[0]))
    return Outcome(facts, case.matter.person_id if cause == "death" else person)
