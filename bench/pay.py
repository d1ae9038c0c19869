"""10,000 payments over real HTTP through gateways that lose, repeat, delay, forge and die: the books balance.

It is the long run of `tests/faults/test_payments.py`: three gateways as processes of their own, signatures real, our
process dying around calls. The test fails when a fen of a gateway's is not in our books once; here stands how fast.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench import house
from bench.table import Row, at_most

PAYMENTS = int(os.environ.get("PAYMENTS") or 10_000)
LIMIT_S = 3_000
REPORTED = r"(\d+) orders, (\d+) payments, (\d+) refunds; (\d+) s of paying, (\d+) s in all; (\d+) kills"


def run(say: Callable[[str], None]) -> list[Row]:
    """Run the faults and read what they report; a difference of a fen breaks the benchmark."""
    report = Path(house.DATA_DIR) / "payments.txt"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:warnings", "tests/faults/test_payments.py"]
    given = {key: value for key, value in os.environ.items() if not key.startswith(("DATABASE_URL", "DJANGO_"))}
    more = {"PAYMENTS": str(PAYMENTS), "PAYMENTS_REPORT": str(report), "DATA_DIR": ""}
    environment = {key: value for key, value in (given | more).items() if value}
    subprocess.run(command, env=environment, cwd=house.ROOT, timeout=LIMIT_S, check=True)
    said = report.read_text(encoding="utf-8").strip()
    say(said)
    found = re.match(REPORTED, said)
    assert found is not None, said
    orders, payments, refunds, paying_s, all_s, kills = map(int, found.groups())
    note = f"{orders:,} orders, {payments:,} payments, {refunds:,} refunds; the gateways killed {kills} times"
    note += f"; {all_s} s in all with the questions about everything that was not over and the bills of three days"
    return [
        at_most("payments lost or doubled, fen that differ", 0, 0, "", note=note),
        Row("payments through trouble", payments / paying_s, None, None, "shown", None, "/s", "6 payers at once"),
    ]
