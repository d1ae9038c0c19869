"""Records against the ledger, both ways: each row of an act has its entry, each entry of an act has its row.

What a part keeps beside the ledger is told by the part itself (`records.py`, SQL and names, no framework), so that
the monitor knows the tables of the whole house without loading it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from minjing.kernel.ledger.models import said
from minjing.kernel.watch.actions import Finding

Facts = Mapping[str, Any]
Words = tuple[str, str]  # zh, en


@dataclass(frozen=True, slots=True)
class Record:
    """What a part keeps of its acts.

    `ids` gives `%(limit)s` keys after `%(after)s`, `newest` the newest; `rows` gives for `%(keys)s` one row an act:
    entry id (or NULL), key, name of the row, instant (or NULL), facts that the entry states too. `odd` names rows
    among `%(keys)s` that contradict each other. `kinds` are the entries that must have a row (`besides` need none),
    `key` is where such an entry says which. `look` is a further check of one pair: what lies on the disk.
    `counts` gives (day, kind, number) of acts from `%(since)s` until `%(until)s`, days as in `%(zone)s`. `copies`
    says which rows of which tables belong to `%(keys)s`, for a drill on a copy.
    """

    name: str
    ids: str = ""
    newest: str = ""
    rows: str = ""
    kinds: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    key: str = ""
    odd: str = ""
    look: Callable[[Facts, Facts], Words | None] | None = None
    counts: str = ""
    copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stated:
    """The private half of an entry, as far as a row can be compared with it."""

    id: UUID
    kind: str
    at: datetime
    what: Facts | None  # None once erased
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What a part keeps of one act."""

    entry_id: UUID | None
    key: UUID
    name: str
    at: datetime | None
    facts: Facts


def check(record: Record, keys: Iterable[UUID], stated: Sequence[Stated], now: datetime) -> list[Finding]:
    """Compare the rows of `keys`, and of the keys that the entries `stated` name, with their entries."""
    ours = _ours(record, stated)
    named = {key: s for s in ours if (key := _key(record, s)) is not None}
    wanted = list({*keys, *named})
    if not wanted:
        return []
    rows = _rows(record, wanted) if record.rows else []
    entries = {s.id: s for s in ours} | entries_of(row.entry_id for row in rows if row.entry_id)
    findings = [f for row in rows for f in _row_faults(record, row, entries, named, now)]
    findings += _without_row(record, ours, rows, now)
    if record.odd:
        odd = _query(record.odd, {"keys": wanted})
        findings += [_finding(record, key, name, (zh, en), now) for key, name, zh, en in odd]
    return findings


def _rows(record: Record, keys: Sequence[UUID]) -> list[Row]:
    # Django leaves jsonb as text where no field of a model reads it.
    found = _query(record.rows, {"keys": keys})
    return [Row(entry_id, key, name, at, json.loads(facts)) for entry_id, key, name, at, facts in found]


def named_by(record: Record, keys: Sequence[UUID]) -> list[UUID]:
    """Return the entries that the rows of these keys name."""
    return [row.entry_id for row in _rows(record, keys) if row.entry_id] if record.rows else []


def unit(record: Record, key: UUID) -> str:
    """Return what a finding about this key is filed under: what is checked, and ends, as one."""
    return f"{record.name} {key}"


def keys_of(record: Record, stated: Sequence[Stated]) -> set[UUID]:
    """Return the keys that these entries name."""
    return {key for s in _ours(record, stated) if (key := _key(record, s)) is not None}


def _ours(record: Record, stated: Sequence[Stated]) -> list[Stated]:
    return [s for s in stated if s.kind.startswith(record.kinds) and s.kind not in record.besides]


def _key(record: Record, entry: Stated) -> UUID | None:
    try:
        return UUID(str((entry.what or {})[record.key]))
    except (KeyError, ValueError):
        return None


def _row_faults(
    record: Record, row: Row, entries: Mapping[UUID, Stated], named: Mapping[UUID, Stated], now: datetime
) -> list[Finding]:
    entry = entries.get(row.entry_id) if row.entry_id else named.get(row.key)
    if entry is None:
        if row.entry_id is None:
            return []  # its entry was not among those looked at
        words = (
            "没有台账条目：有人绕过台账写入，或条目被删除。",
            "has no ledger entry: written past it, or deleted there.",
        )
        return [_finding(record, row.key, row.name, words, now)]
    if entry.what is None:
        return []  # the person was erased: nothing is left to compare
    findings = []
    other = sorted(name for name, value in row.facts.items() if name in entry.what and entry.what[name] != value)
    if row.at is not None and row.at != entry.at:
        other.append("at")
    if other:
        zh, en = f"与台账条目不一致：{'、'.join(other)}。", f"differs from its ledger entry in {', '.join(other)}."
        findings.append(_finding(record, row.key, row.name, (zh, en), now, entry))
    if record.look and (seen := record.look(row.facts, entry.what)):
        findings.append(_finding(record, row.key, row.name, seen, now, entry))
    return findings


def _without_row(record: Record, ours: Sequence[Stated], rows: Sequence[Row], now: datetime) -> list[Finding]:
    """Name the entries whose row is gone; only where a row knows its entry can that be told."""
    there = {row.entry_id for row in rows}
    if not any(there) and rows:
        return []
    words = (
        "台账中的行为在业务记录中不存在：记录被删除。",
        "stands in the ledger, but its record is gone: deleted there.",
    )
    return [
        _finding(record, key, f"{record.name} {key}", words, now, s)
        for s in ours
        if s.what is not None and s.id not in there and (key := _key(record, s)) is not None
    ]


def _finding(
    record: Record, key: UUID, name: str, words: Words, now: datetime, entry: Stated | None = None
) -> Finding:
    index = None if entry is None else entry.index
    zh, en = ("", "") if index is None else (f"（第 {index} 条）", f" (entry {index})")
    text = {"zh": f"{name}{zh}{words[0]}", "en": f"{name}{en} {words[1]}"}
    return Finding("record", f"{unit(record, key)}|{name}|{words[1]}"[:200], text, now, index, name)


def newest(record: Record, limit: int) -> list[UUID]:
    """Return the newest keys of a record."""
    return [row[0] for row in _query(record.newest, {"limit": limit})]


def after(record: Record, key: UUID, limit: int) -> list[UUID]:
    """Return the keys that follow; fewer than asked for at the end."""
    return [row[0] for row in _query(record.ids, {"after": key, "limit": limit})]


ENTRIES = "SELECT id, kind, at, actor_id, object_id, payload FROM ledger_outbox WHERE id = ANY(%(ids)s)"
# The private rows of bundles [n, m): where they begin in the order of the log, and where the next ones do.
SPAN = """
SELECT id, kind, at, actor_id, object_id, payload FROM ledger_outbox
WHERE (xid, seq) >= (SELECT xid, seq FROM ledger_bundle WHERE n = %(start)s)
  AND (xid, seq) <= (SELECT cut_xid, cut_seq FROM ledger_state)
  AND ((xid, seq) < (SELECT xid, seq FROM ledger_bundle WHERE n = %(end)s)
       OR NOT EXISTS (SELECT FROM ledger_bundle WHERE n = %(end)s))
ORDER BY xid, seq
"""


def entries_of(ids: Iterable[UUID]) -> dict[UUID, Stated]:
    """Return the private halves of these entries, those that are there."""
    return {s.id: s for s in map(_stated, _query(ENTRIES, {"ids": list(ids)}))}


def entries_in(start: int, end: int) -> list[Stated]:
    """Return the private halves of the bundles [start, end), with their indexes."""
    rows = _query(SPAN, {"start": start, "end": end})
    return [_stated(row, start * 256 + place) for place, row in enumerate(rows)]


def _stated(row: Sequence[Any], index: int | None = None) -> Stated:
    id_, kind, at, actor, thing, payload = row
    return Stated(id_, kind, at, said(payload, actor, thing), index)


def _query(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
