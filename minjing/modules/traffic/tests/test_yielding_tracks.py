"""What is wrong with tracks: order, duplicates, jumps, clocks an hour off, GCJ-02 that calls itself WGS-84."""

import subprocess
import sys
from pathlib import Path

import pytest

from minjing.base.coordinates import GCJ02, WGS84, Plane, gcj02_of
from minjing.modules.traffic.rules.yielding import systems, tracks
from minjing.modules.traffic.rules.yielding.reference import Fix
from minjing.modules.traffic.rules.yielding.systems import UNSURE, Ground
from minjing.modules.traffic.tests.test_yielding_match import LIMITS

LINE = [Fix(at, 0, 10.0 * at) for at in range(0, 300, 30)]


def test_a_good_track_is_left_as_it_is():
    assert tracks.clean(LINE, LIMITS) == tracks.Cleaned(tuple(LINE))


def test_a_track_out_of_order_is_ordered():
    cleaned = tracks.clean(LINE[::-1], LIMITS)
    assert (cleaned.fixes, cleaned.unordered) == (tuple(LINE), True)


def test_repetitions_are_left_out_and_contradictions_counted():
    cleaned = tracks.clean([*LINE, LINE[3], Fix(90, 0, 901)], LIMITS)
    assert (cleaned.fixes, cleaned.repeated, cleaned.contradicting) == (tuple(LINE), 1, 1)


@pytest.mark.parametrize("where", [0, 4, 9])
def test_a_single_jump_is_left_out(where):
    jumped = [*LINE[:where], Fix(LINE[where].at, 90_000, 4), *LINE[where + 1 :]]
    cleaned = tracks.clean(jumped, LIMITS)
    if where:  # nothing before the first fix tells that it is wrong: the line is broken there instead
        assert cleaned.fixes == tuple(LINE[:where] + LINE[where + 1 :])
        assert cleaned.jumps == 1


def test_a_track_that_goes_on_elsewhere_is_kept_in_two():
    there = [Fix(fix.at, fix.east + 50_000, fix.north) for fix in LINE[5:]]
    cleaned = tracks.clean([*LINE[:5], *there], LIMITS)
    assert (len(cleaned.fixes), cleaned.breaks, cleaned.jumps) == (len(LINE), 1, 0)


@pytest.mark.parametrize(
    ("sent_at", "last_at", "off"),
    [
        (10_000, 9_990, None),  # live
        (9_800, 9_790, None),  # a slow line
        (13_600, 13_590, 3600),  # an hour fast
        (6_400, 6_390, -3600),  # an hour slow
        (10_000, 13_000, 3000),  # a fix from the future
        (7_900, 7_890, None),  # long on its way, and not by whole half hours
        (10_000, 100, None),  # stored in a tunnel, sent now: late, and right
        (10_000 + 8 * 3600, 10_000 + 8 * 3600, 8 * 3600),  # local time written as UTC
    ],
)
def test_a_clock_that_is_off_is_noticed(sent_at, last_at, off):
    assert tracks.clock_off_s(sent_at, last_at, 10_000, LIMITS) == off


BASE = (22.5431, 114.0579)
CITY = Plane(*BASE)
GROUND = Ground(bases=(BASE,), approaches=tuple((*CITY.degrees(0, n * 900.0), 0.0) for n in range(1, 6)))
STANDS = [(float(at), *CITY.degrees(at % 3, 5)) for at in range(0, 120, 30)]
DRIVES = [(200.0 + at, *CITY.degrees(4, 10.0 * at)) for at in range(0, 480, 15)]


def in_gcj02(track):
    return [(at, *gcj02_of(lat, lon)) for at, lat, lon in track]


@pytest.mark.parametrize("track", [STANDS, DRIVES, STANDS + DRIVES], ids=["stands", "drives", "both"])
def test_gcj02_sent_as_wgs84_is_noticed(track):
    assert systems.judge(track, GROUND).system == WGS84
    verdict = systems.judge(in_gcj02(track), GROUND)
    assert verdict.system == GCJ02
    assert verdict.as_gcj02 >= 3 * max(1, verdict.as_sent)


def test_far_from_all_that_is_known_it_says_that_it_does_not_know():
    far = [(at, lat + 0.2, lon) for at, lat, lon in DRIVES]
    assert systems.judge(far, GROUND).system == UNSURE
    assert systems.judge(in_gcj02(far), GROUND).system == UNSURE
    assert systems.judge(DRIVES, Ground()).system == UNSURE


def test_the_rules_import_no_numpy_before_they_match():
    code = (
        "import sys; import minjing.modules.traffic.rules.yielding.matching, minjing.base.coordinates;"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4], check=True)
