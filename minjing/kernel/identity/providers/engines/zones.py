"""The machine-readable zone in a photo of a passport's page or of a permit's back."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import cv2

from minjing.kernel.identity.providers.engines import pictures, text
from minjing.kernel.identity.providers.engines.pictures import Picture
from minjing.kernel.identity.providers.engines.trouble import Trouble
from minjing.kernel.identity.rules import mrz
from minjing.kernel.identity.rules.card_text import Line

WIDTH = 1280
LONG = 9.0  # a zone's line is 15 to 40 times as wide as high


def read(facts: dict[str, Any], given: list[bytes]) -> dict[str, Any]:
    """Return the zone as JSON; see reading.read_mrz."""
    text.quiet()
    picture, today = pictures.decode(given[0]), date.fromisoformat(facts["today"])
    found: mrz.Mrz | None = None
    for straight in _tries(picture):
        lines, _ = text.lines(straight, LONG)
        try:
            found = mrz.parse(_rows(lines), today)
        except mrz.NoMrz:
            continue
        if not found.failed:
            break
    if found is None:
        raise Trouble("no_zone")
    said = dataclasses.asdict(found)
    for name in ("birth_date", "expiry_date"):
        said[name] = said[name].isoformat() if said[name] else None
    return said


def _tries(picture: Picture) -> list[Picture]:
    """Return the picture whole, and the document cut out of it when its edges are seen."""
    scale = WIDTH / picture.shape[1]
    whole = cv2.resize(
        picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    tries = [pictures.as_picture(whole)]
    corners = pictures.find_card(picture)
    if corners is not None:
        tries.insert(0, pictures.cut(picture, corners, WIDTH))
    return tries


def _rows(lines: list[Line]) -> list[str]:
    """Return the texts from top to bottom; pieces of one row are joined."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: one.middle):
        if rows and abs(line.middle - rows[-1][-1].middle) < 0.5 * line.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return ["".join(one.text for one in sorted(row, key=lambda one: one.left)) for row in rows]
