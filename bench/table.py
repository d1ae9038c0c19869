"""What a benchmark finds: rows, printed as a table and kept in bench/results.json."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Row:
    """One figure of ours, the peer's if there is one, what was aimed at and whether it is reached."""

    name: str
    ours: float
    peer: float | None
    ratio: float | None
    aim: str
    met: bool | None  # None: shown for orientation, nothing was aimed at
    unit: str
    note: str = ""


def faster(name: str, ours: float, peer: float, times: float, unit: str, note: str = "") -> Row:
    """Return a row whose aim is to do `times` as much as the peer."""
    ratio = ours / peer
    return Row(name, ours, peer, ratio, f"≥ {times:g} × peer", ratio >= times, unit, note)


def at_most(name: str, ours: float, most: float, unit: str, peer: float | None = None, note: str = "") -> Row:
    """Return a row whose aim is an upper limit; the ratio says how many times as much the peer needs."""
    ratio = peer / ours if peer and ours else None
    return Row(name, ours, peer, ratio, f"≤ {most:g}", ours <= most, unit, note)


def at_least(name: str, ours: float, least: float, unit: str, peer: float | None = None, note: str = "") -> Row:
    """Return a row whose aim is a lower limit."""
    ratio = ours / peer if peer else None
    return Row(name, ours, peer, ratio, f"≥ {least:,.0f}", ours >= least, unit, note)


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered) + 0.5) - 1))]


def keep(benchmark: str, rows: Sequence[Row], load: float) -> None:
    """Write the rows of one benchmark into results.json; those of the others stay as they were measured."""
    before: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"rows": []}
    at = datetime.now(ZoneInfo("Asia/Shanghai")).isoformat(timespec="minutes")
    mine = [{**_rounded(row), "benchmark": benchmark, "at": at, "load_before": round(load, 2)} for row in rows]
    others = [row for row in before["rows"] if row["benchmark"] != benchmark]
    whole = {"machine": machine(), "rows": sorted([*others, *mine], key=lambda row: str(row["benchmark"]))}
    RESULTS.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _rounded(row: Row) -> dict[str, Any]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in asdict(row).items()}


def machine() -> dict[str, Any]:
    """Return what the figures were taken on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text(encoding="utf-8").split()[1]) // 1024
    return {"cpu": model, "cores": os.cpu_count(), "memory_mb": memory, "python": platform.python_version()}


def show(rows: Sequence[Row]) -> str:
    """Return the rows as a table for the terminal."""
    head = ("what", "ours", "peer", "ratio", "aim", "met", "unit")
    body = [
        (
            row.name,
            _number(row.ours),
            _number(row.peer),
            "" if row.ratio is None else f"{row.ratio:.2f} ×",
            row.aim,
            {True: "yes", False: "NO", None: ""}[row.met],
            row.unit,
        )
        for row in rows
    ]
    widths = [max(len(line[n]) for line in [head, *body]) for n in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [head, *body]]
    notes = [f"  {row.name}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, *notes])


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
