"""A match as a picture: where everything lies on a small map and on a line of time. Data in, places in pixels out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import atan2, cos, degrees, hypot, radians, sin

from minjing.base.coordinates import Plane

Position = Sequence[float]  # seconds, lat, lon
ROAD_M = 24.0
MARGIN = 24.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One point in pixels, with its second and, for an ambulance, how it is turned."""

    x: float
    y: float
    at: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Map:
    """A drawn map: its size, what one metre is in pixels, and everything on it in pixels."""

    width: int
    height: int
    scale: float
    place: Mark | None
    radius: float
    track: str
    stretch: str
    roads: Sequence[tuple[float, float, float, float, float]]  # x, y, x, y, width
    fixes: Sequence[Mark]
    bar_m: int
    bar: float
    others: Sequence[Mark] = field(default_factory=tuple)


def around(
    place: tuple[float, float], track: Sequence[Position], stretch: Sequence[Position],
    approaches: Sequence[tuple[float, float, float]], within_m: float, size: tuple[int, int] = (640, 420),
) -> Map:  # fmt: skip
    """Return the map around a violation: the circle that counts fills most of its height."""
    scale = (size[1] - 2 * MARGIN) / (within_m * 2.6)
    plane = Plane(*place)
    return _drawn(plane, scale, size, (size[0] / 2, size[1] / 2), place, track, stretch, approaches, within_m)


def whole(
    track: Sequence[Position], approaches: Sequence[tuple[float, float, float]],
    others: Sequence[tuple[float, float]] = (), size: tuple[int, int] = (900, 560),
) -> Map:  # fmt: skip
    """Return the map of a whole mission. `others` are places to mark, such as violations that were explained."""
    lats, lons = [p[1] for p in track], [p[2] for p in track]
    plane = Plane((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)
    corners = [plane.metres(lat, lon) for lat, lon in ((min(lats), min(lons)), (max(lats), max(lons)))]
    wide, high = max(corners[1][0] - corners[0][0], 200.0), max(corners[1][1] - corners[0][1], 200.0)
    scale = min((size[0] - 2 * MARGIN) / wide, (size[1] - 2 * MARGIN) / high)
    middle = (size[0] / 2, size[1] / 2)
    drawn = _drawn(plane, scale, size, middle, None, track, (), approaches, 0.0)
    marks = tuple(_mark(plane, scale, middle, (0.0, *other)) for other in others)
    return Map(**{name: getattr(drawn, name) for name in Map.__slots__ if name != "others"}, others=marks)


def _drawn(
    plane: Plane, scale: float, size: tuple[int, int], middle: tuple[float, float], place: tuple[float, float] | None,
    track: Sequence[Position], stretch: Sequence[Position], approaches: Sequence[tuple[float, float, float]],
    within_m: float,
) -> Map:  # fmt: skip
    marks = [_mark(plane, scale, middle, position) for position in track]
    turned = [
        Mark(one.x, one.y, one.at, _turn(one, marks[min(n + 1, len(marks) - 1)], marks[max(n - 1, 0)]))
        for n, one in enumerate(marks)
    ]
    bar_m = next(m for m in (5000, 2000, 1000, 500, 200, 100, 50, 20) if m * scale <= size[0] / 4)
    return Map(
        *size, scale, _mark(plane, scale, middle, (0.0, *place)) if place else None, within_m * scale,
        _line(marks), _line([_mark(plane, scale, middle, position) for position in stretch]),
        [_road(plane, scale, middle, size, approach) for approach in approaches], turned, bar_m, bar_m * scale,
    )  # fmt: skip


def _mark(plane: Plane, scale: float, middle: tuple[float, float], position: Position) -> Mark:
    east, north = plane.metres(position[1], position[2])
    return Mark(round(middle[0] + east * scale, 1), round(middle[1] - north * scale, 1), position[0])


def _turn(one: Mark, after: Mark, before: Mark) -> float:
    start, end = (one, after) if hypot(after.x - one.x, after.y - one.y) > 0.5 else (before, one)
    return round(degrees(atan2(end.x - start.x, start.y - end.y)) % 360, 1)


def _line(marks: Sequence[Mark]) -> str:
    return " ".join(f"{mark.x:g},{mark.y:g}" for mark in marks)


def _road(
    plane: Plane,
    scale: float,
    middle: tuple[float, float],
    size: tuple[int, int],
    approach: tuple[float, float, float],
) -> tuple[float, float, float, float, float]:
    """Return the street of an approach as a band right across the map; its axis is known, not its kerbs."""
    here = _mark(plane, scale, middle, (0.0, approach[0], approach[1]))
    far = min(hypot(*size), 1_000 * scale)
    east, north = sin(radians(approach[2])) * far, cos(radians(approach[2])) * far
    return (
        round(here.x - east, 1), round(here.y + north, 1), round(here.x + east, 1), round(here.y - north, 1),
        round(max(3.0, ROAD_M * scale), 1),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimeLine:
    """The seconds around a violation as a line: where it, the window after it and the passing lie, in pixels."""

    width: int
    violated: float
    window: float
    passed: float
    fixes: Sequence[float]
    ticks: Sequence[tuple[float, int]]  # pixels, seconds after the violation


def time_line(
    violated_at: float, passed_at: float, after_s: float, fixes: Sequence[float], width: int = 640
) -> TimeLine:
    """Return the line from half a minute before the violation to half a minute after the window."""
    first, last = violated_at - 30, violated_at + after_s + 30
    scale = (width - 2 * MARGIN) / (last - first)

    def x(at: float) -> float:
        return round(MARGIN + (at - first) * scale, 1)

    ticks = [(x(violated_at + s), s) for s in range(-30, int(after_s) + 31, 30)]
    shown = [x(at) for at in fixes if first <= at <= last]
    return TimeLine(width, x(violated_at), round(after_s * scale, 1), x(passed_at), shown, ticks)
