"""The officers' desks: violations to review, and those that an ambulance may explain."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, Field

from minjing.base.clock import now
from minjing.kernel.matters.errors import Unknown
from minjing.modules.traffic import errors, packs
from minjing.modules.traffic.actions import evidence, parking
from minjing.modules.traffic.actions import violations as acts
from minjing.modules.traffic.actions.guarding import require_reviewer
from minjing.modules.traffic.actions.yielding import deciding
from minjing.modules.traffic.models import ParkingNotice
from minjing.modules.traffic.queries import evidence as pictures
from minjing.modules.traffic.queries import violations as queries
from minjing.modules.traffic.queries.yielding import desk
from minjing.modules.traffic.views.api.own import row_out
from minjing.modules.traffic.views.evidence import jpeg
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])
LISTED = 50


class ReviewIn(BaseModel):
    """What an officer finds: true, or removed for a ground of the packs."""

    ground: str = Field(max_length=24)  # "" publishes


class DecideIn(BaseModel):
    """Whether the ambulance explains it."""

    confirmed: bool
    reason: str = Field("", max_length=200)


@router.get("/review")
def waiting(request: HttpRequest) -> dict[str, Any]:
    """Return the violations that wait for a look, oldest first, the grounds of removal, and how many wait."""
    require_reviewer(None, by=asker(request), now=now())
    grounds = {code: dict(ground.title) for code, ground in packs.in_force().grounds.items()}
    found = queries.to_review(limit=LISTED)
    photos = pictures.photos_of([row.pk for row in found])
    claims = parking.claims_of([row.pk for row in found])
    rows = [row_out(row) | {"photos": photos[row.pk], "claim": _claim(claims.get(row.pk))} for row in found]
    return {"count": queries.waiting_count(), "grounds": grounds, "violations": rows}


@router.get("/review/{uuid:violation_id}/photos/{uuid:photo_id}")
def photo(request: HttpRequest, violation_id: UUID, photo_id: UUID) -> HttpResponse:
    """Return a picture as JPEG; the look is on record before."""
    return jpeg(evidence.show_photo(violation_id, photo_id, by=asker(request), now=now()))


@router.post("/review/{uuid:violation_id}")
def review(request: HttpRequest, violation_id: UUID, said: ReviewIn) -> dict[str, Any]:
    """Publish a record, or remove it for a ground; return it as it is then."""
    return row_out(acts.review(violation_id, said.ground, by=asker(request), now=now()))


@router.get("/yielding")
def candidates(request: HttpRequest, after: UUID | None = None) -> dict[str, Any]:
    """Return the candidate that waits longest, or the next `after` one, with the proof, and how many wait."""
    require_reviewer(None, by=asker(request), now=now())
    first = desk.next_waiting(after)
    look = desk.look_at(first) if first else None
    return {"count": desk.waiting_count(), "candidate": _look(look) if look else None}


@router.get("/yielding/{uuid:candidate_id}")
def candidate(request: HttpRequest, candidate_id: UUID) -> dict[str, Any]:
    """Return one candidate with the proof, also when it has been decided."""
    require_reviewer(None, by=asker(request), now=now())
    found = desk.candidate(candidate_id)
    look = desk.look_at(found) if found else None
    if look is None:
        raise Unknown
    return _look(look)


@router.post("/yielding/{uuid:candidate_id}")
def decide(request: HttpRequest, candidate_id: UUID, said: DecideIn) -> dict[str, Any]:
    """Confirm, and the violation is struck with all that follows; or reject. Decided by another, it is 409."""
    try:
        made = deciding.decide(candidate_id, said.confirmed, said.reason, by=asker(request), now=now())
    except errors.Unknown:
        raise Unknown from None
    except deciding.Decided:
        raise errors.Refused("state") from None
    return {"id": made.pk, "state": made.state}


def _look(look: desk.Look) -> dict[str, Any]:
    one, violation = look.candidate, look.violation
    photos = pictures.photos_of([violation.pk])[violation.pk]
    return {
        "id": one.pk,
        "state": one.state,
        "callsign": one.mission.callsign,
        "passed_at": one.passed_at,
        "after_s": look.after_s,
        "distance_m": one.distance_m,
        "turn_deg": look.turn_deg,
        "evidence": one.evidence,
        "violation": row_out(violation) | {"photos": photos},
    }


def _claim(notice: ParkingNotice | None) -> dict[str, Any] | None:
    return {"noticed_at": notice.noticed_at, "left_at": notice.left_at} if notice else None
