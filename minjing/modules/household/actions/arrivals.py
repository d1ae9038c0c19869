"""Moving into the city: into a family, a collective household or a home of one's own."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from minjing.base import idnumber
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import events, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.births import birth_day
from minjing.modules.household.actions.case import Case, member_facts, text
from minjing.modules.household.actions.moves import move_within
from minjing.modules.household.models import Household, Member
from minjing.modules.household.queries import address_of
from minjing.modules.household.rules import Refusal


def move_in(case: Case) -> Outcome:
    """Register somebody who comes from elsewhere, with those who come along.

    Who is registered in the city already (an adopted child, where the form says so) moves within it.
    """
    if case.answers.get("registered_here") is True:
        return move_within(case)
    person, needs_number = _arriving(case)
    cause = "restored" if case.first("cancel_reason") else "moved_in"
    if cause == "restored" and not Member.objects.filter(person_id=person).exists():
        raise Refusal("was_never_registered")
    adult_on = birth_day(case) if needs_number else idnumber.parse(register.known(person)[1]).birth
    household, address, is_new = _landing(case, person, adult_on)
    if needs_number:
        person = _numbered(case, household)
    name, number = register.known(person)
    holder = idnumber.parse(number)
    sex = rules.MALE if holder.is_male else rules.FEMALE
    said = case.first("relation", "relation_to_head")
    if household.kind == Household.COLLECTIVE:
        relation = rules.NOT_RELATED
    elif is_new:
        relation = rules.HEAD
    else:
        relation = rules.relation_code(said, sex) if said else _relation_by_kin(case, household, person, sex)
        if relation in ("01", rules.HEAD):
            relation = rules.OTHER_RELATIVE
    member = register.join(case.act, household, person, relation, address, cause)
    items = {
        "name": name,
        "id_number": number,
        "sex": sex,
        "birth": holder.birth.isoformat(),
        "ethnicity": case.first("ethnicity"),
        "spouse_id": case.first("spouse_id"),
        "marital": "20" if case.first("spouse_id", "married_on") else "",
        "birth_place": case.first("birth_place"),
        "moved_from": case.label(
            "origin_addr", "residence_country", "origin_region", "former_nationality", "enlist_addr"
        ),
        "status": "registered",
    }
    register.set_items(case.act, person, household.org_id, items)
    along = [
        _along(case, household, member, row, address) for row in case.people("along", "accompanying", "family_along")
    ]
    facts = member_facts(member)
    if items["moved_from"]:
        facts.append((text("原户口所在地", "Moved from"), items["moved_from"]))
    facts += [(text("随迁人员", "Moving along"), f"{n} {i}（{r}）") for n, i, r in along]
    return Outcome(facts, person)


def _arriving(case: Case) -> tuple[UUID, bool]:
    """Return who moves in, named in the form or the applicant, and whether they need an ID number.

    Who comes home from abroad or becomes a citizen has none, or takes up the one of earlier.
    """
    about = (
        case.first(case.service.about, "former_id") if case.service.about else case.first("person_id", "former_id")
    )
    name = case.first("person_name", "applicant_name", "dependant_name", "child_name", "name")
    if about:
        return register.known_or_new(case.act, name, about), False
    if case.first("birth_date") and case.first("sex") and name:
        return case.matter.person_id, True
    return case.matter.person_id, False


def _numbered(case: Case, household: Household) -> UUID:
    """Return a newcomer without an ID number, made known under a new one of the district."""
    sex, birth = case.first("sex"), birth_day(case)
    number = register.new_number(case.act, register.area_of(household.station_id), birth, sex)
    person = identity.ensure_person(name=case.first("person_name"), id_number=number, now=case.act.now)
    case.act.note(events.NUMBER_ASSIGNED, household.org_id, person)
    return person


def _landing(case: Case, person: UUID, birth: date) -> tuple[Household, str, bool]:
    """Return the household moved into, the address, and whether the household is new."""
    number = case.first("landing_household_no", "household_no", "collective_household_no", "former_household_no")
    if number:
        household = case.household(number)
        return household, case.first("landing_addr") or register.home_of(household), _is_empty(household)
    address = case.first("landing_addr", "to_addr", "addr")
    if not address:
        host = case.first("spouse_id", "child_id", "parent_id", "adopter_id", "father_id", "mother_id")
        known = people.person_once_with(host) if host else None
        home = register.current_membership(known) if known and known != person else None
        if home is None:
            raise Refusal("address_missing")
        return case.member(home.person_id).household, address_of(home), False
    rules.must_be_adult(birth, case.act.day)
    return register.open_new(case.act, case.matter.org_id, case.matter.station_id), address, True


def _is_empty(household: Household) -> bool:
    return household.kind == Household.FAMILY and not register.members_of(household)


def _relation_by_kin(case: Case, household: Household, person: UUID, sex: str) -> str:
    """Return what the newcomer is of the head, by whom they join: a spouse, a child, a parent in the household."""
    own = register.known(person)[1]
    for names, relation in (
        (("spouse_id", "sponsor_id", "serviceman_id"), "11" if sex == rules.MALE else "12"),
        (("child_id",), "51" if sex == rules.MALE else "52"),
        (("parent_id", "father_id", "mother_id", "adopter_id"), "20" if sex == rules.MALE else "30"),
    ):
        for name in names:
            host = case.first(name)
            if not host or host == own:
                continue
            host_id = people.person_once_with(host)
            for member in register.members_of(household):
                if member.person_id == host_id:
                    return rules.related_through(member.relation, relation, sex)
    return rules.OTHER_RELATIVE


def _along(
    case: Case, household: Household, member: Member, row: Mapping[str, str], address: str
) -> tuple[str, str, str]:
    """Register somebody who moves along; their relation is given as they stand to the one they follow."""
    person = register.known_or_new(case.act, row["name"], row["id_number"])
    holder = idnumber.parse(register.known(person)[1])
    sex = rules.MALE if holder.is_male else rules.FEMALE
    relation = rules.related_through(member.relation, rules.relation_code(row.get("relation", ""), sex), sex)
    if household.kind == Household.COLLECTIVE or relation == rules.HEAD:
        relation = rules.NOT_RELATED if household.kind == Household.COLLECTIVE else rules.OTHER_RELATIVE
    register.join(case.act, household, person, relation, address, "moved_in")
    register.set_items(
        case.act,
        person,
        household.org_id,
        {
            "name": row["name"],
            "id_number": holder.text,
            "sex": sex,
            "birth": holder.birth.isoformat(),
            "status": "registered",
        },
    )
    return row["name"], holder.text, rules.relation_title(relation)[0]
