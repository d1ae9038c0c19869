"""A driver says that they made way for an ambulance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import AwareDatetime, BaseModel, Field

from minjing.base.clock import now
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.modules.traffic import errors
from minjing.modules.traffic.actions.yielding import asking
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])


class MadeWayIn(BaseModel):
    """When the ambulance passed, and where; without a place that of the violation is meant. WGS-84."""

    at: AwareDatetime
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)


class MadeWayOut(BaseModel):
    """Whether an ambulance was found that explains it; an officer decides on it then."""

    found: bool
    candidate: UUID | None
    state: str  # waiting, confirmed, rejected; "" when nothing was found


@router.post("/violations/{violation_id}/made-way", response={200: MadeWayOut, 201: MadeWayOut})
def say(request: HttpRequest, violation_id: UUID, said: MadeWayIn) -> tuple[int, dict[str, Any]]:
    """Say of an own violation that one made way: 201 where an ambulance was found, 200 where none was."""
    by = asker(request)
    if by.person_id is None:
        raise NotAllowed("identity_level", "请先完成实名核验。", "Say who you are first.")
    place = (said.lat, said.lon) if said.lat is not None and said.lon is not None else None
    try:
        found = asking.ask(violation_id, said.at, place, by=by, now=now())
    except errors.Unknown:
        raise Unknown from None
    except asking.NotOfThisKind:
        raise NotAllowed(
            "not_of_this_kind",
            "这一类违法不是避让造成的，请提出异议并附证据。",
            "Making way cannot cause a violation of this class; object and give evidence.",
        ) from None
    except asking.Elsewhere:
        raise NotAllowed(
            "elsewhere",
            "您说的时间或地点与这条记录对不上：应在前后 10 分钟、2 公里内。",
            "That does not go with this record: it should be within 10 minutes and 2 km.",
        ) from None
    state = found.state if found else ""
    return (201 if found else 200), {"found": found is not None, "candidate": found and found.pk, "state": state}
