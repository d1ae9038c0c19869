"""What the desk shows: candidates that wait, the violation and the mission of each, batches that are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from minjing.modules.traffic import packs
from minjing.modules.traffic.models import Batch, Candidate, Violation
from minjing.modules.traffic.queries.yielding.limits import limits
from minjing.modules.traffic.queries.yielding.tracks import ground_near
from minjing.modules.traffic.rules.penalties.shapes import Text
from minjing.modules.traffic.rules.yielding import drawing
from minjing.modules.traffic.rules.yielding.drawing import Map, TimeLine


@dataclass(frozen=True, slots=True)
class Look:
    """One candidate as an officer or its driver sees it."""

    candidate: Candidate
    violation: Violation
    conduct: Text
    map: Map
    line: TimeLine
    after_s: int  # seconds from the violation to the passing
    turn_deg: int | None  # between the ambulance's heading and the approach


def waiting_count() -> int:
    """Return how many candidates wait for an officer."""
    return Candidate.objects.filter(state=Candidate.WAITING).count()


def held_count() -> int:
    """Return how many batches wait for a person to say what is right."""
    return Batch.objects.filter(state=Batch.HELD).count()


def next_waiting(after: UUID | None = None) -> Candidate | None:
    """Return the candidate that waits longest, or the next one after `after`, around to the first."""
    waiting = Candidate.objects.filter(state=Candidate.WAITING).select_related("mission").order_by("id")
    found = waiting.filter(pk__gt=after).first() if after is not None else None
    return found or waiting.first()


def candidate(candidate_id: UUID) -> Candidate | None:
    """Return one candidate with its mission."""
    return Candidate.objects.filter(pk=candidate_id).select_related("mission").first()


def look_at(one: Candidate) -> Look | None:
    """Return all that the one look takes; None when the violation is gone."""
    violation = Violation.objects.filter(pk=one.violation_id).first()
    if violation is None or violation.lat is None or violation.lon is None:
        return None
    track, stretch = one.evidence["track"], one.evidence["stretch"]
    approaches = [*ground_near([(0.0, violation.lat, violation.lon)]).approaches]
    if violation.heading_deg is not None:
        approaches.append((violation.lat, violation.lon, violation.heading_deg))
    here = (violation.lat, violation.lon)
    violated, passed = violation.violated_at.timestamp(), one.passed_at.timestamp()
    approach = one.evidence["approach_deg"]
    turn = None if approach is None else abs((one.evidence["heading_deg"] - approach + 180) % 360 - 180)
    conduct = packs.conducts().get(violation.conduct)
    return Look(
        one, violation, conduct.title if conduct else {"zh": violation.conduct, "en": violation.conduct},
        drawing.around(here, track, stretch, approaches, limits().within_m),
        drawing.time_line(violated, passed, limits().after_s, [fix[0] for fix in track]),
        round(passed - violated), turn,
    )  # fmt: skip


def held() -> Sequence[Batch]:
    """Return the batches that are held, the one that came first on top."""
    return list(Batch.objects.filter(state=Batch.HELD).select_related("dispatch").order_by("came_at")[:200])


def off_s(batch: Batch) -> int:
    """Return by how many seconds the sender's clock is ahead, as it was found when the batch came."""
    return next((finding["off_s"] for finding in batch.findings if finding["code"] == "clock"), 0)
