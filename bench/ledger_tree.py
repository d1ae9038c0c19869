"""Building the tree in memory from the same entries: ours beside pymerkle 7."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pymerkle import InmemoryTree

from bench.table import Row, faster, median

ENTRIES = int(os.environ.get("ROWS") or 200_000)
BATCH = 16_384
TURNS = 3


def run(say: Callable[[str], None]) -> list[Row]:
    """Hash and append, in the sequencer's batches; the roots must agree."""
    from minjing.kernel.ledger.rules.public import public_entry
    from minjing.kernel.ledger.rules.tree import grow, leaf_hash

    made = [public_entry("bench:act:done", "2026-03-02T04:00Z", n.to_bytes(32, "big")) for n in range(ENTRIES)]
    ours, theirs = [], []
    for _ in range(TURNS):
        began = time.perf_counter()
        growth = grow(0, {}, [])
        for start in range(0, ENTRIES, BATCH):
            growth = grow(start, growth.edge, [leaf_hash(one) for one in made[start : start + BATCH]])
        ours.append(ENTRIES / (time.perf_counter() - began))
        began = time.perf_counter()
        tree = InmemoryTree(algorithm="sha256")
        for one in made:
            tree.append_entry(one)
        theirs.append(ENTRIES / (time.perf_counter() - began))
        if tree.get_state() != growth.root:
            raise RuntimeError("the two trees differ")
    say(f"ours {median(ours):,.0f}/s, pymerkle {median(theirs):,.0f}/s, same root")
    return [faster("building the tree in memory, beside pymerkle 7", median(ours), median(theirs), 4, "/s")]
