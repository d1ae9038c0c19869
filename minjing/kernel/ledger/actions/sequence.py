"""The sequencer: puts what has committed in one order, grows the tree, binds the log to it and publishes it.

One run is a list of steps (STEPS). Between any two of them the machine may die; each step says what is then true,
and the tests stop the run before and after every one of them. Three things remember where the log stands: the
database (what was ordered), the guard (what the log bound itself to), the public folder (what was shown). Always
folder ≤ guard ≤ database; anything else is a doubt, and in doubt nothing is signed.

Trust: the database is trusted to keep bytes until they are signed, not to have kept them right; so what is
signed is computed again from what is read back.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any

import psycopg
from django.db import Error, connection, transaction

from minjing.base.clock import now as clock_now
from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.providers.guard import BadGuard, Guard
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.providers.witnesses import NotEnough, cosigned
from minjing.kernel.ledger.queries.read import tiles
from minjing.kernel.ledger.rules.framing import commitment
from minjing.kernel.ledger.rules.note import BadNote, Claim, claim_text, open_note, parse_claim
from minjing.kernel.ledger.rules.progress import misgiving
from minjing.kernel.ledger.rules.public import minute_text, public_entry
from minjing.kernel.ledger.rules.tiles import bundle, bundle_path, tile_path, unbundle
from minjing.kernel.ledger.rules.tree import (
    EMPTY_ROOT,
    TILE_WIDTH,
    Growth,
    TileId,
    consistency_ranges,
    edge,
    grow,
    hashes_of,
    leaf_hash,
    root_from,
    tile_width,
    tiles_for,
)

log = logging.getLogger(__name__)

BATCH = 16_384  # 64 full tiles: large enough that commits cost nothing, small enough for a few MB of memory
POLL_S = 0.2
LOCK = 0x6C656467  # "ledg": the advisory lock that makes the sequencer one
NOTES_KEPT = 100  # signed texts kept in the database; sizes and roots stay for good
CHECKPOINT = "checkpoint"


class Doubt(RuntimeError):
    """Something does not fit; nothing more is signed until a person has looked. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """The state row: how large the tree is, its root, and how far it reaches into the outbox's order."""

    size: int
    root: bytes
    cut_xid: int
    cut_seq: int


NOTHING = Claim("", 0, EMPTY_ROOT)


@dataclass(slots=True)
class Run:
    """One run of the sequencer: what it was asked and what its steps have found so far."""

    now: datetime
    limit: int = BATCH
    taken: int = 0
    shown: Claim = NOTHING  # the newest published head, from the public folder
    guard: Guard | None = None
    head: Head = Head(0, EMPTY_ROOT, 0, 0)
    tiles: Mapping[TileId, bytes] = field(default_factory=dict)  # what the folder lacks, read back and recomputed
    bundles: Mapping[int, bytes] = field(default_factory=dict)
    note: str = ""  # signed; "" where there is nothing new to publish

    @property
    def is_new(self) -> bool:
        """Whether the database holds more than the public folder shows."""
        return self.head.size > self.shown.size


def sequence_once(now: datetime, limit: int = BATCH) -> int:
    """Take up to `limit` committed entries into the log and publish the new head; return how many were taken.

    Returns 0 at once if another sequencer is at work. Raises Doubt if anything does not fit, NotEnough if too few
    witnesses cosign: then the next run publishes what this one could not.
    """
    run = Run(now, limit)
    with alone() as first:
        if first:
            for step in STEPS:
                step(run)
    return run.taken


@contextmanager
def alone() -> Iterator[bool]:
    """Hold the guard's lock and the database's: one sequencer on this machine, and one on this database."""
    with guard.held() as here:
        if not here:
            yield False
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            first = bool(cursor.fetchone()[0])
        try:
            yield first
        finally:
            # A connection that broke has let go of the lock by itself.
            if first and connection.connection is not None and not connection.connection.broken:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


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
    """Sequence five times a second until `stop` is set; ends after the step under way. Raises Doubt."""
    pause, trouble = POLL_S, ""
    before, counted = clock_now(), monotonic()
    while not stop.is_set():
        now, count = clock_now(), monotonic()
        wrong = misgiving(before, now, count - counted)
        if wrong:
            raise Doubt(f"{wrong} Set the clock right (timedatectl), then start the sequencer again.")
        if now > before:
            before, counted = now, count
        said = ""
        try:
            # A full batch means more is waiting: no pause.
            pause = 0.0 if sequence_once(now) >= BATCH else POLL_S
        except (Error, psycopg.Error, OSError) as error:
            # The database is away, or a disk is full. We come back and go on where guard and state stand.
            said = f"The sequencer waits for the database or the disk: {type(error).__name__}"
            connection.close()
            pause = min(max(pause, POLL_S) * 2, 5.0)
        except NotEnough as few:
            said = str(few)
            pause = min(max(pause, POLL_S) * 2, 1.0)
        if said and said != trouble:
            log.warning("%s", said)
        trouble = said
        stop.wait(pause)
    connection.close()


# --- 1 look ---------------------------------------------------------------------------------------------------


def look(run: Run) -> None:
    """Read what was shown and what the log bound itself to. If we crash here nothing has happened."""
    text = folder.read(CHECKPOINT)
    if text is not None:
        try:
            run.shown = parse_claim(open_note(text.decode(), keys.verifiers()))
        except (BadNote, UnicodeDecodeError) as bad:
            raise Doubt(
                f"The checkpoint in the public folder is not ours: {bad} Somebody changed it, or the keys. Fetch the"
                " last one from a witness, compare, and put it back."
            ) from None
    try:
        run.guard = guard.read()
    except BadGuard as bad:
        raise Doubt(str(bad)) from None
    bound = run.guard.size if run.guard else 0
    if run.shown.size > bound:
        raise Doubt(
            f"The public folder shows {run.shown.size} entries, but the guard stands at {bound}: the guard file was"
            " lost or set back. Compare the checkpoint with what the witnesses show, then run `minjing ledger guard`."
        )
    if run.guard and run.shown.size == bound and run.shown.root != run.guard.root:
        raise Doubt("The public checkpoint and the guard name different roots for one size. Do not start again.")
    if run.guard and run.now < run.guard.at:
        raise Doubt(
            f"The clock shows {run.now:%Y-%m-%d %H:%M:%S}, but the last head was signed at"
            f" {run.guard.at:%Y-%m-%d %H:%M:%S %Z}. Set the clock right, then start the sequencer again."
        )


# --- 2 order --------------------------------------------------------------------------------------------------

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
    row = _cursor().execute("SELECT size FROM ledger_state").fetchone()
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
    cursor = _cursor()
    cursor.execute("SET LOCAL synchronous_commit = on")
    head = _head(cursor, run.now)
    rows = cursor.execute(NEXT, [str(head.cut_xid), head.cut_seq, run.limit], binary=True).fetchall()
    if not rows:
        _refuse_foreign(cursor, head)
        return 0
    entries = _public(rows)
    growth = grow(head.size, _tiles(cursor, edge(head.size)), [leaf_hash(item) for item in entries])
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


def _cursor() -> "psycopg.Cursor[Any]":
    """Return a plain psycopg cursor in Django's transaction: binary results, which Django's hides."""
    connection.ensure_connection()
    assert connection.connection is not None
    return psycopg.Cursor(connection.connection)


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


# --- 3 read back ----------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def read_back(run: Run) -> None:
    """Read back all that is not yet shown and derive root, tiles and bundles anew from the entries themselves.

    One flipped bit in memory or on disk, signed, ends a log for good (CT's Yeti2022); unsigned, it is a repair.
    If we crash here nothing is signed and the next run reads again.
    """
    cursor = _cursor()
    run.head = head = _head(cursor, run.now)
    bound = run.guard or Guard(0, EMPTY_ROOT, run.now)
    stated = cursor.execute(
        "SELECT size, root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1", binary=True
    ).fetchone() or (0, EMPTY_ROOT)
    if bound.size > head.size or stated[0] > head.size:
        raise Doubt(
            f"The log bound itself to {max(bound.size, stated[0])} entries, but the database has {head.size}: an"
            " older backup was restored. Restore a newer one; signing now would fork the log."
        )
    if (stated[0], stated[1]) != (head.size, head.root):
        raise Doubt("The newest head in the database is not its state. Run `minjing ledger verify`.")
    if not run.is_new:
        if run.shown.root != head.root:
            raise Doubt(f"Size {head.size} was published with another root. Run `minjing ledger verify`.")
        return
    _recompute(cursor, run, bound)


def _recompute(cursor: "psycopg.Cursor[Any]", run: Run, bound: Guard) -> None:
    size, head = run.shown.size, run.head
    before = {
        tile: hashes[: tile_width(tile.level, tile.n, size) * 32]
        for tile, hashes in _tiles(cursor, edge(size)).items()
    }
    if set(before) != set(edge(size)) or root_from(size, before) != run.shown.root:
        raise Doubt(f"The tiles no longer give the root published at size {size}. Run `minjing ledger verify`.")
    run.bundles = _bundles(cursor, size, head.size)
    entries = [entry for n, data in run.bundles.items() for entry in unbundle(data)]
    new = entries[size % TILE_WIDTH :]
    if len(new) != head.size - size:
        raise Doubt("An entry is missing among the newest. Run `minjing ledger verify`.")
    growth = grow(size, before, [leaf_hash(entry) for entry in new])
    stored = _tiles(cursor, list(growth.tiles))
    if growth.root != head.root or any(stored.get(tile) != hashes for tile, hashes in growth.tiles.items()):
        raise Doubt("The entries read back do not give the root that was stored. Run `minjing ledger verify`.")
    if root_from(bound.size, before | growth.tiles) != bound.root:
        raise Doubt(
            f"Size {bound.size} was signed with another root. The log would fork. Run `minjing ledger verify` and"
            " restore the database from a backup."
        )
    run.tiles = growth.tiles


def _bundles(cursor: "psycopg.Cursor[Any]", first: int, end: int) -> dict[int, bytes]:
    """Return the bundles that hold entries [first, end)."""
    rows = cursor.execute(
        "SELECT n, entries FROM ledger_bundle WHERE n >= %s AND n <= %s AND entries IS NOT NULL ORDER BY n",
        [first // TILE_WIDTH, (end - 1) // TILE_WIDTH],
        binary=True,
    ).fetchall()
    return dict(rows)


# --- 4 bind, 5 sign, 6 file, 7 witness, 8 publish -------------------------------------------------------------


def bind(run: Run) -> None:
    """Move the guard: from here on the log has bound itself to this root for this size.

    If we crash here, the guard is ahead of what is shown and the next run goes on with this head or a larger one
    that contains it; a database without it will never be signed.
    """
    if not run.is_new or (run.guard and run.guard.size == run.head.size):
        return
    new = Guard(run.head.size, run.head.root, run.now)
    try:
        guard.advance(run.guard, new)
    except BadGuard as bad:
        raise Doubt(str(bad)) from None
    run.guard = new


def sign(run: Run) -> None:
    """Sign the head and keep what was signed before anybody sees it, so that one size is never signed twice.

    If we crash before it is kept, no byte of the signature has left this process. If we crash after, the next run
    takes what was kept.
    """
    if not run.is_new:
        return
    text = claim_text(Claim(keys.origin(), run.head.size, run.head.root))
    kept = guard.kept_note()
    if kept and kept.startswith(f"{text}\n"):
        run.note = kept
        return
    run.note = keys.signed(text, run.now)
    guard.keep_note(run.note)


def file(run: Run) -> None:
    """Write tiles and bundles, also the partial ones of this size. They never change, and need no signature.

    If we crash here some are there, whole; the next run finds them with the same bytes and writes the rest.
    """
    if not run.is_new:
        return
    try:
        folder.store(_files(run))
    except folder.Differs as differs:
        raise Doubt(
            f"{differs} The log would fork. Run `minjing ledger verify`; do not delete the file before it is clear"
            " which of the two is right."
        ) from None


def _files(run: Run) -> dict[str, bytes]:
    files = {tile_path(tile.level, tile.n, len(hashes) // 32): hashes for tile, hashes in run.tiles.items() if hashes}
    for n, data in run.bundles.items():
        files[bundle_path(n, tile_width(0, n, run.head.size))] = data
    return files


def witness(run: Run) -> None:
    """Collect the cosignatures that the policy asks for; raises NotEnough.

    If we crash here some witnesses have seen a head that nobody else has; the guard holds the log to it.
    """
    if run.is_new:
        run.note = cosigned(run.note, run.shown.size, lambda old: _consistency(old, run), policy())


def _consistency(old: int, run: Run) -> list[bytes]:
    ranges = consistency_ranges(old, run.head.size)
    return hashes_of(ranges, tiles(run.head.size, tiles_for(ranges)))


def publish(run: Run) -> None:
    """Put the checkpoint in its place: now everybody may hold the log to it.

    If we crash here the head is shown but not noted in the database; the next run notes it.
    """
    if run.is_new:
        folder.replace(CHECKPOINT, run.note.encode())
        run.shown = Claim(keys.origin(), run.head.size, run.head.root)


NOTED = """
WITH newest AS (SELECT max(size) AS size FROM ledger_checkpoint WHERE note IS NOT NULL)
UPDATE ledger_checkpoint SET note = %s
WHERE size = %s AND note IS NULL AND size > coalesce((SELECT size FROM newest), 0)
"""
FORGET = """
UPDATE ledger_checkpoint SET note = NULL WHERE note IS NOT NULL AND size < (
    SELECT min(size) FROM (
        SELECT size FROM ledger_checkpoint WHERE note IS NOT NULL ORDER BY size DESC LIMIT %s
    ) AS kept
)
"""


def remember(run: Run) -> None:
    """Note the published text in the database, for pages to read; texts of old heads are let go.

    If we crash here the next run does it again.
    """
    if (
        not run.shown.size
        or _cursor()
        .execute("SELECT FROM ledger_checkpoint WHERE size = %s AND note IS NOT NULL", [run.shown.size])
        .fetchone()
    ):
        return
    text = run.note or (folder.read(CHECKPOINT) or b"").decode()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NOTED, [text, run.shown.size])
        cursor.execute(FORGET, [NOTES_KEPT])


def collect(run: Run) -> None:
    """Remove partial files whose full ones are there. If we crash here some stay, which harms nobody."""
    for tile, hashes in run.tiles.items():
        if len(hashes) == TILE_WIDTH * 32:
            folder.drop_partials(tile_path(tile.level, tile.n))
            if tile.level == 0:
                folder.drop_partials(bundle_path(tile.n))


STEPS: list[Callable[[Run], None]] = [
    look,
    order,
    read_back,
    bind,
    sign,
    file,
    witness,
    publish,
    remember,
    collect,
]


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
