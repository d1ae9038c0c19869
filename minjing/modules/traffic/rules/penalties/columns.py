"""The engine over columns: millions of violations at once, with the state of the cascade, equal to the exact path.

Rows are sorted by subject and time; what one record takes from its past is found by looking back over neighbours,
never by a loop over rows. Only the few rows that may be one act are walked in Python. NumPy is imported when it is
used: the idle house does without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from minjing.base.clock import CHINA
from minjing.modules.traffic.rules.penalties import masks
from minjing.modules.traffic.rules.penalties.months import DAY_US, MONTH_US, NEVER, slot
from minjing.modules.traffic.rules.penalties.shapes import (
    CHARGED,
    FINE,
    MERGED,
    NO_RULE,
    POINTS,
    REMOVE,
    REMOVED,
    SUSPENSION,
    WARNED,
    WARNING,
    Merge,
    Rules,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

KINDS = (CHARGED, WARNED, REMOVED, MERGED, NO_RULE)
CHINA_US = 8 * 3_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()
CHARGES = (FINE, POINTS, SUSPENSION)


@dataclass(slots=True)
class Columns:
    """Violations as arrays of one length, sorted by subject, time and key.

    `at_us`: microseconds since 1970 in UTC; `held_slot`: the day the vehicle is held since as `months.slot`, -1
    unknown; `place`, `act`: numbers, -1 for none; `conduct`, `city`, `source`, `ground`: positions in `names`.
    """

    subject: Ints
    at_us: Ints
    conduct: Ints
    city: Ints
    source: Ints
    ground: Ints
    place: Ints
    act: Ints
    held_slot: Ints
    checked: Flags
    accident: Flags
    local: Flags
    names: Mapping[str, Sequence[str]]

    def __len__(self) -> int:
        return len(self.subject)


@dataclass(slots=True)
class Sums:
    """What each row comes to; `rules` holds, by slot, which of `Rules.rules` decided, or -1."""

    kind: Ints
    fine_fen: Ints
    points: Ints
    suspension_months: Ints
    rules: Mapping[str, Ints]


def held_slot(since: date | None) -> int:
    """Return the beginning of a day in China on the calendar of 31-day months; -1 for no day."""
    return -1 if since is None else slot(datetime.combine(since, time(), CHINA))


def replay(columns: Columns, rules: Rules, known: date) -> Sums:
    """Return what every row comes to by these rules, as known on `known`."""
    import numpy as np

    n = len(columns)
    facts = _Facts(columns)
    chosen = {name: np.full(n, -1, dtype=np.int64) for name in (REMOVE, *CHARGES, WARNING)}
    decide = _Decider(columns, facts, rules, known)
    everyone = np.arange(n)
    decide(REMOVE, everyone, chosen[REMOVE])
    merged = _merged(columns, rules, chosen[REMOVE], decide, facts)
    stands = (chosen[REMOVE] < 0) & ~merged
    facts.clean_months = _clean_months(columns, facts.slot, stands)
    facts.counts = {
        name: _counted(
            columns, facts.slot, stands, [columns.names["conduct"].index(c) for c in present], counter.months
        )
        for name, counter in rules.counters.items()
        if (present := [c for c in counter.conducts if c in columns.names["conduct"]])
    }
    sums = {}
    for name in CHARGES:
        sums[name] = decide(name, everyone, chosen[name])
        sums[name][~stands] = 0
        facts.charges[name] = sums[name]
    decide(WARNING, everyone, chosen[WARNING])
    any_rule = (chosen[FINE] >= 0) | (chosen[POINTS] >= 0) | (chosen[SUSPENSION] >= 0)
    warned = stands & any_rule & (chosen[WARNING] >= 0)
    kind = np.select(
        [chosen[REMOVE] >= 0, merged, ~any_rule, warned],
        [KINDS.index(REMOVED), KINDS.index(MERGED), KINDS.index(NO_RULE), KINDS.index(WARNED)],
        KINDS.index(CHARGED),
    )
    for name in CHARGES:
        sums[name] = np.where(warned, 0, sums[name])
    return Sums(kind, sums[FINE], sums[POINTS], sums[SUSPENSION], chosen)


class _Facts:
    """The facts of rows, computed once and looked up by the rules."""

    def __init__(self, columns: Columns) -> None:
        import numpy as np

        self.columns = columns
        local_us = columns.at_us + CHINA_US
        self.day = local_us // DAY_US  # days since 1970, in China
        first = int(self.day.min()) if len(columns) else 0
        span = int(self.day.max()) - first + 1 if len(columns) else 0
        table = np.array([_slot_of_day(first + d) for d in range(span)] or [0], dtype=np.int64)
        self.slot = table[self.day - first] + (local_us - self.day * DAY_US)
        self.clean_months = np.full(len(columns), NEVER, dtype=np.int64)
        self.counts: dict[str, Ints] = {}
        self.charges: dict[str, Ints] = {}

    def named(self, name: str, rows: Ints) -> tuple[Sequence[str], Ints]:
        """Return a worded fact of rows: the words, and which of them each row has."""
        return self.columns.names[name], getattr(self.columns, name)[rows]

    def flag(self, name: str, rows: Ints) -> Flags:
        """Return a yes-or-no fact of rows."""
        found: Flags = getattr(self.columns, name)[rows]
        return found

    def number(self, name: str, rows: Ints) -> Ints:
        """Return a fact of rows that is a number; a counter that counts none of them is nought."""
        import numpy as np

        if name == "clean_months":
            return self.clean_months[rows]
        if name == "held_months":
            held = self.columns.held_slot[rows]
            months = np.maximum((self.slot[rows] - held) // MONTH_US, -1)
            return np.where(held < 0, -1, months)
        if name in self.charges:
            return self.charges[name][rows]
        if name in self.counts:
            return self.counts[name][rows]
        return np.zeros(len(rows), dtype=np.int64)


def _slot_of_day(day: int) -> int:
    found = date.fromordinal(EPOCH_DAY + day)
    return (found.year * 12 + found.month - 1) * MONTH_US + (found.day - 1) * DAY_US


class _Decider:
    """Decides a slot for rows, conduct by conduct: each rule looks only at the rows it may concern."""

    def __init__(self, columns: Columns, facts: _Facts, rules: Rules, known: date) -> None:
        import numpy as np

        self.columns, self.facts, self.rules, self.known = columns, facts, rules, known
        self.position = {id(rule): at for at, rule in enumerate(rules.rules)}
        order = np.argsort(columns.conduct.astype(np.int16), kind="stable")
        bounds = np.searchsorted(columns.conduct[order], np.arange(len(columns.names["conduct"]) + 1))
        self.rows_of = [order[a:b] for a, b in pairwise(bounds)]

    def __call__(self, slot_name: str, rows: Ints, chosen: Ints) -> Ints:
        """Note which rule decides the slot for each row, and return what it becomes (nought where none does)."""
        import numpy as np

        value = np.zeros(len(self.columns), dtype=np.int64)
        whole = len(rows) == len(self.columns)
        for at, code in enumerate(self.columns.names["conduct"]):
            mine = self.rows_of[at] if whole else rows[self.columns.conduct[rows] == at]
            if len(mine):
                self._one_conduct(code, slot_name, mine, chosen, value)
        return value

    def _one_conduct(self, code: str, slot_name: str, mine: Ints, chosen: Ints, value: Ints) -> None:
        index = self.rules.by_conduct
        days = self.facts.day[mine]
        first, last = int(days.min()), int(days.max())
        left = mine
        for rule in index.get(code, index[""]).get(slot_name, ()):
            if rule.known > self.known or not len(left):
                continue
            start = rule.start.toordinal() - EPOCH_DAY
            end = rule.end.toordinal() - EPOCH_DAY if rule.end else last + 1
            if start > last or end <= first:
                continue
            holds = masks.mask(rule.when, self.facts, left, code)
            if start > first or end <= last:
                day = self.facts.day[left]
                holds &= (day >= start) & (day < end)
            if rule.place != "*":
                holds &= masks.same(self.facts.named("city", left), [rule.place])
            won = left[holds]
            chosen[won] = self.position[id(rule)]
            if slot_name in CHARGES:
                value[won] = rule.effect[1]
            left = left[~holds]


def _clean_months(columns: Columns, slots: Ints, stands: Flags) -> Ints:
    """Return the whole months since the last row of the subject in the same city that stands."""
    import numpy as np

    found = np.full(len(columns), NEVER, dtype=np.int64)
    for city in range(len(columns.names["city"])):
        rows = np.flatnonzero(columns.city == city) if len(columns.names["city"]) > 1 else np.arange(len(columns))
        if not len(rows):
            continue
        at = np.where(stands[rows], np.arange(len(rows)), -1)
        last = np.empty_like(at)
        last[0] = -1
        np.maximum.accumulate(at[:-1], out=last[1:])
        has = (last >= 0) & (columns.subject[rows[last]] == columns.subject[rows])
        here = rows[has]
        found[here] = (slots[here] - slots[rows[last[has]]]) // MONTH_US
    return found


def _counted(columns: Columns, slots: Ints, stands: Flags, conducts: Sequence[int], months: int) -> Ints:
    """Return for each row of these conducts which one of the subject it is within the months; nought for others.

    One step back at a time, for the rows that still found one within the window: as many steps as the longest count.
    """
    import numpy as np

    found = np.zeros(len(columns), dtype=np.int64)
    counts = np.isin(columns.conduct, conducts)
    found[counts] = 1
    rows = np.flatnonzero(counts & stands)
    left = np.arange(len(rows))
    step = 1
    while len(left := left[left >= step]):
        here, past = rows[left], rows[left - step]
        within = (columns.subject[here] == columns.subject[past]) & (slots[past] > slots[here] - months * MONTH_US)
        left = left[within]
        found[rows[left]] += 1
        step += 1
    return found


def _merged(columns: Columns, rules: Rules, removed: Ints, decide: _Decider, facts: _Facts) -> Flags:
    """Return which rows belong to another of the same act; what excuses one photo is noted in `removed` for all."""
    import numpy as np

    merged = np.zeros(len(columns), dtype=bool)
    reach = {decide.position[id(r)]: rules.ground_of[r.code].reach for r in rules.rules if r.effect[0] == REMOVE}
    for merge in (m for m in rules.merges if m.kind == "photos"):
        for run in _close(columns, merge):
            _photos(columns, merge, run, removed, merged, reach)
    acts = [merge for merge in rules.merges if merge.kind == "act"]
    if acts and bool((columns.act >= 0).any()):
        for name, counter in rules.counters.items():  # without any past each is the first
            codes = [columns.names["conduct"].index(c) for c in counter.conducts if c in columns.names["conduct"]]
            facts.counts[name] = np.isin(columns.conduct, codes).astype(np.int64)
        for merge in acts:
            _heaviest(columns, merge, removed, merged, decide)
    return merged


def _close(columns: Columns, merge: Merge) -> list[list[int]]:
    """Return the runs of one subject's rows of which each is within the window of the one before."""
    import numpy as np

    if len(columns) < 2:
        return []
    near = (np.diff(columns.at_us) <= merge.window_s * 1_000_000) & (np.diff(columns.subject) == 0)
    ends = np.flatnonzero(np.diff(np.concatenate(([False], near, [False])).astype(np.int8)))
    return [list(range(int(a), int(b) + 1)) for a, b in zip(ends[::2], ends[1::2], strict=True)]


def _photos(
    columns: Columns, merge: Merge, run: list[int], removed: Ints, merged: Flags, reach: Mapping[int, str]
) -> None:
    groups: dict[tuple[int, ...], list[list[int]]] = {}
    for at in run:
        named = columns.names["conduct"][columns.conduct[at]]
        if (merge.conducts and named not in merge.conducts) or merged[at] or reach.get(int(removed[at])) == "record":
            continue
        place = int(columns.place[at]) if merge.same_place else 0
        open_ones = groups.setdefault((int(columns.conduct[at]), int(columns.city[at]), place), [])
        if open_ones and columns.at_us[at] - columns.at_us[open_ones[-1][0]] <= merge.window_s * 1_000_000:
            open_ones[-1].append(at)
        else:
            open_ones.append([at])
    for group in (g for found in groups.values() for g in found if len(g) > 1):
        falls = next((at for at in group if removed[at] >= 0), None)
        for at in group:
            merged[at] = at != group[0]
            if falls is not None and removed[at] < 0:
                removed[at] = removed[falls]


def _heaviest(columns: Columns, merge: Merge, removed: Ints, merged: Flags, decide: Callable[..., Ints]) -> None:
    import numpy as np

    fits = (columns.act >= 0) & (removed < 0) & ~merged
    if merge.conducts:
        fits &= masks.same((columns.names["conduct"], columns.conduct), merge.conducts)
    rows = np.flatnonzero(fits)
    if not len(rows):
        return
    pairs = np.stack([columns.subject[rows], columns.act[rows]], axis=1)
    _, group, size = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    rows, group = rows[size[group] > 1], group[size[group] > 1]
    if not len(rows):
        return
    weight = decide(FINE, rows, np.full(len(columns), -1, dtype=np.int64))[rows]
    order = np.lexsort((rows, -weight, group))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(group[order]) != 0
    merged[rows[order[~first]]] = True


def picked(columns: Columns, rows: Any) -> Columns:
    """Return some of the rows, in their order; whole subjects only, or their past is lost."""
    arrays = {
        name: getattr(columns, name)[rows]
        for name in (
            "subject", "at_us", "conduct", "city", "source", "ground", "place", "act", "held_slot", "checked",
            "accident", "local",
        )
    }  # fmt: skip
    return Columns(names=columns.names, **arrays)
