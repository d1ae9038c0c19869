"""Two years of violations evaluated with the state of the cascade: ours by columns, beside pandas and OpenFisca.

The exact path, one violation at a time, is measured too, and every answer of a sample of subjects is checked with it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from bench.peers import openfisca_penalties, pandas_penalties
from bench.table import Row, at_least, at_most, median, percentile
from minjing.modules.traffic import packs
from minjing.modules.traffic.rules.penalties.cascade import cascade
from minjing.modules.traffic.rules.penalties.columns import EPOCH, KINDS, Columns, held_slot, replay
from minjing.modules.traffic.rules.penalties.evaluate import answered, explained
from minjing.modules.traffic.rules.penalties.history import walk
from minjing.modules.traffic.rules.penalties.judge import Judge
from minjing.modules.traffic.rules.penalties.shapes import Record

ROWS = int(os.environ.get("ROWS") or 2_000_000)
SUBJECTS = ROWS * 9 // 20
PEER_ROWS = 200_000
CHECKED = 2_000  # subjects whose every answer is compared with the exact path
KNOWN = date(2026, 11, 28)
FIRST = datetime(2024, 11, 1, tzinfo=UTC)
CONDUCTS = ("SZP01", "SZP02", "SZP05", "SZP12", "SZP14", "SZP15", "SZP18", "SZP19", "SZP20", "SZP03")
SHARES = (0.14, 0.05, 0.12, 0.08, 0.04, 0.07, 0.25, 0.1, 0.1, 0.05)


def run(say: Callable[[str], None]) -> list[Row]:
    """Evaluate them three times each; check a sample with the exact path first."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    rules = packs.in_force()
    columns = made(ROWS)
    say(f"{ROWS:,} violations of {SUBJECTS:,} vehicles in two years, {len(rules.rules)} rules")
    compared, exact_rate = checked(columns, rules)
    say(f"{compared:,} answers are those of the exact path ({exact_rate:,.0f}/s)")
    ours = len(columns) / median([_seconds(lambda: replay(columns, rules, KNOWN)) for _ in range(3)])
    say(f"ours: {ours:,.0f}/s")
    some = made(PEER_ROWS)
    mine = replay(some, rules, KNOWN)
    pandas = len(some) / median([_seconds(lambda: pandas_penalties.evaluated(some)) for _ in range(3)])
    agree(mine, pandas_penalties.evaluated(some))
    say(f"pandas: {pandas:,.0f}/s, the same answers")
    fisca = openfisca_penalties.prepared(some)
    openfisca = len(some) / median([_seconds(fisca.run) for _ in range(2)])
    agree(mine, fisca.run())
    say(f"OpenFisca: {openfisca:,.0f}/s, the same answers, the state of the cascade given to it")
    note = f"{ROWS:,} violations, one core; {compared:,} answers checked by the exact path"
    return [
        at_least("penalty evaluation with cascade state", ours, 100_000, "/s", pandas, note + "; peer: pandas"),
        at_least("the same beside OpenFisca-core", ours, 100_000, "/s", openfisca, "peer is given the counts"),
        *_cascades(columns, rules),
        Row("penalty evaluation, exact path, one at a time", exact_rate, None, None, "", None, "/s"),
    ]


def _cascades(columns: Columns, rules: Any) -> list[Row]:
    """Strike the first of the longest histories: what the cascade takes, beside answering the whole history anew."""
    judge = Judge(rules, KNOWN)
    subjects, counts = np.unique(columns.subject, return_counts=True)
    longest = subjects[np.argsort(-counts)[:200]]
    ours, full = [], []
    for subject in longest:
        history = [_record(columns, int(at)) for at in np.flatnonzero(columns.subject == subject)]
        struck = {history[0].key: "made_way"}
        ours.append(_seconds(lambda: cascade(history, struck, judge)))  # noqa: B023 - called at once
        now = [replace(history[0], ground="made_way"), *history[1:]]
        full.append(_seconds(lambda: [explained(step, judge) for step in walk(now, judge)]))  # noqa: B023
    note = f"the {len(longest)} longest histories, up to {counts.max()} violations; peer: every answer anew"
    return [
        at_most("cascade after one strike, median", median(ours) * 1e3, 5, "ms", median(full) * 1e3, note),
        at_most("cascade after one strike, p99", percentile(ours, 0.99) * 1e3, 5, "ms", percentile(full, 0.99) * 1e3),
    ]


def made(rows: int) -> Columns:
    """Return plausible violations: most vehicles have one or two, a few have dozens; no two are one act."""
    chance = np.random.default_rng(11)
    subject = chance.integers(0, rows * 9 // 20, rows)
    heavy = chance.random(rows) < 0.05
    subject[heavy] = chance.integers(0, max(rows // 400, 1), int(heavy.sum()))
    at = chance.integers(0, 730 * 24 * 3600, rows) * 1_000_000 + int((FIRST - EPOCH) / timedelta(microseconds=1))
    order = np.lexsort((at, subject))
    days = [held_slot(date(2015, 1, 1) + timedelta(days=int(d))) for d in range(4200)]
    held = np.array(days, dtype=np.int64)[chance.integers(0, 4200, rows * 9 // 20)]
    local = chance.random(rows * 9 // 20) < 0.8
    zeros = np.zeros(rows, dtype=np.int64)
    return Columns(
        subject=subject[order],
        at_us=at[order],
        conduct=chance.choice(len(CONDUCTS), rows, p=SHARES),
        city=zeros,
        source=zeros,
        ground=zeros,
        place=np.arange(rows, dtype=np.int64),
        act=zeros - 1,
        held_slot=held[subject[order]],
        checked=np.ones(rows, dtype=bool),
        accident=chance.random(rows) < 0.02,
        local=local[subject[order]],
        names={"conduct": CONDUCTS, "city": ("shenzhen",), "source": ("camera",), "ground": ("",)},
    )


def checked(columns: Columns, rules: Any) -> tuple[int, float]:
    """Compare every answer of some subjects with the exact path; return how many, and how fast that path is."""
    sums, judge = replay(columns, rules, KNOWN), Judge(rules, KNOWN)
    chosen = np.random.default_rng(7).choice(np.unique(columns.subject), CHECKED, replace=False)
    rows = np.flatnonzero(np.isin(columns.subject, chosen))
    bounds = np.flatnonzero(np.diff(columns.subject[rows])) + 1
    histories = [[_record(columns, int(at)) for at in part] for part in np.split(rows, bounds)]
    began = time.perf_counter()
    answers = [answered(step, judge).sums for history in histories for step in walk(history, judge)]
    seconds = time.perf_counter() - began
    for at, answer in zip(rows, answers, strict=True):
        found = (KINDS[sums.kind[at]], sums.fine_fen[at], sums.points[at], sums.suspension_months[at])
        assert found == answer, (at, found, answer)
    return len(rows), len(rows) / seconds


def _record(columns: Columns, at: int) -> Record:
    return Record(
        key=f"{at:09d}",
        at=EPOCH + timedelta(microseconds=int(columns.at_us[at])),
        conduct=CONDUCTS[columns.conduct[at]],
        place=str(at),
        accident=bool(columns.accident[at]),
        local=bool(columns.local[at]),
        held_since=_day(int(columns.held_slot[at])),
    )


def _day(slot: int) -> date:
    months, day = divmod(slot // 86_400_000_000, 31)
    return date(months // 12, months % 12 + 1, day + 1)


def agree(mine: Any, theirs: tuple[Any, Any]) -> None:
    """Fail unless the peer's fines and warnings are ours."""
    fines, warned = theirs
    assert (np.asarray(warned) == (mine.kind == KINDS.index("warned"))).all()
    assert (np.asarray(fines) == mine.fine_fen).all()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
