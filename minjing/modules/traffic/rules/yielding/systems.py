"""GCJ-02 sent as WGS-84: noticed where the ground tells.

Two kinds of ground are known exactly: the bases where ambulances stand, and the axes of the approaches that cameras
watch. A track in the wrong system lies 300 to 700 m beside both. Each track is laid on the ground twice, as it was
sent and as if it had been GCJ-02, and the two are counted.

What this sees: a track that rests near a base or drives along several approaches. What it cannot see: a track that
touches neither (the answer is `unsure`), an offset much smaller than that of GCJ-02, a base entered in the register
in the wrong system itself. It never corrects by itself: it holds the batch and says why.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from minjing.base import coordinates
from minjing.base.coordinates import GCJ02, WGS84, distance_m, turn_deg

UNSURE = "unsure"
BASE_M = 120.0  # who stands at a base stands within this
STANDING_MPS = 0.7
APPROACH_M = 250.0  # an approach is watched along so much road before the stop line
LANE_M = 18.0  # half a wide road
LANE_TURN_DEG = 15.0
LEAST = 3  # so many more agree with one system than with the other …
TIMES = 3  # … and so many times as many


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the ground in WGS-84: bases (lat, lon), approaches (lat, lon, heading in degrees)."""

    bases: tuple[tuple[float, float], ...] = ()
    approaches: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ground says: one of WGS84, GCJ02, UNSURE; and how many fixes agree with each reading."""

    system: str
    as_sent: int
    as_gcj02: int


Position = tuple[float, float, float]  # seconds, lat, lon


def judge(track: Sequence[Position], ground: Ground) -> Verdict:
    """Return which system a track that was declared as WGS-84 is in, as far as the ground tells."""
    turned = [(at, *coordinates.wgs84_of(lat, lon)) for at, lat, lon in track]
    sent, as_gcj02 = _agreeing(track, ground), _agreeing(turned, ground)
    if as_gcj02 - sent >= LEAST and as_gcj02 >= TIMES * sent:
        return Verdict(GCJ02, sent, as_gcj02)
    if sent - as_gcj02 >= LEAST and sent >= TIMES * as_gcj02:
        return Verdict(WGS84, sent, as_gcj02)
    return Verdict(UNSURE, sent, as_gcj02)


def _agreeing(track: Sequence[Position], ground: Ground) -> int:
    """Count the steps that stand at a base or drive along the axis of an approach."""
    agree = 0
    for (at, lat, lon), (later, to_lat, to_lon) in itertools.pairwise(track):
        if later <= at:
            continue
        moved = distance_m(lat, lon, to_lat, to_lon)
        if moved <= STANDING_MPS * (later - at):
            agree += any(distance_m(lat, lon, *base) <= BASE_M for base in ground.bases)
        else:
            heading = coordinates.heading_deg(lat, lon, to_lat, to_lon)
            agree += any(_along(lat, lon, heading, approach) for approach in ground.approaches)
    return agree


def _along(lat: float, lon: float, heading: float, approach: tuple[float, float, float]) -> bool:
    place_lat, place_lon, approach_heading = approach
    if turn_deg(heading, approach_heading) > LANE_TURN_DEG:
        return False
    plane = coordinates.Plane(place_lat, place_lon)
    east, north = plane.metres(lat, lon)
    east_u, north_u = sin(radians(approach_heading)), cos(radians(approach_heading))
    along, beside = east * east_u + north * north_u, east * north_u - north * east_u
    return bool(-APPROACH_M <= along <= APPROACH_M / 2 and abs(beside) <= LANE_M)
