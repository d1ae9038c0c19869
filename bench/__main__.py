"""`python -m bench [--only NAME]`: run the benchmarks one after the other and print what they found."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from bench import house, table
from bench.table import Row

# Name → the database it works on a copy of ("" for none of its own), and the seconds after which it is stopped.
BENCHMARKS = {
    "due_date": ("", 120),
    "penalties": ("", 600),
    "cascade": ("city", 420),
    "statements": ("city", 300),
    "transitions": ("city", 600),
    "submissions": ("city", 420),
    "migration": ("city", 600),
    "lists": ("million", 600),
    "writes": ("million", 420),
    "footprint": ("", 420),
    "ledger_acts": ("city", 1200),
    "ledger_drain": ("city", 420),
    "ledger_latency": ("city", 300),
    "ledger_slowdown": ("city", 300),
    "ledger_tree": ("", 120),
    "ledger_proof": ("city", 420),
    "ledger_storage": ("city", 300),
    "ledger_year": ("city", 300),
    "booking": ("city", 420),
    "plates": ("city", 420),
    "phones": ("city", 420),
    "reading": ("", 3000),
    "faces": ("", 300),
    "yielding": ("", 300),
    "pay": ("", 3000),
    "replay": ("city", 900),
    "busy_day": ("city", 420),
    "traffic_load": ("", 900),
    "traffic_registers": ("", 1500),
}


def main() -> int:
    """Run what was asked for; exit 1 when a benchmark broke, not when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, help="run one benchmark")
    chosen = parser.parse_args().only
    house.start()
    found: list[Row] = []
    broken = []
    try:
        for name in [chosen] if chosen else BENCHMARKS:
            rows = _measured(name)
            found += rows
            if not rows:
                broken.append(name)
    finally:
        house.stop()
    print("\n" + table.show(found))
    if broken:
        print("broken:", ", ".join(broken))
    return 1 if broken else 0


def _measured(name: str) -> list[Row]:
    """Run one benchmark in a process of its own on a fresh copy of its database; return its rows."""
    template, limit_s = BENCHMARKS[name]
    database = "postgres"
    if template:
        house.PREPARE[template](lambda line: _say(name, line))
        database = f"bench_{name}"
        house.create(database, template)
    load, began = os.getloadavg()[0], time.monotonic()
    _say(name, f"begins (load {load:.1f})")
    out = house.DATA_DIR / f"{name}.json"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.one", name, str(out)]
    try:
        subprocess.run(command, env=house.environment(database), cwd=house.ROOT, timeout=limit_s, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        _say(name, f"stopped: {error}")
        return []
    finally:
        if template:
            house.drop(database)
    rows = [Row(**row) for row in json.loads(out.read_text(encoding="utf-8"))]
    table.keep(name, rows, load)
    _say(name, f"done in {time.monotonic() - began:.0f} s")
    return rows


def _say(name: str, line: str) -> None:
    print(f"[{name}] {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
