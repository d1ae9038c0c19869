"""A decided matter on its way into the register, how the engine calls an effect, and what papers print."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from minjing.base import names
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.plugs import Effect, EffectRefused, Outcome
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Service, Text
from minjing.modules.household import codes, errors, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.register import Act
from minjing.modules.household.models import Household, Member
from minjing.modules.household.queries import address_of, items_of
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

    def household(self, number: str) -> Household:
        """Return the household with this number, which is to be changed; refuse another station's."""
        return self._of_this_station(register.open_household(number))

    def member(self, person_id: UUID) -> Member:
        """Return where somebody is registered whose entry is to be changed; refuse another station's household."""
        found = register.membership(person_id)
        self._of_this_station(found.household)
        return found

    def _of_this_station(self, household: Household) -> Household:
        if household.station_id != self.matter.station_id:
            raise Refusal("other_station")
        return household


def effect(run: Callable[[Case], Outcome]) -> Effect:
    """Return `run` as the engine calls it: refusals become sentences, the ledger entries are written at the end."""

    def as_effect(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor, now: datetime) -> Outcome:
        case = Case(matter, matters.body_of(matter).service, answers, Act(by, now, matter.id))
        try:
            outcome = run(case)
        except Refusal as refusal:
            raise errors.refused(refusal) from None
        except IdentityError as error:
            raise EffectRefused(Text(**error.text), error.key) from None
        except IntegrityError:
            # Another decision about the same person or household came first: the database kept the register whole.
            raise errors.refused(Refusal("meanwhile")) from None
        case.act.write_down()
        return outcome

    return as_effect


def decision(run: Callable[[Case], Outcome]) -> Effect:
    """Return `run` as the engine calls it for a decision: whom the form names are called what the register says."""

    def run_checked(case: Case) -> Outcome:
        for _, name, number in rules.named(case.answers):
            if not register.is_called(name, number):
                raise Refusal("name_differs", names.mask(name))
        return run(case)

    return effect(run_checked)


def must_be_head(household: Household, *numbers: str) -> None:
    """Refuse when somebody else than one of those with these ID numbers heads the household."""
    head = next((m.person_id for m in register.members_of(household) if m.relation == rules.HEAD), None)
    if head not in {register.person_of(number) for number in numbers if number}:
        raise Refusal("not_the_head")


def borne_out(case: Case, person: UUID) -> None:
    """Where no officer looks (instant services), refuse what the register itself does not bear out.

    The person must be the applicant, or live in the applicant's household or have lived there until the last; and
    be called what the form says. The matter then stays for an officer. People of a collective household share an
    address and nothing else: they get no paper about one another.
    """
    if case.act.by.kind != "system":
        return
    if person != case.matter.person_id:
        own = register.current_membership(case.matter.person_id)
        theirs = Member.objects.filter(person_id=person).order_by("-since", "-id").first()
        if own is None or theirs is None or own.household_id != theirs.household_id:
            raise Refusal("officer_must_look")
        if own.household.kind == Household.COLLECTIVE:
            raise Refusal("officer_must_look")
    said = case.first("person_name")
    if said and said != register.known(person)[0]:
        raise Refusal("officer_must_look")


# ---- facts on the paper -----------------------------------------------------------------------------------


def text(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


NAME, NUMBER = text("姓名", "Name"), text("公民身份号码", "ID number")
SEX, BIRTH = text("性别", "Sex"), text("出生日期", "Date of birth")
ETHNICITY, RELATION = text("民族", "Ethnicity"), text("与户主关系", "Relation to the head")
HOUSEHOLD, ADDRESS = text("户号", "Household number"), text("住址", "Address")
HEAD, DAY = text("户主", "Head of household"), text("登记日期", "Registered on")
MEMBERS, REASON = text("成员", "Members"), text("事由", "Reason")


def person_facts(person_id: UUID, *, full: bool = True) -> Facts:
    items = items_of([person_id]).get(person_id, {})
    name, number = register.known(person_id)
    facts = [(NAME, name), (NUMBER, number)]
    if full:
        facts[1:1] = [(SEX, codes.sex(items.get("sex", "")))]
        facts[2:2] = [(ETHNICITY, codes.ethnicity(items["ethnicity"]))] if items.get("ethnicity") else []
        facts[2:2] = [(BIRTH, items["birth"])] if items.get("birth") else []
    return facts


def member_facts(member: Member) -> Facts:
    return [
        (HOUSEHOLD, member.household.number),
        *person_facts(member.person_id),
        (RELATION, rules.relation_title(member.relation)[0]),
        (ADDRESS, address_of(member)),
        (DAY, member.since.isoformat()),
    ]


def _line(member: Member, name: str, items: Mapping[str, str]) -> str:
    relation = rules.relation_title(member.relation)[0]
    known = [codes.sex(items.get("sex", "")), items.get("birth", ""), items.get("id_number", "")]
    return "，".join([f"{name}（{relation}）", *(value for value in known if value)])


def household_facts(household: Household) -> Facts:
    """Return what a household's book says: number, head, address and each member on a line."""
    members = register.members_of(household)
    items = items_of(m.person_id for m in members)
    names = {m.person_id: register.known(m.person_id)[0] for m in members}
    heads = [names[m.person_id] for m in members if m.relation == rules.HEAD]
    listed = "\n".join(_line(m, names[m.person_id], items.get(m.person_id, {})) for m in members)
    facts: Facts = [(HOUSEHOLD, household.number)]
    if household.kind == Household.COLLECTIVE:
        facts.append((text("集体户单位", "Unit of the collective household"), household.unit_name))
    facts += [(HEAD, name) for name in heads]
    facts.append((ADDRESS, register.home_of(household)))
    facts.append((MEMBERS, listed if len(members) <= 30 else str(len(members))))
    return facts
