"""Taking over a stock of documents from another system, or for the demo: bulk, one ledger entry for the whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.ledger.actions import append, entry
from minjing.modules.exit_entry import events, rules, tariff
from minjing.modules.exit_entry.models import (
    BorderRecord,
    Document,
    DocumentChange,
    DocumentNumber,
    Endorsement,
    NumberSeries,
)
from minjing.modules.exit_entry.queries import CROSSING, NUMBER, NUMBER_INDEX

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Stocked:
    """A document to be taken over, with its endorsements as (code, destination, issued)."""

    person_id: UUID
    org_id: int
    kind: str
    issued: date
    years: int
    state: str = Document.VALID
    electronic: bool = True
    fingers_on_file: bool = True
    endorsed: Sequence[tuple[str, str, date]] = field(default_factory=tuple)


@transaction.atomic
def take_over(
    stock: Sequence[Stocked],
    crossed: Mapping[UUID, Sequence[Mapping[str, str]]],
    *,
    by: Actor,
    now: datetime,
) -> int:
    """Take over documents and border records that are not here yet; return how many documents there were.

    `crossed` is, for each person, mappings of day, way (out, in), port and document. One entry stands for the whole:
    the source keeps the single ones.
    """
    numbers = {kind: iter(NumberSeries.take(kind, count)) for kind, count in _counts(stock).items()}
    made: list[tuple[Document, str]] = []
    for one in stock:
        number = rules.number(one.kind, next(numbers[one.kind]))
        made.append((_document(one, number, now), number))
    documents = [document for document, _ in made]
    Document.objects.bulk_create(documents, batch_size=BATCH)
    DocumentNumber.objects.bulk_create(
        (DocumentNumber(number_index=blind_index(NUMBER_INDEX, n), document=d) for d, n in made), batch_size=BATCH
    )
    DocumentChange.objects.bulk_create((_change(d, by, now) for d in documents), batch_size=BATCH)
    Endorsement.objects.bulk_create(_endorsements(stock, documents), batch_size=BATCH)
    BorderRecord.objects.bulk_create(_crossings(stock, crossed), batch_size=BATCH)
    append(
        entry(
            events.TAKEN_OVER,
            {"documents": len(documents), "people": len({d.person_id for d in documents}), "by": by.account_id},
            at=now,
        )
    )
    return len(documents)


def _counts(stock: Iterable[Stocked]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in stock:
        counts[one.kind] = counts.get(one.kind, 0) + 1
    return counts


def _document(one: Stocked, number: str, now: datetime) -> Document:
    return Document(
        id=new_id(),
        org_id=one.org_id,
        person_id=one.person_id,
        kind=one.kind,
        number_sealed=seal(one.person_id, NUMBER, number),
        state=one.state,
        state_at=now,
        issued_date=one.issued,
        expires_date=rules.expires(one.issued, one.years),
        electronic=one.electronic,
        fingers_on_file=one.fingers_on_file,
    )


def _change(document: Document, by: Actor, now: datetime) -> DocumentChange:
    return DocumentChange(
        org_id=document.org_id,
        document=document,
        at=now,
        state=document.state,
        reason="taken_over",
        by=by.account_id,
    )


def _endorsements(stock: Sequence[Stocked], documents: Sequence[Document]) -> Iterable[Endorsement]:
    for one, document in zip(stock, documents, strict=True):
        for code, destination, issued in one.endorsed:
            kind = tariff.kinds()[code]
            yield Endorsement(
                id=new_id(),
                org_id=one.org_id,
                document=document,
                code=code,
                destination=destination,
                state="valid" if one.state == Document.VALID else "cancelled",
                issued_date=issued,
                until_date=min(rules.last_day(issued, kind.months), document.expires_date),
                trips=kind.trips or None,
            )


def _crossings(
    stock: Sequence[Stocked], crossed: Mapping[UUID, Sequence[Mapping[str, str]]]
) -> Iterable[BorderRecord]:
    orgs = {one.person_id: one.org_id for one in stock}
    for person_id, rows in crossed.items():
        for row in rows:
            yield BorderRecord(
                id=new_id(),
                org_id=orgs.get(person_id, 0),
                person_id=person_id,
                crossing_sealed=seal(person_id, CROSSING, json.dumps(dict(row), ensure_ascii=False)),
            )
