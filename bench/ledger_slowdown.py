"""What its ledger entry costs a business transaction: with it and, in the benchmark alone, without.

Twice: a submission, whole as its form and papers are checked, and the barest act there is, one step of a matter.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any
from uuid import UUID

from bench import published
from bench.table import Row, at_most, median

SECONDS = float(os.environ.get("SECONDS") or 0.3)
TURNS = 60  # short ones: the speed of the machine drifts within seconds, and each is compared with its neighbour
ENTRY = re.compile(r"\), entry AS \(\n.*?\n    FROM (?:moved|matter)\n", re.DOTALL)


def run(say: Callable[[str], None]) -> list[Row]:
    """Measure both, each in turns, so that what disturbs the one disturbs the other."""
    place = published.own_log()
    from bench import ours, transitions

    transitions.matters()
    rows = [
        _slower("a submission", submission(), "composed", "submitted_entry", say),
        _slower("an act", ours.prepare(0), "transition", "entry_of", say),
    ]
    published.discard(place)
    return rows


def submission() -> Callable[[], None]:
    """Return a step that submits: residents of all districts in turn, each with a form and a paper."""
    from bench import submissions
    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.identity import queries as people
    from minjing.kernel.matters import actions

    applications = cycle([(people.actor_of(a.account_id, now()), a) for a in submissions.ready()])

    def step() -> None:
        by, said = next(applications)
        papers = {submissions.PAPER: [UUID(said.paper)]}
        actions.submit_whole(submissions.CODE, said.answers, by=by, now=now(), request_id=new_id(), materials=papers)

    return step


def _slower(what: str, step: Callable[[], None], statement: str, entry: str, say: Callable[[str], None]) -> Row:
    """Return by how much the step is slower whose `statement` writes an `entry`, promise included."""
    from minjing.kernel.matters import store

    whole: dict[str, Any] = {name: getattr(store, name) for name in (statement, "promised", entry)}
    made = None

    def keep(*arguments: Any) -> Any:
        nonlocal made
        made = whole[entry](*arguments)
        return made

    setattr(store, entry, keep)
    step()
    bare = {
        statement: lambda *given: ENTRY.sub("", whole[statement](*given)),
        "promised": lambda *given: [],
        entry: lambda *given: made,
    }
    pairs = []
    for _ in range(TURNS):
        _put(whole)
        costly = _rate(step)
        _put(bare)
        pairs.append((costly, _rate(step)))
    _put(whole)
    slower = 100 * median([1 - costly / cheap for costly, cheap in pairs])
    costly, cheap = (median(rates) for rates in zip(*pairs, strict=True))
    note = f"{costly:,.0f}/s with, {cheap:,.0f}/s without, the median of {TURNS} neighbours; promise included"
    say(f"{what}: {note}")
    return at_most(f"slow-down of {what} by its ledger entry", slower, 10, "%", note=note)


def _put(parts: Mapping[str, Any]) -> None:
    from minjing.kernel.matters import store

    for name, value in parts.items():
        setattr(store, name, value)


def _rate(step: Callable[[], None]) -> float:
    for _ in range(10):
        step()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        step()
        count += 1
    return count / (time.perf_counter() - began)
