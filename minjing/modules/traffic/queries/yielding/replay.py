"""A mission to watch again: its track on a map, where it stood at each step, what it explained on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.errors import NotAllowed
from minjing.modules.traffic.models import Candidate, Mission, TrackPart, Violation
from minjing.modules.traffic.queries.yielding.tracks import Position, ground_near, track_of
from minjing.modules.traffic.rules.yielding import drawing
from minjing.modules.traffic.rules.yielding.drawing import Map, Mark

ACT = "supervise"


@dataclass(frozen=True, slots=True)
class Replay:
    """The drawn mission at one step."""

    mission: Mission
    map: Map
    step: int
    here: Mark
    at: datetime
    explained: Sequence[Candidate]
    track: Sequence[Position]  # WGS-84


@dataclass(frozen=True, slots=True)
class Listed:
    """A mission with how many violations it may explain, and how many it does."""

    mission: Mission
    waiting: int
    confirmed: int


def require_watcher(by: Actor) -> None:
    """Raise NotAllowed unless one of the officer's posts supervises."""
    if not any(ACT in holding.acts for holding in by.holdings):
        raise NotAllowed("no_right", "需要效能督察岗位。", "This needs a post that supervises.", needs=ACT)


def missions(by: Actor) -> Sequence[Listed]:
    """Return the latest missions that have a track. Raises NotAllowed: no post."""
    require_watcher(by)
    waiting, confirmed = Q(candidates__state=Candidate.WAITING), Q(candidates__state=Candidate.CONFIRMED)
    counted = Mission.objects.annotate(
        waiting=Count("candidates", filter=waiting), confirmed=Count("candidates", filter=confirmed)
    )
    # Not by a join: each part of a track would count the candidates once more.
    has_track = Exists(TrackPart.objects.filter(mission=OuterRef("pk")))
    rows = counted.filter(has_track).order_by("-began_at")[:100]
    return [Listed(row, row.waiting, row.confirmed) for row in rows]


def replay(mission_id: UUID, step: int) -> Replay | None:
    """Return a mission drawn with the ambulance at a step (at most the last); None without a track."""
    mission = Mission.objects.filter(pk=mission_id).first()
    track = track_of(mission_id) if mission else []
    if mission is None or not track:
        return None
    explained = list(Candidate.objects.filter(mission=mission).order_by("passed_at"))
    places = Violation.objects.filter(pk__in=[one.violation_id for one in explained], lat__isnull=False)
    others = [(lat, lon) for lat, lon in places.values_list("lat", "lon") if lat is not None and lon is not None]
    drawn = drawing.whole(track, ground_near(track).approaches, others)
    step = max(0, min(step, len(drawn.fixes) - 1))
    here = drawn.fixes[step]
    return Replay(mission, drawn, step, here, datetime.fromtimestamp(here.at, UTC), explained, track)
