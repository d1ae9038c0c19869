"""The head, a proof, and the private half by person, kind and time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.tree import TileId


@dataclass(frozen=True, slots=True)
class Head:
    """The newest signed statement of the log."""

    size: int
    root: bytes
    checkpoint_text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the log of a signed head: enough to check it without us."""

    entry_id: UUID
    index: int
    size: int
    entry: bytes
    leaf_hash: bytes
    path: tuple[bytes, ...]
    root: bytes
    checkpoint_text: str

    def holds(self) -> bool:
        """Say whether the path leads from the entry's own bytes to the root."""
        return tree.included(self.index, self.size, tree.leaf_hash(self.entry), self.path, self.root)


@dataclass(frozen=True, slots=True)
class Found:
    """The private half of an entry: ids only. `index` is None until it is in the log, `payload` once erased."""

    index: int | None
    id: UUID
    kind: str
    org_id: int
    at: datetime
    payload: dict[str, Any] | None


def _rows(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def head() -> Head | None:
    """Return the newest signed head, or None while nothing is signed."""
    rows = _rows("SELECT size, root, note, at FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
    return Head(rows[0][0], bytes(rows[0][1]), rows[0][2], rows[0][3]) if rows else None


def checkpoints(limit: int = 10) -> list[Head]:
    """Return the newest signed heads, newest first."""
    rows = _rows("SELECT size, root, note, at FROM ledger_checkpoint ORDER BY size DESC LIMIT %s", [limit])
    return [Head(size, bytes(root), note, at) for size, root, note, at in rows]


def proof(entry_id: UUID) -> Proof | None:
    """Return the inclusion proof of an entry in the newest signed head, or None while it is not covered by one.

    Reads a tile a level, whatever the size of the log.
    """
    rows = _rows("SELECT idx, entry, leaf_hash FROM ledger_entry WHERE entry_id = %s", [entry_id])
    signed = head()
    if not rows or signed is None or rows[0][0] >= signed.size:
        return None
    index, entry, leaf = rows[0]
    ranges = tree.inclusion_ranges(index, signed.size)
    path = tree.hashes_of(ranges, tiles(tree.tiles_for(ranges)))
    return Proof(
        entry_id, index, signed.size, bytes(entry), bytes(leaf), tuple(path), signed.root, signed.checkpoint_text
    )


def tiles(wanted: set[TileId]) -> dict[TileId, bytes]:
    """Return the stored hashes of tiles; one query."""
    rows = _rows(
        "SELECT level, n, hashes FROM ledger_tile"
        " JOIN unnest(%s::smallint[], %s::bigint[]) AS wanted(level, n) USING (level, n)",
        [[tile.level for tile in wanted], [tile.n for tile in wanted]],
    )
    return {TileId(level, n): bytes(hashes) for level, n, hashes in rows}


def about(
    subject_id: UUID, kinds: Sequence[str] | None = None, limit: int = 50, before: datetime | None = None
) -> list[dict[str, Any]]:
    """Return the payloads of entries about a person, newest first, from the moment their act committed.

    Each is {"at", "kind", "org", "subject", "what": the act's own payload, "entry_id", "index": None until it
    is in the log}. `before` gives the next page.
    """
    rows = _rows(
        "SELECT id, payload, idx FROM ledger_outbox LEFT JOIN ledger_entry ON entry_id = id"
        " WHERE subject_id = %s AND (%s::text[] IS NULL OR kind = ANY(%s::text[]))"
        " AND (%s::timestamptz IS NULL OR at < %s::timestamptz) ORDER BY at DESC, id DESC LIMIT %s",
        [subject_id, *[None if kinds is None else list(kinds)] * 2, before, before, limit],
    )
    return [{**json.loads(bytes(payload)), "entry_id": id_, "index": idx} for id_, payload, idx in rows]


FOUND = "SELECT idx, id, kind, org_id, at, payload FROM ledger_outbox LEFT JOIN ledger_entry ON entry_id = id"


def entry_of(entry_id: UUID) -> Found | None:
    """Return the private half of one entry, or None if there is none."""
    rows = _rows(f"{FOUND} WHERE id = %s", [entry_id])
    return _found(rows[0]) if rows else None


def search(
    *,
    kinds: Sequence[str] = (),
    prefix: str = "",
    since: datetime,
    until: datetime,
    before: datetime | None = None,
    limit: int = 100,
) -> list[Found]:
    """Return entries by kind and time, newest first; `before` gives the next page."""
    # One index scan a kind: the kinds that exist are few and are hopped through, not read through.
    rows = _rows(
        """
        WITH RECURSIVE known(kind) AS (
            (SELECT min(kind) FROM ledger_outbox)
            UNION ALL
            SELECT (SELECT min(o.kind) FROM ledger_outbox o WHERE o.kind > known.kind)
            FROM known WHERE kind IS NOT NULL
        )
        SELECT idx, id, found.kind, org_id, at, payload
        FROM known CROSS JOIN LATERAL (
            SELECT * FROM ledger_outbox o
            WHERE o.kind = known.kind AND at >= %s AND at < %s ORDER BY at DESC, id DESC LIMIT %s
        ) AS found LEFT JOIN ledger_entry ON entry_id = id
        WHERE starts_with(known.kind, %s) AND (%s::text[] = '{}' OR known.kind = ANY(%s::text[]))
        ORDER BY at DESC, id DESC LIMIT %s
        """,
        [since, min(until, before) if before else until, limit, prefix, list(kinds), list(kinds), limit],
    )
    return [_found(row) for row in rows]


def _found(row: tuple[Any, ...]) -> Found:
    idx, id_, kind, org_id, at, payload = row
    return Found(idx, id_, kind, org_id, at, None if payload is None else json.loads(bytes(payload))["what"])


LAG = """
SELECT coalesce(
    (SELECT at FROM ledger_outbox WHERE (xid, seq) > (coalesce(s.cut_xid, '0'), coalesce(s.cut_seq, 0))
     ORDER BY xid, seq LIMIT 1),
    CASE WHEN s.size > coalesce((SELECT max(size) FROM ledger_checkpoint), 0) THEN s.at END
) FROM (SELECT) AS always LEFT JOIN ledger_state AS s ON true
"""


def lag_s(now: datetime) -> float:
    """Return for how many seconds the oldest act has waited to stand under a signed head, 0 if none waits."""
    since = _rows(LAG)[0][0]
    return max(0.0, (now - since).total_seconds()) if since else 0.0
