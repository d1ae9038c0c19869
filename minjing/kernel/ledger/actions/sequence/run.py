"""One run of the sequencer: what it was asked, what its steps have found, and how they read where the log stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection

from minjing.kernel.ledger.providers.guard import Guard
from minjing.kernel.ledger.rules.note import Claim
from minjing.kernel.ledger.rules.tree import EMPTY_ROOT, TileId

BATCH = 16_384  # 64 full tiles: large enough that commits cost nothing, small enough for a few MB of memory
LOCK = 0x6C656467  # "ledg": the advisory lock that makes the sequencer one
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


def raw_cursor() -> "psycopg.Cursor[Any]":
    """Return a plain psycopg cursor in Django's transaction: binary results, which Django's hides."""
    connection.ensure_connection()
    assert connection.connection is not None
    return psycopg.Cursor(connection.connection)


def head_of(cursor: "psycopg.Cursor[Any]", now: datetime) -> Head:
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


def stored_tiles(cursor: "psycopg.Cursor[Any]", wanted: Sequence[TileId]) -> dict[TileId, bytes]:
    rows = cursor.execute(
        "SELECT level, n, hashes FROM ledger_tile"
        " JOIN unnest(%s::smallint[], %s::bigint[]) AS wanted(level, n) USING (level, n)",
        [[tile.level for tile in wanted], [tile.n for tile in wanted]],
        binary=True,
    ).fetchall()
    return {TileId(level, n): hashes for level, n, hashes in rows}
