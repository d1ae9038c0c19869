"""Moving out of the city and within it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.case import Case, member_facts, person_facts, text
from minjing.modules.household.models import Household, Member
from minjing.modules.household.queries import address_of, items_of
from minjing.modules.household.rules import Refusal


def _companions(case: Case, household_id: UUID, person: UUID) -> list[UUID]:
    """Return the members of the same household who go along; refuse anybody else."""
    found = []
    for row in case.people("accompanying", "accompanying_members", "along"):
        other = register.person_of(row["id_number"])
        if other == person or other in found:
            continue
        if register.membership(other).household_id != household_id:
            raise Refusal("not_a_member")
        found.append(other)
    return found


def move_out(case: Case) -> Outcome:
    """End the registration of somebody who leaves the city, with those who go along."""
    number = case.first("person_id")
    person = register.person_of(number) if number else case.concerned
    member = case.member(person)
    household, address = member.household, address_of(member)
    going = [person, *_companions(case, household.pk, person)]
    destination = case.first("destination_addr", "school_addr", "destination", "school_name")
    facts = person_facts(person)
    for who in going:
        register.leave(case.act, register.membership(who), "moved_out")
        register.set_items(case.act, who, household.org_id, {"status": "moved_out", "moved_to": destination})
    successor = register.settle(case.act, household, "moved_out")
    facts += [(text("原住址", "Former address"), address), (text("迁往地址", "Moving to"), destination)]
    for other in going[1:]:
        name, id_number = register.known(other)
        facts.append((text("随迁人员", "Moving along"), f"{name} {id_number}"))
    facts.append((text("迁出日期", "Moved out on"), case.act.day.isoformat()))
    if successor is not None:
        facts.append((text("接任户主", "New head"), register.known(successor)[0]))
    return Outcome(facts, person)


def move_within(case: Case) -> Outcome:
    """Move somebody to another household of the city, or to a home of their own."""
    number = case.first("person_id")
    person = register.person_of(number) if number else case.concerned
    member = register.membership(person)
    going = [person, *_companions(case, member.household_id, person)]
    old, was = member.household, {m.person_id: m.relation for m in register.members_of(member.household)}
    to_number = case.first("to_household_no", "collective_household_no", "landing_household_no")
    if to_number:
        target = case.household(to_number)
        if target.pk == old.pk:
            raise Refusal("same_household")
        address = register.home_of(target) or case.first("to_addr")
    else:
        address = case.first("to_addr", "landing_addr", "addr")
        if not address:
            raise Refusal("address_missing")
        (standing,) = register.standings([member])
        rules.must_be_adult(standing.birth, case.act.day)
        target = register.open_new(case.act, case.matter.org_id, case.matter.station_id)
    first = transfer(case, going, was, target, address, "moved", new=not to_number)
    successor = register.settle(case.act, old, "moved")
    facts = member_facts(first)
    for other in going[1:]:
        facts.append((text("随迁人员", "Moving along"), " ".join(register.known(other))))
    facts.append((text("原户号", "Former household"), old.number))
    if successor is not None:
        facts.append((text("原户接任户主", "New head of the former household"), register.known(successor)[0]))
    return Outcome(facts, person)


def transfer(
    case: Case,
    going: Sequence[UUID],
    was: Mapping[UUID, str],
    target: Household,
    address: str,
    cause: str,
    *,
    new: bool,
) -> Member:
    """Move members of one household to another; the first becomes head if it is new. Return the first's new entry."""
    leaving = [register.membership(who) for who in going]
    by_person = {s.person_id: s for s in register.standings(leaving)}
    lead = by_person[going[0]]
    for member in leaving:
        register.leave(case.act, member, cause)
    said = case.first("relation", "relation_to_head")
    items = items_of(going)
    entries: list[Member] = []
    for who in going:
        standing = by_person[who]
        of_lead = rules.relation_by_items(items.get(who, {}), items.get(going[0], {})) or rules.relation_after(
            was.get(who, rules.NOT_RELATED), was[going[0]], standing.sex, lead.sex
        )
        if target.kind == Household.COLLECTIVE:
            relation = rules.NOT_RELATED
        elif new:
            relation = rules.HEAD if who == going[0] else of_lead
        elif who == going[0]:
            relation = rules.relation_code(said, standing.sex) if said else _by_items_of_head(target, who)
        else:
            relation = rules.related_through(entries[0].relation, of_lead, standing.sex)
        if relation == rules.HEAD and not (new and who == going[0]):
            relation = rules.OTHER_RELATIVE
        entries.append(register.join(case.act, target, who, relation, address, cause))
    return entries[0]


def _by_items_of_head(household: Household, person: UUID) -> str:
    """Return what somebody is of the head of a household as far as the register knows."""
    head = next((m.person_id for m in register.members_of(household) if m.relation == rules.HEAD), None)
    if head is None:
        return rules.OTHER_RELATIVE
    items = items_of([head, person])
    return rules.relation_by_items(items.get(person, {}), items.get(head, {})) or rules.OTHER_RELATIVE
