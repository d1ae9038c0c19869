"""A camera system as the world outside has it: sends what its cameras saw over HTTP, as a real one does."""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

import httpx

from minjing.base.ids import new_id
from minjing.modules.traffic.models import Violation
from minjing.modules.traffic.rules import plates
from minjing.site.demo import camera
from minjing.site.demo.ambulances import CAMERA_TOKEN, EAST_WEST, NORTH_SOUTH
from minjing.site.processes import CannotStart

CONDUCTS = ("SZP01", "SZP01", "SZP05", "SZP33", "SZP34")
OFFICES = ("粤B", "粤B", "粤B", "粤S", "湘A")
A_MESSAGE = 10  # records
PATIENCE_S = 30


def send(url: str, count: int, now: datetime, say: Callable[[str], None]) -> int:
    """Send `count` records to the pages at `url`; say what became of each; return how many were taken."""
    sent, taken = iter(_records(count, now)), 0
    while several := list(itertools.islice(sent, A_MESSAGE)):
        for answer in _post(url, {"sent_at": now.isoformat(), "system": "wgs84", "records": several}):
            taken += answer["state"] == "taken"
            say(f"{answer['record']}  {answer['state']}  {answer.get('number') or answer.get('why', '')}")
    return taken


def _records(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    random = Random(now.timestamp())  # noqa: S311 - the demo's
    for n in range(count):
        row, column = random.randrange(len(EAST_WEST)), random.randrange(len(NORTH_SOUTH))
        seen = Violation(
            violated_at=now - timedelta(seconds=random.randrange(60, 3_600)),
            conduct=random.choice(CONDUCTS),
            place=f"{EAST_WEST[row][0]} / {NORTH_SOUTH[column][0]}",
            plate=plates.nth(random.choice(OFFICES), random.randrange(100_000)),
        )
        yield {
            "record": f"{now:%y%m%d%H%M%S}-{n}-{new_id().hex[-6:]}",
            "camera": f"FT{row}{column}{random.randrange(4)}",
            "conduct": seen.conduct,
            "plate": seen.plate,
            "at": seen.violated_at.isoformat(),
            "pictures": [b64encode(camera.picture(seen)).decode()],
        }


def _post(url: str, message: Mapping[str, Any]) -> list[dict[str, Any]]:
    who = {"Authorization": f"Bearer {CAMERA_TOKEN}"}
    try:
        answer = httpx.post(
            f"{url.rstrip('/')}/traffic/cameras/records/", json=message, headers=who, timeout=PATIENCE_S
        )
    except httpx.HTTPError as silent:
        raise CannotStart(f"Nobody answers at {url} ({silent}). Start the house: make up") from None
    if answer.status_code != 200:
        raise CannotStart(f"{url} refused with {answer.status_code}: {answer.text[:300]}")
    records: list[dict[str, Any]] = answer.json()["records"]
    return records
