"""The whole ledger, computed anew from its bytes: every fault is named with its index and its entry."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from minjing.base.canonical import commitment
from minjing.kernel.ledger.providers.keys import verifier
from minjing.kernel.ledger.rules.note import BadNote, Verifier, open_note, parse_claim
from minjing.kernel.ledger.rules.public import minute, minute_text, public_entry
from minjing.kernel.ledger.rules.tree import EMPTY_ROOT, TileId, cut, grow, leaf_hash, root_from

STEP = 16_384  # entries a round: whole tiles, a few MB
FAULTS_NAMED = 1_000  # beyond this the log is not damaged but lost; the count goes on


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit, and where; `index` is None for what belongs to no entry."""

    index: int | None
    what: str
    entry_id: UUID | None = None


@dataclass(slots=True)
class Report:
    """The outcome of a verification."""

    size: int = 0
    checkpoints: int = 0
    payloads: int = 0  # private records checked against their commitments
    erased: int = 0  # entries whose person was erased by a recorded erasure
    found: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.found

    def add(self, index: int | None, what: str, entry_id: UUID | None = None) -> None:
        self.found += 1
        if len(self.faults) < FAULTS_NAMED:
            self.faults.append(Fault(index, what, entry_id))


Progress = Callable[[int, int], None]


def verify(progress: Progress | None = None) -> Report:
    """Check every entry, tile, root, checkpoint and private record; `progress` is told (done, of how many).

    Needs no lock: the log only grows, so what stood at the size read first can be checked while more arrives.
    """
    report = Report()
    signed = _one("SELECT coalesce(max(size), 0) FROM ledger_checkpoint")[0]
    state = _one("SELECT size, root, cut_xid::text, cut_seq FROM ledger_state") or (0, EMPTY_ROOT, "0", 0)
    report.size = state[0]
    if signed > report.size:
        report.add(None, f"a head of {signed} entries was signed, but the log now says it has {report.size}")
    _check_passed_over(report, state[2], state[3])
    _check_erasures(report)
    _check_entries(report, state[1], progress)
    return report


def _query(sql: str, params: Sequence[Any] = ()) -> list[Any]:
    connection.ensure_connection()
    assert connection.connection is not None
    return psycopg.Cursor[Any](connection.connection).execute(sql, params, binary=True).fetchall()


def _one(sql: str) -> Any:
    rows = _query(sql)
    return rows[0] if rows else None


def _check_passed_over(report: Report, cut_xid: str, cut_seq: int) -> None:
    """An act before the cut that has no index was left out of the log."""
    rows = _query(
        "SELECT id FROM ledger_outbox LEFT JOIN ledger_entry ON entry_id = id"
        " WHERE (xid, seq) <= (%s::text::xid8, %s::bigint) AND idx IS NULL",
        [cut_xid, cut_seq],
    )
    for row in rows:
        report.add(None, "was written by an act but never entered the log", row[0])


def _check_erasures(report: Report) -> None:
    """Emptied rows must name an erasure that stands in the ledger and states their number."""
    rows = _query(
        "SELECT e.erased_by, e.count, o.kind, o.payload FROM"
        " (SELECT erased_by, count(*) FROM ledger_outbox WHERE erased_by IS NOT NULL GROUP BY erased_by) AS e"
        " LEFT JOIN ledger_outbox o ON o.id = e.erased_by"
    )
    for erasure, count, kind, payload in rows:
        stated = json.loads(payload)["what"].get("entries") if payload and kind == "ledger:person:erased" else None
        if stated != count:
            report.add(None, f"{count} records were emptied, its erasure states {stated}", erasure)


# LATERAL keeps it one index look-up an entry, whatever the planner thinks of the outbox.
ENTRIES = """
SELECT e.idx, e.entry_id, e.entry, e.leaf_hash, o.*
FROM ledger_entry e LEFT JOIN LATERAL (
    SELECT id, kind, org_id, at, subject_id, salt, payload, commitment, erased_by
    FROM ledger_outbox WHERE id = e.entry_id LIMIT 1
) AS o ON true
WHERE e.idx >= %s AND e.idx < %s ORDER BY e.idx
"""


def _check_entries(report: Report, root: bytes, progress: Progress | None) -> None:
    key = verifier()
    edge: dict[TileId, bytes] = {}
    built, size = EMPTY_ROOT, report.size
    for start in range(0, size, STEP):
        end = min(start + STEP, size)
        leaves = list(_check_batch(report, start, end))
        growth = grow(start, edge, leaves)
        _check_upper_tiles(report, growth.tiles)
        _check_checkpoints(report, key, start, end, edge | growth.tiles)
        edge, built = growth.edge, growth.root
        if progress:
            progress(end, size)
    if built != root:
        report.add(None, f"the {size} entries do not give the root that is stored")


def _check_batch(report: Report, start: int, end: int) -> Iterator[bytes]:
    """Check entries [start, end) and yield the leaf hash that two of three witnesses agree on."""
    rows = {row[0]: row for row in _query(ENTRIES, [start, end])}
    tiles = dict(
        _query("SELECT n, hashes FROM ledger_tile WHERE level = 0 AND n >= %s AND n <= %s", [start >> 8, end >> 8])
    )
    for idx in range(start, end):
        place = (idx & 255) * 32
        witness = tiles.get(idx >> 8, b"")[place : place + 32]
        row = rows.get(idx)
        if row is None:
            report.add(idx, "the entry is missing")
            yield witness or bytes(32)
        else:
            yield _check_leaf(report, row, witness)
            _check_private(report, row)


def _check_leaf(report: Report, row: Any, witness: bytes) -> bytes:
    """Compare the entry's bytes, its stored hash and its tile; name the one that stands alone."""
    idx, entry_id, entry, stored = row[:4]
    leaf = leaf_hash(entry)
    if leaf == stored == witness:
        return leaf
    if leaf == stored:
        report.add(idx, "the tile does not hold the hash of this entry", entry_id)
        return leaf
    if stored == witness:
        # The tree goes on from the hash that was signed, so that one altered entry is one fault, not many.
        report.add(idx, "the entry's bytes were altered", entry_id)
        return witness
    if leaf == witness:
        report.add(idx, "the stored hash of the entry was altered", entry_id)
        return leaf
    report.add(idx, "the entry's bytes, its stored hash and its tile all differ", entry_id)
    return leaf


def _check_private(report: Report, row: Any) -> None:
    """Check the private record: that it is the one the public entry commits to, or that it was erased."""
    idx, entry_id, entry, _, id_, kind, org_id, at, subject_id, salt, payload, promise, erased_by = row
    if id_ is None:
        report.add(idx, "its private record is gone without an erasure", entry_id)
        return
    if public_entry(kind, minute_text(minute(at)), promise) != entry:
        report.add(idx, "its private record has another kind, time or commitment than the entry", entry_id)
    if erased_by is not None:
        report.erased += 1
        return
    report.payloads += 1
    if salt is None or payload is None or commitment(salt, payload) != promise:
        report.add(idx, "its payload or salt does not fit the commitment", entry_id)
    elif not _columns_fit(payload, kind, org_id, at, subject_id):
        report.add(idx, "its columns (time, kind, district or person) differ from what was committed to", entry_id)


def _columns_fit(payload: bytes, kind: str, org_id: int, at: datetime, subject_id: UUID | None) -> bool:
    """Say whether the columns by which entries are found are those that the commitment covers."""
    covered = json.loads(payload)
    return bool(
        covered.get("kind") == kind
        and covered.get("org") == org_id
        and covered.get("subject") == (None if subject_id is None else str(subject_id))
        and covered.get("at") == at.astimezone(UTC).isoformat(timespec="microseconds")
    )


def _check_upper_tiles(report: Report, tiles: dict[TileId, bytes]) -> None:
    upper = {tile: hashes for tile, hashes in tiles.items() if tile.level}
    rows = _query(
        "SELECT level, n, hashes FROM ledger_tile"
        " JOIN unnest(%s::smallint[], %s::bigint[]) AS wanted(level, n) USING (level, n)",
        [[tile.level for tile in upper], [tile.n for tile in upper]],
    )
    stored = {TileId(level, n): hashes for level, n, hashes in rows}
    for tile, hashes in upper.items():
        found = cut(stored.get(tile, b"")[: len(hashes)])
        for place, right in enumerate(cut(hashes)):
            if place >= len(found) or found[place] != right:
                span = 256**tile.level
                first = (tile.n * 256 + place) * span
                report.add(
                    first,
                    f"hash {place} of tile {tile.level}/{tile.n} does not fit entries {first} to {first + span - 1}",
                )


def _check_checkpoints(
    report: Report, key: Verifier | None, start: int, end: int, tiles: dict[TileId, bytes]
) -> None:
    """Check what was signed over sizes in (start, end]: the signature, and that the same entries still stand."""
    rows = _query(
        "SELECT size, root, note FROM ledger_checkpoint WHERE size > %s AND size <= %s ORDER BY size", [start, end]
    )
    for size, root, note in rows:
        report.checkpoints += 1
        try:
            if key is None:
                raise BadNote("The log's public key (keys/ledger.pub) is missing.")
            claim = parse_claim(open_note(note, [key]))
        except BadNote as bad:
            report.add(size - 1, f"the checkpoint of size {size} is not valid: {bad}")
            continue
        if (claim.origin, claim.size, claim.root) != (key.name, size, root):
            report.add(size - 1, f"the checkpoint of size {size} states another origin, size or root than its row")
        if claim.root != root_from(size, tiles):
            report.add(size - 1, f"the first {size} entries do not give the root signed for them")
