"""A public folder that was lost is written anew: from the private records, checked against what was signed.

The database forgets what the folder holds in full, so a lost disk takes the only copy of old tiles and bundles with
it. Every public entry follows from its private record, or from the commitment that an erasure kept; the tree follows
from the entries, and the signed head says whether they are still the right ones.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection, transaction

from minjing.kernel.ledger.actions.keeping import ROTATED, publish_policy
from minjing.kernel.ledger.actions.sequence import CHECKPOINT, Doubt, alone
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.providers.guard import BadGuard
from minjing.kernel.ledger.queries import checkpoints
from minjing.kernel.ledger.queries.private import PRIVATE, Private
from minjing.kernel.ledger.rules.note import BadNote, Claim, open_note, parse_claim
from minjing.kernel.ledger.rules.public import minute_text
from minjing.kernel.ledger.rules.tiles import bundle, bundle_path, tile_path
from minjing.kernel.ledger.rules.tree import EMPTY_ROOT, TILE_WIDTH, Growth, TileId, grow, leaf_hash, tile_width
from minjing.kernel.ledger.rules.tree import edge as edge_of

STEP = 16_384  # entries at once: whole tiles, a few MB
Progress = Callable[[int, int], None]


def rebuild_folder(now: datetime, progress: Progress | None = None) -> int:
    """Write the public folder anew up to the newest published head; return how many entries it holds.

    What is there already must hold the same bytes; the checkpoint is written last. Everything is computed once
    before the first file is written, so that records which no longer give the signed root write nothing. Raises
    Doubt, also while a sequencer is at work. `progress` is told (done, of how many).
    """
    with alone() as first:
        if not first:
            raise Doubt("A sequencer is at work on this ledger. Stop it first: its next steps need the folder.")
        _rebuild_history(now)
        text, claim = _published()
        total = 2 * claim.size
        root = EMPTY_ROOT
        for done, growth, _ in _grown(claim.size):
            root = growth.root
            if progress:
                progress(done, total)
        if root != claim.root:
            raise Doubt(
                f"The private records no longer give the root signed at size {claim.size}. Nothing was written."
                " Run `minjing ledger verify`, and restore the database from a backup."
            )
        for done, growth, entries in _grown(claim.size):
            _store(_files(growth, entries, done, claim.size))
            if progress:
                progress(claim.size + done, total)
        _store(_partials(growth, entries, claim.size))
        publish_policy()
        folder.replace(CHECKPOINT, text.encode())
    return claim.size


def _published() -> tuple[str, Claim]:
    """Return the newest published checkpoint as the database noted it, and what it claims."""
    heads = checkpoints(1)
    if not heads:
        raise Doubt("Nothing has been published yet; there is nothing to rebuild.")
    text = heads[0].checkpoint_text
    try:
        claim, bound = parse_claim(open_note(text, keys.verifiers())), guard.read()
    except (BadNote, BadGuard) as bad:
        raise Doubt(f"The noted checkpoint, or the guard, is not valid: {bad}") from None
    if bound is None or bound.size < claim.size or (bound.size == claim.size and bound.root != claim.root):
        raise Doubt("The guard does not stand where the noted checkpoint does. Compare both with the witnesses.")
    shown = folder.read(CHECKPOINT)
    if shown is not None and shown != text.encode():
        raise Doubt("The public folder shows another checkpoint than the database noted: it is not lost.")
    return text, claim


def _grown(size: int) -> Iterator[tuple[int, Growth, list[bytes]]]:
    """Yield (entries done, how the tree grew, the entries) for the first `size` entries, some at a time."""
    edge: dict[TileId, bytes] = {}
    connection.ensure_connection()
    raw: Any = connection.connection
    with transaction.atomic(), psycopg.ServerCursor[Any](raw, "ledger_rebuild") as cursor:
        cursor.execute(f"{PRIVATE} ORDER BY o.xid, o.seq LIMIT %s", [size], binary=True)
        done = 0
        while rows := cursor.fetchmany(STEP):
            entries = _public([Private(*row) for row in rows])
            growth = grow(done, edge, [leaf_hash(entry) for entry in entries])
            edge, done = growth.edge, done + len(entries)
            yield done, growth, entries


def _public(rows: list[Private]) -> list[bytes]:
    texts = {minutes: minute_text(minutes) for minutes in {row.minute for row in rows}}
    return [row.public(texts[row.minute]) for row in rows]


def _files(growth: Growth, entries: list[bytes], done: int, size: int) -> dict[str, bytes]:
    """Return the files of one round: those that are as they stay at `size`."""
    first = done - len(entries)  # a multiple of STEP, so that bundles begin here
    files = {}
    for start in range(0, len(entries), TILE_WIDTH):
        n = (first + start) // TILE_WIDTH
        files[bundle_path(n, tile_width(0, n, size))] = bundle(entries[start : start + TILE_WIDTH])
    for tile, hashes in growth.tiles.items():
        width = tile_width(tile.level, tile.n, size)
        if hashes and len(hashes) == width * 32:
            files[tile_path(tile.level, tile.n, width)] = hashes
    return files


WIDTHS = """
SELECT DISTINCT size / %(span)s - %(first)s FROM ledger_checkpoint
WHERE size / %(span)s BETWEEN %(first)s + 1 AND %(last)s
"""


def _partials(growth: Growth, entries: list[bytes], size: int) -> dict[str, bytes]:
    """Return the partial files that earlier heads were published with and that no full file has replaced."""
    files = {}
    for tile in edge_of(size):
        span, first = TILE_WIDTH**tile.level, tile.n * TILE_WIDTH
        with connection.cursor() as cursor:
            cursor.execute(WIDTHS, {"span": span, "first": first, "last": size // span})
            widths = [int(row[0]) for row in cursor.fetchall()]
        for width in widths:
            files[tile_path(tile.level, tile.n, width)] = growth.edge[tile][: 32 * width]
            if tile.level == 0:
                files[bundle_path(tile.n, width)] = bundle(entries[-(size - first) :][:width])
    return files


def _store(files: dict[str, bytes]) -> None:
    try:
        folder.store(files)
    except folder.Differs as differs:
        raise Doubt(f"{differs} Move it away if it is damaged; it does not fit what was signed.") from None


def _rebuild_history(now: datetime) -> None:
    """Publish the list of keys anew: the present ones, and before them those that rotations name in the ledger.

    A key that no rotation dates is said to be used since the first record.
    """
    if keys.history():
        return
    oldest = Outbox.objects.order_by("xid", "seq").values_list("at", flat=True).first() or now
    for row in Outbox.objects.filter(kind=ROTATED).order_by("xid", "seq"):
        said = row.what or {}
        keys.publish_key("log", str(said.get("old", "")), oldest)
        keys.publish_key("log", str(said.get("new", "")), row.at)
    keys.publish_history(oldest)
