"""Conditions as alternatives: each says what it leaves to every fact it names. Exact, for the lint and the index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minjing.base.conditions import Condition

FAR = 10**12


@dataclass(frozen=True, slots=True)
class Allowed:
    """The values a condition leaves to one fact: named ones, all but named ones, or a range of whole numbers."""

    only: frozenset[Any] | None = None
    but: frozenset[Any] = frozenset()
    low: int = -FAR
    high: int = FAR

    def both(self, other: Allowed) -> Allowed:
        """Return what both leave."""
        only = other.only if self.only is None else self.only if other.only is None else self.only & other.only
        return Allowed(only, self.but | other.but, max(self.low, other.low), min(self.high, other.high))

    @property
    def empty(self) -> bool:
        """Say whether no value is left."""
        if self.only is None:
            return self.low > self.high
        numbers = {x for x in self.only - self.but if not isinstance(x, (int, float)) or self.low <= x <= self.high}
        return not numbers


Alternative = Mapping[str, Allowed]


def joined(x: Alternative, y: Alternative) -> Alternative | None:
    """Return what both leave; None when they cannot hold together."""
    both = {**x, **{name: said.both(x.get(name, Allowed())) for name, said in y.items()}}
    return None if any(said.empty for said in both.values()) else both


def alternatives(condition: Condition) -> list[Alternative]:
    """Return the condition as alternatives, each a set of what it leaves to every fact it names."""
    found: list[Alternative] = [{}]
    for key, want in condition.items():
        found = [both for x in found for y in _of(key, want) if (both := joined(x, y)) is not None]
    return found


def _of(key: str, want: Any) -> list[Alternative]:
    if key == "all":
        return _all_of(want)
    if key == "any":
        return [one for part in want for one in alternatives(part)]
    if key == "not":
        return _negated(want)
    return [{key: _allowed(want)}]


def _all_of(parts: list[Condition]) -> list[Alternative]:
    """Return the alternatives that fulfil every part."""
    found: list[Alternative] = [{}]
    for part in parts:
        found = [both for x in found for y in alternatives(part) if (both := joined(x, y)) is not None]
    return found


def _allowed(want: Any) -> Allowed:
    if not isinstance(want, Mapping):
        return Allowed(only=frozenset(want if isinstance(want, list) else [want]))
    if set(want) - {"min", "max"}:
        raise ValueError(f"only min and max compare here, not {sorted(set(want) - {'min', 'max'})}")
    return Allowed(low=int(want.get("min", -FAR)), high=int(want.get("max", FAR)))


def _negated(condition: Condition) -> list[Alternative]:
    """Return what makes the condition fail: one of its parts must."""
    found: list[Alternative] = []
    for key, want in condition.items():
        if key == "not":
            found += alternatives(want)
        elif key == "any":
            found += _all_of([{"not": part} for part in want])
        elif key == "all":
            found += [one for part in want for one in _negated(part)]
        elif isinstance(want, Mapping):
            said = _allowed(want)
            found += [{key: Allowed(high=said.low - 1)}] if said.low > -FAR else []
            found += [{key: Allowed(low=said.high + 1)}] if said.high < FAR else []
        else:
            found.append({key: Allowed(but=frozenset(want if isinstance(want, list) else [want]))})
    return found
