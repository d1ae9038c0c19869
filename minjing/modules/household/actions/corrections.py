"""Corrections after the decision: the register is put right as the paper is, by approval."""

from minjing.kernel.identity import actions as identity
from minjing.kernel.matters.plugs import Outcome
from minjing.kernel.matters.schema import Text
from minjing.modules.household import codes, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.births import birth_day
from minjing.modules.household.actions.case import (
    HOUSEHOLD,
    REASON,
    Case,
    household_facts,
    member_facts,
    person_facts,
    text,
)
from minjing.modules.household.actions.entries import change_entry, renumbered
from minjing.modules.household.models import Household, Member
from minjing.modules.household.queries import address_of, items_of
from minjing.modules.household.rules import Refusal


def correct_birth(case: Case) -> Outcome:
    """Put right what the entry of a birth says: name, sex, day, place, ethnicity; the number follows sex and day."""
    member = Member.objects.filter(matter_in=case.matter.id, cause_in__in=("birth", "late_registration")).first()
    if member is None:
        raise Refusal("not_registered")
    child = member.person_id
    _name, number = register.known(child)
    before = items_of([child]).get(child, {})
    said = {
        "name": case.first("child_name", "person_name"),
        "sex": case.first("child_sex", "sex"),
        "birth": birth_day(case).isoformat(),
        "birth_place": case.label("birth_place", "birth_country", "birth_region", "found_place"),
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
    """Put right what a change of entry wrote: it is taken back, then the corrected answers are written."""
    return change_entry(case, register.items_before(case.matter.id))


def correct_arrival(case: Case) -> Outcome:
    """Put right what a move in, or within the city, wrote: the name, the relation, the address of a new home."""
    first = _first_entry(case)
    person = first.person_id
    member = register.membership(person)
    if member.household_id != first.household_id:
        raise Refusal("moved_on")
    changed = _corrected_name(case, member)
    said, (standing,) = case.first("relation", "relation_to_head"), register.standings([member])
    if said and member.relation not in (rules.HEAD, rules.NOT_RELATED):
        relation = rules.relation_code(said, standing.sex)
        if relation not in (rules.HEAD, member.relation):
            register.restate(case.act, member, relation)
            changed = True
    changed |= _corrected_address(case, member.household)
    if not changed:
        raise Refusal("nothing_changes")
    return Outcome(member_facts(register.membership(person)), person)


def _first_entry(case: Case) -> Member:
    """Return the entry that this matter's decision made, of the person it was about."""
    made = Member.objects.filter(matter_in=case.matter.id).exclude(cause_in__in=("relation", "corrected"))
    found = made.order_by("id").first()
    if found is None:
        raise Refusal("not_registered")
    return found


def _corrected_name(case: Case, member: Member) -> bool:
    name = case.first("person_name")
    if not name or name == register.known(member.person_id)[0]:
        return False
    identity.correct_person(member.person_id, name=name, by=case.act.by, now=case.act.now)
    register.set_items(case.act, member.person_id, member.org_id, {"name": name})
    return True


def _corrected_address(case: Case, household: Household) -> bool:
    """Correct the address of a household that this very matter has opened; others have their own services."""
    address = case.first("landing_addr", "to_addr", "addr")
    if not address or household.opened_by != case.matter.id or address == register.home_of(household):
        return False
    register.readdress(case.act, household, address)
    return True


def correct_leaving(case: Case) -> Outcome:
    """Put right what a move out or a cancellation says beside the leaving itself: where to, and on which day."""
    gone = Member.objects.filter(matter_out=case.matter.id).exclude(cause_out="relation").order_by("id")
    person = case.concerned
    member = gone.filter(person_id=person).select_related("household").first()
    if member is None:
        raise Refusal("not_registered")
    before = items_of([person]).get(person, {})
    said = {
        "moved_to": case.first("destination_addr", "school_addr"),
        "ended_on": case.first("death_date", "enlist_date", "settle_date"),
    }
    changes = {key: value for key, value in said.items() if value and value != before.get(key)}
    if not changes:
        raise Refusal("nothing_changes")
    register.set_items(case.act, person, member.org_id, changes)
    facts = [*person_facts(person), (HOUSEHOLD, member.household.number), (REASON, codes.cause(member.cause_out)[0])]
    facts.append((text("原住址", "Former address"), address_of(member)))
    facts += [(_pair(name), value) for name, value in said.items() if value]
    assert member.until is not None
    facts.append((text("登记日期", "Registered on"), member.until.isoformat()))
    return Outcome(facts, case.matter.person_id if member.cause_out == "death" else person)


def _pair(item: str) -> Text:
    zh, en = codes.title(item)
    return text(zh, en)


def correct_household(case: Case) -> Outcome:
    """Put right the address of a household that was set up or split off, or issue its book anew after a change."""
    opened = Household.objects.filter(opened_by=case.matter.id).first()
    number = case.first("household_no_to", "household_no")
    household = opened or register.open_household(number)
    _corrected_address(case, household)
    head = next((m.person_id for m in register.members_of(household) if m.relation == rules.HEAD), None)
    return Outcome(household_facts(household), head or case.matter.person_id)
