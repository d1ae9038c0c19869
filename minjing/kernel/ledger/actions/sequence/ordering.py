"""Ordering what has committed: indices, tiles, bundles and the head to be signed, in one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection, transaction

from minjing.kernel.ledger.actions.sequence.run import Doubt, Head, Run, head_of, raw_cursor, stored_tiles
from minjing.kernel.ledger.rules.framing import commitment
from minjing.kernel.ledger.rules.public import minute_text, public_entry
from minjing.kernel.ledger.rules.tiles import bundle
from minjing.kernel.ledger.rules.tree import (
    TILE_WIDTH,
    Growth,
    edge,
    grow,
    leaf_hash,
)

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


def order(run: Run) -> None:
    """Give what has committed its indices: tiles, bundles, state and the head to be signed, in one transaction.

    If we crash before it commits, PostgreSQL rolls all of it back and no index was given out. If we crash after,
    the indices stand, nothing is signed, and the next run signs this head or a larger one that contains it.
    """
    if run.guard and not _reaches(run.guard.size):
        return  # `read_back` says why
    with _unconfirmed() as warnings:
        run.taken = _integrate(run)
    if warnings:
        # A commit that a standby did not confirm can be lost when the standby takes over (Patroni issue 1412).
        raise Doubt("The standby did not confirm the commit. See that it is well; then start the sequencer again.")


def _reaches(size: int) -> bool:
    row = raw_cursor().execute("SELECT size FROM ledger_state").fetchone()
    return row is not None and row[0] >= size


@contextmanager
def _unconfirmed() -> Iterator[list[str]]:
    """Collect PostgreSQL's word that it stopped waiting for a standby (warning 01000)."""
    connection.ensure_connection()
    raw: Any = connection.connection
    found: list[str] = []

    def heard(notice: psycopg.errors.Diagnostic) -> None:
        if "synchronous replication" in (notice.message_primary or ""):
            found.append(notice.message_primary or "")

    raw.add_notice_handler(heard)
    try:
        yield found
    finally:
        raw.remove_notice_handler(heard)


@transaction.atomic(durable=True)
def _integrate(run: Run) -> int:
    cursor = raw_cursor()
    cursor.execute("SET LOCAL synchronous_commit = on")
    head = head_of(cursor, run.now)
    rows = cursor.execute(NEXT, [str(head.cut_xid), head.cut_seq, run.limit], binary=True).fetchall()
    if not rows:
        _refuse_foreign(cursor, head)
        return 0
    entries = _public(rows)
    growth = grow(head.size, stored_tiles(cursor, edge(head.size)), [leaf_hash(item) for item in entries])
    _forget_published(cursor, run.shown.size)
    _write_bundles(cursor, head.size, rows, entries)
    _write_tiles(cursor, growth)
    _swap(cursor, head, growth, rows[-1], run.now)
    cursor.execute(
        "INSERT INTO ledger_checkpoint (size, root, at) VALUES (%s, %s, %s)", [growth.size, growth.root, run.now]
    )
    return len(rows)


def _refuse_foreign(cursor: "psycopg.Cursor[Any]", head: Head) -> None:
    row = cursor.execute(FOREIGN, [str(head.cut_xid)]).fetchone()
    if row and row[0]:
        raise Doubt(
            "The ledger's tables come from another PostgreSQL cluster: their transaction numbers lie in the future."
            " Make sure that the old cluster has stopped for good, then run `minjing ledger adopt`."
        )


def _public(rows: Sequence[Any]) -> list[bytes]:
    """Return the public entries of rows of NEXT; the text of a minute is written out once."""
    texts = {minutes: minute_text(minutes) for minutes in {row[3] for row in rows}}
    return [
        public_entry(kind, texts[minutes], data if is_erased else commitment(data))
        for data, is_erased, kind, minutes, *_ in rows
    ]


def _forget_published(cursor: "psycopg.Cursor[Any]", shown: int) -> None:
    """Drop from the database what the public folder holds in full and for good."""
    cursor.execute("SELECT set_config('minjing.ledger', 'published', true)")
    cursor.execute(
        "DELETE FROM ledger_tile WHERE width = 256 AND ((n + 1)::numeric * 256::numeric ^ (level + 1)) <= %s", [shown]
    )
    cursor.execute(
        "UPDATE ledger_bundle SET entries = NULL WHERE entries IS NOT NULL AND n < %s", [shown // TILE_WIDTH]
    )
    cursor.execute("SELECT set_config('minjing.ledger', '', true)")


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
