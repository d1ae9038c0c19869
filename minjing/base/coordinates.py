"""Coordinates: WGS-84 and GCJ-02, distances and headings.

Inside the house every position is WGS-84, in degrees, latitude first. GCJ-02 (GB 20263-2006; what phones' maps in
mainland China show) lies 300 to 700 m beside it and is turned at the door. The formula of GCJ-02 is not published by
its owner; the one here is the formula that all public implementations share, on the Krasovsky ellipsoid.

Functions on single numbers need the standard library alone; those named `_many` take and return numpy arrays of
float64 and import numpy when they are called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Degrees = NDArray[numpy.float64]

WGS84, GCJ02 = "wgs84", "gcj02"
SYSTEMS = (WGS84, GCJ02)

EARTH_M = 6_371_008.8  # mean radius, IUGG
METRES_PER_DEGREE = EARTH_M * math.pi / 180

# Krasovsky 1940, as the shared formula of GCJ-02 has it: half axis in metres, first eccentricity squared.
_AXIS_M = 6_378_245.0
_ECCENTRICITY = 0.00669342162296594323
# The box in which the formula shifts: south, north, west, east.
_BOX = (0.8293, 55.8271, 72.004, 137.8347)
# Hong Kong and Macao lie in the box and are not shifted. Corners (lat, lon), simplified from the course of the
# Shenzhen River and the limits at sea; on land within about 150 m of the border.
HONG_KONG = (
    (22.5030, 114.0150), (22.5050, 114.0280), (22.5085, 114.0440), (22.5100, 114.0560), (22.5145, 114.0660),
    (22.5165, 114.0720), (22.5190, 114.0830), (22.5270, 114.0920), (22.5310, 114.1010), (22.5296, 114.1137),
    (22.5340, 114.1180), (22.5345, 114.1250), (22.5380, 114.1310), (22.5420, 114.1400), (22.5430, 114.1490),
    (22.5540, 114.1545), (22.5600, 114.1600), (22.5595, 114.1770), (22.5540, 114.1850), (22.5535, 114.1960),
    (22.5545, 114.2100), (22.5500, 114.2235), (22.5445, 114.2290), (22.5450, 114.2500), (22.5500, 114.3000),
    (22.5610, 114.4500), (22.5610, 114.5010), (22.1400, 114.5010), (22.1400, 113.8300), (22.3200, 113.8300),
    (22.4150, 113.8700), (22.4420, 113.8950), (22.4620, 113.9330), (22.4850, 113.9650), (22.4960, 113.9920),
)  # fmt: skip
MACAO = (
    (22.2167, 113.5480), (22.2148, 113.5400), (22.2125, 113.5350), (22.2000, 113.5330), (22.1700, 113.5350),
    (22.1480, 113.5400), (22.1350, 113.5470), (22.1090, 113.5520), (22.0760, 113.5600), (22.0760, 113.6300),
    (22.2167, 113.6300),
)  # fmt: skip
NOT_SHIFTED = (HONG_KONG, MACAO)
ROUNDS = 6  # of the inverse: each makes what is wrong some thousand times smaller; three reach a millimetre


def shifted(lat: float, lon: float) -> bool:
    """Return whether GCJ-02 differs from WGS-84 at this WGS-84 position (mainland China)."""
    south, north, west, east = _BOX
    if not (south <= lat <= north and west <= lon <= east):
        return False
    return not any(_inside(corners, lat, lon) for corners in NOT_SHIFTED)


def gcj02_of(lat: float, lon: float) -> tuple[float, float]:
    """Return the GCJ-02 position of a WGS-84 one; unchanged where nothing is shifted."""
    if not shifted(lat, lon):
        return lat, lon
    north, east = _shift(lat, lon, math)
    return lat + north, lon + east


def wgs84_of(lat: float, lon: float) -> tuple[float, float]:
    """Return the WGS-84 position of a GCJ-02 one, by fixed point.

    Whether it is shifted is asked of the position that is found, not of the one given. Along the border of Hong Kong
    two positions 600 m apart share one GCJ-02 position; there the answer is the one in the mainland.
    """
    found = lat, lon
    for _ in range(ROUNDS):
        north, east = _shift(*found, math)
        found = lat - north, lon - east
    return found if shifted(*found) else (lat, lon)


def to_wgs84(lat: float, lon: float, system: str) -> tuple[float, float]:
    """Return a position of `system` (one of SYSTEMS) as WGS-84. Raises ValueError for another system."""
    if system not in SYSTEMS:
        raise ValueError(f"unknown system of coordinates: {system}")
    return wgs84_of(lat, lon) if system == GCJ02 else (lat, lon)


def shifted_many(lat: Degrees, lon: Degrees) -> NDArray[numpy.bool_]:
    """Return for each position what `shifted` says."""
    south, north, west, east = _BOX
    inside: NDArray[Any] = (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
    for corners in NOT_SHIFTED:
        lats, lons = [c[0] for c in corners], [c[1] for c in corners]
        # Only those in the polygon's own box can lie in it; of a city's positions these are few.
        near = inside & (lat >= min(lats)) & (lat <= max(lats)) & (lon >= min(lons)) & (lon <= max(lons))
        if near.any():
            inside[near] = ~_inside_many(corners, lat[near], lon[near])
    return inside


def gcj02_of_many(lat: Degrees, lon: Degrees) -> tuple[Degrees, Degrees]:
    """Return the GCJ-02 positions of WGS-84 ones."""
    import numpy

    moved = shifted_many(lat, lon)
    north, east = _shift(lat, lon, numpy)
    return lat + north * moved, lon + east * moved


def wgs84_of_many(lat: Degrees, lon: Degrees) -> tuple[Degrees, Degrees]:
    """Return the WGS-84 positions of GCJ-02 ones, as `wgs84_of`."""
    import numpy

    found_lat, found_lon = lat, lon
    for _ in range(ROUNDS):
        north, east = _shift(found_lat, found_lon, numpy)
        found_lat, found_lon = lat - north, lon - east
    moved = shifted_many(found_lat, found_lon)
    return numpy.where(moved, found_lat, lat), numpy.where(moved, found_lon, lon)


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the metres between two positions on the mean sphere (haversine; within 0.6 % of the ellipsoid)."""
    a, b = math.radians(lat), math.radians(other_lat)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, half)))


def heading_deg(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the heading from one position to another: degrees clockwise from north, in [0, 360)."""
    a, b, turn = math.radians(lat), math.radians(other_lat), math.radians(other_lon - lon)
    east = math.sin(turn) * math.cos(b)
    north = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    return math.degrees(math.atan2(east, north)) % 360


def turn_deg(heading: float, other: float) -> float:
    """Return how far two headings lie apart, in [0, 180]."""
    return abs((heading - other + 180) % 360 - 180)


@dataclass(frozen=True, slots=True)
class Plane:
    """A city's flat ground: metres east and north of one position. Within 50 km lengths are right to 0.4 %."""

    lat: float
    lon: float

    @property
    def east_m(self) -> float:
        """Metres of one degree of longitude at the plane's own latitude."""
        return METRES_PER_DEGREE * math.cos(math.radians(self.lat))

    def metres(self, lat: Any, lon: Any) -> tuple[Any, Any]:
        """Return (east, north) in metres; single numbers or arrays."""
        return (lon - self.lon) * self.east_m, (lat - self.lat) * METRES_PER_DEGREE

    def degrees(self, east_m: float, north_m: float) -> tuple[float, float]:
        """Return (lat, lon) of a place in the plane."""
        return self.lat + north_m / METRES_PER_DEGREE, self.lon + east_m / self.east_m


def _shift(lat: Any, lon: Any, maths: Any) -> tuple[Any, Any]:
    """Return by how many degrees GCJ-02 lies north and east; `maths` is `math` for numbers, `numpy` for arrays."""
    sin, cos, sqrt, pi = maths.sin, maths.cos, maths.sqrt, math.pi
    x, y = lon - 105.0, lat - 35.0
    root = sqrt(maths.fabs(x))
    short = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + short
    north = north + (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north = north + (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y / 30.0 * pi)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + short
    east = east + (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east = east + (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = lat / 180.0 * pi
    flat = 1 - _ECCENTRICITY * sin(radians) * sin(radians)
    north = north * 180.0 / (_AXIS_M * (1 - _ECCENTRICITY) / (flat * sqrt(flat)) * pi)
    east = east * 180.0 / (_AXIS_M / sqrt(flat) * cos(radians) * pi)
    return north, east


def _inside(corners: tuple[tuple[float, float], ...], lat: float, lon: float) -> bool:
    """Return whether a position lies in a polygon: a ray to the east crosses its edges an odd number of times."""
    odd = False
    for (a_lat, a_lon), (b_lat, b_lon) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (a_lat > lat) != (b_lat > lat) and lon < (b_lon - a_lon) * (lat - a_lat) / (b_lat - a_lat) + a_lon:
            odd = not odd
    return odd


def _inside_many(corners: tuple[tuple[float, float], ...], lat: Degrees, lon: Degrees) -> NDArray[numpy.bool_]:
    import numpy

    odd = numpy.zeros(lat.shape, dtype=bool)
    for (a_lat, a_lon), (b_lat, b_lon) in zip(corners, corners[1:] + corners[:1], strict=True):
        if a_lat == b_lat:  # a ray to the east runs along it or misses it
            continue
        between = (lat < a_lat) != (lat < b_lat)
        odd ^= between & (lon < (b_lon - a_lon) * (lat - a_lat) / (b_lat - a_lat) + a_lon)
    return odd
