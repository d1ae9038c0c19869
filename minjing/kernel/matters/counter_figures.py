"""Minutes per case at the counters: measured now, and what the rule of before would have cost, as a stated model.

Measured: from the moment somebody is received at a counter to the moment the service is filed. Modelled: until 2017
only the station of registration took it in, so the same person would have gone there. The way is the straight line
between the two stations, lengthened by DETOUR and travelled at SPEED_KMH, both ways: assumptions of this platform,
shown beside every figure made with them. Nobody's own way is known or kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from minjing.kernel.identity.models import Unit
from minjing.kernel.matters import city_wide
from minjing.kernel.matters.figures import KEPT_S, SMALLEST
from minjing.kernel.matters.queries.kept import Figures
from minjing.kernel.matters.schema import Text

DETOUR = 1.3  # streets are longer than the straight line (assumption)
SPEED_KMH = 20.0  # door to door by bus and underground in the city (assumption)
EARTH_KM = 6371.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one class, or of all: counts, the measured median, and the modelled one of before."""

    title: Text
    cases: int
    elsewhere: int
    after_minutes: float | None  # measured at the counter
    before_minutes: float | None  # the same and the modelled way, of those taken in elsewhere
    way_km: float | None

    @property
    def is_shown(self) -> bool:
        """Say whether there are enough cases that a figure says nothing of a person."""
        return self.cases >= SMALLEST


def distance_km(one: Point, other: Point) -> float:
    """Return the great-circle distance between two (lon, lat) points in kilometres."""
    lon1, lat1, lon2, lat2 = (math.radians(v) for v in (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


@dataclass(frozen=True, slots=True)
class Report:
    """All filings at counters of the last twelve months, and those of each class."""

    all: Line
    by_class: Sequence[Line]


ALL = Text(zh="合计", en="All")

WAYS = "SELECT DISTINCT unit_id, station_id FROM matters_reception WHERE filed_at >= %(since)s"
# Of the matters taken in at the responsible station itself there is no way to count.
LINES = """
WITH filed AS (
    SELECT class.key, extract(epoch FROM r.filed_at - r.begun_at)::float8 / 60 AS minutes, coalesce(way.km, 0) AS km
    FROM matters_reception r
    JOIN unnest(%(codes)s::text[], %(keys)s::text[]) AS class (code, key) ON class.code = r.code
    LEFT JOIN unnest(%(counters)s::int[], %(stations)s::int[], %(kms)s::float8[]) AS way (unit_id, station_id, km)
        ON way.unit_id = r.unit_id AND way.station_id = r.station_id
    WHERE r.filed_at >= %(since)s
)
SELECT coalesce(key, ''), count(*), count(*) FILTER (WHERE km > 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes + km * %(minutes_a_km)s) FILTER (WHERE km > 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY km) FILTER (WHERE km > 0)
FROM filed GROUP BY GROUPING SETS ((), (key))
"""

_figures = Figures()


def report(now: datetime) -> Report:
    """Return the figures of the last twelve months; counted anew behind the reader's back when ten minutes old."""
    return _figures.get("report", KEPT_S, lambda: _report(now))


def forget_kept() -> None:
    """Count anew at the next call."""
    _figures.forget()


def minutes_a_km() -> float:
    """Return the minutes on the way that the old rule would have cost for each kilometre of it, there and back."""
    return 2 * 60 * DETOUR / SPEED_KMH


def _report(now: datetime) -> Report:
    since = now - timedelta(days=365)
    key_of: dict[str, str] = {}
    for one in city_wide.classes():
        for code in one.codes:
            key_of.setdefault(code, one.key)
    with connection.cursor() as cursor:
        cursor.execute(WAYS, {"since": since})
        ways = _ways(cursor.fetchall())
        params: dict[str, Any] = {
            "since": since,
            "codes": list(key_of),
            "keys": list(key_of.values()),
            "counters": [counter for counter, _ in ways],
            "stations": [station for _, station in ways],
            "kms": list(ways.values()),
            "minutes_a_km": minutes_a_km(),
        }
        cursor.execute(LINES, params)
        counted: dict[str, tuple[Any, ...]] = {key: figures for key, *figures in cursor.fetchall()}
    return Report(
        all=Line(ALL, *counted[""]),
        by_class=[Line(c.title, *counted.get(c.key, NOTHING)) for c in city_wide.classes()],
    )


NOTHING = (0, 0, None, None, None)


def _ways(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Return how far it is from each counter to the responsible station, where both have a place and differ."""
    rows = Unit.objects.filter(level=Unit.STATION, lon__isnull=False, lat__isnull=False)
    places = {pk: (lon, lat) for pk, lon, lat in rows.values_list("id", "lon", "lat") if lon and lat}
    known = [(u, s) for u, s in pairs if u != s and u in places and s in places]
    return {(unit, station): distance_km(places[unit], places[station]) for unit, station in known}
