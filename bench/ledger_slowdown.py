"""What its ledger entry costs an act: engine transitions with it and, in the benchmark alone, without."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Any

from bench import published
from bench.table import Row, at_most, median

SECONDS = float(os.environ.get("SECONDS") or 2)
TURNS = 7
ENTRY = re.compile(r"\), entry AS \(\n.*?\n    FROM moved\n", re.DOTALL)


def run(say: Callable[[str], None]) -> list[Row]:
    """Take turns, so that what disturbs the one disturbs the other."""
    place = published.own_log()
    from bench import ours, transitions

    transitions.matters()
    step = ours.prepare(0)
    from minjing.kernel.matters import store

    whole: dict[str, Any] = {name: getattr(store, name) for name in ("transition", "promised", "entry_of")}
    made = None

    def keep(*arguments: Any) -> Any:
        nonlocal made
        made = whole["entry_of"](*arguments)
        return made

    store.entry_of = keep
    step()
    bare = {
        "transition": lambda *given: ENTRY.sub("", whole["transition"](*given)),
        "promised": lambda *given: [],
        "entry_of": lambda *given: made,
    }
    rates: dict[str, list[float]] = {"with": [], "without": []}
    for turn in range(2 * TURNS):
        name = ("with", "without")[turn % 2]
        for part, value in (whole if name == "with" else bare).items():
            setattr(store, part, value)
        rates[name].append(_rate(step))
    for part, value in whole.items():
        setattr(store, part, value)
    published.discard(place)
    slower = 100 * (1 - median(rates["with"]) / median(rates["without"]))
    note = f"{median(rates['with']):,.0f}/s with, {median(rates['without']):,.0f}/s without; promise included"
    say(note)
    return [at_most("slow-down of an act by its ledger entry", slower, 10, "%", note=note)]


def _rate(step: Callable[[], None]) -> float:
    for _ in range(50):
        step()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        step()
        count += 1
    return count / (time.perf_counter() - began)
