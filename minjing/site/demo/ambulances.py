"""A day of ambulances in the demo: bases, watched approaches, missions, what they explain. All of it is made up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random

from minjing.base.clock import CHINA
from minjing.base.coordinates import gcj02_of
from minjing.kernel.identity.actor import SYSTEM, Actor, Holding
from minjing.modules.traffic.actions import violations
from minjing.modules.traffic.actions.yielding import finding, taking
from minjing.modules.traffic.models import Approach, Base, CameraSystem, DispatchSystem
from minjing.modules.traffic.queries import registers
from minjing.site.demo import camera

TOKEN = "demo-dispatch-2026"  # noqa: S105 - the demo's; a city admits its own: minjing sender
CAMERA_TOKEN = "demo-camera-2026"  # noqa: S105 - the demo's
# Streets of the middle of Futian, as straight lines: a map is not needed to show what happens on them.
EAST_WEST = (("红荔路", 22.5520), ("深南大道", 22.5431), ("福华路", 22.5360), ("滨河大道", 22.5265))
NORTH_SOUTH = (
    ("新洲路", 114.0430), ("益田路", 114.0520), ("金田路", 114.0640), ("彩田路", 114.0720), ("皇岗路", 114.0800),
)  # fmt: skip
BASES = (("福田急救站", "Futian base", 22.5520, 114.0430), ("滨河急救站", "Binhe base", 22.5265, 114.0800))
MISSIONS, STEP_S, SPEED_MPS = 24, 10, 11.0
SEED = 120
# Who jumped the light or stopped to let it through: plate, kind, conduct, and how long before it passed.
KNOWN = (("粤B8A6K1", "02", "SZP01", 12), ("粤BDF2718", "52", "SZP34", 20), ("粤B577K9", "02", "SZP33", 8))
Crossing = tuple[int, int]
Fix = tuple[float, float, float]


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Fill in a day of ambulances; nothing if it is there."""
    _cameras()
    if DispatchSystem.objects.exists():
        return
    dispatch = DispatchSystem.objects.create(
        code="szjj", name_zh="市急救中心（演示）", name_en="Emergency medical centre (demo)", system="wgs84",
        token_hash=sha256(TOKEN.encode()).digest(),
    )  # fmt: skip
    _ground()
    yesterday = now.astimezone(CHINA).replace(hour=7, minute=0, second=0, microsecond=0) - timedelta(days=1)
    random, officer, made = Random(SEED), reviewer(), 0  # noqa: S311 - the demo's, the same each time
    for number in range(MISSIONS):
        begin = yesterday + timedelta(minutes=35 * number)
        way = _way(random)
        fixes = list(_drive(way, begin.timestamp()))
        _send(dispatch, number, begin, fixes)
        plates = KNOWN[number : number + 1] if number < len(KNOWN) else ()
        made += _violations(plates, fixes, way, officer, now)
    found = finding.find(yesterday, yesterday + timedelta(days=1), now=now)
    _held(dispatch, yesterday + timedelta(hours=15))
    say(f"{MISSIONS} missions of ambulances, {made} violations on their way, {found} to look at")


def _cameras() -> None:
    facts = {
        "name_zh": "福田交警监控平台（演示）", "name_en": "Futian traffic cameras (demo)", "system": "wgs84",
        "token_hash": sha256(CAMERA_TOKEN.encode()).digest(),
    }  # fmt: skip
    CameraSystem.objects.get_or_create(code="ft-cameras", defaults=facts)


def _ground() -> None:
    Base.objects.bulk_create(Base(name_zh=zh, name_en=en, lat=lat, lon=lon) for zh, en, lat, lon in BASES)
    Approach.objects.bulk_create(
        Approach(
            code=f"FT{row}{column}{heading // 90}",
            place=f"{street} / {avenue}",
            lat=lat,
            lon=lon,
            heading_deg=heading,
        )
        for row, (street, lat) in enumerate(EAST_WEST)
        for column, (avenue, lon) in enumerate(NORTH_SOUTH)
        for heading in (0, 90, 180, 270)
    )


def _way(random: Random) -> Sequence[Crossing]:
    """Return a way over crossings without turning back, seven long."""
    way = [(random.randrange(len(EAST_WEST)), random.randrange(len(NORTH_SOUTH)))]
    while len(way) < 7:
        row, column = way[-1]
        near = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        inside = [(r, c) for r, c in near if 0 <= r < len(EAST_WEST) and 0 <= c < len(NORTH_SOUTH)]
        way.append(random.choice([one for one in inside if one not in way[-2:]]))
    return way


def _drive(way: Sequence[Crossing], begin: float) -> Iterator[Fix]:
    """Yield a fix every ten seconds along the way."""
    at, left = begin, 0.0
    for (row, column), (to_row, to_column) in itertools.pairwise(way):
        lat, lon = EAST_WEST[row][1], NORTH_SOUTH[column][1]
        north, east = EAST_WEST[to_row][1] - lat, NORTH_SOUTH[to_column][1] - lon
        length = abs(north) * 111_195 + abs(east) * 102_700
        driven = left
        while driven < length:
            yield round(at, 1), round(lat + north * driven / length, 6), round(lon + east * driven / length, 6)
            at, driven = at + STEP_S, driven + STEP_S * SPEED_MPS
        left = driven - length


def _send(dispatch: DispatchSystem, number: int, begin: datetime, fixes: Sequence[Fix]) -> None:
    """Send a mission as the dispatch system does, minutes after it ended."""
    end = datetime.fromtimestamp(fixes[-1][0], CHINA)
    name = f"SZ{begin:%m%d}{number:03d}"
    told = {"number": name, "callsign": f"福田{number % 6 + 1:02d}", "began_at": begin.isoformat()}
    message = {
        "batch": f"{name}-1", "sent_at": (end + timedelta(seconds=30)).isoformat(),
        "missions": [told | {"ended_at": (end + timedelta(seconds=5)).isoformat()}],
        "tracks": [{"mission": name, "fixes": fixes}],
    }  # fmt: skip
    body = json.dumps(message, ensure_ascii=False).encode()
    taking.take(body, dispatch, way="http", now=end + timedelta(seconds=35))


def _violations(
    plates: Sequence[tuple[str, str, str, int]],
    fixes: Sequence[Fix],
    way: Sequence[Crossing],
    by: Actor,
    now: datetime,
) -> int:
    """Enter and publish what happened at the third crossing of the way, just before the ambulance came through."""
    (row, column), (to_row, to_column) = way[2], way[3]
    lat, lon = EAST_WEST[row][1], NORTH_SOUTH[column][1]
    heading = 0 if to_row < row else 180 if to_row > row else 90 if to_column > column else 270
    near = min(fixes, key=lambda fix: abs(fix[1] - lat) + abs(fix[2] - lon))
    for plate, kind, conduct, before in plates:
        vehicle = registers.vehicle_of_plate(plate, kind)
        entered = violations.record(
            {
                "org_id": 1, "violated_at": datetime.fromtimestamp(near[0] - before, CHINA), "conduct": conduct,
                "place": f"{EAST_WEST[row][0]} / {NORTH_SOUTH[column][0]}", "district": "440304",
                "lat": lat + 0.00005, "lon": lon + 0.00005, "heading_deg": heading, "plate": plate,
                "plate_kind": kind,
                "person_id": vehicle.owner_person_id if vehicle else None,
            },
            by=SYSTEM,
            now=now,
        )  # fmt: skip
        camera.photograph(entered)
        violations.review(entered.pk, by=by, now=now)
    return len(plates)


def _held(dispatch: DispatchSystem, begin: datetime) -> None:
    """Send one mission in GCJ-02 that says it is WGS-84: it is noticed and held for a person."""
    fixes = list(_drive([(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)], begin.timestamp()))
    _send(dispatch, 900, begin, [(at, *gcj02_of(lat, lon)) for at, lat, lon in fixes])


def reviewer() -> Actor:
    """Return the officer of the demo who reviews; what SYSTEM may not do, a post may."""
    from minjing.kernel.identity.models import Appointment

    held = Appointment.objects.select_related("unit", "account").get(account__login="traffic.reviewer")
    holding = Holding(
        "traffic_reviewer", held.unit_id, held.unit.path, held.unit.level, held.unit.org_id,
        frozenset({"review_violations"}),
    )  # fmt: skip
    return Actor(held.account_id, "officer", held.account.person_id, level=4, holdings=(holding,))
