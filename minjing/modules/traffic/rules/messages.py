"""What machines outside say, read field by field: what is not as the interface has it is named with its path."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from math import nan
from typing import Any

from minjing.base.coordinates import SYSTEMS
from minjing.modules.traffic.errors import plate_words
from minjing.modules.traffic.rules import plates


class WrongMessage(ValueError):
    """The message is not what the interface takes; `where` is the path of the fault, `why` a sentence."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


def whole(body: bytes, most: int) -> Mapping[str, Any]:
    """Return the object that a message is."""
    if len(body) > most:
        raise WrongMessage("", f"longer than {most} bytes; send several")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise WrongMessage("", "not JSON in UTF-8") from None
    if not isinstance(said, dict):
        raise WrongMessage("", "not an object")
    return said


def system_of(said: Mapping[str, Any], usual: str) -> str:
    """Return the system of coordinates that a message names, `usual` where it names none."""
    system = said.get("system", usual)
    if system not in SYSTEMS:
        raise WrongMessage("system", f"not one of {', '.join(SYSTEMS)}")
    return str(system)


def rows(said: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the objects of a list, each with its path; none where the list is left out."""
    found = said.get(name, [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise WrongMessage(name, "not a list of objects")
    return [(f"{name}[{n}]", row) for n, row in enumerate(found)]


def text(said: Mapping[str, Any], name: str, where: str, most: int) -> str:
    """Return a text of 1 to `most` characters that the database can keep."""
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= most or "\0" in value:
        raise WrongMessage(_path(where, name), f"a text of 1 to {most} characters is needed")
    return value.strip()


def instant(said: Mapping[str, Any], name: str, where: str) -> datetime:
    """Return an instant with its offset."""
    try:
        at = datetime.fromisoformat(said.get(name) or "")
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None:
        raise WrongMessage(_path(where, name), "an instant with its offset is needed (RFC 3339)")
    return at


def position(said: Mapping[str, Any], where: str) -> tuple[float, float]:
    """Return latitude and longitude. What does not exist on Earth is refused; far away is not this one's matter."""
    lat, lon = (_number(said.get(name)) for name in ("lat", "lon"))
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise WrongMessage(where, "no such position; latitude comes first, both in degrees")
    return lat, lon


def _number(value: Any) -> float:
    """Return a number, nan for what is none: it lies between no bounds."""
    return float(value) if type(value) in (int, float) else nan


def heading(said: Mapping[str, Any], where: str) -> int | None:
    """Return whole degrees clockwise from north; None where nothing is said."""
    value = said.get("heading_deg")
    if value is not None and (type(value) is not int or not 0 <= value < 360):
        raise WrongMessage(_path(where, "heading_deg"), "a whole number of 0 to 359 is needed")
    return value


def plate_of(said: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Return plate and kind as they are kept; where no kind is said, the one that the plate's text says."""
    try:
        plate = plates.parse(text(said, "plate", where, 12))
    except plates.WrongPlate as wrong:
        raise WrongMessage(_path(where, "plate"), plate_words(wrong)["en"]) from None
    if said.get("plate_kind") is None:
        return plate.text, plate.kind
    kind = text(said, "plate_kind", where, 2)
    if not plates.fits(plate, kind):
        raise WrongMessage(_path(where, "plate_kind"), "no plate of this kind has this text")
    return plate.text, kind


def picture(said: Any, where: str) -> bytes:
    """Return a picture as it was sent, b"" for none: what it really holds is looked at where it is kept."""
    if said is None:
        return b""
    try:
        return b64decode(said, validate=True)
    except (TypeError, ValueError):
        raise WrongMessage(where, "base64 is needed") from None


def _path(where: str, name: str) -> str:
    return f"{where}.{name}".lstrip(".")
