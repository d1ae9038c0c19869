"""Corrections after the decision: the register is put right as the paper is, by approval."""

from minjing.kernel.identity import actions as identity
from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.births import birth_day
from minjing.modules.household.actions.case import Case, member_facts
from minjing.modules.household.actions.entries import change_entry, renumbered
from minjing.modules.household.models import Member
from minjing.modules.household.rules import Refusal


def correct_birth(case: Case) -> Outcome:
    """Put right what the entry of a birth says: name, sex, day, place, ethnicity; the number follows sex and day."""
    member = Member.objects.filter(matter_in=case.matter.id, cause_in__in=("birth", "late_registration")).first()
    if member is None:
        raise Refusal("not_registered")
    child = member.person_id
    _name, number = register.known(child)
    before = register.items_of([child]).get(child, {})
    said = {
        "name": case.first("child_name", "person_name"),
        "sex": case.first("child_sex", "sex"),
        "birth": birth_day(case).isoformat(),
        "birth_place": case.first("birth_place", "birth_country", "birth_region", "found_place"),
        "ethnicity": case.first("ethnicity"),
    }
    changes = {key: value for key, value in said.items() if value and value != before.get(key)}
    if not changes:
        raise Refusal("nothing_changes")
    if changes.keys() & rules.NEW_NUMBER_ITEMS:
        changes |= renumbered(case, child, number, {**before, **changes})
    if changes.keys() & {"name", "id_number"}:
        identity.correct_person(
            child, name=changes.get("name"), id_number=changes.get("id_number"), by=case.act.by, now=case.act.now
        )
    register.set_items(case.act, child, member.org_id, changes)
    now = register.membership(child)
    return Outcome(member_facts(now), child)


def correct_entry(case: Case) -> Outcome:
    """Put right the value that a change of entry wrote, by the corrected answers."""
    return change_entry(case)
