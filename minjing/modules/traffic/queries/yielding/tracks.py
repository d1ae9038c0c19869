"""Tracks and ground as the rules want them: fixes of missions in some time, bases and approaches near them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import iter_unpack, pack
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from minjing.base.coordinates import Plane
from minjing.kernel.identity.sealing import conceal_bytes, reveal_bytes
from minjing.modules.traffic.models import Approach, Base, Mission, TrackPart
from minjing.modules.traffic.rules.yielding.systems import Ground

if TYPE_CHECKING:
    from minjing.modules.traffic.rules.yielding.matching import Fixes

Position = tuple[float, float, float]  # seconds, lat, lon
FIX = "<3d"
TRACKS = "traffic.tracks"  # what the key of the house is derived for
# The longest that one part may reach: a part that began earlier cannot touch the time asked for.
LONGEST_PART = timedelta(days=1)
NEAR_DEG = 0.02


def packed(positions: Iterable[Position]) -> bytes:
    """Return positions as a part keeps them, sealed."""
    return conceal_bytes(TRACKS, b"".join(pack(FIX, *position) for position in positions))


def unpacked(content: bytes | memoryview) -> list[Position]:
    """Return the positions of a part."""
    return [(at, lat, lon) for at, lat, lon in iter_unpack(FIX, reveal_bytes(TRACKS, bytes(content)))]


def track_of(mission_id: UUID) -> list[Position]:
    """Return all fixes of a mission in order, each instant once."""
    parts = TrackPart.objects.filter(mission_id=mission_id).values_list("fixes_sealed", flat=True)
    once = {position[0]: position for part in parts for position in unpacked(part)}
    return [once[at] for at in sorted(once)]


def ground_near(positions: Sequence[Position]) -> Ground:
    """Return the bases and approaches within some 2 km of a track."""
    if not positions:
        return Ground()
    lats, lons = [p[1] for p in positions], [p[2] for p in positions]
    around = Q(
        lat__range=(min(lats) - NEAR_DEG, max(lats) + NEAR_DEG),
        lon__range=(min(lons) - NEAR_DEG, max(lons) + NEAR_DEG),
    )
    return Ground(
        tuple(Base.objects.filter(around).values_list("lat", "lon")),
        tuple(Approach.objects.filter(around).values_list("lat", "lon", "heading_deg")),
    )


def day(begin: datetime, end: datetime, plane: Plane) -> tuple[list[UUID], Fixes]:
    """Return the missions of [begin, end] whose tracks nobody doubts, and their fixes while they were on.

    The column `mission` of the fixes is the number in the list. Each instant of a mission is there once.
    """
    import numpy

    from minjing.modules.traffic.rules.yielding.matching import Fixes

    rows = list(
        TrackPart.objects.filter(first_at__lte=end, first_at__gt=begin - LONGEST_PART, last_at__gte=begin)
        .filter(mission__doubt="")
        .values_list("mission_id", "fixes_sealed")
    )
    rows = [(mission, reveal_bytes(TRACKS, bytes(content))) for mission, content in rows]
    missions = list(dict.fromkeys(mission for mission, _ in rows))
    on = {pk: (began, ended) for pk, began, ended in
          Mission.objects.filter(pk__in=missions).values_list("pk", "began_at", "ended_at")}  # fmt: skip
    number = {pk: n for n, pk in enumerate(missions)}
    if not rows:
        nothing = numpy.zeros(0)
        return [], Fixes(nothing.astype(numpy.int64), nothing, nothing, nothing)
    values = numpy.frombuffer(b"".join(content for _, content in rows)).reshape(-1, 3)
    of = numpy.repeat([number[pk] for pk, _ in rows], [len(content) // 24 for _, content in rows])
    far = datetime(2100, 1, 1, tzinfo=UTC)
    began = numpy.array([on[pk][0].timestamp() for pk in missions])
    ended = numpy.array([(on[pk][1] or far).timestamp() for pk in missions])
    kept = (values[:, 0] >= began[of]) & (values[:, 0] <= ended[of])
    values, of = values[kept], of[kept]
    order = numpy.lexsort((values[:, 0], of))
    values, of = values[order], of[order]
    once = numpy.ones(len(of), dtype=bool)
    once[1:] = (of[1:] != of[:-1]) | (values[1:, 0] != values[:-1, 0])
    values, of = values[once], of[once]
    east, north = plane.metres(values[:, 1], values[:, 2])
    return missions, Fixes(of.astype(numpy.int64), values[:, 0], east, north)
