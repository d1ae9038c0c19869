"""Acts a second end to end: engine transitions, durable, until they stand under a published, cosigned checkpoint."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from bench import clients, published
from bench.table import Row, at_least

SECONDS = float(os.environ.get("SECONDS") or 600)
CLIENTS = 8
AIM = 2000
PEER = 600  # TesseraCT on two virtual CPUs, its own published figure


def run(say: Callable[[str], None]) -> list[Row]:
    """Let eight clients take steps while a sequencer and three witnesses run beside them on the same machine."""
    place = published.own_log()
    from bench import transitions

    transitions.matters()
    seen: list[tuple[float, int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.25):
            seen.append((time.monotonic(), published.size()))

    with published.running(place):
        published.wait_for(published.entries())
        watcher = threading.Thread(target=watch)
        watcher.start()
        made = clients.rate("ours", CLIENTS, SECONDS, dict(os.environ))
        ended, total = time.monotonic(), published.entries()
        say(f"{made:,.0f} steps/s were taken; {total - published.size():,} entries still wait")
        published.wait_for(total)
        done.set()
        watcher.join()
    published.discard(place)
    # The middle of the run, as an outsider sees it: starting and stopping the clients is not part of it.
    steady = [(at, size) for at, size in seen if ended - 0.9 * SECONDS <= at <= ended - 0.05 * SECONDS]
    rate = (steady[-1][1] - steady[0][1]) / (steady[-1][0] - steady[0][0])
    note = f"{CLIENTS} clients, {SECONDS:.0f} s, three witnesses of which two cosign; {made:,.0f} steps/s were taken"
    return [at_least("acts end to end, published", rate, AIM, "/s", PEER, note)]
