"""The whole ledger, computed anew from its bytes: every fault is named with its index and its entry."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.queries.private import PRIVATE, Private
from minjing.kernel.ledger.rules.note import BadNote, Claim, Verifier, open_note, parse_claim
from minjing.kernel.ledger.rules.public import minute_text
from minjing.kernel.ledger.rules.tiles import bundle_path, tile_path, unbundle
from minjing.kernel.ledger.rules.tree import (
    EMPTY_ROOT,
    TILE_WIDTH,
    TileId,
    cut,
    grow,
    leaf_hash,
    root_from,
    tile_width,
)
from minjing.kernel.ledger.rules.tree import edge as edge_of

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


@dataclass(frozen=True, slots=True)
class State:
    """The tree as the database states it, read once at the beginning."""

    size: int
    root: bytes
    cut: "Place"


Place = tuple[str, int]  # transaction and number: a place in the order of the log
BEGINNING: Place = ("0", -(2**63))


def verify(progress: Progress | None = None) -> Report:
    """Check every entry, tile, root, checkpoint and private record; `progress` is told (done, of how many).

    Needs no lock: the log only grows, so what stood at the size read first can be checked while more arrives.
    """
    report = Report()
    signed = _one("SELECT coalesce(max(size), 0) FROM ledger_checkpoint")[0]
    row = _one("SELECT size, root, cut_xid::text, cut_seq FROM ledger_state") or (0, EMPTY_ROOT, "0", 0)
    state = State(row[0], row[1], (row[2], row[3]))
    report.size = state.size
    if signed > report.size:
        report.add(None, f"a head of {signed} entries was stated, but the log now says it has {report.size}")
    _check_erasures(report)
    _check_copies(report)
    _check_entries(report, state, progress)
    return report


def _query(sql: str, params: Sequence[Any] = ()) -> list[Any]:
    connection.ensure_connection()
    assert connection.connection is not None
    return psycopg.Cursor[Any](connection.connection).execute(sql, params, binary=True).fetchall()


def _one(sql: str) -> Any:
    rows = _query(sql)
    return rows[0] if rows else None


def _check_copies(report: Report) -> None:
    """The database still holds some of what is published in full: both must be the same."""
    for n, data in _query("SELECT n, entries FROM ledger_bundle WHERE entries IS NOT NULL"):
        if folder.read(bundle_path(n)) not in (None, data):
            report.add(n * TILE_WIDTH, f"bundle {n} in the database and the public file differ")
    for level, n, data in _query("SELECT level, n, hashes FROM ledger_tile WHERE width = 256"):
        if folder.read(tile_path(level, n)) not in (None, data):
            report.add(n * TILE_WIDTH ** (level + 1), f"tile {level}/{n} in the database and the public file differ")


def _check_erasures(report: Report) -> None:
    """Emptied rows must name an erasure that stands in the ledger and states their number."""
    rows = _query(
        "SELECT e.erased_by, e.count, o.kind, o.payload FROM"
        " (SELECT erased_by, count(*) FROM ledger_erased GROUP BY erased_by) AS e"
        " LEFT JOIN ledger_outbox o ON o.id = e.erased_by"
    )
    for erasure, count, kind, payload in rows:
        stated = json.loads(payload).get("entries") if payload and kind == "ledger:person:erased" else None
        if stated != count:
            report.add(None, f"{count} records were emptied, its erasure states {stated}", erasure)


def _check_entries(report: Report, state: State, progress: Progress | None) -> None:
    key, shown = keys.verifiers(), _shown(report)
    edge: dict[TileId, bytes] = {}
    built, size = EMPTY_ROOT, report.size
    for start in range(0, size, STEP):
        end = min(start + STEP, size)
        growth = grow(start, edge, _check_batch(report, start, end, state))
        _check_upper_tiles(report, growth.tiles)
        _check_checkpoints(report, key, start, end, edge | growth.tiles)
        if start < shown.size <= end:
            _check_shown(report, shown, edge | growth.tiles)
        edge, built = growth.edge, growth.root
        if progress:
            progress(end, size)
    if built != state.root:
        report.add(None, f"the {size} entries do not give the root that is stored")


def _check_batch(report: Report, start: int, end: int, state: State) -> list[bytes]:
    """Check entries [start, end); return their leaf hashes, and where witnesses differ the one that was signed."""
    entries, tile = _bundles(start, end), _leaf_tiles(start, end)
    rows = _private(*_span(start, end, state))
    leaves = [leaf_hash(entry) for entry in entries]
    publics = _publics(rows)
    if publics == entries and len(entries) == end - start and b"".join(leaves) == tile:
        erased = sum(row.kept is not None for row in rows)
        report.erased += erased
        report.payloads += len(rows) - erased
        return leaves
    # Something differs: look again, bundle by bundle, so that one altered record is one fault and not thousands.
    found: list[bytes] = []
    for first in range(start, end, TILE_WIDTH):
        found += _check_bundle(report, first, min(first + TILE_WIDTH, end), state)
    return found


def _bundles(start: int, end: int) -> list[bytes]:
    """Return the public entries [start, end), fewer where some are gone or cannot be read.

    What the public folder has in full is read there, the newest from the database.
    """
    numbers = range(start // TILE_WIDTH, (end - 1) // TILE_WIDTH + 1)
    held = dict(_query(HELD, [numbers[0], numbers[-1]]))
    found = [entry for n in numbers for entry in _read(folder.read(bundle_path(n)) or held.get(n))]
    return found[: end - start]


HELD = "SELECT n, entries FROM ledger_bundle WHERE n >= %s AND n <= %s AND entries IS NOT NULL"


def _read(data: bytes | None) -> list[bytes]:
    try:
        return unbundle(data or b"")
    except ValueError:
        return []


def _leaf_tiles(start: int, end: int) -> bytes:
    numbers = range(start // TILE_WIDTH, (end - 1) // TILE_WIDTH + 1)
    found = _tiles([TileId(0, n) for n in numbers])
    return b"".join(found.get(TileId(0, n), b"") for n in numbers)[: (end - start) * 32]


def _tiles(wanted: Sequence[TileId]) -> dict[TileId, bytes]:
    """Return tiles: full ones from the public folder where it has them, the others from the database."""
    rows = _query(
        "SELECT level, n, hashes FROM ledger_tile"
        " JOIN unnest(%s::smallint[], %s::bigint[]) AS wanted(level, n) USING (level, n)",
        [[tile.level for tile in wanted], [tile.n for tile in wanted]],
    )
    stored = {TileId(level, n): hashes for level, n, hashes in rows}
    return stored | {t: data for t in wanted if (data := folder.read(tile_path(t.level, t.n))) is not None}


SPAN = """
WHERE (o.xid, o.seq) >= (%s::text::xid8, %s::bigint) AND (o.xid, o.seq) < (%s::text::xid8, %s::bigint)
ORDER BY o.xid, o.seq
"""


def _private(start: Place, end: Place) -> list[Private]:
    return [Private(*row) for row in _query(PRIVATE + SPAN, [*start, *end])]


def _span(start: int, end: int, state: State) -> tuple[Place, Place]:
    """Return where entries [start, end) begin in the order and where the next one begins."""
    wanted = [start // TILE_WIDTH, end // TILE_WIDTH]
    found = _query("SELECT n, xid::text, seq FROM ledger_bundle WHERE n = ANY(%s)", [wanted])
    rows: dict[int, Place] = {n: (xid, seq) for n, xid, seq in found}
    after = (state.cut[0], state.cut[1] + 1)
    first = rows.get(start // TILE_WIDTH, after) if start else BEGINNING
    return first, rows.get(end // TILE_WIDTH, after) if end < state.size else after


def _publics(rows: Sequence[Private]) -> list[bytes]:
    """Return the public entries that private records give; empty bytes for one emptied without an erasure."""
    texts = {minutes: minute_text(minutes) for minutes in {row.minute for row in rows}}
    return [row.public(texts[row.minute]) for row in rows]


def _shown(report: Report) -> Claim:
    """Return what the public checkpoint claims, and check it against guard and database."""
    text = folder.read("checkpoint")
    noted = _one("SELECT size, note FROM ledger_checkpoint WHERE note IS NOT NULL ORDER BY size DESC LIMIT 1")
    if text is None:
        if noted:
            report.add(None, "the checkpoint is gone from the public folder")
        return Claim("", 0, EMPTY_ROOT)
    try:
        claim = parse_claim(open_note(text.decode(), keys.verifiers()))
        bound = guard.read()
    except (BadNote, UnicodeDecodeError, guard.BadGuard) as bad:
        report.add(None, f"the checkpoint in the public folder, or the guard, is not valid: {bad}")
        return Claim("", 0, EMPTY_ROOT)
    if noted and noted[0] == claim.size and noted[1] != text.decode():
        report.add(claim.size - 1, "the checkpoint in the public folder is not the one that was published")
    if bound is None or bound.size < claim.size or (bound.size == claim.size and bound.root != claim.root):
        report.add(claim.size - 1, "the guard does not stand where the public checkpoint does")
    if claim.size > report.size:
        report.add(None, f"a head of {claim.size} entries was published, but the log now says it has {report.size}")
    return claim


def _check_shown(report: Report, shown: Claim, tiles: dict[TileId, bytes]) -> None:
    """Check the public checkpoint's root and the partial files at its edge against the entries."""
    if root_from(shown.size, tiles) != shown.root:
        report.add(shown.size - 1, "the entries do not give the root of the public checkpoint")
    for tile in edge_of(shown.size):
        width = tile_width(tile.level, tile.n, shown.size)
        name = tile_path(tile.level, tile.n, width)
        if folder.read(name) not in (tiles[tile][: width * 32], None):
            report.add(shown.size - 1, f"the public file {name} does not fit the entries")
        elif folder.read(name) is None and folder.read(tile_path(tile.level, tile.n)) is None:
            report.add(shown.size - 1, f"the public file {name} is missing")
    n, width = divmod(shown.size, TILE_WIDTH)
    if width:
        data = folder.read(bundle_path(n, width))
        if data is None and folder.read(bundle_path(n)) is None:
            report.add(shown.size - 1, f"the public file {bundle_path(n, width)} is missing")
        elif data is not None and _read(data) != _bundles(n * TILE_WIDTH, shown.size):
            report.add(shown.size - 1, f"the public file {bundle_path(n, width)} does not fit the entries")


def _check_bundle(report: Report, start: int, end: int, state: State) -> list[bytes]:
    """Check one bundle in which something differs, and name what stands alone."""
    entries, tile = _bundles(start, end), cut(_leaf_tiles(start, end))
    rows = _private(*_span(start, end, state))
    paired = _paired(report, rows, entries, start, end)
    leaves = []
    for place, (row, public) in enumerate(paired):
        entry = entries[place] if place < len(entries) else None
        witness = tile[place] if place < len(tile) else b""
        leaves.append(_check_leaf(report, start + place, entry, witness, row, public))
    return leaves


Pair = tuple[Private | None, bytes]


def _paired(report: Report, rows: list[Private], entries: list[bytes], start: int, end: int) -> list[Pair]:
    """Put each private record beside its index: by place, or by content where some are gone or too many."""
    publics = _publics(rows)
    if len(rows) == end - start:
        return list(zip(rows, publics, strict=True))
    left = dict(zip(publics, rows, strict=True))
    pairs: list[Pair] = []
    for entry in entries:
        row = left.pop(entry, None)
        pairs.append((row, entry if row else b""))
    pairs += [(None, b"")] * (end - start - len(pairs))
    for row in left.values():
        report.add(None, "was written by an act, or moved, but does not stand in the log where it belongs", row.id)
    return pairs


def _check_leaf(
    report: Report, index: int, entry: bytes | None, witness: bytes, row: Private | None, public: bytes
) -> bytes:
    """Compare an entry's bytes, its tile and its private record; return the leaf hash to go on from.

    The tree goes on from the hash that two agree on, so that one altered entry is one fault, not many.
    """
    name = row.id if row else None
    leaf = leaf_hash(entry) if entry is not None else b""
    if entry is None:
        report.add(index, "the entry is missing", name)
        return witness or leaf_hash(public)
    if leaf != witness and row is not None and leaf_hash(public) == witness:
        report.add(index, "the entry's bytes were altered", name)
        return witness
    if leaf != witness:
        report.add(index, "the tile does not hold the hash of this entry", name)
    if row is None:
        report.add(index, "its private record is gone without an erasure, or does not fit the entry")
    elif not public:
        report.add(index, "its private record was emptied without an erasure", name)
    elif public != entry:
        report.add(index, _difference(public, entry), name)
    elif row.kept is not None:
        report.erased += 1
    else:
        report.payloads += 1
    return leaf if row is not None and public == entry else witness or leaf


def _difference(public: bytes, entry: bytes) -> str:
    """Return in words how the public entry that a private record gives differs from the one in the log."""
    if public.split(b" ")[:2] != entry.split(b" ")[:2]:
        return "its private record has another kind or time than the entry"
    return "its payload, salt or columns (time, district, person, officer, matter) are not what was committed to"


def _check_upper_tiles(report: Report, tiles: dict[TileId, bytes]) -> None:
    upper = {tile: hashes for tile, hashes in tiles.items() if tile.level}
    stored = _tiles(list(upper))
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
    report: Report, key: Sequence[Verifier], start: int, end: int, tiles: dict[TileId, bytes]
) -> None:
    """Check what was signed over sizes in (start, end]: the signature, and that the same entries still stand."""
    rows = _query(
        "SELECT size, root, note FROM ledger_checkpoint WHERE size > %s AND size <= %s ORDER BY size", [start, end]
    )
    for size, root, note in rows:
        report.checkpoints += 1
        if root != root_from(size, tiles):
            report.add(size - 1, f"the first {size} entries do not give the root stated for them")
        if note is None:
            continue
        try:
            claim = parse_claim(open_note(note, key))
        except BadNote as bad:
            report.add(size - 1, f"the checkpoint of size {size} is not valid: {bad}")
            continue
        if (claim.origin, claim.size, claim.root) != (key[0].name, size, root):
            report.add(size - 1, f"the checkpoint of size {size} states another origin, size or root than its row")
