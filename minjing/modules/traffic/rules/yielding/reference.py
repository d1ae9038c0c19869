"""What a hit is: the exact, slow reference, in plain Python.

A violation at V, at t, on an approach of heading h is explained by a mission when, on some stretch between two of its
fixes, at some moment of [t, t + after_s]:
* the place still lay ahead when the stretch entered that window (who had passed before was not let through),
* the ambulance came within `within_m` of V,
* it drove within `turn_deg` of h.
Between two fixes it moves in a straight line at one speed. No straight line is drawn over a gap or a jump.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from minjing.modules.traffic.rules.yielding.parameters import HEADINGS, NO_HEADING, Parameters


@dataclass(frozen=True, slots=True)
class Fix:
    """Where an ambulance on its mission was: seconds, metres east and north in the city's plane."""

    at: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a violation was recorded; `heading` in tenths of a degree, NO_HEADING when unknown."""

    at: float
    east: float
    north: float
    heading: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The straight line between two fixes that follow one another; (east_u, north_u) is the heading, length 1."""

    number: int  # of its first fix in the mission
    start: Fix
    end: Fix
    east_u: float
    north_u: float
    moved_m: float  # 0 when the ambulance stood


@dataclass(frozen=True, slots=True)
class Hit:
    """How near and when an ambulance came past on one stretch."""

    stretch: int
    distance_m: float
    at: float


def stretches(fixes: Sequence[Fix], limits: Parameters) -> Iterator[Stretch]:
    """Yield the stretches of one mission's fixes, which are in order of time. Standing keeps the last heading."""
    heading: tuple[float, float] | None = None
    for number, (start, end) in enumerate(itertools.pairwise(fixes)):
        lasted = end.at - start.at
        east, north = end.east - start.east, end.north - start.north
        moved = sqrt(east * east + north * north)
        if not 0 < lasted <= limits.longest_gap_s or moved > limits.fastest_mps * lasted:
            heading = None  # after a gap nobody knows which way it looked
            continue
        if moved >= limits.standing_m:
            heading = (east / moved, north / moved)
        if heading is not None:
            yield Stretch(number, start, end, *heading, moved if moved >= limits.standing_m else 0.0)


def hit(place: Place, stretch: Stretch, limits: Parameters) -> Hit | None:
    """Return how the stretch explains the violation, or None."""
    begin = max(place.at, stretch.start.at)
    until = min(place.at + limits.after_s, stretch.end.at)
    if begin > until:
        return None
    if place.heading != NO_HEADING:
        approach = HEADINGS[place.heading]
        if stretch.east_u * approach[0] + stretch.north_u * approach[1] < limits.least_cos:
            return None
    speed = stretch.moved_m / (stretch.end.at - stretch.start.at)
    driven = speed * (begin - stretch.start.at)
    east = place.east - (stretch.start.east + stretch.east_u * driven)
    north = place.north - (stretch.start.north + stretch.north_u * driven)
    ahead = east * stretch.east_u + north * stretch.north_u
    if ahead < 0:
        return None
    drives = min(ahead, speed * (until - begin))
    east, north = east - stretch.east_u * drives, north - stretch.north_u * drives
    square = east * east + north * north
    if square > limits.within_m * limits.within_m:
        return None
    return Hit(stretch.number, sqrt(square), begin + (drives / speed if speed else 0.0))


def hits(place: Place, fixes: Sequence[Fix], limits: Parameters) -> list[Hit]:
    """Return every hit of one mission on one violation."""
    found = (hit(place, stretch, limits) for stretch in stretches(fixes, limits))
    return [one for one in found if one is not None]


def best(found: Sequence[Hit]) -> Hit | None:
    """Return the nearest of the hits, the earlier of two equally near."""
    return min(found, key=lambda one: (one.distance_m, one.at), default=None)
