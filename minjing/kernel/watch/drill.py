"""The drill: a copy of the ledger is tampered in each known way, and the monitor must find each.

The copy is the public folder in a scratch folder, signed anew by a key that is made for the drill, and the rows in a
scratch schema. Each way is tried in a transaction that is rolled back; nothing that is real is written to, nothing is
signed with the log's own key, and no alarm is raised.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import ProgrammingError, connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.ledger.providers.keys import verifier
from minjing.kernel.ledger.rules.note import Claim, Signer, claim_text
from minjing.kernel.ledger.rules.promise import Promise, promise_text
from minjing.kernel.ledger.rules.tiles import bundle, bundle_path, tile_path
from minjing.kernel.ledger.rules.tree import TILE_WIDTH, edge, leaf_hash, root_from, tile_width
from minjing.kernel.ledger.sql import script
from minjing.kernel.watch import outsider, promises, replay
from minjing.kernel.watch.monitor import Monitor, Sources
from minjing.kernel.watch.replay import Record

SCHEMA = "ledger_drill"
BUNDLES = 4  # the newest entries that are copied: each way of tampering has the monitor read them all anew
KEYS = 200  # of each record


class NotSound(RuntimeError):
    """The ledger itself does not fit: there is nothing to drill on, there is something to report."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of tampering: what an insider does, and the kinds of finding that must come of it."""

    name: str
    kinds: tuple[str, ...]
    do: Callable[[Copy], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the drill of one way came to; `skipped` says why it could not be tried."""

    way: str
    kind: str = ""
    said: str = ""
    skipped: str = ""

    @property
    def found(self) -> bool:
        return bool(self.kind)


@dataclass
class Copy:
    """The scratch copy: its folder, its keys, its monitor."""

    folder: Path
    public: Path
    key: Signer
    claim: Claim
    now: datetime
    records: Sequence[Record]
    tick: float = 0.0

    @property
    def first(self) -> int:
        """Return the first bundle that is copied."""
        return max(0, -(-self.claim.size // TILE_WIDTH) - BUNDLES)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a public file of the copy."""
        return outsider.folder(self.public)(path)

    def monitor(self) -> Monitor:
        """Return a monitor that has seen the whole copy as it was."""
        sources = Sources(
            self.read,
            self.folder / "found",
            lambda: self.key.verifier,
            lambda: sorted(self.folder.glob("*.log")),
        )
        made = Monitor(sources, self.records, self.folder / "monitor.json", lambda: self.tick)
        made.first = self.first
        return made

    def later(self, seconds: float) -> None:
        """Let time pass, by both clocks."""
        self.now, self.tick = self.now + timedelta(seconds=seconds), self.tick + seconds

    def sql(self, statement: str, *params: datetime) -> None:
        """Change rows of the copy; raises LookupError when there are none of that sort."""
        with connection.cursor() as cursor:
            try:
                cursor.execute(statement, params)
            except ProgrammingError:
                raise LookupError("the copy holds no such table") from None
            if not cursor.rowcount:
                raise LookupError("the copy holds no such row")

    def flip(self, path: str) -> None:
        """Change one bit in the middle of a public file of the copy."""
        place = self.public / path
        if not place.exists():
            raise LookupError("the copy has no such file")
        data = bytearray(place.read_bytes())
        data[len(data) // 2] ^= 1
        place.write_bytes(data)

    def state(self, size: int, root: bytes) -> None:
        """Sign a checkpoint with the drill's key and put it into the public folder."""
        (self.public / "checkpoint").write_text(self.key.sign(claim_text(Claim(self.key.name, size, root))))

    @property
    def last(self) -> tuple[int, int]:
        """Return number and width of the last bundle."""
        n = (self.claim.size - 1) // TILE_WIDTH
        return n, self.claim.size - n * TILE_WIDTH


def drill(public: Path, records: Sequence[Record], now: datetime) -> list[Outcome]:
    """Try each way on a copy and return what came of each. Raises NotSound when the untouched copy has findings."""
    with _copied(public, records, now) as copy:
        return [_tried(copy, way) for way in WAYS]


def _tried(copy: Copy, way: Way) -> Outcome:
    """Tamper, look until it is found or a minute has passed, and undo it."""
    kept = copy.folder / "kept"
    shutil.copytree(copy.public, kept)
    began = copy.now, copy.tick
    try:
        with transaction.atomic():
            came = _look(copy, way)
            transaction.set_rollback(True)
            return came
    except LookupError as missing:
        return Outcome(way.name, skipped=str(missing))
    finally:
        copy.now, copy.tick = began
        shutil.rmtree(copy.public)
        kept.rename(copy.public)
        for left in [*copy.folder.glob("*.log"), *copy.folder.glob("found/*")]:
            left.unlink()


def _look(copy: Copy, way: Way) -> Outcome:
    monitor = copy.monitor()
    monitor.look(copy.now, beat=None)
    way.do(copy)
    for _ in range(31):
        copy.later(2.0)
        for finding in monitor.look(copy.now, beat=None).findings:
            if finding.kind in way.kinds:
                return Outcome(way.name, finding.kind, finding.text["en"])
    return Outcome(way.name)


# --- the copy ---------------------------------------------------------------------------------------------------


@contextmanager
def _copied(public: Path, records: Sequence[Record], now: datetime) -> Iterator[Copy]:
    folder = Path(tempfile.mkdtemp(prefix="minjing-drill-"))
    try:
        copy = _folder(folder, public, [record for record in records if record.copies], now)
        with _schema(copy):
            _check_sound(copy)
            yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(folder: Path, public: Path, records: Sequence[Record], now: datetime) -> Copy:
    """Copy the newest public files and sign their checkpoint anew with a key of the drill's own."""
    read, own = outsider.folder(public), verifier()
    claim = outsider.checkpoint(read, [own])[0] if own else None
    if own is None or claim is None or not claim.size:
        raise NotSound("There is no published log to drill on: start the sequencer first.")
    key = Signer(own.name, os.urandom(32))
    copy = Copy(folder, folder / "public", key, claim, now, records)
    for path in _paths(claim.size, copy.first):
        data = read(path)
        if data is None:
            raise NotSound(f"The public file {path} is missing.")
        (copy.public / path).parent.mkdir(parents=True, exist_ok=True)
        (copy.public / path).write_bytes(data)
    copy.state(claim.size, claim.root)
    (folder / "found").mkdir()
    tiles = {
        t: outsider.tile(copy.read, t.level, t.n, tile_width(t.level, t.n, claim.size)) or b""
        for t in edge(claim.size)
    }
    if root_from(claim.size, tiles) != claim.root:
        raise NotSound("The public tiles do not give the root of the checkpoint.")
    seen = outsider.Seen(claim.size, tiles, claim.size, claim.root)
    kept = {"seen": outsider.to_json(seen), "promises": promises.to_json(promises.Promises())}
    (folder / "monitor.json").write_text(json.dumps(kept))
    return copy


def _paths(size: int, first: int) -> list[str]:
    """Return the public files of the bundles from `first` on, and of the tiles above them."""
    last = -(-size // TILE_WIDTH)
    paths: dict[str, None] = {}
    for n in range(first, last):
        width = min(TILE_WIDTH, size - n * TILE_WIDTH)
        paths[tile_path(0, n, width)] = paths[bundle_path(n, width)] = None
        for where, wide in outsider.upper_tiles(size, n):
            paths[tile_path(where.level, where.n, wide)] = None
    return list(paths)


COPIED = {
    "ledger_outbox": """
        ((xid, seq) >= (SELECT xid, seq FROM public.ledger_bundle WHERE n = %(first)s)
         AND (xid, seq) <= (SELECT cut_xid, cut_seq FROM public.ledger_state))
        OR id = ANY(%(named)s)
    """,
    "ledger_erased": "id IN (SELECT id FROM ledger_outbox WHERE salt IS NULL)",  # of the copy
    "ledger_bundle": "n >= %(first)s",
    "ledger_state": "true",
    "ledger_checkpoint": "size >= %(size)s",
}


@contextmanager
def _schema(copy: Copy) -> Iterator[None]:
    """Copy the rows into a scratch schema and let this connection read them first."""
    keys = _keys(copy)
    named = [entry_id for record in copy.records for entry_id in replay.named_by(record, keys[record.name])]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        # Without public: what was not copied cannot be reached from here, and so not be tampered with.
        cursor.execute(f"SET search_path = {SCHEMA}")
        try:
            cursor.execute(script("schema"))
            for table, rows in COPIED.items():
                _fill(cursor, table, rows, {"first": copy.first, "size": copy.claim.size, "named": named})
            for record in copy.records:
                for table, rows in record.copies.items():
                    cursor.execute(
                        f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING DEFAULTS INCLUDING INDEXES)"
                    )
                    _fill(cursor, table, rows, {"keys": keys[record.name]})
            yield
        finally:
            cursor.execute("RESET search_path")
            cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def _keys(copy: Copy) -> dict[str, list[UUID]]:
    """Return for each record the newest keys, and those that copied entries name: each must find its other half.

    The entries of an old matter may lie before the copied bundles; they are copied by name.
    """
    stated = replay.entries_in(copy.first, copy.last[0] + 1)
    return {
        record.name: list({*replay.newest(record, KEYS), *replay.keys_of(record, stated)}) for record in copy.records
    }


def _fill(cursor: Any, table: str, rows: str, params: dict[str, Any]) -> None:
    """Copy the rows of a table, and count them: the planner knows nothing of a table that was just made."""
    cursor.execute(f"INSERT INTO {SCHEMA}.{table} SELECT * FROM public.{table} WHERE {rows}", params)  # noqa: S608
    cursor.execute(f"ANALYZE {SCHEMA}.{table}")


def _check_sound(copy: Copy) -> None:
    """Raise NotSound when the untouched copy has findings, at once or after a minute."""
    monitor, began = copy.monitor(), (copy.now, copy.tick)
    for _ in range(2):
        made = monitor.look(copy.now, beat=None)
        wrong = [finding.text["en"] for finding in made.findings if finding.kind != "skew"]
        if wrong or made.doubts:
            raise NotSound("; ".join(wrong or made.doubts))
        copy.later(61.0)
    copy.now, copy.tick = began


# --- the ways ---------------------------------------------------------------------------------------------------

MINE = "id = (SELECT id FROM ledger_outbox WHERE salt IS NOT NULL ORDER BY xid DESC, seq DESC LIMIT 1)"
EVENT = """
(matter_id, seq) = (SELECT matter_id, seq FROM matters_matterevent ORDER BY matter_id DESC, seq DESC LIMIT 1)
"""


def _change(table: str, change: str, where: str) -> Callable[[Copy], None]:
    return lambda copy: copy.sql(f"UPDATE {table} SET {change} WHERE {where}")  # noqa: S608


def _entry(change: str) -> Callable[[Copy], None]:
    return _change("ledger_outbox", change, MINE)


def _add_entry(copy: Copy) -> None:
    copy.sql(
        "INSERT INTO ledger_outbox (xid, seq, at, id, kind, salt, payload)"
        " SELECT xid, seq - 1, at, gen_random_uuid(), kind, salt, payload FROM ledger_outbox"
        " WHERE (xid, seq - 1) NOT IN (SELECT xid, seq FROM ledger_outbox)"
        " AND (xid, seq) > (SELECT xid, seq FROM ledger_bundle ORDER BY n DESC LIMIT 1) LIMIT 1"
    )


def _hold_back(copy: Copy) -> None:
    copy.sql(
        "INSERT INTO ledger_outbox (at, id, kind, salt, payload) SELECT %s, gen_random_uuid(), kind, salt, payload"
        " FROM ledger_outbox WHERE salt IS NOT NULL LIMIT 1",
        copy.now,
    )


def _rewrite(copy: Copy) -> None:
    """Alter an entry and its tile together, as one who knows how the log is made."""
    n, width = copy.last
    entries = outsider.bundle(copy.read, n, width) or []
    entries[0] = entries[0].replace(b"Z ", b"Y ", 1)
    (copy.public / bundle_path(n, width)).write_bytes(bundle(entries))
    (copy.public / tile_path(0, n, width)).write_bytes(b"".join(map(leaf_hash, entries)))


def _remove(copy: Copy) -> None:
    (copy.public / bundle_path(*copy.last)).unlink()


def _upper(copy: Copy) -> None:
    above = list(outsider.upper_tiles(copy.claim.size, copy.last[0]))
    if not above:
        raise LookupError("the log has fewer than 256 entries: no tile lies above another")
    copy.flip(tile_path(above[0][0].level, above[0][0].n, above[0][1]))


def _handed_in(copy: Copy) -> None:
    note = copy.key.sign(claim_text(Claim(copy.key.name, copy.claim.size, bytes(32))))
    (copy.folder / "found" / "newspaper.txt").write_text(note)


def _promise(origin: str = "") -> Callable[[Copy], None]:
    def do(copy: Copy) -> None:
        said = Promise(origin or copy.key.name, (os.urandom(32),), int(copy.now.timestamp()))
        line = json.dumps({"entries": [str(new_id())], "promise": promise_text(said)})
        (copy.folder / "drill.log").write_text(line + "\n")

    return do


def _clock(hours: int) -> Callable[[Copy], None]:
    def do(copy: Copy) -> None:
        copy.now += timedelta(hours=hours)

    return do


def _ways() -> Iterator[Way]:
    row, record, file, fork = ("row",), ("record",), ("file", "checkpoint", "fork"), ("fork",)
    yield Way("edits what an entry says", row, _entry("payload = payload || ' '::bytea"))
    yield Way("back-dates an entry by a day", row, _entry("at = at - interval '1 day'"))
    yield Way("moves an entry by a second", row, _entry("at = at + interval '1 s'"))
    yield Way("gives an entry to another officer", row, _entry("actor_id = gen_random_uuid()"))
    yield Way("says that it was about another person", row, _entry("subject_id = gen_random_uuid()"))
    yield Way("says that it was for another matter", row, _entry("object_id = gen_random_uuid()"))
    yield Way("changes an entry's kind", row, _entry("kind = 'drill:entry:changed'"))
    yield Way("moves an entry to another district", row, _entry("org_id = org_id + 1"))
    empty = "salt = NULL, payload = NULL, subject_id = NULL, actor_id = NULL, object_id = NULL"
    yield Way("empties an entry without an erasure", row, _entry(empty))
    yield Way("deletes an entry", row, lambda copy: copy.sql(f"DELETE FROM ledger_outbox WHERE {MINE}"))  # noqa: S608
    yield Way("slips an entry in between", row, _add_entry)
    yield Way("edits a step of a matter", record, _change("matters_matterevent", "to_state = 'drill'", EVENT))
    yield Way(
        "back-dates a step of a matter", record, _change("matters_matterevent", "at = at - interval '1 h'", EVENT)
    )
    yield Way(
        "deletes a step of a matter",
        record,
        lambda copy: copy.sql(f"DELETE FROM matters_matterevent WHERE {EVENT}"),  # noqa: S608
    )
    yield Way(
        "writes a step past the ledger", record, _change("matters_matterevent", "entry_id = gen_random_uuid()", EVENT)
    )
    newest = "id = (SELECT id FROM matters_matter ORDER BY id DESC LIMIT 1)"
    yield Way("moves a matter past its procedure", record, _change("matters_matter", "state = 'drill'", newest))
    newest = "id = (SELECT id FROM papers_paper ORDER BY id DESC LIMIT 1)"
    yield Way("swaps a paper", record, _change("papers_paper", "pdf_sealed = pdf_sealed || ' '::bytea", newest))
    yield Way("flips a bit in the public entries", file, lambda copy: copy.flip(bundle_path(*copy.last)))
    yield Way("flips a bit in a tile of leaves", file, lambda copy: copy.flip(tile_path(0, *copy.last)))
    yield Way("flips a bit in a tile above", file, _upper)
    yield Way("flips a bit in the checkpoint", file, lambda copy: copy.flip("checkpoint"))
    yield Way("removes a public file", file, _remove)
    yield Way("rewrites an entry and its tile", file, _rewrite)
    yield Way("puts the public log back", fork, lambda copy: copy.state(copy.claim.size - 1, bytes(32)))
    yield Way("signs another root for the same size", fork, lambda copy: copy.state(copy.claim.size, bytes(32)))
    yield Way(
        "signs a longer log with the stolen key", ("key",), lambda copy: copy.state(copy.claim.size + 1, bytes(32))
    )
    yield Way("shows somebody a log of their own", ("key",), _handed_in)
    yield Way("holds an entry back", ("lag",), _hold_back)
    yield Way("breaks a promise", ("promise",), _promise())
    yield Way("writes what is no promise of ours into a journal", ("promise",), _promise("another.example/ledger"))
    yield Way("puts the clock forward", ("clock",), _clock(2))
    yield Way("puts the clock back", ("clock",), _clock(-2))


WAYS = tuple(_ways())
