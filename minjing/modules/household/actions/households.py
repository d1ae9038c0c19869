"""Households set up, split, merged, and their heads."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.case import Case, household_facts, must_be_head, text
from minjing.modules.household.actions.moves import transfer
from minjing.modules.household.models import Household, Member
from minjing.modules.household.queries import address_of, items_of
from minjing.modules.household.rules import Refusal


def set_up(case: Case) -> Outcome:
    """Open a household for people registered in the city, or a collective one for a unit."""
    address = case.first("addr", "address", "unit_addr", "to_addr", "landing_addr")
    if not address:
        raise Refusal("address_missing")
    if case.first("unit_name") or case.first("kind") == Household.COLLECTIVE:
        return _set_up_collective(case, address)
    number = case.first("head_id", "new_head_id")
    head = register.person_of(number) if number else case.concerned
    home = register.membership(head)
    (standing,) = register.standings([home])
    rules.must_be_adult(standing.birth, case.act.day)
    household = register.open_new(case.act, case.matter.org_id, case.matter.station_id)
    entry = _gather(case, household, home, address, case.people("members", "member_list"), "set_up")
    return Outcome(household_facts(household), entry.person_id)


def _gather(
    case: Case, household: Household, home: Member, address: str, rows: Sequence[Mapping[str, str]], cause: str
) -> Member:
    """Bring a head and others, each registered in the city, into a new household."""
    was = {m.person_id: m.relation for m in register.members_of(home.household)}
    left = [home.household]
    register.leave(case.act, home, cause)
    head = register.join(case.act, household, home.person_id, rules.HEAD, address, cause)
    (lead,) = register.standings([head])
    for row in rows:
        who = register.person_of(row["id_number"])
        if who == home.person_id:
            continue
        member = register.membership(who)
        if member.household_id == household.pk:
            continue
        (standing,) = register.standings([member])
        said = row.get("relation", "")
        relation = rules.relation_code(said, standing.sex, lead.sex) if said else rules.OTHER_RELATIVE
        if not said and who in was:
            relation = rules.relation_after(was[who], was[home.person_id], standing.sex, lead.sex)
        if relation in ("01", rules.HEAD):
            relation = rules.OTHER_RELATIVE
        register.leave(case.act, member, cause)
        register.join(case.act, household, who, relation, address, cause)
        if member.household not in left:
            left.append(member.household)
    for old in left:
        register.settle(case.act, old, cause)
    return head


def _set_up_collective(case: Case, address: str) -> Outcome:
    name = case.first("unit_name", "name")
    if not name:
        raise Refusal("unit_missing")
    warden = case.first("warden_id", "warden_id_no")
    warden_id = people.person_once_with(warden) if warden else None
    if warden and warden_id is None and case.first("warden_name"):
        warden_id = identity.ensure_person(name=case.first("warden_name"), id_number=warden, now=case.act.now)
    household = register.open_new(
        case.act,
        case.matter.org_id,
        case.matter.station_id,
        Household.COLLECTIVE,
        unit_name=name,
        unit_uscc=case.first("unit_uscc", "institution_uscc"),
        unit_address=address,
        warden_id=warden_id or case.matter.person_id,
    )
    facts = household_facts(household)
    facts.append((text("统一社会信用代码", "Credit code"), household.unit_uscc))
    facts.append((text("协管员", "Warden"), register.known(warden_id or case.matter.person_id)[0]))
    return Outcome(facts, case.matter.person_id)


def split(case: Case) -> Outcome:
    """Open a household for members of another, at the same address or their own."""
    household = case.household(case.first("household_no"))
    members = {m.person_id: m for m in register.members_of(household)}
    chosen = [register.person_of(r["id_number"]) for r in case.people("split_members", "split_member_ids", "members")]
    number = case.first("new_head_id", "head_id")
    head = register.person_of(number) if number else (chosen[0] if chosen else case.concerned)
    going = [head, *(who for who in dict.fromkeys(chosen) if who != head)]
    if any(who not in members for who in going):
        raise Refusal("not_a_member")
    if len(going) == len(members):
        raise Refusal("nobody_left")
    (standing,) = register.standings([members[head]])
    rules.must_be_adult(standing.birth, case.act.day)
    address = case.first("addr", "to_addr") or address_of(members[head])
    new = register.open_new(case.act, household.org_id, household.station_id)
    was = {who: member.relation for who, member in members.items()}
    transfer(case, going, was, new, address, "split", new=True)
    register.settle(case.act, household, "split")
    facts = household_facts(new)
    facts.append((text("原户号", "Former household"), household.number))
    return Outcome(facts, head)


def merge(case: Case) -> Outcome:
    """Bring all members of one household into another and close it."""
    numbers = case.first("household_no_from"), case.first("household_no_to")
    if numbers[0] == numbers[1]:
        raise Refusal("same_household")
    # In the order of their numbers, so that two merges never wait for each other.
    found = {number: case.household(number) for number in sorted(numbers)}
    source, target = found[numbers[0]], found[numbers[1]]
    if Household.COLLECTIVE in (source.kind, target.kind):
        raise Refusal("collective_not_merged")
    heads = case.first("head_id", "new_head_id", "head_id_no"), case.first("other_head_id")
    must_be_head(source, *heads)
    must_be_head(target, *heads)
    address = register.home_of(target)
    moving = register.members_of(source)
    standing = {s.person_id: s for s in register.standings(moving)}
    host = next(m for m in register.members_of(target) if m.relation == rules.HEAD)
    guest = next(m for m in moving if m.relation == rules.HEAD)
    between = _between(case, host.person_id, guest.person_id)
    for member in moving:
        register.leave(case.act, member, "merged")
        sex = standing[member.person_id].sex
        of_guest = member.relation
        relation = between if member.pk == guest.pk else rules.related_through(between, of_guest, sex)
        if relation == rules.HEAD:
            relation = rules.OTHER_RELATIVE
        register.join(case.act, target, member.person_id, relation, address, "merged")
    register.close(case.act, source, "merged")
    head = register.person_of(heads[0]) if heads[0] else host.person_id
    if head != host.person_id:
        new_head(case, target, head)
    facts = household_facts(target)
    facts.append((text("并入的户号", "Merged household"), source.number))
    return Outcome(facts, head)


def _between(case: Case, host: UUID, guest: UUID) -> str:
    """Return what the head of the merged household is of the other head: as said, or by what the register knows."""
    items = items_of([host, guest])
    of_host, of_guest = items.get(host, {}), items.get(guest, {})
    sex = of_guest.get("sex", rules.MALE)
    said = case.first("relation", "relation_to_head")
    if said:
        return rules.relation_code(said, sex, of_host.get("sex", rules.MALE))
    return rules.relation_by_items(of_guest, of_host) or rules.OTHER_RELATIVE


def new_head(case: Case, household: Household, head: UUID) -> None:
    if household.kind == Household.COLLECTIVE:
        raise Refusal("no_head_in_collective")
    found = next((m for m in register.members_of(household) if m.person_id == head), None)
    if found is None:
        raise Refusal("not_a_member")
    if found.relation == rules.HEAD:
        raise Refusal("already_head")
    (standing,) = register.standings([found])
    rules.must_be_adult(standing.birth, case.act.day)
    register.make_head(case.act, household, head)


def change_head(case: Case) -> Outcome:
    """Make another member the head; everybody's relation is restated."""
    number = case.first("household_no")
    household = case.household(number) if number else case.member(case.matter.person_id).household
    if case.first("old_head_id"):
        must_be_head(household, case.first("old_head_id"))
    head = register.person_of(case.first("new_head_id", "head_id", "new_head_id_no"))
    new_head(case, household, head)
    return Outcome(household_facts(household), head)
