"""The head, a proof, and the private half by person, kind and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from minjing.kernel.ledger.models import said
from minjing.kernel.ledger.providers import folder
from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.public import minute, minute_text, public_entry
from minjing.kernel.ledger.rules.receipt import receipt_text
from minjing.kernel.ledger.rules.tiles import bundle_path, tile_path, unbundle
from minjing.kernel.ledger.rules.tree import TILE_WIDTH, TileId


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


HEADS = "SELECT size, root, note, at FROM ledger_checkpoint WHERE note IS NOT NULL ORDER BY size DESC LIMIT %s"


def head() -> Head | None:
    """Return the newest published head, or None while nothing is published."""
    found = checkpoints(1)
    return found[0] if found else None


def checkpoints(limit: int = 10) -> list[Head]:
    """Return the newest published heads, newest first; the texts of old ones are not kept."""
    return [Head(size, bytes(root), note, at) for size, root, note, at in _rows(HEADS, [limit])]


def proof(entry_id: UUID) -> Proof | None:
    """Return the inclusion proof of an entry in the newest signed head, or None while it is not covered by one.

    Reads a public file a level, whatever the size of the log; raises LookupError if one of them is gone.
    """
    index, signed = index_of(entry_id), head()
    if index is None or signed is None or index >= signed.size:
        return None
    entry = _logged(index, signed.size)
    ranges = tree.inclusion_ranges(index, signed.size)
    path = tree.hashes_of(ranges, tiles(signed.size, tree.tiles_for(ranges)))
    return Proof(
        entry_id,
        index,
        signed.size,
        entry,
        tree.leaf_hash(entry),
        tuple(path),
        signed.root,
        signed.checkpoint_text,
    )


def index_of(entry_id: UUID) -> int | None:
    """Return the index of an entry, None while it is not in the log."""
    rows = _rows("SELECT ledger_index(xid, seq) FROM ledger_outbox WHERE id = %s", [entry_id])
    return rows[0][0] if rows else None


def _logged(index: int, size: int) -> bytes:
    """Return the public entry at an index of a published tree of `size`; raises LookupError if its file is gone."""
    n, place = divmod(index, TILE_WIDTH)
    width = tree.tile_width(0, n, size)
    data = folder.read(bundle_path(n, width)) or folder.read(bundle_path(n))
    if data is None:
        raise LookupError(f"The public folder lacks {bundle_path(n, width)}.")
    return unbundle(data)[place]


def receipt(entry_id: UUID) -> str | None:
    """Return the receipt of an entry (c2sp.org/tlog-proof), None while no published head covers it.

    It carries the public entry's own bytes, so that one file is enough to check it.
    """
    found = proof(entry_id)
    return receipt_text(found.index, found.path, found.checkpoint_text, found.entry) if found else None


PRIVATE = """
SELECT coalesce(e.commitment, sha256(ledger_frame(o))), o.kind, o.at
FROM ledger_outbox o LEFT JOIN ledger_erased e ON e.id = o.id WHERE o.id = %s
"""


def public_entry_of(entry_id: UUID) -> bytes:
    """Return the bytes of an entry that are, or will be, hashed into the tree; raises LookupError."""
    rows = _rows(PRIVATE, [entry_id])
    if not rows:
        raise LookupError("The ledger has no such entry.")
    committed, kind, at = rows[0]
    return public_entry(kind, minute_text(minute(at)), bytes(committed))


def tiles(size: int, wanted: set[TileId]) -> dict[TileId, bytes]:
    """Return tiles of a published tree of `size`; a partial one that was collected is cut from its full one.

    Raises LookupError if one is missing.
    """
    found = {}
    for tile in wanted:
        width = tree.tile_width(tile.level, tile.n, size)
        data = folder.read(tile_path(tile.level, tile.n, width)) or folder.read(tile_path(tile.level, tile.n))
        if data is None:
            raise LookupError(f"The public folder lacks {tile_path(tile.level, tile.n, width)}.")
        found[tile] = data[: width * 32]
    return found


FOUND = """
SELECT ledger_index(xid, seq), id, kind, org_id, at, subject_id, actor_id, object_id, payload FROM ledger_outbox
"""


def about(
    subject_id: UUID, kinds: Sequence[str] | None = None, limit: int = 50, before: datetime | None = None
) -> list[dict[str, Any]]:
    """Return the payloads of entries about a person, newest first, from the moment their act committed.

    Each is {"at", "kind", "org", "subject", "what": the act's own payload, "entry_id", "index": None until it
    is in the log}. `before` gives the next page.
    """
    rows = _rows(
        f"{FOUND} WHERE subject_id = %s AND (%s::text[] IS NULL OR kind = ANY(%s::text[]))"
        " AND (%s::timestamptz IS NULL OR at < %s::timestamptz) ORDER BY at DESC, id DESC LIMIT %s",
        [subject_id, *[None if kinds is None else list(kinds)] * 2, before, before, limit],
    )
    return [
        {
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "kind": kind,
            "org": org_id,
            "subject": str(person),
            "what": said(payload, actor, matter),
            "entry_id": id_,
            "index": idx,
        }
        for idx, id_, kind, org_id, at, person, actor, matter, payload in rows
    ]


def entry_of(entry_id: UUID) -> Found | None:
    """Return the private half of one entry, or None if there is none."""
    rows = _rows(f"{FOUND} WHERE id = %s", [entry_id])
    return _found(rows[0]) if rows else None


FIRST_SPAN = timedelta(hours=1)


def search(
    *,
    kinds: Sequence[str] = (),
    prefix: str = "",
    since: datetime,
    until: datetime,
    before: datetime | None = None,
    limit: int = 100,
) -> list[Found]:
    """Return entries by kind and time, newest first; `before` gives the next page.

    Looks at the newest hour first and then at ever longer spans, so that a page of a full day reads little.
    """
    end = min(until, before) if before else until
    newest = _rows("SELECT max(at) FROM ledger_outbox WHERE at >= %s AND at < %s", [since, end])[0][0]
    found: list[Found] = []
    span = FIRST_SPAN
    if newest is None:
        return found
    end = newest + timedelta(microseconds=1)
    while len(found) < limit and end > since:
        start = max(since, end - span)
        rows = _rows(
            f"{FOUND} WHERE at >= %s AND at < %s AND starts_with(kind, %s)"
            " AND (%s::text[] = '{}' OR kind = ANY(%s::text[])) ORDER BY at DESC, id DESC LIMIT %s",
            [start, end, prefix, list(kinds), list(kinds), limit - len(found)],
        )
        found += [_found(row) for row in rows]
        end, span = start, span * 4
    return found


def _found(row: tuple[Any, ...]) -> Found:
    idx, id_, kind, org_id, at, _, actor, matter, payload = row
    return Found(idx, id_, kind, org_id, at, said(payload, actor, matter))


LAG = """
SELECT coalesce(
    (SELECT at FROM ledger_outbox WHERE (xid, seq) > (coalesce(s.cut_xid, '0'), coalesce(s.cut_seq, 0))
     ORDER BY xid, seq LIMIT 1),
    CASE WHEN s.size > coalesce((SELECT max(size) FROM ledger_checkpoint WHERE note IS NOT NULL), 0) THEN s.at END
) FROM (SELECT) AS always LEFT JOIN ledger_state AS s ON true
"""


def lag_s(now: datetime) -> float:
    """Return for how many seconds the oldest act has waited to stand under a signed head, 0 if none waits."""
    since = _rows(LAG)[0][0]
    return max(0.0, (now - since).total_seconds()) if since else 0.0
