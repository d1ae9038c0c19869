"""A driver says that they made way for an ambulance."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import AwareDatetime, BaseModel, Field

from minjing.base.clock import now
from minjing.kernel.matters.errors import NotAllowed
from minjing.modules.traffic.actions.yielding import asking
from minjing.modules.traffic.queries.yielding import own as queries
from minjing.modules.traffic.views.api.door import known
from minjing.portals.api.shapes import Shape, TextOut
from minjing.portals.api.views.door import resident

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


class MadeWayOfOut(Shape):
    """An own violation that making way can have caused, and how far that has come.

    `stands`: open (nothing asked or found), none (asked, nothing found), waiting, confirmed, rejected.
    """

    violation: UUID
    number: str
    violated_at: datetime
    place: str
    conduct: TextOut
    stands: str


class MadeWayPlaceOut(Shape):
    """A watched place near the violation: its name may be what a driver remembers."""

    code: str
    place: str
    lat: float
    lon: float


class MadeWayAskOut(Shape):
    """How far it has come, "" for a class that making way cannot cause; and the watched places near."""

    stands: str
    places: list[MadeWayPlaceOut]


@router.get("/made-way", response=list[MadeWayOfOut])
def mine(request: HttpRequest) -> list[MadeWayOfOut]:
    """Return the own violations that one may ask about, the newest first."""
    return [
        MadeWayOfOut(
            violation=one.violation.pk, number=one.violation.number, violated_at=one.violation.violated_at,
            place=one.violation.place, conduct=TextOut(**one.conduct), stands=one.stands,
        )
        for one in queries.own(resident(request))
    ]  # fmt: skip


@router.get("/violations/{uuid:violation_id}/made-way", response=MadeWayAskOut)
def one(request: HttpRequest, violation_id: UUID) -> MadeWayAskOut:
    """Return what one may say of an own violation."""
    by, _ = known(request)
    violation = asking.own_violation(violation_id, by)
    stands = next((one.stands for one in queries.own(by) if one.violation.pk == violation.pk), "")
    places = [MadeWayPlaceOut.model_validate(place) for place in queries.places_near(violation)]
    return MadeWayAskOut(stands=stands, places=places)


@router.post("/violations/{uuid:violation_id}/made-way", response={200: MadeWayOut, 201: MadeWayOut})
def say(request: HttpRequest, violation_id: UUID, said: MadeWayIn) -> Status[MadeWayOut]:
    """Say of an own violation that one made way: 201 where an ambulance was found, 200 where none was."""
    by, _ = known(request)
    place = (said.lat, said.lon) if said.lat is not None and said.lon is not None else None
    try:
        found = asking.ask(violation_id, said.at, place, by=by, now=now())
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
    answer = MadeWayOut(found=found is not None, candidate=found.pk if found else None, state=state)
    return Status(201 if found else 200, answer)
