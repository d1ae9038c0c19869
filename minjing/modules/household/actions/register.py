"""The single steps on the register, each with its ledger entry; they run in the transaction of the decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as people
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Person, Unit
from minjing.kernel.identity.sealing import blind_index, seal, unseal_many
from minjing.kernel.ledger.actions import Entry, append, entry
from minjing.modules.household import events, numbers, rules
from minjing.modules.household.models import Household, Item, Member, RetiredNumber
from minjing.modules.household.queries import ADDRESS, VALUE, address_of, items_of
from minjing.modules.household.rules import Refusal, Standing


@dataclass
class Act:
    """One act on the register: who, when, for which matter; it gathers the ledger entries until `write_down`."""

    by: Actor
    now: datetime
    matter_id: UUID | None
    entries: list[Entry] = field(default_factory=list)

    @property
    def day(self) -> date:
        """Return the day the register is changed on."""
        return local_day(self.now)

    def note(self, event: str, org_id: int, person_id: UUID | None, /, **what: object) -> None:
        """Remember an entry: ids, codes and days only."""
        payload = {**what, "person": person_id, "day": self.day, "matter": self.matter_id, "by": self.by.account_id}
        self.entries.append(entry(event, payload, at=self.now, org_id=org_id, subject_id=person_id))

    def write_down(self) -> None:
        """Append what was gathered, in one statement."""
        append(*self.entries)
        self.entries = []


# ---- finding ----------------------------------------------------------------------------------------------


def open_household(number: str) -> Household:
    """Return the household with this number, locked, so that two decisions about it follow one another."""
    found = Household.objects.select_for_update().filter(number=number.strip()).first()
    if found is None:
        raise Refusal("household_unknown", number)
    if found.until is not None:
        raise Refusal("household_closed")
    return found


def person_of(id_number: str) -> UUID:
    """Return the person with this ID number, now or before it was replaced; refuse when nobody has it."""
    found = identity.person_once_with(id_number)
    if found is None:
        raise Refusal("person_unknown")
    return found


def known_or_new(act: Act, name: str, id_number: str) -> UUID:
    """Return the person with this ID number, made known under `name` if nobody has it.

    A number that was replaced leads to the one who had it, under their name only: refused for anybody else.
    """
    found = identity.person_by_id_number(id_number)
    if found is not None:
        return found
    once = identity.person_once_with(id_number)
    if once is not None and known(once)[0] == name:
        return once
    if not name:
        raise Refusal("name_missing")
    return people.ensure_person(name=name, id_number=id_number, now=act.now)


def membership(person_id: UUID) -> Member:
    """Return where the person is registered now, locked; refuse when they are not."""
    found = current_membership(person_id)
    if found is None:
        raise Refusal("not_registered")
    return found


def current_membership(person_id: UUID) -> Member | None:
    """Return where the person is registered now, locked with its household; None when nowhere."""
    rows = Member.objects.select_for_update().select_related("household")
    return rows.filter(person_id=person_id, until__isnull=True).first()


def members_of(household: Household) -> list[Member]:
    """Return who belongs to the household now, the head first, locked."""
    rows = Member.objects.select_for_update().filter(household=household, until__isnull=True)
    return sorted(rows, key=lambda m: (m.relation != rules.HEAD, m.since, m.id))


def items_before(matter_id: UUID) -> dict[UUID, dict[str, str]]:
    """Return what stood before a matter wrote there: person → heading → value, empty where nothing did.

    Refuse where another matter has written since: putting the first back would take away what the second says.
    """
    found: dict[UUID, dict[str, str]] = {}
    for person, name in sorted(set(Item.objects.filter(matter_id=matter_id).values_list("person_id", "name"))):
        rows = Item.objects.filter(person_id=person, name=name).order_by("since", "id")
        history = list(rows.values_list("matter_id", "value_sealed"))
        if history[-1][0] != matter_id and name != "id_number":
            raise Refusal("changed_since")
        first = [by for by, _ in history].index(matter_id)
        sealed = [(person, VALUE, bytes(blob)) for _, blob in history[max(0, first - 1) : first]]
        found.setdefault(person, {})[name] = "".join((value or b"").decode() for value in unseal_many(sealed))
    return found


def home_of(household: Household) -> str:
    """Return the address of the household: its unit's, or where its members are registered."""
    if household.unit_address:
        return household.unit_address
    members = members_of(household)
    return address_of(members[0]) if members else ""


def known(person_id: UUID) -> tuple[str, str]:
    """Return name and ID number as identity keeps them, for the act that is being decided."""
    name, number = Person.objects.values_list("name_sealed", "id_number_sealed").get(pk=person_id)
    opened = unseal_many([(person_id, identity.NAME, bytes(name)), (person_id, identity.ID_NUMBER, bytes(number))])
    return tuple("" if value is None else value.decode() for value in opened)  # type: ignore[return-value]


def is_called(name: str, id_number: str) -> bool:
    """Say whether who has this ID number is called so; nothing speaks against it of somebody unknown to the city."""
    try:
        person_id = person_of(id_number)
    except Refusal:
        return True
    return name == (items_of([person_id]).get(person_id, {}).get("name") or known(person_id)[0])


def standings(members: Iterable[Member]) -> list[Standing]:
    """Return members as the rules see them."""
    members = list(members)
    items = items_of(m.person_id for m in members)
    return [
        Standing(
            m.person_id,
            m.relation,
            date.fromisoformat(items.get(m.person_id, {}).get("birth", "1900-01-01")),
            items.get(m.person_id, {}).get("sex", rules.MALE),
        )
        for m in members
    ]


# ---- persons ----------------------------------------------------------------------------------------------


def set_items(act: Act, person_id: UUID, org_id: int, values: Mapping[str, str]) -> None:
    """Write what the register says of a person from today on; what it said before is closed, not lost."""
    put_items(act, person_id, org_id, {name: value for name, value in values.items() if value})


def put_items(act: Act, person_id: UUID, org_id: int, values: Mapping[str, str]) -> None:
    """Write as `set_items` does; an empty value leaves nothing under its heading from today on."""
    now = numbers.with_present_kin({person_id: values})[person_id]
    said = items_of([person_id]).get(person_id, {})
    changed = {name: value for name, value in now.items() if said.get(name, "") != value}
    Item.objects.filter(person_id=person_id, name__in=changed, until__isnull=True).update(until=act.day)
    Item.objects.bulk_create(
        Item(
            org_id=org_id,
            person_id=person_id,
            name=name,
            value_sealed=seal(person_id, VALUE, value),
            since=act.day,
            matter_id=act.matter_id,
        )
        for name, value in changed.items()
    )
    for name in changed:
        act.note(events.ITEM_SET, org_id, person_id, item=name)


def new_number(act: Act, area: str, birth: date, sex: str) -> str:
    """Return an ID number that nobody has or has had; the lock keeps two births of one day apart."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"id_number|{area}|{birth}"])
    possible = list(rules.numbers_for(area, birth, sex))
    for start in range(0, len(possible), 50):
        some = {blind_index("id_number", number): number for number in possible[start : start + 50]}
        used = set(Person.objects.filter(id_index__in=some).values_list("id_index", flat=True))
        taken = {bytes(index) for index in used if index is not None} | numbers.holders(some).keys()
        free = [number for index, number in some.items() if index not in taken]
        if free:
            return free[0]
    raise Refusal("numbers_exhausted")


def area_of(station_id: int) -> str:
    """Return the area code that new ID numbers of a station's residents begin with."""
    return Unit.objects.values_list("code", flat=True).get(pk=station_id)[:6]


def retire_number(act: Act, person_id: UUID, number: str) -> None:
    """Put a replaced ID number away for good."""
    RetiredNumber.objects.create(
        number_index=blind_index("id_number", number),
        person_id=person_id,
        retired_on=act.day,
        matter_id=act.matter_id,
    )


# ---- households -------------------------------------------------------------------------------------------


def open_new(
    act: Act,
    org_id: int,
    station_id: int,
    kind: str = Household.FAMILY,
    *,
    unit_name: str = "",
    unit_uscc: str = "",
    unit_address: str = "",
    warden_id: UUID | None = None,
) -> Household:
    """Open a household under the next number of the district."""
    household = Household.objects.create(
        id=new_id(),
        org_id=org_id,
        number=rules.household_number(org_id, _next_count(org_id)),
        kind=kind,
        station_id=station_id,
        since=act.day,
        unit_name=unit_name,
        unit_uscc=unit_uscc,
        unit_address=unit_address,
        warden_id=warden_id,
        opened_by=act.matter_id,
    )
    act.note(events.OPENED, org_id, None, household=household.id, kind=kind, station=station_id)
    return household


def _next_count(org_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO household_numbercounter AS c (org_id, last) VALUES (%s, 1) "
            "ON CONFLICT (org_id) DO UPDATE SET last = c.last + 1 RETURNING last",
            [org_id],
        )
        return int(cursor.fetchone()[0])


def close(act: Act, household: Household, why: str) -> None:
    """Close a household that has no members left."""
    Household.objects.filter(pk=household.pk).update(until=act.day, closed_by=act.matter_id, closed_why=why)
    act.note(events.CLOSED, household.org_id, None, household=household.id, why=why)


def join(act: Act, household: Household, person_id: UUID, relation: str, address: str, cause: str) -> Member:
    """Register a person in a household from today on."""
    elsewhere = current_membership(person_id)
    rules.may_join(elsewhere.household.number if elsewhere else None, household.until is not None)
    if not address:
        raise Refusal("address_missing")
    member = Member.objects.create(
        org_id=household.org_id,
        household=household,
        person_id=person_id,
        relation=relation,
        since=act.day,
        cause_in=cause,
        matter_in=act.matter_id,
        address_sealed=seal(person_id, ADDRESS, address),
    )
    act.note(
        events.MEMBER_ADDED,
        household.org_id,
        person_id,
        member=member.id,
        household=household.id,
        relation=relation,
        cause=cause,
    )
    return member


def leave(act: Act, member: Member, cause: str) -> None:
    """End a membership today."""
    Member.objects.filter(pk=member.pk).update(until=act.day, cause_out=cause, matter_out=act.matter_id)
    act.note(
        events.MEMBER_LEFT,
        member.org_id,
        member.person_id,
        member=member.id,
        household=member.household_id,
        cause=cause,
    )


def settle(act: Act, household: Household, why: str, wished: str = "") -> UUID | None:
    """Put a household in order after people have left: close it when empty, find a head when it has none.

    Returns the new head, if one had to be found: the member whose name is `wished`, else the spouse, the eldest
    adult, the eldest. The household may choose another later (户主变更).
    """
    left = members_of(household)
    if not left:
        if household.kind == Household.FAMILY:
            close(act, household, why)
        return None
    if household.kind != Household.FAMILY or left[0].relation == rules.HEAD:
        return None
    named = [m.person_id for m in left if wished and known(m.person_id)[0] == wished]
    chosen = rules.successor(standings(left), act.day)
    assert chosen is not None
    head = named[0] if named else chosen.person_id
    make_head(act, household, head)
    return head


def make_head(act: Act, household: Household, person_id: UUID) -> None:
    """Make a member the head and restate what everybody is of the new head."""
    members = members_of(household)  # the old head first: there is never more than one
    by_person = {s.person_id: s for s in standings(members)}
    new = by_person[person_id]
    items = items_of(by_person)
    for member in members:
        old = by_person[member.person_id]
        is_new = member.person_id == person_id
        known_as = rules.relation_by_items(items.get(member.person_id, {}), items.get(person_id, {}))
        after = known_as or rules.relation_after(old.relation, new.relation, old.sex, new.sex)
        restate(act, member, rules.HEAD if is_new else after)


def restate(act: Act, member: Member, relation: str) -> None:
    """Change what a member is of the head, from today on."""
    if member.relation == relation:
        return
    Member.objects.filter(pk=member.pk).update(until=act.day, cause_out="relation", matter_out=act.matter_id)
    renewed = Member.objects.create(
        org_id=member.org_id,
        household_id=member.household_id,
        person_id=member.person_id,
        relation=relation,
        since=act.day,
        cause_in="relation",
        matter_in=act.matter_id,
        address_sealed=bytes(member.address_sealed),
    )
    act.note(
        events.RELATION_CHANGED,
        member.org_id,
        member.person_id,
        member=renewed.id,
        household=member.household_id,
        relation=relation,
    )


def readdress(act: Act, household: Household, address: str) -> None:
    """Correct the address of a household: every member's entry is closed and opened anew."""
    if household.kind == Household.COLLECTIVE:
        Household.objects.filter(pk=household.pk).update(unit_address=address)
    for member in members_of(household):
        leave(act, member, "corrected")
        join(act, household, member.person_id, member.relation, address, "corrected")
