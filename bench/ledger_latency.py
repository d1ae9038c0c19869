"""From an act's commit to its publication, at 500 acts a second, with three witnesses of which two must cosign."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from bench import published
from bench.table import Row, at_most, percentile

RATE = 500
SECONDS = float(os.environ.get("SECONDS") or 60)
PEER_S = 1.2  # the best average that Tessera publishes for its POSIX driver


def run(say: Callable[[str], None]) -> list[Row]:
    """Commit at a steady rate in one thread, watch the public file in another."""
    place = published.own_log()
    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.ledger.actions import append, entry

    committed: list[float] = []
    seen: list[tuple[float, int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            size = published.size()
            if not seen or size > seen[-1][1]:
                seen.append((time.perf_counter(), size))
            time.sleep(0.002)

    with published.running(place):
        append(entry("bench:act:first", {}, at=now()))
        base = published.entries()
        published.wait_for(base)
        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.perf_counter()
        for n in range(int(RATE * SECONDS)):
            time.sleep(max(0.0, began + n / RATE - time.perf_counter()))
            append(entry("bench:act:done", {"by": new_id(), "n": n}, at=now(), subject_id=new_id()))
            committed.append(time.perf_counter())
        published.wait_for(base + len(committed))
        time.sleep(0.1)
        done.set()
        watcher.join()
    published.discard(place)
    lags, place_in = [], 0
    for at, size in seen:
        while place_in < min(size - base, len(committed)):
            lags.append(at - committed[place_in])
            place_in += 1
    rate = len(committed) / (committed[-1] - began)
    note = f"{len(lags):,} acts at {rate:.0f}/s, {len(seen):,} checkpoints; peer: Tessera POSIX, average"
    say(note)
    return [
        at_most("commit → published, p50", percentile(lags, 0.5), 0.3, "s", PEER_S, note),
        at_most("commit → published, p99", percentile(lags, 0.99), 1.0, "s"),
    ]
