"""The first entry (建档): taking over a whole register at once, set by set, from another system or for the demo."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger.actions import append, entry
from minjing.modules.household import rules
from minjing.modules.household.models import Household, Member, NumberCounter
from minjing.modules.household.queries import ADDRESS, VALUE


@dataclass(frozen=True, slots=True)
class Entry:
    """One member to be entered: since when, as what, and what the register says."""

    relation: str
    since: date
    items: Mapping[str, str]  # must have name and id_number


@dataclass(frozen=True, slots=True)
class Taken:
    """A household to be entered."""

    org_id: int
    station_id: int
    since: date
    address: str
    members: Sequence[Entry]
    unit_name: str = ""  # of a collective household
    unit_uscc: str = ""
    number: str = ""  # empty: the next of the district
    matter: UUID | None = field(default=None)


@transaction.atomic
def enter_all(households: Sequence[Taken], *, by: Actor, now: datetime) -> int:
    """Enter households that are not in the register yet; return how many persons came with them.

    One ledger entry stands for the whole take-over: the source keeps the single ones.
    """
    people = [(m.items["name"], m.items["id_number"]) for h in households for m in h.members]
    ids = iter(identity.ensure_people_bulk(people, now))
    counts = dict(NumberCounter.objects.select_for_update().values_list("org_id", "last"))
    made: list[Household] = []
    members: list[Member] = []
    items: list[tuple[Any, ...]] = []
    for taken in households:
        made.append(_household(taken, counts))
        for member in taken.members:
            person = next(ids)
            members.append(_member(made[-1], person, member, taken.address))
            items += _items(taken.org_id, person, member)
    Household.objects.bulk_create(made, batch_size=2_000)
    Member.objects.bulk_create(members, batch_size=2_000)
    _copy_items(items)
    NumberCounter.objects.bulk_create(
        [NumberCounter(org_id=org, last=last) for org, last in counts.items()],
        update_conflicts=True, unique_fields=["org_id"], update_fields=["last"],
    )  # fmt: skip
    what = {"households": len(made), "persons": len(members), "by": by.account_id}
    append(entry("household:register:taken_over", what, at=now))
    return len(members)


def _household(taken: Taken, counts: dict[int, int]) -> Household:
    number = taken.number
    if not number:
        counts[taken.org_id] = counts.get(taken.org_id, 0) + 1
        number = rules.household_number(taken.org_id, counts[taken.org_id])
    return Household(
        id=new_id(),
        org_id=taken.org_id,
        number=number,
        kind=Household.COLLECTIVE if taken.unit_name else Household.FAMILY,
        station_id=taken.station_id,
        since=taken.since,
        unit_name=taken.unit_name,
        unit_uscc=taken.unit_uscc,
        unit_address=taken.address if taken.unit_name else "",
    )


def _member(household: Household, person: UUID, member: Entry, address: str) -> Member:
    return Member(
        id=new_id(),
        org_id=household.org_id,
        household=household,
        person_id=person,
        relation=member.relation,
        since=member.since,
        cause_in="initial",
        address_sealed=seal(person, ADDRESS, address),
    )


def _items(org_id: int, person: UUID, member: Entry) -> Iterator[tuple[Any, ...]]:
    for name, value in {"status": "registered", **member.items}.items():
        if value:
            yield new_id(), org_id, person, name, seal(person, VALUE, value), member.since


def _copy_items(rows: Iterable[tuple[Any, ...]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY household_item (id, org_id, person_id, name, value_sealed, since) FROM STDIN (FORMAT BINARY)"
        ) as copy,
    ):
        copy.set_types(["uuid", "int2", "uuid", "varchar", "bytea", "date"])
        for row in rows:
            copy.write_row(row)
