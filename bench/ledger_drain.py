"""Draining a backlog: a million rows in the outbox until the last is published; and what they then take."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from bench import published
from bench.table import Row, at_least

ROWS = int(os.environ.get("ROWS") or 1_000_000)


def run(say: Callable[[str], None]) -> list[Row]:
    """Fill the outbox, then sequence it all in one process."""
    place = published.own_log()
    from minjing.base.clock import now
    from minjing.kernel.ledger import actions, queries

    published.fill(ROWS)
    say(f"{ROWS:,} rows wait")
    began = time.perf_counter()
    actions.drain(now())
    seconds = time.perf_counter() - began
    say(f"published in {seconds:.1f} s")
    began = time.perf_counter()
    report = queries.verify()
    checked = time.perf_counter() - began
    if not report.ok:
        raise RuntimeError(report.faults[:3])
    say(f"`minjing ledger verify` took {checked:.1f} s")
    published.discard(place)
    return [
        at_least(
            f"draining {ROWS:,} entries", ROWS / seconds, 20_000, "/s", 10_000, "peer: Tessera on NVMe, 7 cores"
        ),
        Row("our own verify, entries and private records", report.size / checked, None, None, "", None, "/s"),
    ]
