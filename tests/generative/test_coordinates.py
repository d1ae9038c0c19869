"""Coordinates: published reference points, round trips, borders, distances and headings."""

import subprocess
import sys

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minjing.base import coordinates
from minjing.base.coordinates import Plane, distance_m, gcj02_of, heading_deg, shifted, turn_deg, wgs84_of
from tests.house import ROOT

# WGS-84 (lat, lon) → GCJ-02, as the tests of two widely used implementations have them: googollee/eviltransform
# (Shanghai, Shenzhen, Beijing; it compares five decimals) and wandergis/coordtransform (Beijing, all digits).
PUBLISHED = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215), 1e-6),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363), 1e-6),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657), 1e-6),
    ((39.915, 116.404), (39.91640428150164, 116.41024449916938), 1e-12),
]
# Where which side of the border is which: ports of entry and towns, WGS-84.
MAINLAND = {
    "Huanggang port": (22.5230, 114.0700), "Luohu station": (22.5330, 114.1130), "Shekou ferry": (22.4790, 113.9110),
    "Shenzhen Bay port": (22.5040, 113.9430), "Liantang": (22.5620, 114.1650), "Wenjindu": (22.5410, 114.1290),
    "Yantian harbour": (22.5650, 114.2750), "Futian port": (22.5175, 114.0665),
    "Gongbei, Zhuhai": (22.2200, 113.5500),
    "Hengqin, Zhuhai": (22.1300, 113.5300), "Dapeng": (22.5960, 114.4760), "Nanshan": (22.5310, 113.9300),
}  # fmt: skip
ELSEWHERE = {
    "Sheung Shui, Hong Kong": (22.5010, 114.1270), "Central, Hong Kong": (22.2819, 114.1581),
    "Yuen Long, Hong Kong": (22.4450, 114.0220), "Airport of Hong Kong": (22.3080, 113.9185),
    "Lo Wu station": (22.5270, 114.1130), "Senado, Macao": (22.1937, 113.5399), "Coloane, Macao": (22.1170, 113.5600),
    "Sha Tau Kok, south": (22.5400, 114.2200), "Tokyo": (35.68, 139.77), "Singapore": (0.80, 103.85),
    "Paris": (48.85, 2.35), "Sydney": (-33.86, 151.2),
}  # fmt: skip
LATS, LONS = st.floats(18.2, 53.0), st.floats(75.0, 134.0)
CITY_LATS, CITY_LONS = st.floats(22.40, 22.86), st.floats(113.75, 114.62)


@pytest.mark.parametrize(("wgs", "gcj", "within"), PUBLISHED)
def test_it_agrees_with_the_published_points(wgs, gcj, within):
    assert gcj02_of(*wgs) == pytest.approx(gcj, abs=within)
    assert wgs84_of(*gcj) == pytest.approx(wgs, abs=within)


@pytest.mark.parametrize("place", MAINLAND)
def test_the_mainland_is_shifted(place):
    position = MAINLAND[place]
    assert shifted(*position)
    assert 300 < distance_m(*position, *gcj02_of(*position)) < 700


@pytest.mark.parametrize("place", ELSEWHERE)
def test_hong_kong_macao_and_foreign_countries_are_not(place):
    assert gcj02_of(*ELSEWHERE[place]) == ELSEWHERE[place]


@pytest.mark.parametrize("place", ["Central, Hong Kong", "Airport of Hong Kong", "Coloane, Macao", "Tokyo", "Paris"])
def test_what_is_not_shifted_comes_back_as_it_is(place):
    assert wgs84_of(*ELSEWHERE[place]) == ELSEWHERE[place]


@given(LATS, LONS)
def test_there_and_back_is_within_a_centimetre(lat, lon):
    if shifted(lat, lon):
        assert distance_m(lat, lon, *wgs84_of(*gcj02_of(lat, lon))) <= 0.01


def test_a_hundred_thousand_positions_of_the_city_come_back_within_a_centimetre():
    random = numpy.random.default_rng(5)
    lat, lon = random.uniform(22.40, 22.86, 100_000), random.uniform(113.75, 114.62, 100_000)
    mainland = coordinates.shifted_many(lat, lon)
    back = coordinates.wgs84_of_many(*coordinates.gcj02_of_many(lat, lon))
    off_m = numpy.hypot((back[0] - lat) * 111_195, (back[1] - lon) * 102_700)
    assert mainland.mean() > 0.7
    assert off_m[mainland].max() <= 0.01


@given(st.lists(st.tuples(CITY_LATS, CITY_LONS), min_size=1, max_size=40))
def test_many_at_once_are_as_one_by_one(positions):
    lat, lon = (numpy.array(column) for column in zip(*positions, strict=True))
    for many, one in (
        (coordinates.gcj02_of_many, gcj02_of),
        (coordinates.wgs84_of_many, wgs84_of),
    ):
        found = many(lat, lon)
        for n, position in enumerate(positions):
            assert (found[0][n], found[1][n]) == pytest.approx(one(*position), abs=1e-12)
    assert coordinates.shifted_many(lat, lon).tolist() == [shifted(*position) for position in positions]


def test_an_unknown_system_is_refused():
    with pytest.raises(ValueError, match="bd09"):
        coordinates.to_wgs84(22.5, 114.0, "bd09")


@given(CITY_LATS, CITY_LONS, st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_the_plane_measures_as_the_sphere_does(lat, lon, east_m, north_m):
    plane = Plane(22.55, 114.05)
    east, north = plane.metres(lat, lon)
    other = plane.degrees(east + east_m, north + north_m)
    flat = (east_m**2 + north_m**2) ** 0.5
    assert distance_m(lat, lon, *other) == pytest.approx(flat, rel=0.004, abs=0.01)


@pytest.mark.parametrize(
    ("north_m", "east_m", "heading"), [(9, 0, 0), (9, 9, 45), (0, 9, 90), (-9, 0, 180), (0, -9, 270)]
)
def test_headings_go_clockwise_from_north(north_m, east_m, heading):
    plane = Plane(22.55, 114.05)
    assert turn_deg(heading_deg(22.55, 114.05, *plane.degrees(east_m, north_m)), heading) < 0.1


@pytest.mark.parametrize(
    ("one", "other", "apart"), [(10, 350, 20), (350, 10, 20), (0, 180, 180), (90, 90, 0), (1, 182, 179)]
)
def test_two_headings_lie_at_most_half_a_turn_apart(one, other, apart):
    assert turn_deg(one, other) == apart


def test_single_positions_need_no_numpy():
    code = (
        "import sys; from minjing.base import coordinates as c; c.wgs84_of(22.5, 114.0); c.distance_m(1, 2, 3, 4);"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
