"""Tracks of ambulances: batches that are held until a person says what is right, and missions watched again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel

from minjing.base.clock import now
from minjing.kernel.matters.errors import Unknown
from minjing.modules.traffic import errors
from minjing.modules.traffic.actions.guarding import require_reviewer
from minjing.modules.traffic.actions.yielding import holding, watching
from minjing.modules.traffic.models import Mission
from minjing.modules.traffic.queries.yielding import desk, replay
from minjing.modules.traffic.views.yielding.words import said_of
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])


class HeldBatchIn(BaseModel):
    """What is right: take it as it was sent, as GCJ-02, with its clock put right; or discard it."""

    answer: Literal["as_sent", "gcj02", "clock", "discard"]


@router.get("/yielding/held")
def held(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the batches that are held, the first on top, each with what was noticed."""
    require_reviewer(None, by=asker(request), now=now())
    return [
        {
            "id": batch.pk,
            "key": batch.key,
            "dispatch": {"zh": batch.dispatch.name_zh, "en": batch.dispatch.name_en},
            "sent_at": batch.sent_at,
            "came_at": batch.came_at,
            "system": batch.system,
            "fixes": batch.fixes,
            "clock_ahead_s": desk.off_s(batch),
            "findings": [finding | {"said": said_of(finding)} for finding in batch.findings],
        }
        for batch in desk.held()
    ]


@router.post("/yielding/held/{uuid:batch_id}", response={204: None})
def settle(request: HttpRequest, batch_id: UUID, said: HeldBatchIn) -> Status[None]:
    """Take a held batch, or discard it; settled already, it is 409."""
    try:
        holding.settle(batch_id, said.answer, by=asker(request), now=now())
    except errors.Unknown:
        raise Unknown from None
    except holding.NotHeld:
        raise errors.Refused("state") from None
    return Status(204, None)


@router.get("/missions")
def missions(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the latest missions with how many violations each may explain and does."""
    return [
        _mission(row.mission) | {"waiting": row.waiting, "confirmed": row.confirmed}
        for row in replay.missions(asker(request))
    ]


@router.get("/missions/{uuid:mission_id}")
def mission(request: HttpRequest, mission_id: UUID) -> dict[str, Any]:
    """Return a mission with its track in WGS-84; that it was watched is on record before."""
    try:
        seen = watching.watch(mission_id, 0, by=asker(request), now=now())
    except errors.Unknown:
        raise Unknown from None
    return _mission(seen.mission) | {
        "track": [{"at": datetime.fromtimestamp(at, UTC), "lat": lat, "lon": lon} for at, lat, lon in seen.track],
        "explained": [
            {"id": one.pk, "violation": one.violation_id, "state": one.state, "passed_at": one.passed_at}
            for one in seen.explained
        ],
    }


def _mission(row: Mission) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "callsign": row.callsign,
        "began_at": row.began_at,
        "ended_at": row.ended_at,
        "doubt": row.doubt,
    }
