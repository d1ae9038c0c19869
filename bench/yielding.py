"""A day of violations against a day of ambulances: 1,000,000 × 864,000 fixes, ours and three peers on one core.

300 ambulances drive the streets of a city of 80 by 40 km for a day, a fix every 30 s, all on a mission all day (more
than any city has). The violations lie anywhere, at any second, with any approach; once more at 6,000 cameras, as real
ones do. 10,000 of them, 2,000 taken from those with hits, are checked against the plain reference in Python: the same
pairs, to the bit, or the benchmark breaks. The peers answer an easier question, a fix within 150 m in the 60 s after,
without direction and without what lies between two fixes; how many true pairs that loses is told beside.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from pathlib import Path

import numpy
import yaml

from bench.peers import tracks
from bench.table import Row, at_most
from minjing.modules.traffic.rules.yielding import matching, reference
from minjing.modules.traffic.rules.yielding.matching import Fixes, Hits, Places
from minjing.modules.traffic.rules.yielding.parameters import Parameters
from minjing.modules.traffic.rules.yielding.reference import Fix, Place

AMBULANCES, FIXES_EACH, STEP_S = 300, 2_880, 30
VIOLATIONS, CAMERAS, CHECKED, CHECKED_HITS = 1_000_000, 6_000, 10_000, 2_000
WIDE_M, HIGH_M, BLOCK_M = 80_000, 40_000, 500
PARAMETERS = Path("minjing/modules/traffic/data/yielding.yaml")


def limits() -> Parameters:
    """Return the limits as the module's data has them."""
    data = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    return Parameters(**{name: float(row["value"]) for name, row in data["limits"].items()})


def drive(random: numpy.random.Generator) -> Fixes:
    """Return the day of the ambulances: along streets every 500 m, turning at some crossings, standing at others."""
    shape = (AMBULANCES, FIXES_EACH)
    speed = random.uniform(4, 22, shape) * (random.random(shape) > 0.15)
    turns = numpy.cumsum(random.choice([0, 0, 0, 1, 3], shape), axis=1) % 4
    step = speed * STEP_S
    east = numpy.cumsum(step * numpy.array([0, 1, 0, -1])[turns], axis=1) + random.uniform(0, WIDE_M, (AMBULANCES, 1))
    north = numpy.cumsum(step * numpy.array([1, 0, -1, 0])[turns], axis=1) + random.uniform(
        0, HIGH_M, (AMBULANCES, 1)
    )
    return Fixes(
        numpy.repeat(numpy.arange(AMBULANCES), FIXES_EACH),
        numpy.tile(numpy.arange(FIXES_EACH) * float(STEP_S), AMBULANCES),
        _kept_inside(east, WIDE_M).ravel(),
        _kept_inside(north, HIGH_M).ravel(),
    )


def _kept_inside(along: numpy.ndarray, most: float) -> numpy.ndarray:
    """Return the ways with everything beyond the city's edge turned back."""
    along = numpy.mod(along, 2 * most)
    return numpy.where(along > most, 2 * most - along, along)


def anywhere(random: numpy.random.Generator) -> Places:
    """Return violations at any place, second and approach."""
    return Places(
        numpy.floor(random.uniform(0, 86_400, VIOLATIONS)),
        random.uniform(0, WIDE_M, VIOLATIONS),
        random.uniform(0, HIGH_M, VIOLATIONS),
        random.integers(0, 3_600, VIOLATIONS),
    )


def at_cameras(random: numpy.random.Generator) -> Places:
    """Return violations at cameras, a few of which see most."""
    camera = (random.beta(0.6, 2.0, VIOLATIONS) * CAMERAS).astype(int)
    east, north = random.uniform(0, WIDE_M, CAMERAS), random.uniform(0, HIGH_M, CAMERAS)
    heading = random.integers(0, 4, CAMERAS) * 900
    return Places(numpy.floor(random.uniform(0, 86_400, VIOLATIONS)), east[camera], north[camera], heading[camera])


def check(places: Places, fixes: Fixes, found: Hits, rules: Parameters) -> tuple[int, int]:
    """Return how many violations were checked and how many pairs they have; raise when one is missed or extra."""
    random = numpy.random.default_rng(7)
    with_hits = numpy.unique(found.place)
    some = random.choice(with_hits, min(CHECKED_HITS, len(with_hits)), replace=False)
    others = numpy.setdiff1d(numpy.arange(VIOLATIONS), some)
    sample = [*some.tolist(), *random.choice(others, CHECKED - len(some), replace=False).tolist()]
    of = numpy.isin(found.place, sample)
    columns = (found.place[of], found.fix[of], found.distance_m[of], found.at[of])
    ours = set(zip(*(column.tolist() for column in columns), strict=True))
    slow = slowly(places, fixes, sample, rules)
    if ours != slow:
        raise AssertionError(f"missed {len(slow - ours)}, extra {len(ours - slow)}: {sorted(slow ^ ours)[:3]}")
    return len(sample), len(slow)


def slowly(places: Places, fixes: Fixes, sample: list[int], rules: Parameters) -> set[tuple[int, int, float, float]]:
    """Return the hits of the sample by the plain reference; of each mission only stretches of that time."""
    rows = list(zip(fixes.at.tolist(), fixes.east.tolist(), fixes.north.tolist(), strict=True))
    pairs = set()
    for mission in range(AMBULANCES):
        first = mission * FIXES_EACH
        lines = list(reference.stretches([Fix(*row) for row in rows[first : first + FIXES_EACH]], rules))
        begins = [line.start.at for line in lines]
        for n in sample:
            at, east, north = (float(column[n]) for column in (places.at, places.east, places.north))
            place = Place(at, east, north, int(places.heading[n]))
            low = bisect_left(begins, at - rules.longest_gap_s)
            for line in lines[low : bisect_right(begins, at + rules.after_s)]:
                if hit := reference.hit(place, line, rules):
                    pairs.add((n, first + hit.stretch, hit.distance_m, hit.at))
    return pairs


def timed(places: Places, fixes: Fixes, rules: Parameters) -> tuple[float, Hits]:
    """Return the median seconds of five matches after one to warm up, and what was found."""
    took = []
    for _ in range(6):
        began = time.perf_counter()
        found = matching.match(places, fixes, rules)
        took.append(time.perf_counter() - began)
    return float(numpy.median(took[1:])), found


def run(say: Callable[[str], None]) -> list[Row]:
    """Match the day twice, check both against the reference, then let the peers answer their easier question."""
    rules, random = limits(), numpy.random.default_rng(20261128)
    fixes = drive(random)
    rows = []
    layouts = {"anywhere": anywhere(random), "at cameras": at_cameras(random)}
    for name, places in layouts.items():
        took, found = timed(places, fixes, rules)
        checked, pairs = check(places, fixes, found, rules)
        say(f"{name}: {took:.3f} s, {len(found.place)} hits; {checked} checked, {pairs} pairs the same to the bit")
        rows.append(
            at_most(
                f"yielding: a day matched, violations {name}", took, 0.5, "s",
                note=f"{len(found.place):,} hits; {checked:,} violations against the reference: {pairs:,} pairs,"
                " 0 missed, 0 extra; one core",
            )
        )  # fmt: skip
        if name == "anywhere":
            ours, true = took, matching.best(found, fixes.mission)
    places = layouts["anywhere"]
    pairs_found = set(zip(true.place.tolist(), fixes.mission[true.fix].tolist(), strict=True))
    for peer, match in tracks.PEERS.items():
        answer = match(places, fixes, rules)
        say(f"{peer}: {answer.seconds:.2f} s ({answer.note})")
        lost = "" if answer.pairs is None else f"; {len(pairs_found - answer.pairs):,} of our pairs not among its"
        rows.append(at_most(f"yielding: beside {peer}", ours, 0.5, "s", answer.seconds, answer.note + lost))
    return rows
