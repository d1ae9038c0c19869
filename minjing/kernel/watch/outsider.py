"""The public files as an outsider sees them: only what anyone can fetch, and what was seen before.

Nothing here asks the database. What is remembered (size, root, right edge) lies in a file of the monitor's own, so
that a log that is rolled back, rewritten or forked is caught even where every table agrees with it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minjing.kernel.ledger.rules.note import BadNote, Claim, Verifier, open_note, parse_claim
from minjing.kernel.ledger.rules.tiles import bundle_path, tile_path, unbundle
from minjing.kernel.ledger.rules.tree import (
    EMPTY_ROOT,
    TILE_WIDTH,
    TileId,
    cut,
    edge,
    grow,
    leaf_hash,
    perfect,
    root_from,
    tile_width,
)

Read = Callable[[str], bytes | None]  # a path under the log's address → its bytes, None where there is nothing
STEP_TILES = 64  # tiles of leaves taken in at once: 16,384 entries, some megabytes


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit in the public files: `file` names it, `index` the entry, where it is about one."""

    kind: str  # checkpoint, fork, file
    file: str
    zh: str
    en: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """How far the log was followed: the tree that was built from its leaves, and the last checkpoint it gave."""

    size: int = 0
    edge: Mapping[TileId, bytes] = field(default_factory=dict)
    signed_size: int = 0
    signed_root: bytes = EMPTY_ROOT

    def root(self) -> bytes:
        """Return the root of what was followed."""
        return root_from(self.size, self.edge)


@dataclass(frozen=True, slots=True)
class Step:
    """One look at the files: where it led, the new leaves, what did not fit, and what the log claims."""

    seen: Seen
    leaves: Sequence[bytes]
    faults: Sequence[Fault]
    claim: Claim | None


def follow(read: Read, keys: Sequence[Verifier], seen: Seen) -> Step:
    """Read the checkpoint and the leaves that are new since `seen`, at most some thousands; say what does not fit.

    Where something does not fit the view stays where it was: the next look finds it again until it is repaired.
    """
    claim, faults = checkpoint(read, keys)
    if claim is None:
        return Step(seen, (), faults, None)
    faults = _against_memory(claim, seen)
    if faults:
        return Step(seen, (), faults, claim)
    end = min(claim.size, (seen.size // TILE_WIDTH + STEP_TILES) * TILE_WIDTH)
    if end <= seen.size:
        return Step(seen, (), (), claim)
    leaves, faults = _new_leaves(read, seen, end)
    if faults:
        return Step(seen, (), faults, claim)
    growth = grow(seen.size, seen.edge, leaves)
    whole = end == claim.size
    faults = _upper(read, growth.tiles, signed=whole)
    if not faults and whole and growth.root != claim.root:
        faults = [_not_the_root(claim)]
    if faults:
        return Step(seen, (), faults, claim)
    grown = Seen(
        end,
        growth.edge,
        claim.size if whole else seen.signed_size,
        claim.root if whole else seen.signed_root,
    )
    return Step(grown, leaves, (), claim)


def checkpoint(read: Read, keys: Sequence[Verifier]) -> tuple[Claim | None, list[Fault]]:
    """Return what the published checkpoint claims; None with a fault where it is no checkpoint of this log."""
    data = read("checkpoint")
    if data is None:
        return None, []  # nothing is published yet; that it once was is seen by the lag
    try:
        return parse_claim(open_note(data.decode(), keys)), []
    except (BadNote, UnicodeDecodeError) as bad:
        return None, [
            Fault(
                "checkpoint",
                "checkpoint",
                "公开的签名头无效：签名或格式不对。",
                f"The published checkpoint is not valid: {bad}",
            )
        ]


def _against_memory(claim: Claim, seen: Seen) -> list[Fault]:
    if claim.size < seen.signed_size:
        return [
            Fault(
                "fork",
                "checkpoint",
                f"公开账本退回到 {claim.size} 条，此前已公开 {seen.signed_size} 条。",
                f"The published log went back to {claim.size} entries after {seen.signed_size} had been published.",
                claim.size,
            )
        ]
    same = claim.size == seen.signed_size and claim.root != seen.signed_root
    if same or (claim.size == seen.size and seen.size and claim.root != seen.root()):
        return [
            Fault(
                "fork",
                "checkpoint",
                f"同一大小（{claim.size} 条）出现了另一个树根：账本分叉，或私钥被盗用。",
                f"Another root is published for the same size ({claim.size}): a fork, or the key was stolen.",
                claim.size - 1,
            )
        ]
    return []


def _not_the_root(claim: Claim) -> Fault:
    return Fault(
        "fork",
        "checkpoint",
        f"公开的 {claim.size} 条算不出签名头中的树根：账本被改写，或私钥被盗用。",
        f"The {claim.size} published entries do not give the root of the checkpoint: rewritten, or a stolen key.",
        claim.size - 1,
    )


def tile(read: Read, level: int, n: int, width: int) -> bytes | None:
    """Return the first `width` hashes of a tile: from the partial one or, once it is full, from the full one."""
    return _prefix(read, tile_path(level, n, width), tile_path(level, n), width, lambda data: data[: 32 * width])


def bundle(read: Read, n: int, width: int) -> list[bytes] | None:
    """Return the first `width` entries of a bundle; None where it is missing or cannot be read."""
    for path in dict.fromkeys((bundle_path(n, width), bundle_path(n))):
        data = read(path)
        if data is not None:
            try:
                entries = unbundle(data)
            except ValueError:
                return None
            # A file that holds more than its name says is no bundle of that width.
            return entries[:width] if path == bundle_path(n) or len(entries) == width else None
    return None


def _prefix(read: Read, path: str, full: str, width: int, part: Callable[[bytes], bytes]) -> bytes | None:
    data = read(path)
    if data is None and path != full:
        data = read(full)
        return part(data) if data is not None and len(data) == 32 * TILE_WIDTH else None
    return data if data is not None and len(data) == 32 * width else None


def _new_leaves(read: Read, seen: Seen, end: int) -> tuple[list[bytes], list[Fault]]:
    leaves: list[bytes] = []
    for n in range(seen.size // TILE_WIDTH, (end + TILE_WIDTH - 1) // TILE_WIDTH):
        width = min(TILE_WIDTH, end - n * TILE_WIDTH)
        found, faults = bundle_faults(read, n, width)
        if faults:
            return [], faults
        known = seen.edge.get(TileId(0, n), b"")
        if b"".join(found)[: len(known)] != known:
            return [], [_altered(TileId(0, n), width)]
        leaves += found[len(known) // 32 :]
    return leaves, []


def bundle_faults(read: Read, n: int, width: int) -> tuple[list[bytes], list[Fault]]:
    """Return the leaf hashes of a bundle, having compared its tile with its entries one by one."""
    name, first = tile_path(0, n, width), n * TILE_WIDTH
    hashes = tile(read, 0, n, width)
    if hashes is None:
        return [], [_missing(name, first)]
    entries = bundle(read, n, width)
    if entries is None or len(entries) != width:
        return [], [_missing(bundle_path(n, width), first)]
    leaves = cut(hashes)
    faults = [
        Fault(
            "file",
            bundle_path(n, width),
            f"公开文件中第 {first + place} 条的内容与其哈希不符。",
            f"The public bytes of entry {first + place} do not fit its hash in the tile.",
            first + place,
        )
        for place, (entry, leaf) in enumerate(zip(entries, leaves, strict=True))
        if leaf_hash(entry) != leaf
    ]
    return leaves, faults


def _missing(name: str, first: int) -> Fault:
    return Fault(
        "file",
        name,
        f"公开文件 {name} 缺失或残缺（自第 {first} 条起）。",
        f"The public file {name} is missing or damaged (entries from {first} on).",
        first,
    )


def _altered(where: TileId, width: int) -> Fault:
    name, first = tile_path(*where, width), where.n * TILE_WIDTH ** (where.level + 1)
    return Fault(
        "file",
        name,
        f"公开文件 {name} 与此前公开的内容不同（自第 {first} 条起）。",
        f"The public file {name} differs from what was published before (entries from {first} on).",
        first,
    )


def _upper(read: Read, tiles: Mapping[TileId, bytes], *, signed: bool) -> list[Fault]:
    """Compare the tiles above the leaves with those that the leaves give.

    Partial tiles are published only for sizes that were signed: on the way there, full ones alone are compared.
    """
    return [
        _altered(where, len(hashes) // 32)
        for where, hashes in tiles.items()
        if where.level
        and (signed or len(hashes) == 32 * TILE_WIDTH)
        and tile(read, where.level, where.n, len(hashes) // 32) != hashes
    ]


def recheck(read: Read, seen: Seen, n: int) -> list[Fault]:
    """Check one bundle seen before, from its entries up to the edge that is remembered."""
    width = min(TILE_WIDTH, seen.size - n * TILE_WIDTH)
    leaves, faults = bundle_faults(read, n, width)
    if faults:
        return faults
    hashes = b"".join(leaves)
    return _chain(read, seen, TileId(0, n), hashes)


def _chain(read: Read, seen: Seen, where: TileId, hashes: bytes) -> list[Fault]:
    """Say whether a tile's bytes lead to what is remembered: each full tile is one hash in the tile above it."""
    while len(hashes) == 32 * TILE_WIDTH:
        above = TileId(where.level + 1, where.n // TILE_WIDTH)
        width = tile_width(above.level, above.n, seen.size)
        place = where.n % TILE_WIDTH * 32
        upper = seen.edge[above] if above in seen.edge else tile(read, above.level, above.n, width)
        if upper is None:
            return [_missing(tile_path(*above, width), above.n * TILE_WIDTH ** (above.level + 1))]
        if upper[place : place + 32] != perfect(cut(hashes)):
            return [_altered(where, TILE_WIDTH)]
        where, hashes = above, upper
    # What is left is a partial tile: it stands in memory.
    return [] if seen.edge.get(where, hashes) == hashes else [_altered(where, len(hashes) // 32)]


def upper_tiles(size: int, n: int) -> Iterable[tuple[TileId, int]]:
    """Yield the tiles above bundle `n` in a tree of `size`, with their widths."""
    level = 1
    while width := tile_width(level, n // TILE_WIDTH**level, size):
        yield TileId(level, n // TILE_WIDTH**level), width
        level += 1


def recheck_upper(read: Read, seen: Seen, n: int) -> list[Fault]:
    """Check the files of the tiles above bundle `n` against what is remembered of the right edge."""
    faults = []
    for where, width in upper_tiles(seen.size, n):
        data = tile(read, where.level, where.n, width)
        if data is None:
            faults.append(_missing(tile_path(where.level, where.n, width), where.n * TILE_WIDTH ** (where.level + 1)))
        elif where in seen.edge and data != seen.edge[where]:
            faults.append(_altered(where, width))
        elif width == TILE_WIDTH:
            faults += _chain(read, seen, where, data)
    return faults


# --- memory and ways to read -----------------------------------------------------------------------------------


def to_json(seen: Seen) -> dict[str, Any]:
    """Return the memory as JSON values."""
    return {
        "size": seen.size,
        "edge": {f"{t.level}/{t.n}": b64encode(hashes).decode() for t, hashes in seen.edge.items()},
        "signed_size": seen.signed_size,
        "signed_root": b64encode(seen.signed_root).decode(),
    }


def from_json(kept: Mapping[str, Any]) -> Seen:
    """Return the memory that `to_json` gave; raises ValueError where its edge does not belong to its size."""
    tiles = {TileId(*map(int, name.split("/"))): b64decode(text) for name, text in kept["edge"].items()}
    if set(tiles) != set(edge(kept["size"])):
        raise ValueError("the monitor's memory is damaged")
    return Seen(kept["size"], tiles, kept["signed_size"], b64decode(kept["signed_root"]))


def folder(root: Path) -> Read:
    """Return a reader of the public folder as it lies on this machine."""

    def read(path: str) -> bytes | None:
        try:
            return (root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    return read
