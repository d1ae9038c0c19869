"""What would have changed an answer: tried out, not guessed. Each change is decided again by the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from minjing.base.conditions import holds
from minjing.modules.traffic.rules.penalties import words
from minjing.modules.traffic.rules.penalties.judge import CHARGES, Facts, Judge, Winners, charge
from minjing.modules.traffic.rules.penalties.shapes import WARNING, Change, Rule

NAMES_THE_CONDUCT = frozenset(("conduct", "city"))
MISSING_MAX = 3


def changes(facts: Facts, day: date, winners: Winners, judge: Judge) -> tuple[Change, ...]:
    """Return what would have led to another answer: a relief that was missed, a step not reached, the next time."""
    found = [*_missed_reliefs(facts, day, winners, judge), *_steps(facts, day, winners, judge)]
    now = (*charge(winners), WARNING in winners)
    told: dict[tuple[int, int, int, bool], Change] = {}
    for change in found:
        sums = (change.fine_fen, change.points, change.suspension_months, change.warning)
        if sums != now:
            told.setdefault(sums, change)
    return tuple(told.values())


def next_time(facts: Facts, day: date, winners: Winners, judge: Judge) -> Change | None:
    """Return what one more of the same within the counted time costs, where it costs something else."""
    later = {**facts, "clean_months": 0}
    for name in judge.rules.counters:
        later[name] = facts[name] + 1 if facts[name] else 0
    again = judge.winners(dict(later), day)
    if charge(again) == charge(winners):
        return None
    said = words.of_winners(again)
    return _change(
        {
            "zh": f"如近期再有一次同样的违法：{said['zh']}。",
            "en": f"One more of the same soon would mean {said['en']}.",
        },
        {"again": True},
        again,
    )


def _missed_reliefs(facts: Facts, day: date, winners: Winners, judge: Judge) -> list[Change]:
    if WARNING in winners or not any(slot in winners for slot in CHARGES):
        return []
    found = []
    for rule in judge.candidates(facts["conduct"], WARNING):
        if not (rule.in_force(day, judge.known) and rule.place in ("*", facts["city"])):
            continue
        missing = {key: want for key, want in rule.when.items() if not holds({key: want}, facts, day)}
        if not missing or len(missing) > MISSING_MAX or set(missing) & (NAMES_THE_CONDUCT | {"any", "all", "not"}):
            continue
        if set(missing) & set(CHARGES):  # the fine itself is too high: no fact of the driver's would change it
            continue
        found.append(_tried(missing, facts, day, judge))
    return found


def _steps(facts: Facts, day: date, winners: Winners, judge: Judge) -> list[Change]:
    found = []
    for slot in CHARGES:
        rule = winners.get(slot)
        name = _counter_of(rule, judge) if rule else None
        if rule is None or name is None:
            continue
        below = int(rule.when[name]["min"]) - 1
        again = judge.winners({**facts, name: below}, day)
        said, nth = words.of_winners(again), words.ordinal(below)
        found.append(
            _change(
                {
                    "zh": f"如果这只是第 {below} 次（前面有 {facts[name] - below} 次被撤销）：{said['zh']}。",
                    "en": f"Were it only the {nth}, {facts[name] - below} of those before struck: {said['en']}.",
                },
                {name: below},
                again,
            )
        )
    return found


def _counter_of(rule: Rule, judge: Judge) -> str | None:
    return next(
        (
            name
            for name, want in rule.when.items()
            if name in judge.rules.counters and isinstance(want, Mapping) and int(want.get("min", 0)) > 1
        ),
        None,
    )


def _tried(missing: Mapping[str, Any], facts: Facts, day: date, judge: Judge) -> Change:
    altered = {name: _fulfilling(want) for name, want in missing.items()}
    again = judge.winners({**facts, **altered}, day)
    had = words.joined([words.needed(name, want, judge.rules) for name, want in missing.items()], "，且", ", and ")
    said = words.of_winners(again)
    return _change(
        {"zh": f"如果{had['zh']}：{said['zh']}。", "en": f"Had there been {had['en']}: {said['en']}."}
        if "clean_months" in missing
        else {"zh": f"如果{had['zh']}：{said['zh']}。", "en": f"Had it been so that {had['en']}: {said['en']}."},
        altered,
        again,
    )


def _fulfilling(want: Any) -> Any:
    if isinstance(want, Mapping):
        return want["min"] if "min" in want else want["max"]
    return want[0] if isinstance(want, list) else want


def _change(said: Mapping[str, str], facts: Mapping[str, Any], again: Winners) -> Change:
    fine, points, months = charge(again)
    return Change(said, facts, fine, points, months, WARNING in again)
