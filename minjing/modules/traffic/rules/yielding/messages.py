"""What a dispatch system sends: one JSON message of missions, tracks and reports, checked before anything is done.

The same message comes by HTTP and by MQTT:

    {"batch": "szjj-000123", "sent_at": "2026-11-26T08:00:30+08:00", "system": "wgs84",
     "missions": [{"number": "M1", "callsign": "福田01", "began_at": "…", "ended_at": null}],
     "tracks": [{"mission": "M1", "fixes": [[1795651200, 22.5431, 114.0579], …]}],
     "reports": [{"report": "R1", "mission": "M1", "plate": "粤B12345", "plate_kind": "02", "at": "…",
                  "lat": 22.54, "lon": 114.05, "heading_deg": 90, "place": "深南大道 / 新洲路",
                  "picture": "…"}]}

`picture` is what the recorder saw, a JPEG or PNG in base64; it may be left out.
A message has at most two megabytes with all its pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minjing.modules.traffic.rules.messages import (
    WrongMessage,
    heading,
    instant,
    picture,
    position,
    rows,
    system_of,
    text,
    whole,
)
from minjing.modules.traffic.rules.plates import normalise

MESSAGE_MOST = 2 << 20  # bytes; a picture in base64 takes a third more than it has
FIXES_MOST = 20_000
TEXT_MOST = {"batch": 64, "number": 40, "callsign": 20, "mission": 40, "report": 64, "place": 80,
             "plate": 12, "plate_kind": 2}  # fmt: skip
PLATE_MOST = 8  # signs, without dots and spaces


@dataclass(frozen=True, slots=True)
class Told:
    """One mission as the dispatch system tells of it."""

    number: str
    callsign: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody who did not make way, as the recorder saw it."""

    key: str
    mission: str
    plate: str
    plate_kind: str
    at: datetime
    lat: float
    lon: float
    heading_deg: int | None
    place: str
    picture: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message. Fixes are (seconds, lat, lon) as they were sent, in the system that is said."""

    batch: str
    sent_at: datetime
    system: str
    missions: tuple[Told, ...]
    tracks: Mapping[str, tuple[tuple[float, float, float], ...]]
    reports: tuple[Report, ...]

    @property
    def fixes(self) -> int:
        """How many fixes it has in all."""
        return sum(map(len, self.tracks.values()))


def read(body: bytes, system: str) -> Message:
    """Return the message; `system` is that of the sender, where it says none. Raises WrongMessage."""
    said = whole(body, MESSAGE_MOST)
    system = system_of(said, system)
    missions = tuple(_mission(row, where) for where, row in rows(said, "missions"))
    tracks: dict[str, tuple[tuple[float, float, float], ...]] = {}
    for where, row in rows(said, "tracks"):
        number = _text(row, "mission", where)
        tracks[number] = tracks.get(number, ()) + _fixes(row.get("fixes"), f"{where}.fixes")
    reports = tuple(_report(row, where) for where, row in rows(said, "reports"))
    message = Message(_text(said, "batch", ""), instant(said, "sent_at", ""), system, missions, tracks, reports)
    if message.fixes > FIXES_MOST:
        raise WrongMessage("tracks", f"more than {FIXES_MOST} fixes; send several batches")
    return message


def _text(said: Mapping[str, Any], name: str, where: str) -> str:
    return text(said, name, where, TEXT_MOST[name])


def _mission(row: Mapping[str, Any], where: str) -> Told:
    began_at = instant(row, "began_at", where)
    ended_at = instant(row, "ended_at", where) if row.get("ended_at") is not None else None
    if ended_at is not None and ended_at < began_at:
        raise WrongMessage(f"{where}.ended_at", "before began_at")
    return Told(_text(row, "number", where), _text(row, "callsign", where), began_at, ended_at)


def _fixes(rows: Any, where: str) -> tuple[tuple[float, float, float], ...]:
    if not isinstance(rows, list):
        raise WrongMessage(where, "not a list")
    return tuple(_fix(row, f"{where}[{n}]") for n, row in enumerate(rows))


def _fix(row: Any, where: str) -> tuple[float, float, float]:
    if not isinstance(row, Sequence) or len(row) != 3 or not all(type(value) in (int, float) for value in row):
        raise WrongMessage(where, "[seconds since 1970, lat, lon] is needed")
    at, lat, lon = map(float, row)
    if not 0 < at < 4e9:
        raise WrongMessage(where, "no such instant")
    return at, *position({"lat": lat, "lon": lon}, where)


def _report(row: Mapping[str, Any], where: str) -> Report:
    lat, lon = position(row, where)
    # Whether it is one at all is looked at in the review: a plate half seen must not keep the tracks out.
    plate = normalise(_text(row, "plate", where))
    if len(plate) > PLATE_MOST:
        raise WrongMessage(f"{where}.plate", f"longer than {PLATE_MOST} signs")
    return Report(
        _text(row, "report", where), _text(row, "mission", where), plate,
        _text(row, "plate_kind", where) if row.get("plate_kind") else "", instant(row, "at", where), lat, lon,
        heading(row, where), _text(row, "place", where), picture(row.get("picture"), f"{where}.picture"),
    )  # fmt: skip
