"""Reading back what was ordered, and deriving it anew from the entries before anything is signed."""

from typing import Any

import psycopg
from django.db import transaction

from minjing.kernel.ledger.actions.sequence.run import Doubt, Run, head_of, raw_cursor, stored_tiles
from minjing.kernel.ledger.providers.guard import Guard
from minjing.kernel.ledger.rules.tiles import unbundle
from minjing.kernel.ledger.rules.tree import (
    EMPTY_ROOT,
    TILE_WIDTH,
    edge,
    grow,
    leaf_hash,
    root_from,
    tile_width,
)


@transaction.atomic(durable=True)
def read_back(run: Run) -> None:
    """Read back all that is not yet shown and derive root, tiles and bundles anew from the entries themselves.

    One flipped bit in memory or on disk, signed, ends a log for good (CT's Yeti2022); unsigned, it is a repair.
    If we crash here nothing is signed and the next run reads again.
    """
    cursor = raw_cursor()
    run.head = head = head_of(cursor, run.now)
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
        for tile, hashes in stored_tiles(cursor, edge(size)).items()
    }
    if set(before) != set(edge(size)) or root_from(size, before) != run.shown.root:
        raise Doubt(f"The tiles no longer give the root published at size {size}. Run `minjing ledger verify`.")
    run.bundles = _bundles(cursor, size, head.size)
    entries = [entry for n, data in run.bundles.items() for entry in unbundle(data)]
    new = entries[size % TILE_WIDTH :]
    if len(new) != head.size - size:
        raise Doubt("An entry is missing among the newest. Run `minjing ledger verify`.")
    growth = grow(size, before, [leaf_hash(entry) for entry in new])
    stored = stored_tiles(cursor, list(growth.tiles))
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
