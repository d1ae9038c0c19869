"""A cold copy of the public folder, and the proof of one entry as a file: what leaves the house as evidence."""

from collections.abc import Callable, Iterator
from pathlib import Path

from minjing.kernel.ledger.providers import folder, keys
from minjing.kernel.ledger.rules.note import BadNote, open_note, parse_claim
from minjing.kernel.ledger.rules.tiles import bundle_path, tile_path, unbundle
from minjing.kernel.ledger.rules.tree import EMPTY_ROOT, TILE_HEIGHT, TILE_WIDTH, TileId, grow, leaf_hash, tile_width

BATCH = 64  # bundles that are hashed at once


class CannotExport(RuntimeError):
    """The public folder is not whole; the message says what is wrong with it."""


def export(target: Path, progress: Callable[[int, int], None] | None = None) -> int:
    """Copy the log as it is published now to a folder that is empty or new; return how many entries it holds.

    Every entry is hashed on the way and every tile compared, so that what is handed over has been verified; the
    checkpoint is written last. Raises CannotExport.
    """
    text = folder.read("checkpoint")
    if text is None:
        raise CannotExport("Nothing has been published yet.")
    if target.exists() and any(target.iterdir()):
        raise CannotExport(f"{target} is not empty.")
    try:
        claim = parse_claim(open_note(text.decode(), keys.verifiers()))
    except (BadNote, UnicodeDecodeError) as bad:
        raise CannotExport(f"The published checkpoint is not valid: {bad}") from None
    edge: dict[TileId, bytes] = {}
    root = EMPTY_ROOT
    for start in range(0, claim.size, BATCH * TILE_WIDTH):
        end = min(start + BATCH * TILE_WIDTH, claim.size)
        growth = grow(start, edge, list(_bundles(target, start, end, claim.size)))
        edge, root = growth.edge, growth.root
        _tiles(target, growth.tiles, claim.size)
        if progress:
            progress(end, claim.size)
    if root != claim.root:
        raise CannotExport("The entries do not give the published root. Run `minjing ledger verify`.")
    for name in ("keys/history", "keys/policy.txt"):
        if (data := folder.read(name)) is not None:
            _write(target / name, data)
    _write(target / "checkpoint", text)
    return claim.size


def _bundles(target: Path, start: int, end: int, size: int) -> Iterator[bytes]:
    """Copy the bundles that hold [start, end) and yield the leaf hashes."""
    for n in range(start // TILE_WIDTH, (end - 1) // TILE_WIDTH + 1):
        name = bundle_path(n, tile_width(0, n, size))
        data = _whole(name)
        _write(target / name, data)
        yield from map(leaf_hash, unbundle(data))


def _tiles(target: Path, tiles: dict[TileId, bytes], size: int) -> None:
    """Copy tiles that are as they will be at `size`, having compared each with what its entries give."""
    for tile, hashes in tiles.items():
        width = tile_width(tile.level, tile.n, size)
        if len(hashes) != width * 32:
            continue  # it grows on in the next batch
        name = tile_path(tile.level, tile.n, width)
        if _whole(name) != hashes:
            first = tile.n << TILE_HEIGHT * (tile.level + 1)
            raise CannotExport(f"{name} does not fit the entries from {first} on. Run `minjing ledger verify`.")
        _write(target / name, hashes)


def _whole(name: str) -> bytes:
    data = folder.read(name)
    if data is None:
        raise CannotExport(f"The public folder lacks {name}.")
    return data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
