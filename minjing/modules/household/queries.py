"""Reading the register. Every look at a person is written down before anything is opened (identity.record_look)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from minjing.base import names
from minjing.base.clock import local_day
from minjing.base.idnumber import WrongIdNumber, parse
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.identity.models import Person, Unit
from minjing.kernel.identity.plugs import Registered
from minjing.kernel.identity.sealing import blind_index, unseal_many
from minjing.kernel.identity.seen import Seen
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.matters.schema import Text
from minjing.modules.household import codes, numbers, rules
from minjing.modules.household.models import Household, Item, Member

ADDRESS, VALUE = "household_member.address", "household_item.value"
REGISTER = "户籍登记"  # where a paper is held already
RECORD = "household.record"  # how a look at the register is called in the ledger
NOT_HERE = Text(zh="本市无户籍登记", en="Not registered in this city")


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as an officer with a reason, or the members themselves, read them."""

    person_id: UUID
    name: str
    id_number: str
    relation: Text
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """A household with its members on one day."""

    number: str
    kind: str
    station_id: int
    address: str
    unit_name: str
    since: date
    until: date | None
    members: Sequence[MemberView]


@dataclass(frozen=True, slots=True)
class Period:
    """One line of a person's history: in which household, as what, from when until when, and why."""

    household: str
    relation: Text
    since: date
    until: date | None
    cause_in: Text
    cause_out: Text | None  # while it lasts, none


@dataclass(frozen=True, slots=True)
class History:
    """A person with every household they have belonged to, oldest first."""

    name: str
    id_number: str
    periods: Sequence[Period]


def household(
    number: str, by: Actor, now: datetime, *, day: date, reason: str = "", matter_id: UUID | None = None
) -> HouseholdView | None:
    """Return the household with this number as it was on `day`, or None. The look is recorded for each member.

    The caller has checked the right to the matter, where there is one. Raises NotAllowed, before anything is said of
    the number: that nobody has it is an answer as well.
    """
    if matter_id is None:
        people.require_look(by, reason)
    found = Household.objects.filter(number=number.strip()).first()
    if found is None:
        return None
    members = members_on(found.pk, day)
    if members:
        identity.record_look(
            by, [m.person_id for m in members], [RECORD], reason=reason, matter_id=matter_id, now=now
        )
    return _view(found, members)


def household_of(
    person_id: UUID, by: Actor, now: datetime, *, day: date, reason: str = "", matter_id: UUID | None = None
) -> HouseholdView | None:
    """Return the household that a person belonged to on `day`, None for none. The look is recorded for each member.

    Raises NotAllowed, and Unknown where there is no such person.
    """
    _must_be(person_id)
    found = household_on(person_id, day)
    members = members_on(found, day) if found else []
    shown = [m.person_id for m in members] or [person_id]
    identity.record_look(by, shown, [RECORD], reason=reason, matter_id=matter_id, now=now)
    return _view(Household.objects.get(pk=found), members) if found else None


def _must_be(person_id: UUID) -> None:
    if not Person.objects.filter(pk=person_id).exists():
        raise Unknown


def household_count() -> int:
    """Return how many households there have ever been."""
    return Household.objects.count()


def heads_of(station_id: int) -> list[UUID]:
    """Return the heads of the families registered at a station, by household number: ids only."""
    rows = Member.objects.filter(household__station_id=station_id, relation=rules.HEAD, until__isnull=True)
    return list(rows.order_by("-household__number").values_list("person_id", flat=True))


def heads_with_birth(limit: int) -> list[tuple[UUID, date, int]]:
    """Return heads of families with birth and district, for the demo's other registers: nothing else of them."""
    rows = Member.objects.filter(relation=rules.HEAD, until__isnull=True).order_by("id")
    heads = list(rows.values_list("person_id", "org_id")[:limit])
    items = items_of([person_id for person_id, _ in heads])
    return [
        (person_id, date.fromisoformat(items[person_id]["birth"]), org_id)
        for person_id, org_id in heads
        if items.get(person_id, {}).get("birth")
    ]


def household_numbers(person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return in which household these persons are registered now, for a look that is on record already."""
    rows = Member.objects.filter(person_id__in=list(person_ids), until__isnull=True)
    return dict(rows.values_list("person_id", "household__number"))


def members_on(household_id: UUID, day: date) -> list[Member]:
    """Return who belonged to a household on `day`, the head first: ids and relations, nothing opened."""
    rows = Member.objects.filter(household_id=household_id, since__lte=day)
    rows = rows.filter(Q(until__isnull=True) | Q(until__gt=day))
    return sorted(rows, key=lambda m: (m.relation != rules.HEAD, m.since, m.id))


def household_on(person_id: UUID, day: date) -> UUID | None:
    """Return in which household a person was on `day`: its id alone."""
    rows = Member.objects.filter(person_id=person_id, since__lte=day).filter(Q(until__isnull=True) | Q(until__gt=day))
    return rows.values_list("household_id", flat=True).first()


def _view(found: Household, members: Sequence[Member]) -> HouseholdView:
    items = items_of([m.person_id for m in members])
    address = found.unit_address or (address_of(members[0]) if members else "")
    views = [
        MemberView(
            m.person_id,
            items.get(m.person_id, {}).get("name", ""),
            items.get(m.person_id, {}).get("id_number", ""),
            _title(rules.relation_title(m.relation)),
            m.since,
            m.until,
        )
        for m in members
    ]
    return HouseholdView(
        found.number, found.kind, found.station_id, address, found.unit_name, found.since, found.until, views
    )


def history(person_id: UUID, by: Actor, now: datetime, *, reason: str = "", matter_id: UUID | None = None) -> History:
    """Return every household a person has belonged to; the look is recorded unless it is a resident's own.

    Raises NotAllowed, and Unknown where there is no such person.
    """
    _must_be(person_id)
    identity.record_look(by, [person_id], [RECORD], reason=reason, matter_id=matter_id, now=now)
    said = items_of([person_id]).get(person_id, {})
    return History(said.get("name", ""), said.get("id_number", ""), [_period(m) for m in held_days(person_id)])


def held_days(person_id: UUID) -> list[Member]:
    """Return the entries of a person that held for a day at least, oldest first: nothing opened.

    What was entered and changed within one day held on none.
    """
    rows = Member.objects.filter(person_id=person_id).exclude(until=F("since"))
    return list(rows.select_related("household").order_by("since", "id"))


def _period(row: Member) -> Period:
    return Period(
        row.household.number,
        _title(rules.relation_title(row.relation)),
        row.since,
        row.until,
        _title(codes.cause(row.cause_in)),
        _title(codes.cause(row.cause_out)) if row.cause_out else None,
    )


# ---- plugs ------------------------------------------------------------------------------------------------


OF_HOUSEHOLD = ("household_no", "address", "office", "relation", "head_id", "members")
ALIASES = {"spouse": "spouse_id", "birth_date": "birth"}
PATHS = (*OF_HOUSEHOLD, *codes.ITEMS, *ALIASES)


def prefill(person_id: UUID, path: str, now: datetime) -> Any:
    """Answer `register.<path>` for the applicant: what the register says of them, None when it says nothing."""
    if path in OF_HOUSEHOLD:
        return _of_household(person_id, path)
    said = items_of([person_id]).get(person_id, {}) or _own(person_id)
    return said.get(ALIASES.get(path, path))


def _own(person_id: UUID) -> dict[str, str]:
    """Return what the applicant has said and proved of themselves, where this city's register has no entry."""
    sealed = Person.objects.filter(pk=person_id).values_list("name_sealed", "id_number_sealed").first()
    if sealed is None:
        return {}
    name, number = unseal_many(
        [(person_id, people.NAME, bytes(sealed[0])), (person_id, people.ID_NUMBER, bytes(sealed[1]))]
    )
    if name is None or number is None:
        return {}
    holder = parse(number.decode())
    return {
        "name": name.decode(),
        "id_number": holder.text,
        "birth": holder.birth.isoformat(),
        "sex": rules.MALE if holder.is_male else rules.FEMALE,
    }


def _of_household(person_id: UUID, path: str) -> Any:
    member = Member.objects.select_related("household").filter(person_id=person_id, until__isnull=True).first()
    if member is None:
        return None
    if path == "household_no":
        return member.household.number
    if path == "address":
        return address_of(member) or None
    if path == "office":
        return Unit.objects.values_list("code", flat=True).filter(pk=member.household.station_id).first()
    if path == "relation":
        return member.relation
    others = Member.objects.filter(household_id=member.household_id, until__isnull=True)
    if path == "head_id":
        head = others.filter(relation=rules.HEAD).values_list("person_id", flat=True).first()
        return items_of([head]).get(head, {}).get("id_number") if head else None
    said = items_of([m.person_id for m in others])
    return [
        {
            "name": said.get(m.person_id, {}).get("name", ""),
            "id_number": said.get(m.person_id, {}).get("id_number", ""),
            "relation": rules.relation_title(m.relation)[0],
        }
        for m in others
    ]


def held(person_id: UUID, materials: Sequence[str], answers: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """Say for each paper of a household what makes it unnecessary: `户籍登记`, or empty.

    No number: whoever fills in the form may have named a stranger, and must not learn where they live.

    A paper named after somebody else (the spouse's book, the parent's card) is held when that person, named in the
    form by ID number, is registered.
    """
    about = {material: _about(material, person_id, answers) for material in materials}
    named = {person for people_ in about.values() for person in people_ if person}
    here = {person for person in named if _is_registered(person)}
    return {material: REGISTER if people_ and set(people_) <= here else "" for material, people_ in about.items()}


def _about(material: str, person_id: UUID, answers: Mapping[str, Any]) -> list[UUID | None]:
    """Return the people whose registration makes a paper unnecessary; None for one who is not known."""
    if "kinship" in material:
        return _kin(person_id, answers)
    if material.startswith("parents"):
        named = [str(answers.get(name) or "") for name in ("father_id", "mother_id")]
        return [people.person_once_with(number) for number in named if number]
    about = _whose(material, answers)
    return [people.person_once_with(about) if about else person_id]


# Asked for every application, about one person nearly always: for a list PostgreSQL would make a new plan each time.
_MEMBER = "SELECT EXISTS (SELECT FROM household_member WHERE person_id = %s AND until IS NULL)"


def _is_registered(person_id: UUID) -> bool:
    """Say whether somebody is registered in a household today."""
    with prepared_cursor() as cursor:
        cursor.execute(_MEMBER, [person_id])
        return bool(cursor.fetchone()[0])


def _kin(person_id: UUID, answers: Mapping[str, Any]) -> list[UUID | None]:
    """Return whose entry shows the applicant and the person of the form to be kin: one family, or by its items."""
    for name in ("person_id", "child_id", "parent_id", "owner_id", "spouse_id", "deceased_id"):
        other = people.person_once_with(str(answers.get(name) or ""))
        if other is None or other == person_id:
            continue
        said = items_of([person_id, other])
        own, theirs = said.get(person_id, {}), said.get(other, {})
        if any(own.get(k) and own[k] == theirs.get("id_number") for k in rules.KIN):
            return [person_id]
        if any(theirs.get(k) and theirs[k] == own.get("id_number") for k in rules.KIN):
            return [other]
        homes = Member.objects.filter(person_id__in=(person_id, other), until__isnull=True)
        rows = list(homes.exclude(relation=rules.NOT_RELATED).values_list("household_id", flat=True))
        if len(rows) == 2 and rows[0] == rows[1]:
            return [person_id]
    return []


def _whose(material: str, answers: Mapping[str, Any]) -> str:
    for who in ("spouse", "father", "mother", "parent", "child", "head", "adopter", "sponsor", "deceased", "owner"):
        if material.startswith(who) or f"_{who}" in material or f"of_{who}" in material:
            for name in (f"{who}_id", f"{who}_id_no", f"new_{who}_id"):
                if answers.get(name):
                    return str(answers[name])
            if who == "parent":
                return str(answers.get("father_id") or answers.get("mother_id") or "")
    return ""


def held_by_civil_affairs(
    person_id: UUID, materials: Sequence[str], answers: Mapping[str, Any], now: datetime
) -> dict[str, str]:
    """Say whether the marriage is on record: of the couple that the form names, or of the applicant and a spouse.

    The register holds it for those registered here, where civil affairs has reported it.
    """
    asked = [material for material in materials if "marriage" in material]
    return dict.fromkeys(asked, _marriage(person_id, answers, now)) if asked else {}


def _marriage(person_id: UUID, answers: Mapping[str, Any], now: datetime) -> str:
    fields = ("person_id", "spouse_id", "father_id", "mother_id")
    named = set(numbers.present(str(answers[field]) for field in fields if answers.get(field)).values())
    own = prefill(person_id, "id_number", now)
    if len(named) < 2 and own:
        named.add(own)
    for number in named:
        somebody = people.person_by_id_number(number)
        said = items_of([somebody]).get(somebody, {}) if somebody else {}
        if said.get("marital", "")[:1] == "2" and said.get("spouse_id") in named - {number}:
            return "婚姻登记信息（民政）"
    return ""


def register_record(person_id: UUID, seen: Seen) -> list[tuple[Text, str, Text]]:
    """Return the rows (heading, field, value) an officer sees beside the form, once the look is on record.

    The field is the name that forms use for the same thing, so that what differs can be marked.
    """
    seen.must_cover(person_id, RECORD)
    said = items_of([person_id]).get(person_id, {})
    rows = [
        (_title(codes.title(name)), name, _title(codes.said(name, said[name])))
        for name in codes.ITEMS
        if said.get(name)
    ]
    member = Member.objects.select_related("household").filter(person_id=person_id, until__isnull=True).first()
    if member is not None:
        station = people.unit(member.household.station_id)
        relation = _title(rules.relation_title(member.relation))
        rows += [
            (Text(zh="户号", en="Household number"), "household_no", _as_is(member.household.number)),
            (Text(zh="与户主关系", en="Relation to the head"), "relation", relation),
            (Text(zh="住址", en="Address"), "address", _as_is(address_of(member))),
            (Text(zh="登记日期", en="Registered since"), "since", _as_is(member.since.isoformat())),
            (Text(zh="派出所", en="Police station"), "office", Text(**station.name)),
        ]
    elif not said:
        rows.append((Text(zh="户籍状态", en="Status"), "status", NOT_HERE))
    return rows


def check(*, name: str, id_number: str, now: datetime) -> Registered:
    """Vouch for a name and ID number: the register's answer to somebody who says who they are (level 2).

    People registered elsewhere in the country are vouched for by the national register; its stand-in accepts every
    well-formed number that this city does not know better: not one that was replaced here.
    """
    try:
        number = parse(id_number, local_day(now)).text
        said_name = names.parse(name)
    except (WrongIdNumber, names.WrongName):
        return Registered(found=False)
    person = people.person_by_id_number(number)
    if person is None and (once := numbers.holders([blind_index("id_number", number)])):
        (holder,) = once.values()
        return Registered(found=True, replaced=items_of([holder]).get(holder, {}).get("name") == said_name)
    said = items_of([person]).get(person, {}) if person else {}
    if not said:
        return Registered(found=True, name_agrees=True)
    return Registered(found=True, name_agrees=said.get("name") == said_name, alive=said.get("status") != "death")


# ---- opening ----------------------------------------------------------------------------------------------


def items_of(person_ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return what the register says of these persons now, by person and heading, to who has the look on record."""
    rows = list(
        Item.objects.filter(person_id__in=set(person_ids), until__isnull=True).values_list(
            "person_id", "name", "value_sealed"
        )
    )
    opened = unseal_many([(person, VALUE, bytes(blob)) for person, _, blob in rows])
    found: dict[UUID, dict[str, str]] = {}
    for (person, name, _), value in zip(rows, opened, strict=True):
        if value:
            found.setdefault(person, {})[name] = value.decode()
    return numbers.with_present_kin(found)


def address_of(member: Member) -> str:
    """Return where a member is registered, to who has the look on record; empty when the person was erased."""
    (value,) = unseal_many([(member.person_id, ADDRESS, bytes(member.address_sealed))])
    return "" if value is None else value.decode()


def _title(pair: tuple[str, str]) -> Text:
    return Text(zh=pair[0], en=pair[1])


def _as_is(value: str) -> Text:
    """Return what is the same in both languages: numbers, days, and the names of people and places."""
    return Text(zh=value, en=value)


def is_guardian(child: UUID, adult: UUID, now: datetime) -> bool:
    """Say whether the register shows the adult as father or mother of a minor; nothing of it is told."""
    said = items_of([child]).get(child, {})
    parents = [number for number in (said.get("father_id"), said.get("mother_id")) if number]
    return adult in people.people_by_id_numbers(parents).values()
