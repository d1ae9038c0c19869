"""What the whole house takes: memory of all its processes at rest, and the time from `minjing up` to a page."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import house
from bench.table import Row, at_most, median

DATA_DIR = house.ROOT / "var" / "bench-up"
PORT = 8170
IDLE_S = 15
STARTS = 3


def run(say: Callable[[str], None]) -> list[Row]:
    """Start once to make everything, then three times as on any other day; weigh the last."""
    shutil.rmtree(DATA_DIR, ignore_errors=True)
    try:
        with up() as (first, _):
            say(f"first start, with tables, catalogue and city: {first:.1f} s")
        starts = []
        for n in range(STARTS):
            with up() as (seconds, parent):
                starts.append(seconds)
                say(f"start {n + 2}: first page after {seconds:.1f} s")
                if n == STARTS - 1:
                    time.sleep(IDLE_S)
                    weights = weigh(parent)
    finally:
        shutil.rmtree(DATA_DIR, ignore_errors=True)
    for name, mb in sorted(weights.items(), key=lambda item: -item[1]):
        say(f"{mb:7.1f} MB  {name}")
    note = "PSS: " + ", ".join(f"{name} {mb:.0f}" for name, mb in sorted(weights.items(), key=lambda i: -i[1]))
    return [
        at_most("memory of all processes, idle", sum(weights.values()), 700, "MB", note=note),
        at_most("start to first page, second start", median(starts), 5, "s", note=f"first start ever {first:.0f} s"),
    ]


@contextmanager
def up() -> Iterator[tuple[float, int]]:
    """Run `minjing up` until its first page has come; yield the seconds it took and the parent's process id."""
    left_out = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    environment |= {"DATA_DIR": str(DATA_DIR), "PORT": str(PORT)}
    began = time.monotonic()
    command = [sys.executable, "-m", "minjing.site.cli", "up"]
    parent = subprocess.Popen(command, env=environment, cwd=house.ROOT, stdout=subprocess.DEVNULL)
    try:
        while not _page():
            if parent.poll() is not None or time.monotonic() - began > 240:
                raise RuntimeError("minjing up did not serve a page")
            time.sleep(0.05)
        yield time.monotonic() - began, parent.pid
    finally:
        parent.send_signal(signal.SIGINT)
        parent.wait(40)


def _page() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def weigh(parent: int) -> dict[str, float]:
    """Return the proportional share of memory (PSS) by process of the house, in MB: each page counted once."""
    postmaster = int((DATA_DIR / "pg" / "postmaster.pid").read_text().split()[0])
    weights: dict[str, float] = {}
    for root in (parent, postmaster):
        top = psutil.Process(root)
        for process in [top, *top.children(recursive=True)]:
            name = "PostgreSQL" if root == postmaster else _name(process.cmdline())
            weights[name] = weights.get(name, 0.0) + _pss_mb(process.pid)
    return weights


def _name(command: list[str]) -> str:
    words = " ".join(command)
    known = ("minjing web", "minjing worker", "sequencer", "monitor", "witness", "outside")
    return next((name for name in known if name in words), "parent")


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
