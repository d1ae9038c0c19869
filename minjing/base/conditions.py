"""Conditions as small data: when to show, require, ask for a material, charge a fee.

Forms: `{field: value}`, `{field: [a, b]}` (any of), `{field: {before|after|min|max|given: x}}`,
`{not: c}`, `{any: [c, …]}`, `{all: [c, …]}`; several keys in one mapping must all hold.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

Condition = Mapping[str, Any]
Facts = Mapping[str, Any]


def holds(condition: Condition | bool | None, facts: Facts, today: date) -> bool:
    """Say whether `condition` holds for `facts`; none at all always holds, an absent field never equals."""
    if condition is None or isinstance(condition, bool):
        return condition is not False
    for key, want in condition.items():  # noqa: SIM110 - asked millions of times: a generator costs twice as much
        if not _holds(key, want, facts, today):
            return False
    return True


def fields_of(condition: Condition | bool | None) -> set[str]:
    """Return the names of the fields that `condition` looks at."""
    if condition is None or isinstance(condition, bool):
        return set()
    found: set[str] = set()
    for key, want in condition.items():
        if key == "not":
            found |= fields_of(want)
        elif key in ("any", "all"):
            found |= set().union(*(fields_of(part) for part in want))
        else:
            found.add(key)
    return found


def values_of(condition: Condition | bool | None) -> list[tuple[str, Any]]:
    """Return each (field, value) that `condition` compares for equality, for the lint to check."""
    if condition is None or isinstance(condition, bool):
        return []
    pairs: list[tuple[str, Any]] = []
    for key, want in condition.items():
        if key == "not":
            pairs += values_of(want)
        elif key in ("any", "all"):
            for part in want:
                pairs += values_of(part)
        elif not isinstance(want, Mapping):
            pairs += [(key, value) for value in (want if isinstance(want, list) else [want])]
    return pairs


def _holds(key: str, want: Any, facts: Facts, today: date) -> bool:
    if key == "not":
        return not holds(want, facts, today)
    if key == "any":
        return any(holds(part, facts, today) for part in want)
    if key == "all":
        return all(holds(part, facts, today) for part in want)
    value = facts.get(key)
    if isinstance(want, Mapping):
        return all(_compares(name, bound, value, today) for name, bound in want.items())
    if isinstance(value, (list, tuple)):
        wanted = want if isinstance(want, list) else [want]
        return any(item in value for item in wanted)
    return value in want if isinstance(want, list) else value == want


def _compares(name: str, bound: Any, value: Any, today: date) -> bool:
    if name == "given":
        return (value not in (None, "", [])) is bool(bound)
    if value in (None, ""):
        return False
    if name in ("before", "after"):
        day, limit = _day(value), instant_of(bound, today)
        return day < limit if name == "before" else day > limit
    if name in ("min", "max"):
        return float(value) >= float(bound) if name == "min" else float(value) <= float(bound)
    raise ValueError(f"unknown comparison {name!r}")


def instant_of(bound: Any, today: date) -> date:
    """Return the day that `today`, `today-2y`, `today+30d`, `tomorrow` or an ISO date names."""
    if isinstance(bound, date):
        return bound
    text = str(bound)
    if text == "tomorrow":
        return today + timedelta(days=1)
    if not text.startswith("today"):
        return date.fromisoformat(text)
    rest = text[5:]
    if not rest:
        return today
    amount, unit = int(rest[:-1]), rest[-1]
    if unit == "d":
        return today + timedelta(days=amount)
    if unit == "y":
        try:
            return today.replace(year=today.year + amount)
        except ValueError:  # 29 February
            return today.replace(year=today.year + amount, day=28)
    raise ValueError(f"unknown bound {bound!r}")


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
