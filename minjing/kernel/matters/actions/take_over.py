"""Taking over matters of an earlier system, by the million: each with its events, requests and ledger entries.

Every step is decided by the rules that decide one of today, so that nothing comes in that this house would not have
allowed, and each matter refolds from its events. Effects do not run and nobody is told: what they did was done then,
and registers and papers are taken over by themselves. Parallel checks are not: what is open goes on without them. The
ledger says of each step when it was taken, and from where it came.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from minjing.base.clock import CHINA
from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger.actions import Entry
from minjing.kernel.matters import queries, rules, store
from minjing.kernel.matters.actions.corrections import subject_index
from minjing.kernel.matters.actions.submitting import new_matter
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.rules import MOVING, Ask, Change, Snapshot
from minjing.kernel.matters.schema import Body

BATCH = 5_000  # matters of one transaction: what one statement of the sequencer takes in easily
NOTHING_ASKED = Ask()
NAMESPACE = UUID("6d617474-6572-5f74-616b-656e5f6f7665")


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step that was taken: by whom, when, and what came with it."""

    action: str
    by: Actor
    at: datetime
    ask: Ask = NOTHING_ASKED


@dataclass(frozen=True, slots=True)
class Past:
    """A matter of an earlier system: `reference` is its number there, by which it comes in once."""

    reference: str
    code: str
    answers: Mapping[str, Any]
    by: Actor
    at: datetime
    steps: Sequence[PastStep] = ()


@dataclass(frozen=True, slots=True)
class _Folded:
    """A matter as it ended, as it began, and every change between."""

    past: Past
    body: Body
    first: Snapshot
    changes: Sequence[Change]

    @property
    def last(self) -> Snapshot:
        return self.changes[-1].after if self.changes else self.first


def take_over_matters(
    pasts: Iterable[Past], *, source: str, now: datetime, told: Callable[[int], None] = lambda done: None
) -> int:
    """Enter matters with all that happened to them, in batches of one transaction each; return how many.

    `told` hears how many are in after each batch. Raises NotAllowed, Wrong and Unknown as the step of today would,
    IntegrityError for what has been taken over before; the batches before are in then.
    """
    rest, many = iter(pasts), 0
    while batch := list(islice(rest, BATCH)):
        _entered([_folded(past) for past in batch], source, now)
        many += len(batch)
        told(many)
    return many


def _folded(past: Past) -> _Folded:
    procedure_id, body = queries.service(past.code)
    receiver = queries.receiver(body, past.answers)
    if receiver is None:
        raise Unknown
    first = new_matter(body, procedure_id, receiver, past.by, past.at, None).but(open_tasks=0)
    place, calendar = queries.place_of(first.station_id), queries.calendar()
    matter, changes = first, []
    for step in past.steps:
        change = rules.decide(
            body, matter, step.action, step.ask, by=step.by, place=place, calendar=calendar, now=step.at
        )
        changes.append(change)
        matter = change.after
    return _Folded(past, body, first, changes)


@transaction.atomic
def _entered(batch: Sequence[_Folded], source: str, now: datetime) -> None:
    """Write a batch: numbers are drawn, then four tables filled by COPY."""
    numbers = _numbers(batch)
    sealed = sealing.seal_many(
        [
            (one.first.person_id, queries.ANSWERS_CONTEXT, json.dumps(one.past.answers, ensure_ascii=False))
            for one in batch
        ]
    )
    notes = _sealed_words(batch)
    matters, events, requests, entries = [], [], [], []
    for one, number, answers in zip(batch, numbers, sealed, strict=True):
        index = subject_index(one.body, one.past.answers, one.first.person_id)
        matters.append(_matter(one.last.but(number=number), index, answers))
        for event, entry in _happened(one, source, now):
            events.append((*event, notes.get(event[:2])))
            requests.append((event[REQUEST], event[0], event[1], now))
            entries.append(tuple(getattr(entry, name) for name in ENTRY))
    _copy("matters_matter", MATTER, matters)
    _copy("matters_matterevent", (*EVENT, "note_sealed"), events)
    _copy("matters_request", ("id", "matter_id", "seq", "at"), requests)
    _copy("ledger_outbox", ENTRY, entries)


def _sealed_words(batch: Sequence[_Folded]) -> dict[tuple[Any, ...], bytes]:
    """Return the officers' words by matter and number of the event, sealed under the applicant's key."""
    said = [(one.first.person_id, c.after.id, c.after.ver, c.ask.note) for one in batch for c in one.changes]
    said = [row for row in said if row[3]]
    sealed = sealing.seal_many(
        [(owner, queries.NOTE_CONTEXT, store.note_json({"note": note})) for owner, _, _, note in said]
    )
    return {(matter, seq): blob for (_, matter, seq, _), blob in zip(said, sealed, strict=True)}


_NUMBERS = """
INSERT INTO matters_counter (org_id, year, last) VALUES (%s, %s, %s)
ON CONFLICT (org_id, year) DO UPDATE SET last = matters_counter.last + EXCLUDED.last RETURNING last
"""


def _numbers(batch: Sequence[_Folded]) -> list[str]:
    """Draw a number for each, of the year in which it was submitted, in their order."""
    years = [(one.first.org_id, one.past.at.astimezone(CHINA).year) for one in batch]
    following = {}
    with connection.cursor() as cursor:
        for (org_id, year), many in sorted(Counter(years).items()):
            cursor.execute(_NUMBERS, [org_id, year, many])
            following[org_id, year] = cursor.fetchone()[0] - many
    numbers = []
    for one, key in zip(batch, years, strict=True):
        following[key] += 1
        org_id, year = key
        numbers.append(f"{one.first.code[:2]}{org_id:02d}{year % 100:02d}{following[key]:07d}")
    return numbers


ENTRY = ("id", "kind", "org_id", "at", "subject_id", "actor_id", "object_id", "salt", "payload")
EVENT = (
    "matter_id", "seq", "at", "org_id", "action", "from_state", "to_state", "actor_kind", "actor_id", "post",
    "unit_id", "request_id", "detail", "entry_id",
)  # fmt: skip
REQUEST = EVENT.index("request_id")
STANDS = (
    "id", "org_id", "number", "code", "station_id", "ver", "person_id", "account_id", "mandate_id", "submitted_at",
    "received_at_unit", *MOVING,
)  # fmt: skip
MATTER = (*STANDS, "subject_index", "answers_sealed")


def _matter(last: Snapshot, index: bytes, answers: bytes) -> tuple[Any, ...]:
    return (*(_column(getattr(last, name)) for name in STANDS), index, answers)


def _column(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Jsonb(dict(value))
    return Jsonb(list(value)) if isinstance(value, (list, tuple)) else value


def _happened(one: _Folded, source: str, now: datetime) -> Iterator[tuple[tuple[Any, ...], Entry]]:
    """Yield each event with its entry: the submission, then every step."""
    first, past = one.first, one.past
    said = {"source": source, "happened": past.at}
    entry = store.submitted_entry(first, past.by, now, said)
    detail = store.submitted_detail(first, past.by)
    yield _event(one, source, 1, past.at, "submit", "", first.state, past.by, "", None, detail, entry), entry
    for change, step in zip(one.changes, past.steps, strict=True):
        entry = store.entry_of(change, step.by, now, {"source": source, "happened": step.at})
        yield (
            _event(
                one, source, change.after.ver, step.at, change.action, change.before.state, change.after.state,
                step.by, change.post, change.acting_unit, store.change_detail(change, change.moves, step.by), entry,
            ),
            entry,
        )  # fmt: skip


def _event(
    one: _Folded,
    source: str,
    seq: int,
    at: datetime,
    action: str,
    before: str,
    after: str,
    by: Actor,
    post: str,
    unit_id: int | None,
    detail: Mapping[str, Any],
    entry: Entry,
) -> tuple[Any, ...]:
    request_id = uuid5(NAMESPACE, f"{source}|{one.past.reference}|{seq}")
    return (
        one.first.id, seq, at, one.first.org_id, action, before, after, by.kind, by.account_id, post, unit_id,
        request_id, Jsonb(detail), entry.id,
    )  # fmt: skip


def _copy(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(columns)
    # COPY fails as it ends, where Django's cursor no longer translates: the caller is promised IntegrityError.
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN") as sent,
    ):
        for row in rows:
            sent.write_row(row)
