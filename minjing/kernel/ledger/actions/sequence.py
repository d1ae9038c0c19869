"""The sequencer: puts what has committed in one order, grows the tree, signs it.

Trust: the database is trusted to keep bytes until they are signed, not to have kept them right; so what is
signed is computed again from what is read back.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any

import psycopg
from django.db import Error, connection, transaction

from minjing.base.clock import now as clock_now
from minjing.kernel.ledger.providers.keys import signer
from minjing.kernel.ledger.rules.framing import commitment
from minjing.kernel.ledger.rules.note import Claim, claim_text
from minjing.kernel.ledger.rules.public import minute_text, public_entry
from minjing.kernel.ledger.rules.tiles import bundle, unbundle
from minjing.kernel.ledger.rules.tree import EMPTY_ROOT, TILE_WIDTH, Growth, TileId, edge, grow, leaf_hash, root_from

log = logging.getLogger(__name__)

BATCH = 16_384  # 64 full tiles: large enough that commits cost nothing, small enough for a few MB of memory
POLL_S = 0.2
LOCK = 0x6C656467  # "ledg": the advisory lock that makes the sequencer one


class Doubt(RuntimeError):
    """Something does not fit; nothing more is signed until a person has looked. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """The state row: how large the tree is, its root, and how far it reaches into the outbox's order."""

    size: int
    root: bytes
    cut_xid: int
    cut_seq: int


def sequence_once(now: datetime, limit: int = BATCH) -> int:
    """Take up to `limit` committed entries into the log and sign the new head; return how many were taken.

    Returns 0 at once if another sequencer is at work. Raises Doubt if stored bytes do not give the root.
    """
    taken = _integrate(now, limit)
    # If we crash here, tree and state have grown but nothing is signed. Nobody has seen the new head; the next
    # step, here or in another process, signs it through the very same function.
    _sign_head(now)
    return taken


def drain(now: datetime, patience_s: float = 30.0) -> int:
    """Sequence until nothing waits; return how many entries were taken.

    Raises Doubt if a transaction stays open longer than `patience_s` and holds the rest up.
    """
    total, last = 0, monotonic()
    while True:
        taken = sequence_once(now)
        total += taken
        if taken:
            last = monotonic()
        elif not waiting():
            return total
        elif monotonic() - last > patience_s:
            raise Doubt("Entries wait behind a transaction that stays open; end it (pg_stat_activity) and try again.")
        else:
            Event().wait(0.02)


def waiting() -> bool:
    """Say whether any committed entry is not yet in the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM ledger_outbox WHERE (xid, seq) >"
            " (coalesce((SELECT cut_xid FROM ledger_state), '0'), coalesce((SELECT cut_seq FROM ledger_state), 0)))"
        )
        return bool(cursor.fetchone()[0])


def run_sequencer(stop: Event) -> None:
    """Sequence every 200 ms until `stop` is set; ends after the step under way. Raises Doubt."""
    pause = POLL_S
    while not stop.is_set():
        try:
            # A full batch means more is waiting: no pause.
            pause = 0.0 if sequence_once(clock_now()) >= BATCH else POLL_S
        except (Error, psycopg.Error) as error:
            # The database is away or full. Nothing was signed; we come back and go on where the state stands.
            log.warning("The sequencer waits for the database: %s", type(error).__name__)
            connection.close()
            pause = min(max(pause, POLL_S) * 2, 5.0)
        stop.wait(pause)
    connection.close()


# --- grow ----------------------------------------------------------------------------------------------------

# The text of xid must not be called xid: ORDER BY would take it, and text sorts 9999 after 10000.
# xid < pg_snapshot_xmin: every transaction below it has ended, so nothing can still appear before these rows.
NEXT = """
SELECT coalesce(e.commitment, ledger_frame(o)), e.id IS NOT NULL, o.kind,
    floor(extract(epoch FROM o.at) / 60)::bigint, o.xid::text AS xid_text, o.seq
FROM ledger_outbox o LEFT JOIN ledger_erased e ON e.id = o.id AND o.salt IS NULL
WHERE (o.xid, o.seq) > (%s::text::xid8, %s::bigint) AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY o.xid, o.seq LIMIT %s
"""

# A row or a cut from the future: these tables came from another cluster, whose transactions had higher numbers.
FOREIGN = """
SELECT greatest((SELECT xid FROM ledger_outbox ORDER BY xid DESC, seq DESC LIMIT 1), %s::text::xid8)
    >= pg_snapshot_xmax(pg_current_snapshot())
"""


@transaction.atomic(durable=True)
def _integrate(now: datetime, limit: int) -> int:
    cursor = _cursor()
    if not _lock(cursor):
        return 0
    cursor.execute("SET LOCAL synchronous_commit = on")
    head = _head(cursor, now)
    rows = cursor.execute(NEXT, [str(head.cut_xid), head.cut_seq, limit], binary=True).fetchall()
    if not rows:
        _refuse_foreign(cursor, head)
        return 0
    entries = _public(rows)
    growth = grow(head.size, _tiles(cursor, edge(head.size)), [leaf_hash(item) for item in entries])
    _write_bundles(cursor, head.size, rows, entries)
    _write_tiles(cursor, growth)
    _swap(cursor, head, growth, rows[-1], now)
    # If we crash here, PostgreSQL rolls all of it back: no index was given out.
    return len(rows)


def _refuse_foreign(cursor: "psycopg.Cursor[Any]", head: Head) -> None:
    row = cursor.execute(FOREIGN, [str(head.cut_xid)]).fetchone()
    if row and row[0]:
        raise Doubt(
            "The ledger's tables come from another PostgreSQL cluster: their transaction numbers lie in the future."
            " Make sure that the old cluster has stopped for good, then run `minjing ledger adopt`."
        )


def _cursor() -> "psycopg.Cursor[Any]":
    """Return a plain psycopg cursor in Django's transaction: binary results and COPY, which Django's hides."""
    connection.ensure_connection()
    assert connection.connection is not None
    return psycopg.Cursor(connection.connection)


def _lock(cursor: "psycopg.Cursor[Any]") -> bool:
    row = cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone()
    return bool(row and row[0])


def _head(cursor: "psycopg.Cursor[Any]", now: datetime) -> Head:
    """Return the state row, made at the first start; a lost one in a log with entries is refused."""
    row = cursor.execute("SELECT size, root, cut_xid::text, cut_seq FROM ledger_state", binary=True).fetchone()
    if row:
        return Head(row[0], row[1], int(row[2]), row[3])
    found = cursor.execute("SELECT FROM ledger_bundle UNION ALL SELECT FROM ledger_checkpoint LIMIT 1").fetchone()
    if found is not None:
        raise Doubt("The ledger has entries but its state row is gone. Restore the database from a backup.")
    cursor.execute(
        "INSERT INTO ledger_state (size, root, cut_xid, cut_seq, at) VALUES (0, %s, '0', 0, %s)", [EMPTY_ROOT, now]
    )
    return Head(0, EMPTY_ROOT, 0, 0)


def _public(rows: Sequence[Any]) -> list[bytes]:
    """Return the public entries of rows of NEXT; the text of a minute is written out once."""
    texts = {minutes: minute_text(minutes) for minutes in {row[3] for row in rows}}
    return [
        public_entry(kind, texts[minutes], data if is_erased else commitment(data))
        for data, is_erased, kind, minutes, *_ in rows
    ]


def _tiles(cursor: "psycopg.Cursor[Any]", wanted: Sequence[TileId]) -> dict[TileId, bytes]:
    rows = cursor.execute(
        "SELECT level, n, hashes FROM ledger_tile"
        " JOIN unnest(%s::smallint[], %s::bigint[]) AS wanted(level, n) USING (level, n)",
        [[tile.level for tile in wanted], [tile.n for tile in wanted]],
        binary=True,
    ).fetchall()
    return {TileId(level, n): hashes for level, n, hashes in rows}


WRITE_BUNDLES = """
INSERT INTO ledger_bundle (n, xid, seq, entries)
SELECT n, xid::xid8, seq, entries
FROM unnest(%b::bigint[], %b::text[], %b::bigint[], %b::bytea[]) AS bundle(n, xid, seq, entries)
ON CONFLICT (n) DO UPDATE SET entries = ledger_bundle.entries || excluded.entries
"""


def _write_bundles(cursor: "psycopg.Cursor[Any]", size: int, rows: Sequence[Any], entries: list[bytes]) -> None:
    """Lay entries into bundles; each bundle knows where in the order it begins, so that an index can be counted."""
    written = []
    start = 0
    while start < len(rows):
        n, had = divmod(size + start, TILE_WIDTH)
        end = start + TILE_WIDTH - had
        written.append((n, rows[start][4], rows[start][5], bundle(entries[start:end])))
        start = end
    cursor.execute(WRITE_BUNDLES, [list(column) for column in zip(*written, strict=True)])


WRITE_TILES = """
INSERT INTO ledger_tile (level, n, width, hashes)
SELECT level, n, octet_length(hashes) / 32, hashes
FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[]) AS tile(level, n, hashes)
ON CONFLICT (level, n) DO UPDATE SET width = excluded.width, hashes = excluded.hashes
"""


def _write_tiles(cursor: "psycopg.Cursor[Any]", growth: Growth) -> None:
    ids = list(growth.tiles)
    cursor.execute(
        WRITE_TILES, [[tile.level for tile in ids], [tile.n for tile in ids], [growth.tiles[tile] for tile in ids]]
    )


def _swap(cursor: "psycopg.Cursor[Any]", head: Head, growth: Growth, last: Any, now: datetime) -> None:
    """Move the state from the head we read to the new one, if it still stands there (compare-and-swap)."""
    cursor.execute(
        "UPDATE ledger_state SET size = %s, root = %s, cut_xid = %s::text::xid8, cut_seq = %s, at = %s"
        " WHERE size = %s AND root = %s",
        [growth.size, growth.root, last[4], last[5], now, head.size, head.root],
    )
    if cursor.rowcount != 1:
        raise Doubt("The ledger's state changed under the sequencer. Make sure that only one is running.")


# --- sign ----------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _sign_head(now: datetime) -> None:
    """Sign the present head, once: what is signed is computed from bytes read back after they were committed."""
    cursor = _cursor()
    if not _lock(cursor):
        return
    head = _head(cursor, now)
    signed = cursor.execute(
        "SELECT size, root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1", binary=True
    ).fetchone() or (0, EMPTY_ROOT)
    if signed[0] == head.size:
        if signed[1] != head.root:
            raise Doubt(
                f"Size {head.size} was signed with another root. The log would fork. Run `minjing ledger verify`"
                " and restore the database from a backup."
            )
        return
    if signed[0] > head.size:
        raise Doubt(
            f"A head of size {signed[0]} was signed, but the log has only {head.size} entries. Restore the database"
            " from a newer backup; signing now would fork the log."
        )
    _recompute(cursor, signed[0], signed[1], head)
    note = signer().sign(claim_text(Claim(signer().name, head.size, head.root)))
    # If we crash here the signature is lost unseen. It will be made again over the same size and root, and
    # Ed25519 gives the same bytes: no second statement about one size can come to exist.
    cursor.execute(
        "INSERT INTO ledger_checkpoint (size, root, note, at) VALUES (%s, %s, %s, %s)",
        [head.size, head.root, note, now],
    )


def _recompute(cursor: "psycopg.Cursor[Any]", size: int, root: bytes, head: Head) -> None:
    """Read back all that was added since the last signed head and derive the root anew; raises Doubt.

    One flipped bit in memory or on disk, signed, ends a log for good (CT's Yeti2022); unsigned, it is a repair.
    """
    tiles = {
        tile: hashes[: (size >> 8 * tile.level) % 256 * 32] for tile, hashes in _tiles(cursor, edge(size)).items()
    }
    if set(tiles) != set(edge(size)) or root_from(size, tiles) != root:
        raise Doubt(f"The tiles no longer give the root signed at size {size}. Run `minjing ledger verify`.")
    entries = _entries(cursor, size, head.size)
    if len(entries) != head.size - size:
        raise Doubt("An entry is missing among the newest. Run `minjing ledger verify`.")
    growth = grow(size, tiles, [leaf_hash(item) for item in entries])
    if growth.root != head.root or _tiles(cursor, list(growth.tiles)) != growth.tiles:
        raise Doubt("The entries read back do not give the root that was stored. Run `minjing ledger verify`.")


def _entries(cursor: "psycopg.Cursor[Any]", first: int, end: int) -> list[bytes]:
    """Return the public entries [first, end) as bundles hold them; fewer if some are gone."""
    rows = cursor.execute(
        "SELECT n, entries FROM ledger_bundle WHERE n >= %s AND n <= %s ORDER BY n",
        [first // TILE_WIDTH, (end - 1) // TILE_WIDTH],
        binary=True,
    ).fetchall()
    found: list[bytes] = []
    for n, data in rows:
        start = n * TILE_WIDTH
        found += unbundle(data)[max(0, first - start) : end - start]
    return found


# --- move ----------------------------------------------------------------------------------------------------


# Acts of the new cluster may already stand among the old ones by their small transaction numbers. They are those
# that make the rows before the cut more than the log has entries, and their numbers (seq) are the highest.
RENUMBER = """
WITH rows AS (
    SELECT id, xid, seq, before, before AND row_number() OVER (PARTITION BY before ORDER BY seq) <= %(size)s AS logged
    FROM (SELECT id, xid, seq, (xid, seq) <= (%(xid)s::text::xid8, %(seq)s::bigint) AS before FROM ledger_outbox) o
), sorted AS (
    SELECT id, logged, row_number() OVER (ORDER BY logged DESC, before, xid, seq) - 1 AS idx FROM rows
)
UPDATE ledger_outbox o SET xid = CASE WHEN logged THEN '1' ELSE '3' END::xid8, seq = idx
FROM sorted WHERE sorted.id = o.id
"""


@transaction.atomic(durable=True)
def adopt(now: datetime) -> int:
    """Renumber a ledger that came from another cluster by dump and restore; return how many entries still wait.

    Transaction numbers begin anew in a new cluster, so the old ones would order wrongly beside new ones. What
    is in the log gets transaction 1 and its index as its place, what waits gets transaction 3 in its old order;
    new acts come after both.
    """
    cursor = _cursor()
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    head = _head(cursor, now)
    cursor.execute("SELECT set_config('minjing.ledger', 'adopt', true)")
    cursor.execute("LOCK TABLE ledger_outbox IN EXCLUSIVE MODE")
    cursor.execute(RENUMBER, {"xid": str(head.cut_xid), "seq": head.cut_seq, "size": head.size})
    left = cursor.rowcount - head.size
    cursor.execute("UPDATE ledger_bundle SET xid = '1', seq = n * 256")
    cursor.execute("UPDATE ledger_state SET cut_xid = '1', cut_seq = %s", [head.size - 1])
    cursor.execute("SELECT set_config('minjing.ledger', '', true)")
    log.warning("The ledger was adopted at size %s; %s entries wait.", head.size, left)
    return left
