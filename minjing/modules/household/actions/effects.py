"""What a decided service does to the register, and the facts that its paper prints.

Each effect runs in the transaction of the decision: `EffectRefused` undoes all of it, and no decision is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from minjing.base import idnumber
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.plugs import Effect, Outcome
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Service, Text
from minjing.modules.household import codes, errors, events, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.register import Act
from minjing.modules.household.models import Household, Member
from minjing.modules.household.rules import Refusal

Facts = list[tuple[Text, str]]
Answers = Mapping[str, Any]


@dataclass
class Case:
    """A decided matter with its answers, on its way into the register."""

    matter: Snapshot
    service: Service
    answers: Answers
    act: Act

    def first(self, *names: str) -> str:
        """Return the first of these answers that was given, empty if none."""
        return next((str(self.answers[name]) for name in names if self.answers.get(name) not in (None, "")), "")

    def label(self, *names: str) -> str:
        """Return the first of these answers in the words of its option, or as it was typed."""
        name = next((n for n in names if self.first(n)), "")
        options = self.service.fields[name].options if name in self.service.fields else []
        return next((o.zh for o in options if o.value == self.first(name)), self.first(name)) if name else ""

    def people(self, *names: str) -> list[Mapping[str, str]]:
        """Return the first of these lists of persons that was given."""
        found: Any = next((self.answers[name] for name in names if self.answers.get(name)), [])
        return list(found) if isinstance(found, list) else []

    @property
    def concerned(self) -> UUID:
        """Return the person the matter is about: who the `about` field names, else the applicant."""
        number = self.first(self.service.about) if self.service.about else ""
        return register.person_of(number) if number else self.matter.person_id


def effect(run: Callable[[Case], Outcome]) -> Effect:
    """Return `run` as the engine calls it: refusals become sentences, the ledger entries are written at the end."""

    def as_effect(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> Outcome:
        case = Case(matter, matters.body_of(matter).service, answers, Act(by, now, matter.id))
        try:
            outcome = run(case)
        except Refusal as refusal:
            raise errors.refused(refusal) from None
        case.act.write_down()
        return outcome

    return as_effect


def _borne_out(case: Case, person: UUID) -> None:
    """Where no officer looks (instant services), refuse what the register itself does not bear out.

    The person must be the applicant, or live in the applicant's household or have lived there until the last; and
    be called what the form says. The
    matter then stays for an officer.
    """
    if case.act.by.kind != "system":
        return
    if person != case.matter.person_id:
        own = register.current_membership(case.matter.person_id)
        theirs = Member.objects.filter(person_id=person).order_by("-since", "-id").first()
        if own is None or theirs is None or own.household_id != theirs.household_id:
            raise Refusal("officer_must_look")
    said = case.first("person_name")
    if said and said != register.known(person)[0]:
        raise Refusal("officer_must_look")


# ---- facts on the paper -----------------------------------------------------------------------------------


def _text(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


NAME, NUMBER = _text("姓名", "Name"), _text("公民身份号码", "ID number")
SEX, BIRTH = _text("性别", "Sex"), _text("出生日期", "Date of birth")
ETHNICITY, RELATION = _text("民族", "Ethnicity"), _text("与户主关系", "Relation to the head")
HOUSEHOLD, ADDRESS = _text("户号", "Household number"), _text("住址", "Address")
HEAD, DAY = _text("户主", "Head of household"), _text("登记日期", "Registered on")
MEMBERS, REASON = _text("成员", "Members"), _text("事由", "Reason")


def _person_facts(person_id: UUID, *, full: bool = True) -> Facts:
    items = register.items_of([person_id]).get(person_id, {})
    name, number = register.known(person_id)
    facts = [(NAME, name), (NUMBER, number)]
    if full:
        facts[1:1] = [(SEX, codes.sex(items.get("sex", "")))]
        facts[2:2] = [(ETHNICITY, codes.ethnicity(items["ethnicity"]))] if items.get("ethnicity") else []
        facts[2:2] = [(BIRTH, items["birth"])] if items.get("birth") else []
    return facts


def _member_facts(member: Member) -> Facts:
    return [
        (HOUSEHOLD, member.household.number),
        *_person_facts(member.person_id),
        (RELATION, rules.relation_title(member.relation)[0]),
        (ADDRESS, register.address_of(member)),
        (DAY, member.since.isoformat()),
    ]


def _household_facts(household: Household) -> Facts:
    members = register.members_of(household)
    names = {m.person_id: register.known(m.person_id)[0] for m in members}
    heads = [names[m.person_id] for m in members if m.relation == rules.HEAD]
    listed = "；".join(f"{names[m.person_id]}（{rules.relation_title(m.relation)[0]}）" for m in members)
    facts: Facts = [(HOUSEHOLD, household.number)]
    if household.kind == Household.COLLECTIVE:
        facts.append((_text("集体户单位", "Unit of the collective household"), household.unit_name))
    facts += [(HEAD, name) for name in heads]
    facts.append((ADDRESS, register.home_of(household)))
    facts.append((MEMBERS, listed if len(members) <= 30 else str(len(members))))
    return facts


# ---- births -----------------------------------------------------------------------------------------------


def _birth_day(case: Case) -> date:
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


def _nursery(case: Case) -> tuple[Household, str, str]:
    """Return the household a child enters, what the child's code of relation is made from, and the address."""
    number = case.first("household_no", "landing_household_no", "collective_household_no")
    parent_id = _parent(case)
    parent = register.current_membership(parent_id or case.matter.person_id)
    if parent_id is not None and parent is None:
        raise Refusal("parent_not_registered")
    if number:
        household = register.open_household(number)
    elif parent is not None:
        household = parent.household
    else:
        raise Refusal("address_missing")
    in_it = parent is not None and parent.household_id == household.pk
    address = register.address_of(parent) if in_it and parent else register.home_of(household)
    if household.kind == Household.COLLECTIVE and not in_it:
        return household, rules.NOT_RELATED, address
    return household, parent.relation if in_it and parent else rules.OTHER_RELATIVE, address


def _add_birth(case: Case, *, cause: str = "birth") -> Outcome:
    name = case.first("child_name", "person_name", "name")
    if not name:
        raise Refusal("name_missing")
    sex = case.first("child_sex", "sex") or rules.MALE
    birth = _birth_day(case)
    household, via, address = _nursery(case)
    number = register.new_number(case.act, register.area_of(household.station_id), birth, sex)
    child = identity.ensure_person(name=name, id_number=number, now=case.act.now)
    case.act.note(events.NUMBER_ASSIGNED, household.org_id, child)
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
    return Outcome(_member_facts(member), child)


def _parents(case: Case) -> dict[str, str]:
    """Return the ID numbers of father and mother, however the form asks for them."""
    found = {"father_id": case.first("father_id"), "mother_id": case.first("mother_id")}
    follow = case.first("follow_parent")
    if case.first("declaring_parent_id") and follow in ("father", "mother"):
        other = "father" if follow == "mother" else "mother"
        found = {f"{follow}_id": case.first("declaring_parent_id"), f"{other}_id": case.first("other_parent_id")}
    return found


def _add_late(case: Case) -> Outcome:
    return _add_birth(case, cause="late_registration")


# ---- cancellation -----------------------------------------------------------------------------------------

_ENDS = (
    ("death_date", "death", _text("死亡日期", "Date of death")),
    ("enlist_date", "enlistment", _text("入伍日期", "Date of enlistment")),
    ("settle_date", "settled_abroad", _text("出国（境）定居日期", "Settled abroad on")),
)
CAUSES: Mapping[str, tuple[str, str]] = {
    "death": ("死亡", "death"), "enlistment": ("参军入伍", "enlistment"),
    "settled_abroad": ("出国（境）定居", "settled abroad"), "duplicate": ("重复（虚假）户口", "duplicate entry"),
    "birth": ("出生登记", "birth"), "late_registration": ("补报出生登记", "late registration"),
    "moved_in": ("迁入", "moved in"), "moved_out": ("迁出", "moved out"), "moved": ("市内移居", "moved in the city"),
    "set_up": ("立户", "household set up"), "split": ("分户", "household split"),
    "merged": ("并户", "households merged"), "relation": ("与户主关系变更", "relation changed"),
    "restored": ("恢复户口", "restored"), "initial": ("建档", "first entry"),
}  # fmt: skip


def _cancel(case: Case) -> Outcome:
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
    facts = _person_facts(person)
    register.leave(case.act, member, cause)
    register.set_items(
        case.act, person, member.org_id, {"status": cause, "ended_on": happened.isoformat() if happened else ""}
    )
    successor = register.settle(case.act, member.household, cause, wished=case.first("next_head_name"))
    facts += [(HOUSEHOLD, member.household.number), (REASON, CAUSES[cause][0])]
    if label is not None and happened is not None:
        facts.append((label, happened.isoformat()))
    facts.append((_text("注销日期", "Cancelled on"), case.act.day.isoformat()))
    if successor is not None:
        facts.append((_text("接任户主", "New head"), register.known(successor)[0]))
    return Outcome(facts, case.matter.person_id if cause == "death" else person)


# ---- moving in --------------------------------------------------------------------------------------------


def _move_in(case: Case) -> Outcome:
    person, needs_number = _arriving(case)
    cause = "restored" if case.first("cancel_reason") else "moved_in"
    if cause == "restored" and not Member.objects.filter(person_id=person).exists():
        raise Refusal("was_never_registered")
    adult_on = _birth_day(case) if needs_number else idnumber.parse(register.known(person)[1]).birth
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
    facts = _member_facts(member)
    if items["moved_from"]:
        facts.append((_text("原户口所在地", "Moved from"), items["moved_from"]))
    facts += [(_text("随迁人员", "Moving along"), f"{n} {i}（{r}）") for n, i, r in along]
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
        known = people.person_by_id_number(about)
        if known is None:
            if not name:
                raise Refusal("name_missing")
            known = identity.ensure_person(name=name, id_number=about, now=case.act.now)
        return known, False
    if case.first("birth_date") and case.first("sex") and name:
        return case.matter.person_id, True
    return case.matter.person_id, False


def _numbered(case: Case, household: Household) -> UUID:
    """Return a newcomer without an ID number, made known under a new one of the district."""
    sex, birth = case.first("sex"), _birth_day(case)
    number = register.new_number(case.act, register.area_of(household.station_id), birth, sex)
    person = identity.ensure_person(name=case.first("person_name"), id_number=number, now=case.act.now)
    case.act.note(events.NUMBER_ASSIGNED, household.org_id, person)
    return person


def _landing(case: Case, person: UUID, birth: date) -> tuple[Household, str, bool]:
    """Return the household moved into, the address, and whether the household is new."""
    number = case.first("landing_household_no", "household_no", "collective_household_no", "former_household_no")
    if number:
        household = register.open_household(number)
        return household, case.first("landing_addr") or register.home_of(household), _is_empty(household)
    address = case.first("landing_addr", "to_addr", "addr")
    if not address:
        host = case.first("spouse_id", "child_id", "parent_id", "adopter_id", "father_id", "mother_id")
        known = people.person_by_id_number(host) if host else None
        home = register.current_membership(known) if known and known != person else None
        if home is None:
            raise Refusal("address_missing")
        return home.household, register.address_of(home), False
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
            host_id = people.person_by_id_number(host)
            for member in register.members_of(household):
                if member.person_id == host_id:
                    return rules.related_through(member.relation, relation, sex)
    return rules.OTHER_RELATIVE


def _along(
    case: Case, household: Household, member: Member, row: Mapping[str, str], address: str
) -> tuple[str, str, str]:
    """Register somebody who moves along; their relation is given as they stand to the one they follow."""
    person = identity.ensure_person(name=row["name"], id_number=row["id_number"], now=case.act.now)
    holder = idnumber.parse(row["id_number"])
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


# ---- moving out and within --------------------------------------------------------------------------------


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


def _move_out(case: Case) -> Outcome:
    number = case.first("person_id")
    person = register.person_of(number) if number else case.concerned
    member = register.membership(person)
    household, address = member.household, register.address_of(member)
    going = [person, *_companions(case, household.pk, person)]
    destination = case.first("destination_addr", "school_addr", "destination", "school_name")
    facts = _person_facts(person)
    for who in going:
        register.leave(case.act, register.membership(who), "moved_out")
        register.set_items(case.act, who, household.org_id, {"status": "moved_out", "moved_to": destination})
    successor = register.settle(case.act, household, "moved_out")
    facts += [(_text("原住址", "Former address"), address), (_text("迁往地址", "Moving to"), destination)]
    for other in going[1:]:
        name, id_number = register.known(other)
        facts.append((_text("随迁人员", "Moving along"), f"{name} {id_number}"))
    facts.append((_text("迁出日期", "Moved out on"), case.act.day.isoformat()))
    if successor is not None:
        facts.append((_text("接任户主", "New head"), register.known(successor)[0]))
    return Outcome(facts, person)


def _move_within(case: Case) -> Outcome:
    number = case.first("person_id")
    person = register.person_of(number) if number else case.concerned
    member = register.membership(person)
    going = [person, *_companions(case, member.household_id, person)]
    old, was = member.household, {m.person_id: m.relation for m in register.members_of(member.household)}
    to_number = case.first("to_household_no", "collective_household_no", "landing_household_no")
    if to_number:
        target = register.open_household(to_number)
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
    first = _transfer(case, going, was, target, address, "moved", new=not to_number)
    successor = register.settle(case.act, old, "moved")
    facts = _member_facts(first)
    for other in going[1:]:
        facts.append((_text("随迁人员", "Moving along"), " ".join(register.known(other))))
    facts.append((_text("原户号", "Former household"), old.number))
    if successor is not None:
        facts.append((_text("原户接任户主", "New head of the former household"), register.known(successor)[0]))
    return Outcome(facts, person)


def _transfer(
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
    items = register.items_of(going)
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
    items = register.items_of([head, person])
    return rules.relation_by_items(items.get(person, {}), items.get(head, {})) or rules.OTHER_RELATIVE


# ---- households -------------------------------------------------------------------------------------------


def _set_up(case: Case) -> Outcome:
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
    return Outcome(_household_facts(household), entry.person_id)


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
    warden_id = people.person_by_id_number(warden) if warden else None
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
    facts = _household_facts(household)
    facts.append((_text("统一社会信用代码", "Credit code"), household.unit_uscc))
    facts.append((_text("协管员", "Warden"), register.known(warden_id or case.matter.person_id)[0]))
    return Outcome(facts, case.matter.person_id)


def _split(case: Case) -> Outcome:
    household = register.open_household(case.first("household_no"))
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
    address = case.first("addr", "to_addr") or register.address_of(members[head])
    new = register.open_new(case.act, household.org_id, household.station_id)
    was = {who: member.relation for who, member in members.items()}
    _transfer(case, going, was, new, address, "split", new=True)
    register.settle(case.act, household, "split")
    facts = _household_facts(new)
    facts.append((_text("原户号", "Former household"), household.number))
    return Outcome(facts, head)


def _merge(case: Case) -> Outcome:
    numbers = case.first("household_no_from"), case.first("household_no_to")
    if numbers[0] == numbers[1]:
        raise Refusal("same_household")
    # In the order of their numbers, so that two merges never wait for each other.
    found = {number: register.open_household(number) for number in sorted(numbers)}
    source, target = found[numbers[0]], found[numbers[1]]
    if Household.COLLECTIVE in (source.kind, target.kind):
        raise Refusal("collective_not_merged")
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
    number = case.first("head_id", "new_head_id", "head_id_no")
    head = register.person_of(number) if number else host.person_id
    if head != host.person_id:
        _new_head(case, target, head)
    facts = _household_facts(target)
    facts.append((_text("并入的户号", "Merged household"), source.number))
    return Outcome(facts, head)


def _between(case: Case, host: UUID, guest: UUID) -> str:
    """Return what the head of the merged household is of the other head: as said, or by what the register knows."""
    items = register.items_of([host, guest])
    of_host, of_guest = items.get(host, {}), items.get(guest, {})
    sex = of_guest.get("sex", rules.MALE)
    said = case.first("relation", "relation_to_head")
    if said:
        return rules.relation_code(said, sex, of_host.get("sex", rules.MALE))
    return rules.relation_by_items(of_guest, of_host) or rules.OTHER_RELATIVE


def _new_head(case: Case, household: Household, head: UUID) -> None:
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


def _change_head(case: Case) -> Outcome:
    number = case.first("household_no")
    household = register.open_household(number) if number else register.membership(case.matter.person_id).household
    head = register.person_of(case.first("new_head_id", "head_id", "new_head_id_no"))
    _new_head(case, household, head)
    return Outcome(_household_facts(household), head)


# ---- entries ----------------------------------------------------------------------------------------------

# By service: the heading that changes and the answers that may hold the new value.
_FIXED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "HZ0901": ("name", ("new_name",)),
    "HZ0902": ("sex", ("new_sex",)),
    "HZ0903": ("ethnicity", ("new_ethnicity", "new_ethnicity_code")),
    "HZ0904": ("birth", ("new_birth_date", "new_birth")),
    "HZ0905": ("id_number", ()),
}
OTHER_ITEMS: Mapping[str, str] = {
    "marital": "婚姻状况", "education": "文化程度", "occupation": "职业", "employer": "服务处所",
    "military": "兵役状况", "blood": "血型", "height": "身高", "former_name": "曾用名", "native_place": "籍贯",
    "birth_place": "出生地",
}  # fmt: skip
_ITEM_WORDS = {
    "marital_status": "marital", "blood_type": "blood", "service_place": "employer", "work_place": "employer",
    "workplace": "employer", "military_service": "military",
    **{zh: name for name, zh in OTHER_ITEMS.items()},
}  # fmt: skip


def _change_entry(case: Case) -> Outcome:
    number = case.first("person_id")
    person = register.person_of(number) if number else case.concerned
    _borne_out(case, person)
    member = register.membership(person)
    if case.service.code in _FIXED:
        item, names = _FIXED[case.service.code]
        value = case.first(*names, "new_value") if names else ""
    else:
        said = case.first("item", "field_name", "item_name")
        item = _ITEM_WORDS.get(said, said)
        # The new value may have a field of its own for each item, so that it can be a list of options.
        read = case.first if item == "marital" else case.label  # marital keeps its code (GB/T 2261.2)
        value = read(f"new_{item}", f"new_value_{item}", "new_value", f"{item}_value")
        if item not in OTHER_ITEMS:
            raise Refusal("item_unknown", said)
    facts = _changed(case, person, member.org_id, item, value)
    return Outcome([*facts, (HOUSEHOLD, member.household.number)], person)


def _changed(case: Case, person: UUID, org_id: int, item: str, value: str) -> Facts:
    before = register.items_of([person]).get(person, {})
    old_name, old_number = register.known(person)
    changes: dict[str, str] = {}
    if item == "id_number":
        changes |= _renumbered(case, person, old_number, before)
    else:
        if not value:
            raise Refusal("nothing_changes")
        old = old_name if item == "name" else before.get(item, "")
        rules.different(old, value)
        if item == "birth":
            rules.birth_allowed(date.fromisoformat(value), case.act.day)
        changes[item] = value
        if item == "name":
            changes["former_name"] = old_name
        if item in rules.NEW_NUMBER_ITEMS:
            changes |= _renumbered(case, person, old_number, {**before, **changes})
    if "name" in changes or "id_number" in changes:
        identity.correct_person(
            person,
            name=changes.get("name"),
            id_number=changes.get("id_number"),
            by=case.act.by,
            now=case.act.now,
        )
    register.set_items(case.act, person, org_id, changes)
    facts = _person_facts(person)
    shown = codes.shown(item, before.get(item, "") if item not in ("name", "id_number") else "")
    shown = old_name if item == "name" else old_number if item == "id_number" else shown
    title = codes.title(item)
    facts.append((_text("变更更正项目", "Entry changed"), title[0]))
    facts.append((_text("变更前", "Before"), shown or "（空）"))
    after = changes["id_number"] if item == "id_number" else codes.shown(item, value)
    facts.append((_text("变更后", "After"), after))
    if "id_number" in changes and item != "id_number":
        facts.append((_text("原公民身份号码", "Former ID number"), old_number))
    facts.append((_text("变更日期", "Changed on"), case.act.day.isoformat()))
    return facts


def _renumbered(case: Case, person: UUID, old: str, items: Mapping[str, str]) -> dict[str, str]:
    """Return the new ID number for what the register says of birth and sex now; the old one is put away."""
    holder = idnumber.parse(old)
    birth = date.fromisoformat(items["birth"]) if items.get("birth") else holder.birth
    sex = items.get("sex") or (rules.MALE if holder.is_male else rules.FEMALE)
    number = register.new_number(case.act, holder.area, birth, sex)
    register.retire_number(case.act, person, old)
    case.act.note(events.NUMBER_ASSIGNED, case.matter.org_id, person)
    return {"id_number": number}


# ---- papers -----------------------------------------------------------------------------------------------


def _reissue(case: Case) -> Outcome:
    number = case.first("household_no")
    named = case.first("person_id")
    person = register.person_of(named) if named else case.concerned
    _borne_out(case, person)
    if number:
        household = register.open_household(number)
        if person not in {m.person_id for m in register.members_of(household)}:
            raise Refusal("not_a_member")  # nobody reads another family's book by asking for it
        facts = _household_facts(household)
        org_id, about = household.org_id, household.pk
    elif (member := register.current_membership(person)) is not None and not case.first("doc_type"):
        facts = _household_facts(member.household)
        org_id, about = member.org_id, member.household_id
    else:
        facts, org_id, about = _person_facts(person), case.matter.org_id, None
        facts += _last_move(person)
    doc = case.first("doc_type", "document_kind")
    if doc:
        facts.append((_text("补发证件", "Document reissued"), case.label("doc_type", "document_kind")))
    if case.first("doc_no"):
        facts.append((_text("原证件编号", "Number of the former document"), case.first("doc_no")))
    facts.append((_text("补发原因", "Why reissued"), case.label("reason")))
    case.act.note(events.BOOK_REISSUED, org_id, person, household=about, document=doc or "book")
    return Outcome([(label, value) for label, value in facts if value], person)


def _last_move(person: UUID) -> Facts:
    items = register.items_of([person]).get(person, {})
    last = Member.objects.filter(person_id=person).order_by("-since", "-id").select_related("household").first()
    if last is None:
        return []
    facts: Facts = [(HOUSEHOLD, last.household.number), (ADDRESS, register.address_of(last))]
    if items.get("moved_to"):
        facts.append((_text("迁往地址", "Moving to"), items["moved_to"]))
    return facts


def _certify(case: Case) -> Outcome:
    named = case.first("person_id")
    person = register.person_of(named) if named else case.concerned
    _borne_out(case, person)
    last = Member.objects.filter(person_id=person).order_by("-since", "-id").select_related("household").first()
    if last is None:
        raise Refusal("was_never_registered")
    cancelled = case.first("cancel_kind")
    if cancelled and last.cause_out != cancelled:
        raise Refusal("not_cancelled")
    kind = case.first("certificate_kind", "cancel_kind") or "entry"
    facts: Facts = [
        (_text("证明事项", "What is certified"), case.label("certificate_kind", "cancel_kind") or "户口登记事项")
    ]
    facts += _person_facts(person)
    facts.append((HOUSEHOLD, last.household.number))
    if kind in ("relation", "kinship", "relations", "family"):
        facts += _kin_facts(last)
    elif kind in ("history", "changes"):
        facts += _history_facts(person)
    elif last.until is not None:
        facts.append((_text("注销事由", "Why cancelled"), CAUSES.get(last.cause_out, (last.cause_out,))[0]))
        facts.append((_text("注销日期", "Cancelled on"), last.until.isoformat()))
    else:
        facts.append((RELATION, rules.relation_title(last.relation)[0]))
        facts.append((ADDRESS, register.address_of(last)))
        facts.append((DAY, _registered_since(person).isoformat()))
    if case.first("purpose"):
        facts.append((_text("用途", "Purpose"), case.label("purpose")))
    if case.first("recipient", "recipient_unit"):
        facts.append((_text("出具对象", "For"), case.first("recipient", "recipient_unit")))
    case.act.note(events.CERTIFIED, last.org_id, person, kind=kind)
    return Outcome(facts, person)


def _kin_facts(member: Member) -> Facts:
    facts: Facts = []
    for other in register.members_of(member.household):
        name = register.known(other.person_id)[0]
        facts.append(
            (_text("同户成员", "Member of the household"), f"{name}（{rules.relation_title(other.relation)[0]}）")
        )
    return facts


def _history_facts(person: UUID) -> Facts:
    facts: Facts = []
    for row in Member.objects.filter(person_id=person).order_by("since", "id").select_related("household"):
        until = row.until.isoformat() if row.until else "今"
        why = CAUSES.get(row.cause_in, (row.cause_in, ""))[0]
        facts.append(
            (
                _text("户籍变动", "Entry in the register"),
                f"{row.since} 至 {until}，户号 {row.household.number}，{why}",
            )
        )
    return facts


def _registered_since(person: UUID) -> date:
    """Return since when the person has been registered without a gap."""
    since: date | None = None
    for row in Member.objects.filter(person_id=person).order_by("-since", "-id"):
        if since is not None and (row.until is None or row.until < since):
            break
        since = row.since
    assert since is not None
    return since


# ---- corrections after the decision -----------------------------------------------------------------------


def _correct_birth(case: Case) -> Outcome:
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
        "birth": _birth_day(case).isoformat(),
        "birth_place": case.first("birth_place", "birth_country", "birth_region", "found_place"),
        "ethnicity": case.first("ethnicity"),
    }
    changes = {key: value for key, value in said.items() if value and value != before.get(key)}
    if not changes:
        raise Refusal("nothing_changes")
    if changes.keys() & rules.NEW_NUMBER_ITEMS:
        changes |= _renumbered(case, child, number, {**before, **changes})
    if changes.keys() & {"name", "id_number"}:
        identity.correct_person(
            child, name=changes.get("name"), id_number=changes.get("id_number"), by=case.act.by, now=case.act.now
        )
    register.set_items(case.act, child, member.org_id, changes)
    now = register.membership(child)
    return Outcome(_member_facts(now), child)


def _correct_entry(case: Case) -> Outcome:
    """Put right the value that a change of entry wrote, by the corrected answers."""
    return _change_entry(case)


EFFECTS: Mapping[str, Effect] = {
    "household.add_birth": effect(_add_birth),
    "household.add_late": effect(_add_late),
    "household.cancel": effect(_cancel),
    "household.move_in": effect(_move_in),
    "household.move_out": effect(_move_out),
    "household.move_within": effect(_move_within),
    "household.set_up": effect(_set_up),
    "household.split": effect(_split),
    "household.merge": effect(_merge),
    "household.change_head": effect(_change_head),
    "household.change_entry": effect(_change_entry),
    "household.reissue": effect(_reissue),
    "household.certify": effect(_certify),
}
CORRECTIONS: Mapping[str, Effect] = {
    "household.add_birth": effect(_correct_birth),
    "household.add_late": effect(_correct_birth),
    "household.change_entry": effect(_correct_entry),
    "household.reissue": effect(_reissue),
    "household.certify": effect(_certify),
}
