"""A proof out of the public files, and a whole log checked by tools/verify, which imports nothing of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from random import Random

from bench import house, published
from bench.table import Row, at_most, percentile

ROWS = int(os.environ.get("ROWS") or 1_000_000)
PROOFS = 500


def run(say: Callable[[str], None]) -> list[Row]:
    """Publish a log, take receipts of entries at random, then hand the folder to the stand-alone verifier."""
    place = published.own_log()
    from django.db import connection

    from minjing.base.clock import now
    from minjing.kernel.ledger import actions, queries
    from minjing.kernel.ledger.providers import keys

    published.fill(ROWS)
    actions.drain(now())
    say(f"{ROWS:,} entries are published")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_outbox TABLESAMPLE BERNOULLI (1)")
        ids = [row[0] for row in cursor.fetchall()]
    Random(1).shuffle(ids)
    times = []
    for entry_id in ids[:PROOFS]:
        began = time.perf_counter()
        if queries.receipt(entry_id) is None:
            raise RuntimeError("an entry has no receipt")
        times.append(1000 * (time.perf_counter() - began))
    policy = place / "trust.txt"
    policy.write_text(f"log {keys.verifier()}\nquorum none\n")
    began = time.perf_counter()
    command = [sys.executable, str(house.ROOT / "tools" / "verify"), "log", str(place / "ledger")]
    done = subprocess.run([*command, "--policy", str(policy)], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    say(done.stdout.strip() or done.stderr.strip())
    if done.returncode:
        raise RuntimeError("tools/verify does not accept the log")
    published.discard(place)
    return [
        at_most("receipt from the files, p50", percentile(times, 0.5), 5, "ms", note="the index is looked up too"),
        at_most("receipt from the files, p99", percentile(times, 0.99), 5, "ms"),
        at_most(f"tools/verify, all of {ROWS:,} entries", seconds, 10, "s"),
    ]
