"""Private rows against the public files: each row gives the very bytes that were published, or it was altered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from minjing.kernel.ledger.queries.private import PRIVATE, Private
from minjing.kernel.ledger.rules.note import Claim
from minjing.kernel.ledger.rules.public import minute_text

Words = tuple[str, str]  # zh, en


@dataclass(frozen=True, slots=True)
class Altered:
    """What is wrong with the private half of an entry."""

    index: int | None  # None for a row that no entry knows
    row: str
    words: Words


OF_BUNDLES = """
WHERE (o.xid, o.seq) >= (SELECT xid, seq FROM ledger_bundle WHERE n = %(start)s)
  AND (o.xid, o.seq) <= (SELECT cut_xid, cut_seq FROM ledger_state)
  AND ((o.xid, o.seq) < (SELECT xid, seq FROM ledger_bundle WHERE n = %(end)s)
       OR NOT EXISTS (SELECT FROM ledger_bundle WHERE n = %(end)s))
ORDER BY o.xid, o.seq
"""


def rows(start: int, end: int) -> list[Private]:
    """Return the private rows of the bundles [start, end), in the order of the log."""
    connection.ensure_connection()
    assert connection.connection is not None
    cursor = psycopg.Cursor[Any](connection.connection)
    found = cursor.execute(PRIVATE + OF_BUNDLES, {"start": start, "end": end}, binary=True).fetchall()
    return [Private(*row) for row in found]


def altered(first: int, entries: Sequence[bytes], held: Sequence[Private], *, whole: bool) -> list[Altered]:
    """Compare the published entries from index `first` on with their private rows; name each that differs.

    Unless the bundle is `whole`, `held` may reach further than `entries`: what was sequenced since is compared when
    it is published.
    """
    pairs = list(zip(entries, held, strict=False))
    if len(held) >= len(entries) and all(entry == row.public() for entry, row in pairs):
        return [_unknown(row) for row in held[len(entries) :]] if whole else []
    return _told_apart(first, entries, held, whole)


def _unknown(row: Private) -> Altered:
    words = ("混在台账中，却从未进入公开账本。", "stands among the entries, but never entered the public log.")
    return Altered(None, f"ledger_outbox {row.id}", words)


def _told_apart(first: int, entries: Sequence[bytes], held: Sequence[Private], whole: bool) -> list[Altered]:
    """Pair by content, then by what is left over in the same order: one altered row is one finding."""
    left: dict[bytes, list[Private]] = {}
    for held_row in held:
        left.setdefault(held_row.public(), []).append(held_row)
    alone = []
    for place, entry in enumerate(entries):
        if left.get(entry):
            left[entry].pop(0)
        else:
            alone.append((first + place, entry))
    # Rows further on belong to what is not published yet.
    among = held if whole else held[: len(entries)]
    odd = [held_row for held_row in among if held_row in left.get(held_row.public(), [])]
    found = []
    for index, entry in alone:
        row = next((r for r in odd if _alike(r, entry)), None)
        if row is None:
            words = ("的私有记录不见了，且没有删除记录。", "has lost its private record, and no erasure says so.")
            found.append(Altered(index, "", words))
        else:
            odd.remove(row)
            found.append(Altered(index, f"ledger_outbox {row.id}", _difference(row, entry)))
    return found + ([_unknown(row) for row in odd] if whole or not alone else [])


def _alike(row: Private, entry: bytes) -> bool:
    """Say whether this row may once have been the one of `entry`: its kind or its minute is still the same."""
    kind, at, _ = entry.split(b" ")
    return row.kind.encode() == kind or minute_text(row.minute).encode() == at


def _difference(row: Private, entry: bytes) -> Words:
    public = row.public()
    if not public:
        return "的私有记录被清空，且没有删除记录。", "was emptied, and no erasure says so."
    if public.split(b" ")[:2] != entry.split(b" ")[:2]:
        return "的私有记录被改了类别或时间。", "has another kind or time in its private record: it was altered."
    return (
        "的私有记录（内容、时间、人员或办件）被改动。",
        "has a private record (content, time, person or matter) that was altered.",
    )


def waits() -> bool:
    """Say whether an entry waits to be published."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM ledger_outbox WHERE (xid, seq) >"
            " (coalesce((SELECT cut_xid FROM ledger_state), '0'), coalesce((SELECT cut_seq FROM ledger_state), 0)))"
        )
        return bool(cursor.fetchone()[0])


def is_known(claim: Claim) -> bool:
    """Say whether the ledger ever stated this root for this size."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT root FROM ledger_checkpoint WHERE size = %s", [claim.size])
        row = cursor.fetchone()
    return row is not None and bytes(row[0]) == claim.root


ERASURES = """
SELECT e.erased_by, e.count, CASE WHEN o.kind = 'ledger:person:erased' THEN o.payload END
FROM (SELECT erased_by, count(*) FROM ledger_erased GROUP BY erased_by) AS e
LEFT JOIN ledger_outbox o ON o.id = e.erased_by
"""


def erasures() -> list[tuple[UUID, int, int | None]]:
    """Return of each erasure how many entries it emptied, and how many its own entry states."""
    with connection.cursor() as cursor:
        cursor.execute(ERASURES)
        return [
            (erasure, count, None if payload is None else json.loads(bytes(payload)).get("entries"))
            for erasure, count, payload in cursor.fetchall()
        ]
