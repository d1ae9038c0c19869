"""Figures of which nobody can be made out: what concerns fewer than five is never shown by itself.

A cell that is too small is not blanked, which the total would give away, but told together with others: months with
their neighbours, conducts and kinds as "others". Where even the whole is too small nothing is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

SMALLEST = 5
OTHERS = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """Violations of one month, conduct or kind, by the rules in force and by the draft; sums in fen and points."""

    key: str  # "2025-03", "2025-01/2025-02", a code, OTHERS
    violations: int
    changed: int
    fine_before_fen: int
    fine_after_fen: int
    points_before: int
    points_after: int

    @property
    def fit(self) -> bool:
        """Say whether the cell may be shown by itself: enough violations, and enough or none that change."""
        return self.violations >= SMALLEST and enough(self.changed) and enough(self.violations - self.changed)

    def told(self) -> dict[str, Any]:
        """Return the cell as it is kept."""
        return {name: getattr(self, name) for name in self.__slots__}


def enough(count: int) -> bool:
    """Say whether a count of people, vehicles or violations may be shown."""
    return count == 0 or count >= SMALLEST


def shown(count: int) -> int | None:
    """Return a count as it may be shown; None for one that is too small."""
    return count if enough(count) else None


def together(cells: Sequence[Cell], key: str) -> Cell:
    """Return several cells as one."""
    sums = {name: sum(getattr(cell, name) for cell in cells) for name in Cell.__slots__ if name != "key"}
    return Cell(key=key, **sums)


def of_months(cells: Sequence[Cell]) -> list[Cell]:
    """Return months, each small one told with those after it, the last ones with those before; [] if none is fit."""
    found: list[Cell] = []
    open_ones: list[Cell] = []
    for cell in cells:
        open_ones.append(cell)
        both = together(open_ones, _span(open_ones))
        if both.fit:
            found.append(both)
            open_ones = []
    while open_ones and found:
        both = together([found[-1], *open_ones], _span([found[-1], *open_ones]))
        if both.fit:
            found[-1] = both
            return found
        open_ones = [found.pop(), *open_ones]
    return found


def of_sorts(cells: Sequence[Cell]) -> list[Cell]:
    """Return conducts or kinds, the most first, the small ones told together as OTHERS; [] if they are too few."""
    ordered = sorted(cells, key=lambda cell: (-cell.violations, cell.key))
    fit, rest = [c for c in ordered if c.fit], [c for c in ordered if not c.fit]
    while rest:
        others = together(rest, OTHERS)
        if others.fit:
            return [*fit, replace(others, key=OTHERS)]
        if not fit:
            return []
        rest.append(fit.pop())
    return fit


def _span(cells: Sequence[Cell]) -> str:
    first, last = cells[0].key.split("/")[0], cells[-1].key.split("/")[-1]
    return first if first == last else f"{first}/{last}"
