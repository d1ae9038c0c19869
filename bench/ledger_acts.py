"""Acts a second end to end: engine transitions, durable, until they stand under a published, cosigned checkpoint."""

from __future__ import annotations

import os
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
    with published.running(place):
        published.wait_for(published.entries())
        before, began = published.entries(), time.monotonic()
        made = clients.rate("ours", CLIENTS, SECONDS, dict(os.environ))
        total = published.entries()
        say(f"{made:,.0f} steps/s were taken; {total - published.size():,} entries still wait")
        until = published.wait_for(total)
    published.discard(place)
    # The clients' warming up and stopping is within the span: the figure is a little too low, never too high.
    rate = (total - before) / (until - began)
    note = (
        f"{CLIENTS} clients, {SECONDS:.0f} s, three witnesses of which two cosign; {made:,.0f} steps/s while steady"
    )
    return [at_least("acts end to end, published", min(rate, made), AIM, "/s", PEER, note)]
