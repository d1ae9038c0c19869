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

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from minjing.base.coordinates import SYSTEMS

MESSAGE_MOST = 2 << 20  # bytes; a picture in base64 takes a third more than it has
FIXES_MOST = 20_000
TEXT_MOST = {"batch": 64, "number": 40, "callsign": 20, "report": 64, "place": 80, "plate": 12, "plate_kind": 2}


class WrongMessage(ValueError):
    """The message is not what the interface takes; `where` is the path of the fault, `why` a sentence."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


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
    if len(body) > MESSAGE_MOST:
        raise WrongMessage("", f"longer than {MESSAGE_MOST} bytes; send several batches")
    try:
        said = json.loads(body)
    except ValueError:
        raise WrongMessage("", "not JSON in UTF-8") from None
    if not isinstance(said, dict):
        raise WrongMessage("", "not an object")
    system = said.get("system", system)
    if system not in SYSTEMS:
        raise WrongMessage("system", f"not one of {', '.join(SYSTEMS)}")
    missions = tuple(_mission(row, f"missions[{n}]") for n, row in _rows(said, "missions"))
    tracks: dict[str, tuple[tuple[float, float, float], ...]] = {}
    for n, row in _rows(said, "tracks"):
        number = _text(row, "mission", f"tracks[{n}]")
        tracks[number] = tracks.get(number, ()) + _fixes(row.get("fixes"), f"tracks[{n}].fixes")
    reports = tuple(_report(row, f"reports[{n}]") for n, row in _rows(said, "reports"))
    message = Message(
        _text(said, "batch", ""), _instant(said, "sent_at", ""), system, missions, tracks, reports
    )  # fmt: skip
    if message.fixes > FIXES_MOST:
        raise WrongMessage("tracks", f"more than {FIXES_MOST} fixes; send several batches")
    return message


def _rows(said: Mapping[str, Any], name: str) -> list[tuple[int, Mapping[str, Any]]]:
    rows = said.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WrongMessage(name, "not a list of objects")
    return list(enumerate(rows))


def _text(said: Mapping[str, Any], name: str, where: str) -> str:
    value = said.get(name)
    most = TEXT_MOST.get(name, TEXT_MOST["number"])
    if not isinstance(value, str) or not 0 < len(value.strip()) <= most:
        raise WrongMessage(f"{where}.{name}".lstrip("."), f"a text of 1 to {most} characters is needed")
    return value.strip()


def _instant(said: Mapping[str, Any], name: str, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(said.get(name) or "")
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None:
        raise WrongMessage(f"{where}.{name}".lstrip("."), "an instant with its offset is needed (RFC 3339)")
    return at


def _mission(row: Mapping[str, Any], where: str) -> Told:
    began_at = _instant(row, "began_at", where)
    ended_at = _instant(row, "ended_at", where) if row.get("ended_at") is not None else None
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
    # What does not exist on Earth is refused; what is merely far away is for the match to leave out.
    if not (isfinite(at) and 0 < at < 4e9 and -90 <= lat <= 90 and -180 <= lon <= 180):
        raise WrongMessage(where, "no such instant or position; latitude comes first")
    return at, lat, lon


def _report(row: Mapping[str, Any], where: str) -> Report:
    _, lat, lon = _fix([1, row.get("lat"), row.get("lon")], where)
    heading = row.get("heading_deg")
    if heading is not None and (type(heading) is not int or not 0 <= heading < 360):
        raise WrongMessage(f"{where}.heading_deg", "a whole number of 0 to 359 is needed")
    return Report(
        _text(row, "report", where), _text(row, "mission", where), _text(row, "plate", where),
        _text(row, "plate_kind", where) if row.get("plate_kind") else "", _instant(row, "at", where), lat, lon,
        heading, _text(row, "place", where), _picture(row, where),
    )  # fmt: skip


def _picture(row: Mapping[str, Any], where: str) -> bytes:
    """Return the picture of a report, as it was sent: what it really holds is looked at where it is kept."""
    said = row.get("picture")
    if said is None:
        return b""
    try:
        return b64decode(said, validate=True)
    except (TypeError, ValueError):
        raise WrongMessage(f"{where}.picture", "base64 is needed") from None
