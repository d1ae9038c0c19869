"""Conditions over columns: the same small data as `minjing.base.conditions`, held against many rows at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from minjing.modules.traffic.rules.penalties.lint import FLAGS, WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]


class Facts(Protocol):
    """What a condition asks of rows."""

    def named(self, name: str, rows: Ints) -> tuple[Sequence[str], Ints]: ...

    def flag(self, name: str, rows: Ints) -> Flags: ...

    def number(self, name: str, rows: Ints) -> Ints: ...


def mask(condition: Mapping[str, Any], facts: Facts, rows: Ints, conduct: str) -> Flags:
    """Return for which of the rows, all of one conduct, the condition holds."""
    import numpy as np

    found: Flags = np.ones(len(rows), dtype=bool)
    for key, want in condition.items():
        if key == "conduct":
            if conduct not in (want if isinstance(want, list) else [want]):
                found[:] = False
        else:
            found &= _of(key, want, facts, rows, conduct)
    return found


def _of(key: str, want: Any, facts: Facts, rows: Ints, conduct: str) -> Flags:
    import numpy as np

    if key == "not":
        return ~mask(want, facts, rows, conduct)
    if key in ("any", "all"):
        parts = [mask(part, facts, rows, conduct) for part in want]
        start = np.full(len(rows), key == "all")
        for part in parts:
            start = start | part if key == "any" else start & part
        return start
    wanted = want if isinstance(want, list) else [want]
    if key in WORDS:
        return same(facts.named(key, rows), wanted)
    if key in FLAGS:
        said = facts.flag(key, rows)
        return np.isin(said, wanted)
    numbers = facts.number(key, rows)
    if not isinstance(want, Mapping):
        return np.isin(numbers, wanted)
    found: Flags = np.ones(len(rows), dtype=bool)
    if "min" in want:
        found &= numbers >= want["min"]
    if "max" in want:
        found &= numbers <= want["max"]
    return found


def same(said: tuple[Sequence[str], Ints], wanted: Collection[str]) -> Flags:
    """Return which rows have one of the wanted words."""
    import numpy as np

    words, numbers = said
    table = np.array([word in wanted for word in words] or [False], dtype=bool)
    found: Flags = table[numbers]
    return found
