"""The tree of hashes over all entries (RFC 6962 §2.1): whoever changes one entry changes the root.

Neighbours are hashed together, pair by pair, until one hash is left. In a log it is stored in tiles of 256 hashes
(c2sp.org/tlog-tiles@v0.1.0): the hash of a full tile stands in a tile of the level above.
"""

from hashlib import sha256

WIDTH = 256


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def full_hash(row: list[bytes]) -> bytes:
    """Return the hash over 2, 4, 8 … 256 neighbours; written for speed."""
    while len(row) > 1:
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


Parts = list[tuple[int, bytes]]  # the full parts of a tree, height and hash, the largest first


def grown(parts: Parts, height: int, total: bytes) -> Parts:
    """Return a tree with a full part appended on the right; two neighbours of one height become one."""
    parts = list(parts)
    while parts and parts[-1][0] == height:
        total, height = full_hash([parts.pop()[1], total]), height + 1
    return [*parts, (height, total)]


def root(parts: Parts, rest: list[bytes]) -> bytes:
    """Return the root of a tree with `rest`, some leaves, appended."""
    for leaf in rest:
        parts = grown(parts, 0, leaf)
    if not parts:
        return sha256(b"").digest()
    total = parts[-1][1]
    for _, left in reversed(parts[:-1]):
        total = full_hash([left, total])
    return total


def root_of_path(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes | None:
    """Return the root to which `path` leads from entry `index` of `size` (RFC 9162 §2.1.3.2), or None."""
    if not 0 <= index < size:
        return None
    place, last, total = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            total = full_hash([step, total])
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            total = full_hash([total, step])
        place, last = place >> 1, last >> 1
    return total if last == 0 else None
