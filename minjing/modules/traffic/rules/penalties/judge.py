"""Which rules win for one record: the exact path, one record at a time.

The facts are those of the violation's time; the rules those in force on its day, as far as known by `known`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from minjing.base.clock import CHINA, local_day
from minjing.base.conditions import holds
from minjing.modules.traffic.rules.penalties.months import NEVER, months_between
from minjing.modules.traffic.rules.penalties.shapes import (
    FINE,
    POINTS,
    REMOVE,
    SUSPENSION,
    WARNING,
    Before,
    Record,
    Rule,
    Rules,
)

Facts = dict[str, Any]
Winners = dict[str, Rule]
CHARGES = (FINE, POINTS, SUSPENSION)
NO_PAST = Before({}, NEVER)


class Judge:
    """The rules as they are asked: `known` is the day up to which rules count as known."""

    def __init__(self, rules: Rules, known: date) -> None:
        self.rules, self.known = rules, known

    def candidates(self, conduct: str, slot: str) -> list[Rule]:
        """Return the rules of a slot that may concern a conduct, the highest priority first."""
        index = self.rules.by_conduct
        return index.get(conduct, index[""]).get(slot, [])

    def winner(self, slot: str, facts: Facts, day: date) -> Rule | None:
        """Return the rule that decides a slot for these facts on this day; None when none does."""
        return self._first(self.candidates(facts["conduct"], slot), facts, day)

    def _first(self, rules: Sequence[Rule], facts: Facts, day: date) -> Rule | None:
        for rule in rules:
            in_place = rule.place in ("*", facts["city"])
            if in_place and rule.in_force(day, self.known) and holds(rule.when, facts, day):
                return rule
        return None

    def removal(self, record: Record) -> Rule | None:
        """Return the rule that removes the record, by its own facts alone."""
        index = self.rules.removing
        rules = index.get((record.conduct, record.ground), index.get(("", record.ground)))
        if rules is None:  # a ground of packs before these
            rules = self.candidates(record.conduct, REMOVE)
        return self._first(rules, own_facts(record), local_day(record.at)) if rules else None

    def winners(self, facts: Facts, day: date) -> Winners:
        """Return the rule that decides each slot; the charge is among the facts a relief looks at."""
        found: Winners = {}
        for slot in CHARGES:
            rule = self.winner(slot, facts, day)
            if rule is not None:
                found[slot] = rule
            facts[slot] = rule.effect[1] if rule else 0
        if found and (relief := self.winner(WARNING, facts, day)) is not None:
            found[WARNING] = relief
        return found

    def base_fine(self, record: Record) -> int:
        """Return what the record would cost without any past: how heavy it weighs among those of one act."""
        rule = self.winner(FINE, facts_of(record, NO_PAST, self.rules), local_day(record.at))
        return int(rule.effect[1]) if rule else 0


def own_facts(record: Record) -> Facts:
    """Return the facts that the record holds by itself."""
    return {
        "conduct": record.conduct,
        "city": record.city,
        "source": record.source,
        "ground": record.ground,
        "checked": record.checked,
        "accident": record.accident,
        "local": record.local,
    }


def facts_of(record: Record, before: Before, rules: Rules) -> Facts:
    """Return all facts of a record: its own, and what its subject's past adds.

    `held_months` is -1 where the register says nothing; a counter is 0 for conducts it does not count.
    """
    facts = own_facts(record)
    facts["held_months"] = held_months(record.held_since, record.at)
    facts["clean_months"] = before.clean_months
    for name, counter in rules.counters.items():
        facts[name] = before.counts.get(name, 0) + 1 if record.conduct in counter.conducts else 0
    return facts


def held_months(since: date | None, at: datetime) -> int:
    """Return for how many whole months the vehicle had been registered to its owner; -1 when that is not known."""
    if since is None:
        return -1
    return max(months_between(datetime.combine(since, time(), CHINA), at), -1)


def charge(winners: Mapping[str, Rule]) -> tuple[int, int, int]:
    """Return fine, points and months of suspension as decided; nought of each where a warning takes their place."""
    if WARNING in winners:
        return 0, 0, 0
    fine, points, months = (int(winners[s].effect[1]) if s in winners else 0 for s in CHARGES)
    return fine, points, months
