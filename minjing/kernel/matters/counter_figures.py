"""Minutes per case at the counters: measured now, and what the rule of before would have cost, as a stated model.

Measured: from the moment somebody is received at a counter to the moment the service is filed. Modelled: until 2017
only the station of registration took it in, so the same person would have gone there. The way is the straight line
between the two stations, lengthened by DETOUR and travelled at SPEED_KMH, both ways: assumptions of this platform,
shown beside every figure made with them. Nobody's own way is known or kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity.models import Unit
from minjing.kernel.matters import city_wide
from minjing.kernel.matters.figures import SMALLEST
from minjing.kernel.matters.models import Reception
from minjing.kernel.matters.schema import Text

DETOUR = 1.3  # streets are longer than the straight line (assumption)
SPEED_KMH = 20.0  # door to door by bus and underground in the city (assumption)
MONTHS = 12
EARTH_KM = 6371.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Case:
    """One filing: which class, how long at the counter, how far the responsible station lies."""

    key: str
    minutes: float
    way_km: float  # straight line from the counter to the responsible station; 0 at that station itself

    @property
    def elsewhere(self) -> bool:
        """Say whether another counter took it in."""
        return self.way_km > 0

    @property
    def saved_minutes(self) -> float:
        """Return the minutes on the way that the old rule would have cost, there and back."""
        return 2 * 60 * self.way_km * DETOUR / SPEED_KMH


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


def line_of(title: Text, cases: Sequence[Case]) -> Line:
    """Return the figures of some cases."""
    away = [case for case in cases if case.elsewhere]
    return Line(
        title=title,
        cases=len(cases),
        elsewhere=len(away),
        after_minutes=median(c.minutes for c in cases) if cases else None,
        before_minutes=median(c.minutes + c.saved_minutes for c in away) if away else None,
        way_km=median(c.way_km for c in away) if away else None,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """All filings at counters of the last twelve months, by class and by month."""

    all: Line
    by_class: Sequence[Line]
    by_month: Sequence[tuple[datetime, Line]]  # first instant of the month, oldest first


ALL = Text(zh="合计", en="All")


def report(now: datetime) -> Report:
    """Return the figures of the last twelve months."""
    since = now - timedelta(days=365)
    rows = Reception.objects.filter(filed_at__gte=since).values_list(
        "code", "begun_at", "filed_at", "unit_id", "station_id"
    )
    places = _places()
    dated: list[tuple[datetime, Case]] = []
    for code, begun_at, filed_at, unit_id, station_id in rows.iterator():
        found = city_wide.class_of(code)
        if found is not None and filed_at is not None and station_id is not None:
            minutes = (filed_at - begun_at).total_seconds() / 60
            dated.append((filed_at, Case(found.key, minutes, _way(places, unit_id, station_id))))
    cases = [case for _, case in dated]
    months = sorted({_month(at) for at, _ in dated})
    return Report(
        all=line_of(ALL, cases),
        by_class=[line_of(c.title, [x for x in cases if x.key == c.key]) for c in city_wide.classes()],
        by_month=[(m, line_of(ALL, [c for at, c in dated if _month(at) == m])) for m in months][-MONTHS:],
    )


def _places() -> dict[int, Point]:
    rows = Unit.objects.filter(level=Unit.STATION, lon__isnull=False, lat__isnull=False)
    return {pk: (lon, lat) for pk, lon, lat in rows.values_list("id", "lon", "lat") if lon and lat}


def _way(places: Mapping[int, Point], unit_id: int, station_id: int) -> float:
    if unit_id == station_id or unit_id not in places or station_id not in places:
        return 0.0
    return distance_km(places[unit_id], places[station_id])


def _month(at: datetime) -> datetime:
    day = local_day(at).replace(day=1)
    return datetime(day.year, day.month, 1, tzinfo=CHINA)
