"""A subject's past, walked once: what falls, what is one act, and what counts for whom.

The subject is the vehicle (for those on foot or on an e-bike, the person). Records are sorted by time; what was
removed or belongs to another record of the same act does not count for later ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from minjing.modules.traffic.rules.penalties.judge import Judge
from minjing.modules.traffic.rules.penalties.months import MONTH_US, NEVER, months_between, slot
from minjing.modules.traffic.rules.penalties.shapes import Before, Merge, Record, Rule


@dataclass(frozen=True, slots=True)
class Step:
    """One record on the walk: its past, and the rule that removes it."""

    record: Record
    before: Before
    removal: Rule | None
    removed_with: str = ""  # the record of the same photos whose ground removes this one too

    @property
    def stands(self) -> bool:
        """Say whether it counts for later ones."""
        return self.removal is None and not self.before.merged_into


def ordered(records: Sequence[Record]) -> list[Record]:
    """Return the records in the one order that everything here goes by."""
    return sorted(records, key=lambda r: (r.at, r.key))


def walk(records: Sequence[Record], judge: Judge) -> list[Step]:
    """Walk one subject's records; `records` must be `ordered`."""
    removals, merged = _acts(records, judge)
    rules = judge.rules
    standing: dict[str, list[int]] = {name: [] for name in rules.counters}  # slots of those that stand, ascending
    last: dict[str, datetime] = {}  # by city
    steps = []
    for at, record in enumerate(records):
        counts = {}
        here = slot(record.at)
        for name, counter in rules.counters.items():
            if record.conduct in counter.conducts:
                past = standing[name]
                counts[name] = len(past) - bisect_right(past, here - counter.months * MONTH_US)
        since = last.get(record.city)
        clean = NEVER if since is None else months_between(since, record.at)
        into, code = merged.get(at, ("", ""))
        rule, removed_with = removals.get(at, (None, ""))
        step = Step(record, Before(counts, clean, since, into, code), rule, removed_with)
        steps.append(step)
        if step.stands:
            last[record.city] = record.at
            for name, counter in rules.counters.items():
                if record.conduct in counter.conducts:
                    standing[name].append(here)
    return steps


def _acts(records: Sequence[Record], judge: Judge) -> tuple[dict[int, tuple[Rule, str]], dict[int, tuple[str, str]]]:
    """Return which records fall and by which rule, and which belong to another record and by which merge."""
    removals = {at: (rule, "") for at, one in enumerate(records) if (rule := judge.removal(one)) is not None}
    merged: dict[int, tuple[str, str]] = {}
    for merge in (m for m in judge.rules.merges if m.kind == "photos"):
        for group in _photos(records, merge, judge, removals, merged):
            head = group[0]
            for at in group[1:]:
                merged[at] = (records[head].key, merge.code)
            falls = next((at for at in group if at in removals and not removals[at][1]), None)
            if falls is not None:  # what excuses one photo of an act excuses the act
                for at in group:
                    removals.setdefault(at, (removals[falls][0], records[falls].key))
    for merge in (m for m in judge.rules.merges if m.kind == "act"):
        for group in _same_act(records, merge, removals, merged):
            heaviest = max(group, key=lambda at: (judge.base_fine(records[at]), -at))
            for at in group:
                if at != heaviest:
                    merged[at] = (records[heaviest].key, merge.code)
    return removals, merged


def _photos(
    records: Sequence[Record],
    merge: Merge,
    judge: Judge,
    removals: dict[int, tuple[Rule, str]],
    merged: dict[int, tuple[str, str]],
) -> list[list[int]]:
    """Return the groups of two and more records that show one act; a wrong record belongs to none."""
    groups: dict[tuple[str, ...], list[list[int]]] = {}
    for at, record in enumerate(records):
        if (merge.conducts and record.conduct not in merge.conducts) or at in merged:
            continue
        if at in removals and judge.rules.ground_of[removals[at][0].code].reach == "record":
            continue
        key = (record.conduct, record.city, record.place if merge.same_place else "")
        open_ones = groups.setdefault(key, [])
        if open_ones and (record.at - records[open_ones[-1][0]].at).total_seconds() <= merge.window_s:
            open_ones[-1].append(at)
        else:
            open_ones.append([at])
    return [group for found in groups.values() for group in found if len(group) > 1]


def _same_act(
    records: Sequence[Record],
    merge: Merge,
    removals: dict[int, tuple[Rule, str]],
    merged: dict[int, tuple[str, str]],
) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for at, record in enumerate(records):
        fits = not merge.conducts or record.conduct in merge.conducts
        if record.act and fits and at not in removals and at not in merged:
            groups.setdefault(record.act, []).append(at)
    return [group for group in groups.values() if len(group) > 1]
