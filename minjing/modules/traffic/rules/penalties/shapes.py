"""The shapes the engine speaks in: what is known of a violation, a rule, a pack of rules, an answer. All frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from minjing.base.conditions import Condition
from minjing.modules.traffic.rules.penalties.alternatives import alternatives

Text = Mapping[str, str]  # {zh, en}

REMOVE, FINE, POINTS, SUSPENSION, WARNING = "remove", "fine_fen", "points", "suspension_months", "warning"
# In this order: what removes, what charges, what relieves of the charge. A slot is decided by one rule.
SLOTS = (REMOVE, FINE, POINTS, SUSPENSION, WARNING)

CHARGES = (FINE, POINTS, SUSPENSION)
CHARGED, WARNED, REMOVED, MERGED, NO_RULE = "charged", "warned", "removed", "merged", "no_rule"


@dataclass(frozen=True, slots=True)
class Record:
    """One violation as the engine sees it: the facts as of its time. Whose it is, the caller keeps."""

    key: str  # breaks ties of the same instant, and names the record in answers
    at: datetime
    conduct: str
    place: str = ""
    city: str = "shenzhen"
    act: str = ""  # several violations of one act share it
    source: str = "camera"  # camera, officer, citizen, ambulance
    checked: bool = True  # an officer has looked at the evidence
    accident: bool = False
    local: bool = True  # the vehicle was registered in the city then
    held_since: date | None = None  # registered, or last passed to a new owner, as the register said of that time
    ground: str = ""  # established ground of removal: a key of the packs' grounds


@dataclass(frozen=True, slots=True)
class Rule:
    """One dated rule: in force from `start` until before `end`, known from `known`, in `place`."""

    code: str
    start: date
    end: date | None
    known: date
    place: str  # a city, "*" for the whole country
    when: Condition
    effect: tuple[str, Any]  # a slot and what it becomes
    title: Text
    article: str
    priority: int
    confidence: str
    source: str
    pack: str

    def in_force(self, day: date, known: date) -> bool:
        """Say whether the rule held on `day`, as far as one could know on `known`."""
        return self.start <= day and (self.end is None or day < self.end) and self.known <= known


@dataclass(frozen=True, slots=True)
class Counter:
    """How many violations of a kind there have been: a fact of each record, itself counted."""

    name: str
    conducts: frozenset[str]
    months: int
    title: Text  # with {n}


@dataclass(frozen=True, slots=True)
class Merge:
    """When several records are one act: photos of the same thing within a window, or conducts of one act."""

    code: str
    kind: str  # photos, act
    window_s: int
    conducts: frozenset[str]  # empty: all
    same_place: bool
    title: Text
    article: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a record falls. `reach`: the record alone is wrong, or the act itself is not to be punished."""

    code: str
    reach: str  # record, act
    title: Text
    article: str
    confidence: str


@dataclass(frozen=True)
class Rules:
    """All packs together, as they are evaluated."""

    version: str
    rules: tuple[Rule, ...]
    counters: Mapping[str, Counter] = field(default_factory=dict)
    merges: tuple[Merge, ...] = ()
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def by_conduct(self) -> Mapping[str, Mapping[str, list[Rule]]]:
        """Return the rules that may concern a conduct, by conduct and slot, the highest priority first.

        Those that name no conduct stand under "" and, merged in, under each conduct that is named.
        """
        index: dict[str, dict[str, list[Rule]]] = {"": {}}
        general = []
        for rule in self.rules:
            named = _named(rule, "conduct")
            if named is None:
                general.append(rule)
            for code in named if named is not None else ("",):
                index.setdefault(code, {}).setdefault(rule.effect[0], []).append(rule)
        for code, slots in index.items():
            for rule in general if code else ():
                slots.setdefault(rule.effect[0], []).append(rule)
            for found in slots.values():
                found.sort(key=lambda r: -r.priority)
        return index

    @cached_property
    def removing(self) -> Mapping[tuple[str, str], list[Rule]]:
        """Return the rules that may remove a record, by its conduct ("": one no rule names) and its ground."""
        return {
            (conduct, ground): [
                rule for rule in slots.get(REMOVE, []) if ground in (_named(rule, "ground") or (ground,))
            ]
            for conduct, slots in self.by_conduct.items()
            for ground in ("", *self.grounds)
        }

    @cached_property
    def reach_months(self) -> int:
        """Return how far a record can bear on later ones: the longest look-back of these rules."""
        asked = [counter.months for counter in self.counters.values()]
        asked += [int(bound) for rule in self.rules for bound in _bounds(rule.when)]
        return max(asked, default=0)

    @cached_property
    def ground_of(self) -> Mapping[str, Ground]:
        """Return the ground that each removing rule establishes, by the rule's code."""
        return {r.code: self.grounds[r.effect[1]] for r in self.rules if r.effect[0] == REMOVE}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an answer is as it is: the rule, its words, the facts it looked at, the article."""

    rule: str
    slot: str
    words: Text
    facts: Mapping[str, Any]
    article: str
    confidence: str

    @property
    def said(self) -> dict[str, Any]:
        """Return it as it is kept with an outcome."""
        return {
            "rule": self.rule, "slot": self.slot, "words": self.words, "facts": self.facts, "article": self.article,
            "confidence": self.confidence,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """What would have changed the answer, and to what."""

    words: Text
    facts: Mapping[str, Any]
    fine_fen: int
    points: int
    suspension_months: int
    warning: bool

    @property
    def said(self) -> dict[str, Any]:
        """Return it as it is kept with an outcome."""
        return {
            "words": self.words, "facts": self.facts, "fine_fen": self.fine_fen, "points": self.points,
            "suspension_months": self.suspension_months, "warning": self.warning,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What a violation costs, and why."""

    kind: str
    fine_fen: int = 0
    points: int = 0
    suspension_months: int = 0
    reasons: tuple[Reason, ...] = ()
    would_change: tuple[Change, ...] = ()
    merged_into: str = ""

    @property
    def sums(self) -> tuple[str, int, int, int]:
        """Return what two answers must differ in to be different for the driver."""
        return self.kind, self.fine_fen, self.points, self.suspension_months


@dataclass(frozen=True, slots=True)
class Before:
    """What counts of the subject's past for one record."""

    counts: Mapping[str, int]  # by counter: how many earlier ones stand in its window
    clean_months: int  # whole months since the last violation in the city that stands
    clean_since: datetime | None = None
    merged_into: str = ""  # the record of the same act that is charged instead
    merge: str = ""  # the code of the merge that says so


def _named(rule: Rule, field: str) -> frozenset[str] | None:
    """Return the conducts, or grounds, that a rule names; None when it may concern any."""
    named: frozenset[str] = frozenset()
    for one in alternatives(rule.when):
        only = one[field].only if field in one else None
        if only is None:
            return None
        named |= only
    return named


def _bounds(condition: object) -> Iterator[float]:
    if isinstance(condition, dict):
        for key, want in condition.items():
            if key == "clean_months" and isinstance(want, dict):
                yield from want.values()
            else:
                yield from _bounds(want)
    elif isinstance(condition, (list, tuple)):
        for part in condition:
            yield from _bounds(part)
