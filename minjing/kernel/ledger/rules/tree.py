"""The Merkle tree of RFC 6962 §2.1, kept as tiles of 256 hashes, with its two proofs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
TILE_HEIGHT = 8  # levels of the tree in one tile (tlog-tiles, "Merkle Tree")
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256(b"").digest()  # RFC 6962 §2.1: MTH({}) = SHA-256()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry (RFC 6962 §2.1: 0x00 keeps leaves and nodes apart)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees (RFC 6962 §2.1)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, by the RFC's own recursion: slow, obvious, the yardstick of the tests."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(root(leaves[:middle]), root(leaves[middle:]))


def split(size: int) -> int:
    """Return the largest power of two below `size` (RFC 6962 §2.1: k < n <= 2k)."""
    return 1 << (size - 1).bit_length() - 1


class Node(NamedTuple):
    """A full subtree: the 2**height leaves from place * 2**height on."""

    height: int
    place: int


def nodes_of(start: int, end: int) -> list[Node]:
    """Return the full subtrees that cover the leaves [start, end), left to right."""
    nodes = []
    while start < end:
        height = (end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        nodes.append(Node(height, start >> height))
        start += 1 << height
    return nodes


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over full subtrees of falling size, left to right."""
    total = hashes[-1]
    for left in reversed(hashes[:-1]):
        total = node_hash(left, total)
    return total


# --- tiles ---------------------------------------------------------------------------------------------------


class TileId(NamedTuple):
    """Where a tile stands: its level of tiles and its number within it."""

    level: int
    n: int


def tile_of(node: Node) -> TileId:
    """Return the tile whose hashes give the hash of `node`."""
    level, height = divmod(node.height, TILE_HEIGHT)
    return TileId(level, (node.place << height) // TILE_WIDTH)


def tile_width(level: int, n: int, size: int) -> int:
    """Return how many hashes tile `n` of `level` holds in a tree of `size` leaves, 0 if there is no such tile."""
    # tlog-tiles, "Partial Tiles": only full subtrees of the level below are ever hashed upward.
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - n * TILE_WIDTH))


def edge(size: int) -> list[TileId]:
    """Return the partial tiles at the right edge of a tree of `size`: with them alone it can grow."""
    tiles, level = [], 0
    while size >> TILE_HEIGHT * level:
        width = size >> TILE_HEIGHT * level
        if width % TILE_WIDTH:
            tiles.append(TileId(level, width // TILE_WIDTH))
        level += 1
    return tiles


def perfect(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


def cut(hashes: bytes) -> list[bytes]:
    """Return the hashes that lie side by side in a tile."""
    return [hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)]


def node_from(node: Node, tiles: Mapping[TileId, bytes]) -> bytes:
    """Return the hash of `node` from its tile.

    Raises LookupError if the tile is missing or too narrow.
    """
    tile = tile_of(node)
    height = node.height % TILE_HEIGHT
    first = (node.place << height) % TILE_WIDTH * HASH_BYTES
    part = tiles[tile][first : first + (HASH_BYTES << height)]
    if len(part) != HASH_BYTES << height:
        raise LookupError(f"tile {tile.level}/{tile.n} is too narrow for {node}")
    return perfect(cut(part))


def root_from(size: int, tiles: Mapping[TileId, bytes]) -> bytes:
    """Return the root of a tree of `size` leaves from the tiles at its right edge."""
    return fold([node_from(node, tiles) for node in nodes_of(0, size)]) if size else EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Growth:
    """A tree after an append: every tile that is new or wider, and the edge to go on from."""

    size: int
    root: bytes
    tiles: dict[TileId, bytes]
    edge: dict[TileId, bytes]


def grow(size: int, edge_tiles: Mapping[TileId, bytes], leaves: Sequence[bytes]) -> Growth:
    """Append leaf hashes to a tree of `size` known by its edge: two hashes an entry, whatever the size."""
    changed: dict[TileId, bytes] = {}
    kept: dict[TileId, bytes] = {}
    added, level = list(leaves), 0
    while added or size >> TILE_HEIGHT * level:
        first, had = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
        old = edge_tiles[TileId(level, first)] if had else b""
        added = _fill(level, first, old, added, changed, kept)
        level += 1
    total = size + len(leaves)
    return Growth(total, root_from(total, kept), changed, kept)


def _fill(
    level: int,
    first: int,
    old: bytes,
    added: list[bytes],
    changed: dict[TileId, bytes],
    kept: dict[TileId, bytes],
) -> list[bytes]:
    """Lay `added` to the right of `old` in tiles; return the hashes of the tiles that became full."""
    row = cut(old) + added
    full = []
    for start in range(0, len(row), TILE_WIDTH):
        part = row[start : start + TILE_WIDTH]
        tile = TileId(level, first + start // TILE_WIDTH)
        if len(part) == TILE_WIDTH:
            full.append(perfect(part))
        else:
            kept[tile] = b"".join(part)
        if added:
            changed[tile] = b"".join(part)
    return full


# --- proofs --------------------------------------------------------------------------------------------------


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return the leaves under each hash of the inclusion proof, from the leaf upwards (RFC 6962 §2.1.1, PATH)."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    ranges, start, end = [], 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Return the leaves under each hash of the consistency proof (RFC 6962 §2.1.2, PROOF and SUBPROOF)."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof leads from {old} to {new}")
    ranges, start, end, whole = [], 0, new, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, whole = middle, False
    # SUBPROOF(m, D[m], true) = {}: the verifier has that hash already, it is the old root.
    return (ranges if whole else [*ranges, (start, end)])[::-1]


def tiles_for(ranges: Iterable[tuple[int, int]]) -> set[TileId]:
    """Return the tiles that give the hashes of these ranges: at most one a level and range."""
    return {tile_of(node) for start, end in ranges for node in nodes_of(start, end)}


def hashes_of(ranges: Iterable[tuple[int, int]], tiles: Mapping[TileId, bytes]) -> list[bytes]:
    """Return the hash of each range, read from tiles."""
    return [fold([node_from(node, tiles) for node in nodes_of(start, end)]) for start, end in ranges]


def included(index: int, size: int, leaf: bytes, path: Sequence[bytes], root_hash: bytes) -> bool:
    """Say whether `path` proves that `leaf` is entry `index` of the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, total = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            total = node_hash(step, total)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            total = node_hash(total, step)
        position, last = position >> 1, last >> 1
    return last == 0 and total == root_hash


def consistent(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Say whether `path` proves that the old tree is the beginning of the new one (RFC 9162 §2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(after, step)
        position, last = position >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
