"""What is due: items, and what is waived of them. Integer fen everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Text = Mapping[str, str]
FEN_MAX = 100_000_000  # ¥1,000,000: no fee of a counter is as large; a typing error is


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that costs: `basis` is the rule it rests on {law, article, confidence, note}."""

    name: str
    title: Text
    fen: int
    basis: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A rule under which less is asked: `percent` of the named items, of all when none is named."""

    name: str
    title: Text
    percent: int
    basis: Mapping[str, Any] = field(default_factory=dict)
    items: Sequence[str] = ()


def total(items: Sequence[Item]) -> int:
    """Return the sum of the items. Raises ValueError for an amount that cannot be one."""
    for item in items:
        if not 0 <= item.fen <= FEN_MAX:
            raise ValueError(f"{item.name}: {item.fen} fen is no fee")
    if len({item.name for item in items}) != len(items):
        raise ValueError("two items have the same name")
    return sum(item.fen for item in items)


def waived(items: Sequence[Item], waivers: Sequence[Waiver]) -> dict[str, int]:
    """Return how much each waiver takes off, by name.

    Waivers do not add up: of those that hold for an item the largest counts, the first of equals. Fractions of a
    fen are waived too, so that nobody pays more than the share that is left.
    """
    off = {waiver.name: 0 for waiver in waivers}
    for item in items:
        able = [w for w in waivers if not w.items or item.name in w.items]
        if not able:
            continue
        best = max(able, key=lambda w: w.percent)
        if not 0 < best.percent <= 100:
            raise ValueError(f"{best.name}: {best.percent} % cannot be waived")
        off[best.name] += -(-item.fen * best.percent // 100)
    return off
