"""Peers of the yielding match: DuckDB's grid join, SciPy's cKDTree, movingpandas; each on one core.

The question they answer is the one that can be put to them: a fix within 150 m of the place in the 60 s after, any
direction. DuckDB gets cells of 150 m by 60 s and their neighbours; the tree gets (east, north, v·t) with 60 s as long
as 150 m, searched with the radius that holds the whole cylinder, then filtered. movingpandas cuts each trajectory to
the 60 s and clips it to the circle; it is far too slow for the day, so a sample is measured and scaled, and said so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy

from minjing.modules.traffic.rules.yielding.matching import Fixes, Places
from minjing.modules.traffic.rules.yielding.parameters import Parameters

SAMPLE_PLACES, SAMPLE_TRACKS = 20, 10

JOIN = """
WITH cells AS (
    SELECT n, moment, east, north, cast(floor(east / $within) AS INT) + dx AS cx,
           cast(floor(north / $within) AS INT) + dy AS cy, cast(floor(moment / $after) AS INT) + dt AS ct
    FROM places, (VALUES (-1), (0), (1)) AS a(dx), (VALUES (-1), (0), (1)) AS b(dy), (VALUES (0), (1)) AS c(dt)
), laid AS (
    SELECT mission, moment, east, north, cast(floor(east / $within) AS INT) AS cx,
           cast(floor(north / $within) AS INT) AS cy, cast(floor(moment / $after) AS INT) AS ct FROM fixes
)
SELECT DISTINCT n, mission FROM cells JOIN laid USING (cx, cy, ct)
WHERE laid.moment BETWEEN cells.moment AND cells.moment + $after
  AND (laid.east - cells.east) ** 2 + (laid.north - cells.north) ** 2 <= $within * $within
"""


@dataclass(frozen=True)
class Answer:
    """What a peer needed, which (violation, mission) pairs it found (None: not asked for all), what to know of it."""

    seconds: float
    pairs: set[tuple[int, int]] | None
    note: str


def duckdb_grid(places: Places, fixes: Fixes, rules: Parameters) -> Answer:
    """Join on cells; the tables are in DuckDB before the clock starts."""
    import duckdb
    import pandas

    connection = duckdb.connect(config={"threads": 1})
    frames = {
        "places": pandas.DataFrame(
            {"n": numpy.arange(len(places.at)), "moment": places.at, "east": places.east, "north": places.north}
        ),
        "fixes": pandas.DataFrame(
            {"mission": fixes.mission, "moment": fixes.at, "east": fixes.east, "north": fixes.north}
        ),
    }
    for name, frame in frames.items():
        connection.register(f"frame_{name}", frame)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame_{name}")
    took = []
    for _ in range(3):
        began = time.perf_counter()
        found = connection.execute(JOIN, {"within": rules.within_m, "after": rules.after_s}).fetchnumpy()
        took.append(time.perf_counter() - began)
    pairs = set(zip(found["n"].tolist(), found["mission"].tolist(), strict=True))
    note = f"version {duckdb.__version__}, {len(pairs):,} pairs by fixes alone, no direction"
    return Answer(float(numpy.median(took)), pairs, note)


def kd_tree(places: Places, fixes: Fixes, rules: Parameters) -> Answer:
    """Build the tree over the fixes and ask it for every violation."""
    import scipy
    from scipy.spatial import cKDTree

    scale = rules.within_m / rules.after_s
    took = []
    for _ in range(3):
        began = time.perf_counter()
        tree = cKDTree(numpy.column_stack((fixes.east, fixes.north, fixes.at * scale)))
        # The minute after is a cylinder around its middle: half as high as wide; the ball around it has this radius.
        middle = numpy.column_stack((places.east, places.north, (places.at + rules.after_s / 2) * scale))
        near = tree.query_ball_point(middle, rules.within_m * 1.25**0.5, return_sorted=False)
        many = numpy.fromiter((len(one) for one in near), dtype=numpy.int64, count=len(near))
        place = numpy.repeat(numpy.arange(len(near)), many)
        fix = numpy.fromiter((n for one in near for n in one), dtype=numpy.int64, count=int(many.sum()))
        after = fixes.at[fix] - places.at[place]
        square = (fixes.east[fix] - places.east[place]) ** 2 + (fixes.north[fix] - places.north[place]) ** 2
        right = (after >= 0) & (after <= rules.after_s) & (square <= rules.within_m**2)
        took.append(time.perf_counter() - began)
    pairs = set(zip(place[right].tolist(), fixes.mission[fix[right]].tolist(), strict=True))
    note = f"version {scipy.__version__}, tree built within, {len(pairs):,} pairs by fixes alone, no direction"
    return Answer(float(numpy.median(took)), pairs, note)


def moving_pandas(places: Places, fixes: Fixes, rules: Parameters) -> Answer:
    """Cut and clip a sample of trajectories at a sample of violations; scaled to the day."""
    import geopandas
    import movingpandas
    import pandas
    from shapely.geometry import Point

    epoch = pandas.Timestamp("2026-11-26")
    each = int(numpy.searchsorted(fixes.mission, 1))
    tracks = []
    for mission in range(SAMPLE_TRACKS):
        part = slice(mission * each, (mission + 1) * each)
        frame = geopandas.GeoDataFrame(
            geometry=geopandas.points_from_xy(fixes.east[part], fixes.north[part]),
            index=epoch + pandas.to_timedelta(fixes.at[part], unit="s"),
            crs="EPSG:32650",
        )
        tracks.append(movingpandas.Trajectory(frame, mission))
    began = time.perf_counter()
    for n in range(SAMPLE_PLACES):
        circle = Point(places.east[n], places.north[n]).buffer(rules.within_m)
        at = epoch + pandas.Timedelta(seconds=float(places.at[n]))
        for track in tracks:
            piece = track.get_linestring_between(at, at + pandas.Timedelta(seconds=rules.after_s))
            piece.intersects(circle)
    took = time.perf_counter() - began
    missions = int(fixes.mission[-1]) + 1
    scale = len(places.at) * missions / (SAMPLE_PLACES * SAMPLE_TRACKS)
    asked = f"{SAMPLE_PLACES} × {SAMPLE_TRACKS} pairs, one by one as its API has it: {took:.2f} s, scaled"
    note = f"version {movingpandas.__version__}, {asked}"
    return Answer(took * scale, None, note)


PEERS: Mapping[str, Callable[[Places, Fixes, Parameters], Answer]] = {
    "DuckDB grid join": duckdb_grid,
    "SciPy cKDTree": kd_tree,
    "movingpandas": moving_pandas,
}
