"""What is wrong with a batch of fixes: order, duplicates, jumps, clocks. Data in, findings out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from minjing.modules.traffic.rules.yielding.parameters import Parameters
from minjing.modules.traffic.rules.yielding.reference import Fix

HALF_HOUR_S = 1800
MOST_HALF_HOURS = 28  # no clock on Earth is set further off by a wrong time zone


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The fixes that are left, in order of time, and what was found on the way."""

    fixes: tuple[Fix, ...]
    unordered: bool = False
    repeated: int = 0  # the same instant and place again
    contradicting: int = 0  # the same instant at another place: the first one counts
    jumps: int = 0  # nobody drives there and back so fast: left out
    breaks: int = 0  # far away and it stays there: kept, but no line is drawn across


def clean(fixes: Sequence[Fix], limits: Parameters) -> Cleaned:
    """Return the fixes in order, without repetitions and without single jumps."""
    unordered = any(a.at > b.at for a, b in itertools.pairwise(fixes))
    once: list[Fix] = []
    repeated = contradicting = 0
    for fix in sorted(fixes, key=lambda one: one.at):
        if once and fix.at == once[-1].at:
            same = fix == once[-1]
            repeated, contradicting = repeated + same, contradicting + (not same)
        else:
            once.append(fix)
    kept: list[Fix] = []
    jumps = breaks = 0
    for number, fix in enumerate(once):
        if kept and not _reaches(kept[-1], fix, limits):
            after = once[number + 1] if number + 1 < len(once) else None
            # Where the next fix agrees with the one before, or nothing follows, the odd one is this one.
            if after is None or _reaches(kept[-1], after, limits) or not _reaches(fix, after, limits):
                jumps += 1
                continue
            breaks += 1
        kept.append(fix)
    return Cleaned(tuple(kept), unordered, repeated, contradicting, jumps, breaks)


def _reaches(one: Fix, other: Fix, limits: Parameters) -> bool:
    way = hypot(other.east - one.east, other.north - one.north)
    return way <= limits.fastest_mps * (other.at - one.at) + limits.within_m / 3  # what a fix may be off by


def clock_off_s(sent_at: float, last_fix_at: float, came_at: float, limits: Parameters) -> int | None:
    """Return by how many seconds the sender's clock is ahead of ours, None when nothing is wrong with it.

    A fix from the future is a wrong clock whatever else. A batch whose own `sent_at` lies back by a whole number of
    half hours, as a clock in a wrong time zone does, is taken for one too; anything else is a batch that was long on
    its way. A way of exactly an hour looks the same: such a batch is held for a person, not thrown away.
    """
    ahead = max(sent_at, last_fix_at) - came_at
    if ahead > limits.clock_off_s:
        return round(sent_at - came_at) if sent_at - came_at > limits.clock_off_s else round(ahead)
    behind = came_at - sent_at
    steps = round(behind / HALF_HOUR_S)
    if 1 <= steps <= MOST_HALF_HOURS and abs(behind - steps * HALF_HOUR_S) <= limits.clock_off_s / 5:
        return -steps * HALF_HOUR_S
    return None
