"""What the packs must hold to before they are used: no two rules that both win, no field that is no fact.

Two rules both win when they decide the same slot with the same priority, on a common day, in a common place, for
facts that fulfil both. Whether such facts exist is decided exactly: conditions become alternatives of sets and
ranges.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from minjing.base.conditions import fields_of
from minjing.modules.traffic.rules.penalties.alternatives import Allowed, Alternative, alternatives, joined
from minjing.modules.traffic.rules.penalties.packs import Fault, WrongPack
from minjing.modules.traffic.rules.penalties.shapes import REMOVE, SLOTS, WARNING, Rule, Rules

WORDS = ("conduct", "city", "source", "ground")
FLAGS = ("checked", "accident", "local")
OF_RECORD = frozenset(WORDS + FLAGS)
OF_PAST = frozenset(("held_months", "clean_months"))
OF_CHARGE = frozenset(("fine_fen", "points", "suspension_months"))


def check(rules: Rules, conducts: Collection[str]) -> None:
    """Refuse rules that cannot be applied without doubt. Raises WrongPack with the path and reason of each fault."""
    faults = list(_fields(rules, conducts))
    if not faults:
        faults += _both_win(rules)
    if faults:
        raise WrongPack(faults)


def path_of(rule: Rule) -> str:
    """Return where a rule stands."""
    return f"{rule.pack}.rules.{rule.code}"


def _fields(rules: Rules, conducts: Collection[str]) -> Iterator[Fault]:
    known = OF_RECORD | OF_PAST | set(rules.counters)
    for rule in rules.rules:
        allowed = (
            OF_RECORD if rule.effect[0] == REMOVE else known | (OF_CHARGE if rule.effect[0] == WARNING else set())
        )
        for name in sorted(fields_of(rule.when) - allowed):
            yield Fault(
                path_of(rule),
                {"zh": f"这里没有事实“{name}”", "en": f"{name!r} is no fact that a rule of this kind can ask"},
            )
        try:
            found = alternatives(rule.when)
        except (ValueError, TypeError) as wrong:
            yield Fault(path_of(rule), {"zh": str(wrong), "en": str(wrong)})
            continue
        asked = {c for one in found for c in one.get("conduct", Allowed()).only or ()}
        for code in sorted(asked - set(conducts)):
            yield Fault(path_of(rule), {"zh": f"没有违法行为 {code}", "en": f"there is no conduct {code}"})
        if rule.effect[0] == REMOVE and rule.effect[1] not in rules.grounds:
            yield Fault(path_of(rule), {"zh": f"没有事由 {rule.effect[1]}", "en": f"no ground {rule.effect[1]}"})
    for counter in rules.counters.values():
        for code in sorted(counter.conducts - set(conducts)):
            yield Fault(f"counters.{counter.name}", {"zh": f"没有违法行为 {code}", "en": f"no conduct {code}"})


def _both_win(rules: Rules) -> Iterator[Fault]:
    for slot in SLOTS:
        of_slot = [(rule, alternatives(rule.when)) for rule in rules.rules if rule.effect[0] == slot]
        for (one, a), (other, b) in combinations(of_slot, 2):
            if one.priority == other.priority and _meet(one, other) and _together(a, b):
                yield Fault(
                    path_of(other),
                    {
                        "zh": f"与 {path_of(one)} 同时生效：同为“{slot}”、优先级 {one.priority}，且可同时满足；"
                        "请改写条件、日期或优先级",
                        "en": f"wins together with {path_of(one)}: both decide {slot} at priority {one.priority}"
                        " for the same facts; change a condition, a date or a priority",
                    },
                )


def _meet(one: Rule, other: Rule) -> bool:
    days = (one.end is None or other.start < one.end) and (other.end is None or one.start < other.end)
    return days and ("*" in (one.place, other.place) or one.place == other.place)


def _together(a: list[Alternative], b: list[Alternative]) -> bool:
    return any(joined(x, y) is not None for x in a for y in b)
