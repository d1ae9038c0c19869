"""An outsider with a memory: every altered byte, every step back and every second story is found and named."""

import random
from base64 import b64encode

import pytest

from minjing.kernel.ledger.rules.note import Claim, Signer, claim_text
from minjing.kernel.ledger.rules.tiles import bundle as bundled
from minjing.kernel.ledger.rules.tiles import bundle_path, tile_path
from minjing.kernel.ledger.rules.tree import TILE_WIDTH, TileId, grow, leaf_hash
from minjing.kernel.watch import outsider
from minjing.kernel.watch.outsider import Seen, Step, follow

KEY = Signer("city.example/ledger", bytes(range(32)))
THIEF = Signer("city.example/ledger", bytes(32))
FLIPS = 1_000


class Log:
    """A public folder in memory, grown and signed as the ledger's sequencer does."""

    def __init__(self, entries: list[bytes] = ()) -> None:
        self.files: dict[str, bytes] = {}
        self.entries: list[bytes] = []
        self.edge: dict[TileId, bytes] = {}
        self.publish(list(entries)) if entries else None

    def publish(self, entries: list[bytes], key: Signer = KEY) -> None:
        growth = grow(len(self.entries), self.edge, [leaf_hash(entry) for entry in entries])
        first = len(self.entries) // TILE_WIDTH
        self.entries += entries
        self.edge = growth.edge
        for (level, n), hashes in growth.tiles.items():
            self.files[tile_path(level, n, len(hashes) // 32)] = hashes
        for n in range(first, (len(self.entries) + TILE_WIDTH - 1) // TILE_WIDTH):
            held = self.entries[n * TILE_WIDTH : (n + 1) * TILE_WIDTH]
            self.files[bundle_path(n, len(held))] = bundled(held)
        self.sign(growth.size, growth.root, key)

    def sign(self, size: int, root: bytes, key: Signer = KEY) -> None:
        self.files["checkpoint"] = key.sign(claim_text(Claim(KEY.name, size, root))).encode()

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


def lines(count: int, first: int = 0) -> list[bytes]:
    return [f"matters:matter:claim 2026-11-24T02:00Z {n:043d}".encode() for n in range(first, first + count)]


NOTHING = Seen()


def followed(log: Log, seen: Seen = NOTHING) -> Step:
    """Follow until nothing is left to follow; return the last look."""
    while True:
        step = follow(log.read, [KEY.verifier], seen)
        if step.faults or not step.leaves:
            return step
        seen = step.seen


def sweep(log: Log, seen: Seen) -> list[outsider.Fault]:
    """Return what one whole round over everything seen before finds."""
    faults = list(follow(log.read, [KEY.verifier], seen).faults)
    for n in range((seen.size + TILE_WIDTH - 1) // TILE_WIDTH):
        faults += outsider.recheck(log.read, seen, n) + outsider.recheck_upper(log.read, seen, n)
    return faults


def test_a_sound_log_is_followed_to_its_end_without_a_fault() -> None:
    log, seen = Log(), Seen()
    for count in (1, 255, 300, 44, 7, 20_000, 1):
        log.publish(lines(count, len(log.entries)))
        step = followed(log, seen)
        assert (step.faults, step.seen.size, step.seen.signed_size) == ((), len(log.entries), len(log.entries))
        seen = step.seen
    assert sweep(log, seen) == []
    assert outsider.from_json(outsider.to_json(seen)) == seen


def test_a_long_log_is_followed_in_bounded_steps_up_to_the_third_level() -> None:
    log = Log(lines(70_000))
    first = follow(log.read, [KEY.verifier], Seen())
    assert (len(first.leaves), first.seen.signed_size) == (outsider.STEP_TILES * TILE_WIDTH, 0)
    seen = followed(log).seen
    assert seen.signed_size == 70_000
    assert outsider.recheck(log.read, seen, 5) == []
    log.files[tile_path(2, 0, 1)] = bytes(32)
    assert outsider.recheck_upper(log.read, seen, 5)[0].file == tile_path(2, 0, 1)


def test_partial_files_may_be_collected_once_the_full_ones_are_there() -> None:
    log = Log(lines(300))
    seen = followed(log).seen
    log.publish(lines(212, 300))
    for path in [path for path in log.files if ".p/" in path and path.startswith(("tile/0", "tile/entries"))]:
        del log.files[path]
    assert followed(log, seen).faults == ()
    assert outsider.recheck(log.read, seen, 1) == []


def test_a_thousand_flipped_bits_are_all_found() -> None:
    log = Log(lines(600))
    seen = followed(log).seen
    assert sweep(log, seen) == []
    dice = random.Random(8150)
    # The bits of the text that is claimed; a flip in the signature's own base64 is one in the checkpoint too.
    missed, flipped = [], {"checkpoint": 0, "entries": 0, "tiles": 0}
    paths = sorted(log.files)
    for _ in range(FLIPS):
        path = dice.choice(paths)
        sound = log.files[path]
        bit = dice.randrange(8 * len(sound))
        broken = bytearray(sound)
        broken[bit // 8] ^= 1 << bit % 8
        log.files[path] = bytes(broken)
        if not sweep(log, seen):
            missed.append((path, bit))
        log.files[path] = sound
        flipped["checkpoint" if path == "checkpoint" else "entries" if "entries" in path else "tiles"] += 1
    assert missed == []
    assert sum(flipped.values()) == FLIPS
    assert min(flipped.values()) > 100, flipped


def test_an_altered_entry_is_named_by_its_index() -> None:
    log = Log(lines(600))
    seen = followed(log).seen
    held = log.entries[256:512]
    held[44] = held[44].replace(b"claim", b"grant")
    log.files[bundle_path(1)] = bundled(held)
    (fault,) = outsider.recheck(log.read, seen, 1)
    assert (fault.index, fault.file) == (300, bundle_path(1))


def test_an_entry_altered_with_its_tile_is_found_by_the_tile_above() -> None:
    log = Log(lines(600))
    seen = followed(log).seen
    held = log.entries[256:512]
    held[44] = held[44].replace(b"claim", b"grant")
    log.files[bundle_path(1)] = bundled(held)
    log.files[tile_path(0, 1)] = b"".join(map(leaf_hash, held))
    assert outsider.recheck(log.read, seen, 1)[0].file == tile_path(0, 1)


def test_a_history_written_anew_and_signed_with_our_own_key_is_found_by_memory() -> None:
    entries = lines(600)
    seen = followed(Log(entries)).seen
    entries[300] = entries[300].replace(b"claim", b"grant")
    again = Log(entries)
    assert [fault.kind for fault in follow(again.read, [KEY.verifier], seen).faults] == ["fork"]
    again.publish(lines(50, 600))
    assert followed(again, seen).faults != ()
    assert followed(again).faults == (), "without a memory nobody could tell"


def test_a_step_back_is_found() -> None:
    log = Log(lines(600))
    seen = followed(log).seen
    assert [fault.kind for fault in follow(Log(lines(599)).read, [KEY.verifier], seen).faults] == ["fork"]


@pytest.mark.parametrize("key", [KEY, THIEF])
def test_a_checkpoint_over_entries_that_are_not_there_is_found(key: Signer) -> None:
    log = Log(lines(600))
    seen = followed(log).seen
    log.sign(601, bytes(32), key)
    assert follow(log.read, [KEY.verifier], seen).faults != ()
    assert follow(log.read, [KEY.verifier], seen).seen == seen


def test_a_foreign_key_signs_nothing() -> None:
    log = Log()
    log.publish(lines(5), THIEF)
    assert [fault.kind for fault in follow(log.read, [KEY.verifier], Seen()).faults] == ["checkpoint"]


def test_a_missing_file_is_named() -> None:
    log = Log(lines(600))
    seen = followed(log).seen
    del log.files[bundle_path(0)]
    assert outsider.recheck(log.read, seen, 0)[0].file == bundle_path(0)
    del log.files[tile_path(1, 0, 2)]
    assert outsider.recheck_upper(log.read, seen, 0)[0].file == tile_path(1, 0, 2)


def test_nothing_published_yet_is_no_fault() -> None:
    assert follow(Log().read, [KEY.verifier], Seen()) == Step(Seen(), (), [], None)


def test_a_damaged_memory_is_refused() -> None:
    kept = outsider.to_json(followed(Log(lines(600))).seen)
    kept["edge"] = {"0/1": b64encode(bytes(32)).decode()}
    with pytest.raises(ValueError, match="damaged"):
        outsider.from_json(kept)
