"""The tree against the RFC's recursion, published roots, and forged proofs."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minjing.kernel.ledger.rules import tiles as names
from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.tree import TileId

# transparency-dev/merkle: leaves and the first four bytes of the roots of sizes 1 to 8.
LEAVES = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
LEAVES += [bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]
ROOTS = ["6e340b9c", "fac54203", "aeb6bcfe", "d37ee418", "4e3bbb1f", "76e67dad", "ddb89be4", "5dc9da79"]


def leaves_of(count: int) -> list[bytes]:
    return [tree.leaf_hash(str(n).encode()) for n in range(count)]


def built(leaves: list[bytes], *batches: int) -> tuple[tree.Growth, dict[TileId, bytes]]:
    """Build a tree in batches of the given sizes, the rest in one; return it with all its tiles."""
    growth, tiles, done = tree.grow(0, {}, []), {}, 0
    for batch in (*batches, len(leaves)):
        part = leaves[done : done + batch]
        growth = tree.grow(done, growth.edge, part)
        tiles.update(growth.tiles)
        done += len(part)
    return growth, tiles


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.grow(0, {}, []).root == tree.root([]) == tree.EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    leaves = [tree.leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert tree.root(leaves).hex()[:8] == ROOTS[size - 1]
    assert built(leaves)[0].root.hex()[:8] == ROOTS[size - 1]


def test_every_size_up_to_600_grows_one_by_one_to_the_root_of_the_recursion() -> None:
    leaves, growth = leaves_of(600), tree.grow(0, {}, [])
    for size in range(600):
        growth = tree.grow(size, growth.edge, [leaves[size]])
        assert growth.root == tree.root(leaves[: size + 1])


def test_70000_leaves_have_the_tiles_of_the_specification() -> None:
    growth, tiles = built([sha256(bytes([n & 255, n >> 8 & 255, n >> 16])).digest() for n in range(70_000)])
    widths = {tile: len(data) // 32 for tile, data in tiles.items()}
    assert sum(1 for tile, width in widths.items() if tile.level == 0 and width == 256) == 273
    assert widths[TileId(0, 273)] == 112
    assert (widths[TileId(1, 0)], widths[TileId(1, 1)], widths[TileId(2, 0)]) == (256, 17, 1)
    assert tree.edge(70_000) == [TileId(0, 273), TileId(1, 1), TileId(2, 0)] == sorted(growth.edge)
    assert all(tree.tile_width(tile.level, tile.n, 70_000) == width for tile, width in widths.items())
    assert tree.tile_width(0, 274, 70_000) == tree.tile_width(3, 0, 70_000) == 0


def test_a_full_tile_is_hashed_upward_and_leaves_no_empty_partial_tile() -> None:
    growth, tiles = built(leaves_of(256))
    assert {tile: len(data) // 32 for tile, data in tiles.items()} == {TileId(0, 0): 256, TileId(1, 0): 1}
    assert tree.edge(256) == [TileId(1, 0)]
    assert growth.root == tiles[TileId(1, 0)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=6), st.integers(0, 1500))
def test_batches_of_any_size_give_the_same_tree(batches: list[int], size: int) -> None:
    leaves = leaves_of(size)
    growth, tiles = built(leaves, *batches)
    whole, whole_tiles = built(leaves)
    assert (growth.root, growth.edge, tiles) == (whole.root, whole.edge, whole_tiles)
    assert growth.root == tree.root(leaves)


def test_inclusion_proofs_of_every_leaf_of_every_size_up_to_300() -> None:
    leaves = leaves_of(300)
    _, tiles = built(leaves)
    for size in range(1, 301):
        root = tree.root(leaves[:size])
        for index in range(size):
            path = tree.hashes_of(tree.inclusion_ranges(index, size), tiles)
            assert tree.included(index, size, leaves[index], path, root)
            assert not tree.included((index + 1) % size, size, leaves[index], path, root) or size == 1


def test_consistency_proofs_between_all_sizes_up_to_300() -> None:
    leaves = leaves_of(300)
    _, tiles = built(leaves)
    roots = [tree.root(leaves[:size]) for size in range(301)]
    for new in range(1, 301, 3):
        for old in range(1, new + 1):
            path = tree.hashes_of(tree.consistency_ranges(old, new), tiles)
            assert tree.consistent(old, new, path, roots[old], roots[new])
            assert not tree.consistent(old, new, path, roots[old - 1], roots[new])
            assert not tree.consistent(old, new, [*path, roots[1]], roots[old], roots[new])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_proof_with_any_bit_flipped_or_any_hash_moved_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 2000))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    growth, tiles = built(leaves)
    path = tree.hashes_of(tree.inclusion_ranges(index, size), tiles)
    assert tree.included(index, size, leaves[index], path, growth.root)
    step = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(path[step], "big") ^ 1 << bit).to_bytes(32, "big")
    assert not tree.included(index, size, leaves[index], [*path[:step], flipped, *path[step + 1 :]], growth.root)
    assert not tree.included(index, size, leaves[index], path[:step] + path[step + 1 :], growth.root)
    assert not tree.included(index, size, leaves[index], [*path, flipped], growth.root)
    assert not tree.included(index, size, leaves[index], path[::-1], growth.root) or path == path[::-1]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(0, 255), st.data())
def test_a_forged_consistency_proof_is_refused(one: int, other: int, bit: int, data: st.DataObject) -> None:
    old, new = min(one, other), max(one, other)
    leaves = leaves_of(new)
    growth, tiles = built(leaves)
    old_root = built(leaves[:old])[0].root
    path = tree.hashes_of(tree.consistency_ranges(old, new), tiles)
    assert tree.consistent(old, new, path, old_root, growth.root)
    if path:
        step = data.draw(st.integers(0, len(path) - 1))
        flipped = (int.from_bytes(path[step], "big") ^ 1 << bit).to_bytes(32, "big")
        assert not tree.consistent(old, new, [*path[:step], flipped, *path[step + 1 :]], old_root, growth.root)


def test_a_proof_reads_few_tiles_however_large_the_log() -> None:
    assert len(tree.tiles_for(tree.inclusion_ranges(123_456_789, 987_654_321))) <= 12


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (names.tile_path(0, 0), "tile/0/000"),
        (names.tile_path(1, 1234067), "tile/1/x001/x234/067"),
        (names.tile_path(0, 273, 112), "tile/0/273.p/112"),
        (names.bundle_path(1000, 1), "tile/entries/x001/000.p/1"),
    ],
)
def test_paths_are_those_of_tlog_tiles(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize("width", [0, 257, -1])
def test_a_tile_of_no_width_is_never_named(width: int) -> None:
    with pytest.raises(ValueError, match="wide"):
        names.tile_path(0, 0, width)


def test_a_bundle_puts_a_length_before_each_entry() -> None:
    assert names.bundle([b"ab", b"", b"c" * 300]) == b"\x00\x02ab\x00\x00\x01\x2c" + b"c" * 300
