"""A year of a city of 17.5 million: how large the log gets, how long it takes to check, what it costs to serve.

The number of acts and looks is an estimate (docs/performance.md says from what); the tree's shape is computed for
it exactly, the times are measured on a smaller log and multiplied, for every step is linear in the entries.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from bench import published
from bench.table import Row

ROWS = int(os.environ.get("ROWS") or 200_000)
RESIDENTS = 17_500_000
YEAR = {
    "matters (0.6 a resident, 8 acts each)": RESIDENTS * 6 // 10 * 8,
    "looks bound to a matter (4 a matter)": RESIDENTS * 6 // 10 * 4,
    "110 calls and their handling (4.0 M, 10 acts and looks each)": 40_000_000,
    "looks outside a matter (Hesse's 45,000 a day, by population)": 45_000 * 365 * 29 // 10,
}
TILE_B, LINE_B = 8192, 86
RECEIPT_B, FOLLOWER_S = 7000, 10  # a receipt with its cosignatures; a monitor asks for the checkpoint this often


def run(say: Callable[[str], None]) -> list[Row]:
    """Compute the shape, measure the rate of checking, and say both."""
    place = published.own_log()
    from minjing.base.clock import now
    from minjing.kernel.ledger import actions, queries
    from minjing.kernel.ledger.rules.tree import edge, tile_width

    size = sum(YEAR.values())
    for what, count in YEAR.items():
        say(f"{count / 1e6:,.0f} M entries: {what}")
    published.fill(ROWS)
    actions.drain(now())
    began = time.perf_counter()
    if not queries.verify().ok:
        raise RuntimeError("the log does not hold together")
    rate = ROWS / (time.perf_counter() - began)
    published.discard(place)
    levels = next(level for level in range(64) if not size >> 8 * (level + 1))
    tiles = sum(-(-(size >> 8 * level) // 256) for level in range(levels + 1))
    state = sum(32 * tile_width(tile.level, tile.n, size) for tile in edge(size))
    public = size * (32 + LINE_B) + tiles * 32
    note = f"{size:,} entries, {size / 365 / 86_400:.1f}/s on average"
    return [
        _told("a year of 17.5 million: entries", size / 1e6, "million", note),
        _told("a year: what the log needs to grow on (the tree's edge)", state / 1000, "kB", ""),
        _told(
            "a year: public files", public / 1e9, "GB", f"{2 * tiles:,} files of at most {TILE_B / 1000:.0f} or 22 kB"
        ),
        _told("a year: database", size * 330 / 1e9, "GB", "330 bytes an entry, see storage"),
        _told(
            "a year: our own verify of all of it", size / rate / 60, "minutes", f"{rate:,.0f}/s measured, one core"
        ),
        _told(
            "a year: a follower's traffic", (public + 365 * 86_400 / FOLLOWER_S * 5000) / 1e9, "GB", "whole log once"
        ),
        _told(
            "a year: receipts for every resident once", RESIDENTS * RECEIPT_B / 1e9, "GB", f"{RECEIPT_B} bytes each"
        ),
    ]


def _told(name: str, value: float, unit: str, note: str) -> Row:
    return Row(name, value, None, None, "", None, unit, note)
