"""Before and after as bars: where each stands in a drawing of a given size. What they say, the page writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 860.0, 240.0, 64.0, 20.0, 36.0
ROW, ROW_LEFT, ROW_RIGHT = 44.0, 210.0, 110.0
TICKS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle, and where its words stand."""

    x: float
    y: float
    width: float
    height: float
    after: bool
    value: int

    @property
    def said(self) -> str:
        """Return the value as it is written."""
        return f"{self.value:,}"


@dataclass(frozen=True, slots=True)
class Group:
    """Two bars with what they are of; `x`, `y`: where its name stands. `named`: whether there is room for it."""

    key: str
    x: float
    y: float
    named: bool
    bars: tuple[Bar, Bar]


@dataclass(frozen=True, slots=True)
class Chart:
    """Groups of bars in a drawing, and lines across with their values."""

    width: float
    height: float
    groups: Sequence[Group]
    lines: Sequence[tuple[float, str]]


Pair = tuple[str, int, int]


def upright(pairs: Sequence[Pair]) -> Chart:
    """Return months side by side, two bars each, on round lines."""
    top = _round_up(max((max(a, b) for _, a, b in pairs), default=0))
    wide = (WIDTH - LEFT) / max(len(pairs), 1)
    tall = HEIGHT - TOP - BOTTOM
    every = max(1, -(-len(pairs) // 12))
    groups = []
    for at, (key, before, after) in enumerate(pairs):
        x, bar = LEFT + at * wide, max(min(wide * 0.36, 26), 2)
        middle = x + wide / 2
        bars = tuple(
            Bar(
                round(middle + shift, 1),
                round(TOP + tall - tall * n / top, 1),
                round(bar, 1),
                round(tall * n / top, 1),
                late,
                n,
            )
            for shift, n, late in ((-bar, before, False), (0.0, after, True))
        )
        groups.append(Group(key, round(middle, 1), HEIGHT - 14, at % every == 0, (bars[0], bars[1])))
    lines = [(round(TOP + tall - tall * n / TICKS, 1), f"{top * n // TICKS:,}") for n in range(TICKS + 1)]
    return Chart(WIDTH, HEIGHT, groups, lines)


def lying(pairs: Sequence[Pair]) -> Chart:
    """Return conducts one below the other, two bars each, their values written beside them."""
    top = max((max(a, b) for _, a, b in pairs), default=0) or 1
    long = WIDTH - ROW_LEFT - ROW_RIGHT
    groups = []
    for at, (key, before, after) in enumerate(pairs):
        y = at * ROW + 6
        bars = tuple(
            Bar(ROW_LEFT, y + shift, round(long * n / top, 1), 14, late, n)
            for shift, n, late in ((0, before, False), (16, after, True))
        )
        groups.append(Group(key, 0, y + 20, True, (bars[0], bars[1])))
    return Chart(WIDTH, len(pairs) * ROW + 6, groups, ())


def _round_up(most: int) -> int:
    """Return a round number that is not below `most` and is divided by the lines."""
    if most <= 0:
        return TICKS
    step = int(10 ** (len(str(most)) - 1))
    for factor in (1, 2, 4, 5, 8, 10):
        if most <= step * factor:
            return max(step * factor, TICKS)
    return step * 10
