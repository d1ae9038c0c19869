"""Cancellation: a death, an enlistment, a settlement abroad, a second entry."""

from datetime import date

from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import codes, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.case import HOUSEHOLD, REASON, Case, person_facts, text
from minjing.modules.household.models import Member
from minjing.modules.household.rules import Refusal

_ENDS = (
    ("death_date", "death", text("死亡日期", "Date of death")),
    ("enlist_date", "enlistment", text("入伍日期", "Date of enlistment")),
    ("settle_date", "settled_abroad", text("出国（境）定居日期", "Settled abroad on")),
)


def cancel(case: Case) -> Outcome:
    """End a registration for good; a household left without a head is given one."""
    number = case.first("person_id_no_cancelled", "cancelled_id", "duplicate_id")
    person = register.person_of(number) if number else case.concerned
    if register.current_membership(person) is None:
        raise Refusal(
            "already_cancelled" if Member.objects.filter(person_id=person).exists() else "was_never_registered"
        )
    member = case.member(person)
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
    facts += [(HOUSEHOLD, member.household.number), (REASON, codes.cause(cause)[0])]
    if label is not None and happened is not None:
        facts.append((label, happened.isoformat()))
    facts.append((text("注销日期", "Cancelled on"), case.act.day.isoformat()))
    if successor is not None:
        facts.append((text("接任户主", "New head"), register.known(successor)[0]))
    return Outcome(facts, case.matter.person_id if cause == "death" else person)
