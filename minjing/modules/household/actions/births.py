"""Births: a child or somebody never registered enters a household under a new ID number."""

from datetime import date
from uuid import UUID

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import events, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.case import Case, member_facts
from minjing.modules.household.models import BirthCertificate, Household
from minjing.modules.household.queries import address_of
from minjing.modules.household.rules import Refusal


def birth_day(case: Case) -> date:
    said = case.first("child_born_on", "birth_date", "birth_datetime", "est_birth_date", "born_on")
    if not said:
        raise Refusal("birth_missing")
    day = date.fromisoformat(said[:10])
    rules.birth_allowed(day, case.act.day)
    return day


def _parent(case: Case) -> UUID | None:
    """Return the parent whom the child follows; the other one where only that one is known."""
    follow = case.first("follow_parent")
    order = ("mother_id", "father_id") if follow == "mother" else ("father_id", "mother_id")
    number = case.first(*order, "declaring_parent_id", "parent_id", "adopter_id")
    return register.person_of(number) if number else None


def _certificate(case: Case, birth: date) -> bytes | None:
    """Return the blind index of the certificate of this birth, None where there is none; refuse one used before."""
    number, abroad = case.first("birth_cert_no"), case.first("foreign_birth_cert_no", "regional_birth_cert_no")
    said = "".join(sign for sign in (number or abroad).upper() if sign.isalnum())
    if not said:
        return None
    # Only the numbers of this country never occur twice; elsewhere two offices may have issued the same one.
    index = blind_index("birth_certificate", said if number else f"{said}|{birth}")
    if BirthCertificate.objects.filter(pk=index).exists():
        raise Refusal("birth_entered")
    return index


def _nursery(case: Case) -> tuple[Household, str, str]:
    """Return the household a child enters, what the child's code of relation is made from, and the address."""
    number = case.first("household_no", "landing_household_no", "collective_household_no")
    parent_id = _parent(case)
    parent = register.current_membership(parent_id or case.matter.person_id)
    if parent_id is not None and parent is None:
        raise Refusal("parent_not_registered")
    if number:
        household = case.household(number)
    elif parent is not None:
        household = case.member(parent.person_id).household
    else:
        raise Refusal("address_missing")
    in_it = parent is not None and parent.household_id == household.pk
    address = address_of(parent) if in_it and parent else register.home_of(household)
    if household.kind == Household.COLLECTIVE and not in_it:
        return household, rules.NOT_RELATED, address
    return household, parent.relation if in_it and parent else rules.OTHER_RELATIVE, address


def add_birth(case: Case, *, cause: str = "birth") -> Outcome:
    """Enter a newborn in the household of the parent followed."""
    name = case.first("child_name", "person_name", "name")
    if not name:
        raise Refusal("name_missing")
    sex = case.first("child_sex", "sex") or rules.MALE
    birth = birth_day(case)
    certificate = _certificate(case, birth)
    household, via, address = _nursery(case)
    number = register.new_number(case.act, register.area_of(household.station_id), birth, sex)
    child = identity.ensure_person(name=name, id_number=number, now=case.act.now)
    case.act.note(events.NUMBER_ASSIGNED, household.org_id, child)
    if certificate is not None:
        BirthCertificate.objects.create(number_index=certificate, person_id=child, matter_id=case.matter.id)
    said = case.first("relation")
    relation = rules.relation_code(said, sex) if said else rules.child_relation(via, sex)
    if household.kind == Household.COLLECTIVE:
        relation = rules.NOT_RELATED
    member = register.join(case.act, household, child, relation, address, cause)
    register.set_items(
        case.act,
        child,
        household.org_id,
        {
            "name": name,
            "id_number": number,
            "sex": sex,
            "birth": birth.isoformat(),
            "birth_time": case.first("birth_datetime")[11:16],
            "birth_place": case.label("birth_place", "birth_country", "birth_region", "found_place"),
            "ethnicity": case.first("ethnicity") or "01",
            "marital": "10",
            **_parents(case),
        },
    )
    return Outcome(member_facts(member), child)


def _parents(case: Case) -> dict[str, str]:
    """Return the ID numbers of father and mother, however the form asks for them."""
    found = {"father_id": case.first("father_id"), "mother_id": case.first("mother_id")}
    follow = case.first("follow_parent")
    if case.first("declaring_parent_id") and follow in ("father", "mother"):
        other = "father" if follow == "mother" else "mother"
        found = {f"{follow}_id": case.first("declaring_parent_id"), f"{other}_id": case.first("other_parent_id")}
    return found


def add_late(case: Case) -> Outcome:
    """Enter somebody who should have been entered long ago."""
    return add_birth(case, cause="late_registration")
