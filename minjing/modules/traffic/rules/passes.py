"""Where and when lorries need a pass, and when none is given: roads with hours, as data; the hours of a pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Hours a pass may have: what the options of the form mean, as pairs of local times; over midnight the end is smaller.
HOURS: Mapping[str, Sequence[tuple[str, str]]] = {
    "day": [("07:00", "22:00")],
    "night": [("22:00", "07:00")],
    "off_peak": [("09:00", "17:30"), ("19:30", "07:00")],
}
_ROADS: list[Mapping[str, Any]] = []


@dataclass(frozen=True, slots=True)
class Clash:
    """Hours of a road in which no pass is given, and that the asked ones fall into."""

    code: str
    name: tuple[str, str]
    start: str
    end: str


def learn(roads: Iterable[Mapping[str, Any]]) -> None:
    """Take the restricted roads of the city, as its file has them."""
    _ROADS[:] = list(roads)


def roads() -> Sequence[Mapping[str, Any]]:
    """Return the restricted roads."""
    return _ROADS


def minutes(text: str) -> int:
    """Return `07:30` as minutes of the day."""
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def spans(pairs: Iterable[Sequence[str]]) -> list[tuple[int, int]]:
    """Return hours as spans of minutes within one day; one over midnight becomes two."""
    found: list[tuple[int, int]] = []
    for start, end in pairs:
        first, last = minutes(start), minutes(end)
        found += [(first, last)] if first < last else [(first, 1440), (0, last)]
    return found


def conflicts(codes: Iterable[str], hours: str) -> list[Clash]:
    """Return where the hours asked for fall into those in which a road gives no pass."""
    wanted, asked = set(codes), spans(HOURS[hours])
    clashes: list[Clash] = []
    for road in _ROADS:
        if road["code"] not in wanted:
            continue
        for start, end in road["never"]:
            if any(a < d and c < b for a, b in asked for c, d in spans([(start, end)])):
                clashes.append(Clash(road["code"], (road["zh"], road["en"]), start, end))
    return clashes
