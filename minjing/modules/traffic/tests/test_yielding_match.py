"""What an ambulance explains: the plain reference by example, and the fast match equal to it on anything."""

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minjing.modules.traffic.rules.yielding import matching, reference
from minjing.modules.traffic.rules.yielding.matching import Fixes, Places
from minjing.modules.traffic.rules.yielding.parameters import NO_HEADING, Parameters
from minjing.modules.traffic.rules.yielding.reference import Fix, Place, hits

LIMITS = Parameters(
    after_s=60,
    within_m=150,
    turn_deg=45,
    longest_gap_s=120,
    fastest_mps=45,
    standing_m=5,
    clock_off_s=300,
    late_s=600,
)
NORTH, EAST, SOUTH = 0, 900, 1800
# An ambulance drives north along east = 0 at 10 m/s, a fix every 30 s, and passes north = 0 at 1000.
NORTHWARD = [Fix(at, 0, 10.0 * (at - 1000)) for at in range(700, 1300, 30)]


def found(at, east=10.0, north=0.0, heading=NORTH, fixes=NORTHWARD):
    return reference.best(hits(Place(at, east, north, heading), fixes, LIMITS))


def test_a_driver_who_jumps_the_light_just_before_the_ambulance_is_explained():
    hit = found(980)
    assert hit is not None
    assert (round(hit.distance_m), round(hit.at)) == (10, 1000)


@pytest.mark.parametrize(("at", "explained"), [(935, True), (926, True), (925, False), (1000, True), (1002, False)])
def test_it_counts_from_before_it_passes_until_it_has_passed(at, explained):
    """At 60 s after the violation it must have come within 150 m: 15 s before it passes."""
    assert (found(at) is not None) == explained


@pytest.mark.parametrize(
    ("heading", "explained"), [(0, True), (450, True), (460, False), (3150, True), (3140, False), (SOUTH, False)]
)
def test_only_the_approach_that_it_drives_counts(heading, explained):
    assert (found(980, heading=heading) is not None) == explained


def test_an_approach_nobody_wrote_down_takes_every_direction():
    assert found(980, heading=NO_HEADING) is not None


@pytest.mark.parametrize(("east", "explained"), [(150, True), (151, False), (-150, True)])
def test_it_counts_within_150_metres(east, explained):
    assert (found(980, east=east) is not None) == explained


def test_between_two_fixes_500_metres_apart_it_is_interpolated():
    """A place half way: 250 m from both fixes, passed all the same."""
    fixes = [Fix(0, 0, 0), Fix(30, 0, 500)]
    assert found(5, 0, 250, fixes=fixes) is not None


def test_no_line_is_drawn_over_a_gap_or_a_jump():
    assert found(5, 0, 250, fixes=[Fix(0, 0, 0), Fix(130, 0, 500)]) is None
    assert found(5, 0, 2500, fixes=[Fix(0, 0, 0), Fix(30, 0, 5000)]) is None


def test_an_ambulance_stuck_behind_keeps_its_heading():
    stuck = [Fix(0, 0, -400), Fix(30, 0, -100), Fix(60, 0, -100), Fix(90, 0, -99)]
    assert found(40, fixes=stuck) is not None
    assert found(40, heading=SOUTH, fixes=stuck) is None
    assert found(40, fixes=stuck[1:]) is None  # who never moved has no heading


def test_the_nearest_stretch_is_the_one_kept():
    corner = [Fix(0, 0, -200), Fix(30, 0, -100), Fix(60, 100, 0)]
    assert reference.best(hits(Place(0, 0, 0, 300), corner, LIMITS)).stretch == 1


# Anything: few places, so that much comes close; whole metres, so that borders are met.
METRES = st.integers(-900, 900).map(float)
MOMENTS = st.integers(0, 600).map(float)
PLACES = st.lists(
    st.builds(Place, MOMENTS, METRES, METRES, st.one_of(st.just(NO_HEADING), st.integers(0, 3599))), max_size=30
)
STEPS = st.lists(
    st.tuples(st.sampled_from([1, 5, 30, 30, 30, 120, 121]), st.integers(-600, 600), st.integers(-600, 600)),
    max_size=12,
)
MISSIONS = st.lists(st.tuples(st.integers(0, 300), METRES, METRES, STEPS), max_size=4)


def walked(mission) -> list[Fix]:
    at, east, north, steps = mission
    fixes = [Fix(float(at), east, north)]
    for after, to_east, to_north in steps:
        last = fixes[-1]
        fixes.append(Fix(last.at + after, last.east + to_east, last.north + to_north))
    return fixes


def columns(missions: list[list[Fix]]) -> Fixes:
    rows = [(n, f.at, f.east, f.north) for n, fixes in enumerate(missions) for f in fixes]
    mission, at, east, north = zip(*rows, strict=True) if rows else ((), (), (), ())
    floats = (numpy.array(column, dtype=float) for column in (at, east, north))
    return Fixes(numpy.array(mission, dtype=numpy.int64), *floats)


def laid(places: list[Place]) -> Places:
    floats = (numpy.array([getattr(p, name) for p in places], dtype=float) for name in ("at", "east", "north"))
    return Places(*floats, numpy.array([p.heading for p in places], dtype=numpy.int64))


def slowly(places: list[Place], missions: list[list[Fix]]) -> set[tuple[int, int, float, float]]:
    starts = numpy.cumsum([0] + [len(fixes) for fixes in missions])
    return {
        (n, int(starts[m]) + hit.stretch, hit.distance_m, hit.at)
        for n, place in enumerate(places)
        for m, fixes in enumerate(missions)
        for hit in hits(place, fixes, LIMITS)
    }


def fast(places: list[Place], missions: list[list[Fix]]) -> set[tuple[int, int, float, float]]:
    found = matching.match(laid(places), columns(missions), LIMITS)
    rows = list(zip(found.place, found.fix, found.distance_m, found.at, strict=True))
    assert len(set(rows)) == len(rows)
    return {(int(p), int(f), float(d), float(at)) for p, f, d, at in rows}


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(PLACES, MISSIONS)
def test_the_fast_match_is_the_slow_one_to_the_bit(places, drawn):
    missions = [walked(mission) for mission in drawn]
    assert fast(places, missions) == slowly(places, missions)


def test_it_stays_exact_when_the_table_must_be_coarser(monkeypatch):
    monkeypatch.setattr(matching, "TABLE_MOST", 40)
    random = numpy.random.default_rng(3)
    places = [
        Place(float(at), float(way + aside), float(way), int(heading))
        for at, way, aside, heading in zip(
            random.integers(0, 1800, 4000), random.integers(0, 4500, 4000), random.integers(-300, 300, 4000),
            random.integers(-1, 900, 4000), strict=True,
        )
    ]  # fmt: skip
    missions = [walked((0, 0.0, 0.0, [(30, int(e), int(n)) for e, n in random.integers(-50, 200, (60, 2))]))] * 2
    expected = slowly(places, missions)
    assert len(expected) > 20
    assert fast(places, missions) == expected


def test_the_best_of_each_pair_is_kept():
    missions = [NORTHWARD, NORTHWARD]
    found = matching.match(laid([Place(980, 10, 0, NORTH)]), columns(missions), LIMITS)
    kept = matching.best(found, columns(missions).mission)
    assert len(found.place) > 2
    assert sorted(zip(kept.place.tolist(), (kept.fix >= len(NORTHWARD)).tolist(), strict=True)) == [
        (0, False),
        (0, True),
    ]
    assert kept.distance_m.tolist() == [10.0, 10.0]
