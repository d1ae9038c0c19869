"""What a camera system sends: one JSON message of records, each a conduct that a camera saw of one vehicle.

    {"sent_at": "2026-11-26T08:00:30+08:00", "system": "wgs84",
     "records": [{"record": "EP-000123", "camera": "FT1290", "conduct": "SZP01", "plate": "粤B12345",
                  "plate_kind": "02", "at": "2026-11-26T07:58:12+08:00", "lat": 22.5431, "lon": 114.0579,
                  "heading_deg": 90, "place": "深南大道 / 彩田路", "pictures": ["…", "…", "…"]}]}

`conduct` is a code of data/conducts.yaml. A camera that is known here (an approach, by its code) says by itself where
it stands; else position and place are needed. Pictures are JPEG or PNG in base64. A record that is wrong is refused
by itself and named with its path; the others of its message are taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from minjing.modules.traffic.rules.messages import (
    WrongMessage,
    heading,
    instant,
    picture,
    plate_of,
    position,
    rows,
    system_of,
    text,
    whole,
)

MESSAGE_MOST = 8 << 20  # bytes; a picture in base64 takes a third more than it has
RECORDS_MOST, PICTURES_MOST = 50, 3
CLOCK_OFF_S = 300  # platform rule: a sender's clock may be off by this much, for a time decides what is charged
AHEAD_S = 60  # platform rule: no record may be of later than its message by more


@dataclass(frozen=True, slots=True)
class Record:
    """One vehicle's conduct as a camera saw it. `lat` and `lon` are as they were sent, or None."""

    key: str
    camera: str
    conduct: str
    plate: str
    plate_kind: str
    at: datetime
    lat: float | None
    lon: float | None
    heading_deg: int | None
    place: str
    pictures: tuple[bytes, ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that is not as the interface has it."""

    key: str
    wrong: WrongMessage


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message."""

    sent_at: datetime
    system: str
    records: tuple[Record | Unread, ...]


def read(body: bytes, usual: str) -> Message:
    """Return the message. Raises WrongMessage for what cannot be answered record by record."""
    said = whole(body, MESSAGE_MOST)
    system, sent_at, found = system_of(said, usual), instant(said, "sent_at", ""), rows(said, "records")
    if not 0 < len(found) <= RECORDS_MOST:
        raise WrongMessage("records", f"1 to {RECORDS_MOST} records are needed")
    return Message(sent_at, system, tuple(_record(row, where, sent_at) for where, row in found))


def _record(row: Mapping[str, Any], where: str, sent_at: datetime) -> Record | Unread:
    key = text(row, "record", where, 64)
    try:
        return _read(row, where, key, sent_at)
    except WrongMessage as wrong:
        return Unread(key, wrong)


def _read(row: Mapping[str, Any], where: str, key: str, sent_at: datetime) -> Record:
    at, (plate, kind) = instant(row, "at", where), plate_of(row, where)
    if (at - sent_at).total_seconds() > AHEAD_S:
        raise WrongMessage(f"{where}.at", "later than its message was sent")
    lat, lon = position(row, where) if {"lat", "lon"} & set(row) else (None, None)
    sent = row.get("pictures", [])
    if not isinstance(sent, list) or not 0 < len(sent) <= PICTURES_MOST:
        raise WrongMessage(f"{where}.pictures", f"1 to {PICTURES_MOST} pictures are needed")
    return Record(
        key, text(row, "camera", where, 20), text(row, "conduct", where, 8), plate, kind, at, lat, lon,
        heading(row, where), text(row, "place", where, 80) if row.get("place") else "",
        tuple(picture(one, f"{where}.pictures[{n}]") for n, one in enumerate(sent)), _digest(row),
    )  # fmt: skip


def _digest(row: Mapping[str, Any]) -> bytes:
    return sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode(errors="surrogatepass")).digest()
