"""The officers' desk for accidents: what waits, one case with both sides, the determination."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import BaseModel, Field

from minjing.base.clock import now
from minjing.modules.traffic.actions import accident_desk as acts
from minjing.modules.traffic.models import Accident
from minjing.modules.traffic.queries import accident_desk as queries
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.rules import settlement
from minjing.modules.traffic.views.evidence import jpeg
from minjing.portals.api.shapes import Shape, TextOut
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])


class DeterminationIn(BaseModel):
    """What was found: one of the nine situations and whose act, or "free" with words and a share; why in any case."""

    situation: str = Field(max_length=20)
    at_fault: str = Field("", max_length=1)  # a, b
    finding: str = Field("", max_length=200)
    share: str = Field("", max_length=10)
    reasons: str = Field(max_length=acts.WORDS_MOST)


class DeskAccidentOut(Shape):
    """An accident in a list."""

    id: UUID
    number: str
    state: str
    why: str
    injured: bool
    happened_at: datetime
    place: str
    opened_at: datetime
    due_date: date | None
    officer_id: UUID | None
    situation: str
    at_fault: str
    determined_at: datetime | None


class AccidentDeskOut(BaseModel):
    """How many wait for anybody, and what waits or is one's own, by the day it is due."""

    count: int
    accidents: list[DeskAccidentOut]


class DeskPhotoOut(Shape):
    """A photo: whole at `/accident-desk/{accident}/photos/{id}`."""

    id: UUID
    view: str
    taken_at: datetime


class DeskSideOut(BaseModel):
    """One party as the officer sees it."""

    side: str
    plate: str
    name: str
    said: str
    damage: str
    insurer: str
    liability: str
    photos: list[DeskPhotoOut]


class DeskCaseOut(BaseModel):
    """One accident with its sides, what was found, and what may be said of it."""

    accident: DeskAccidentOut
    lat: float | None
    lon: float | None
    sides: list[DeskSideOut]
    found: dict[str, str]
    situations: dict[str, TextOut]
    shares: dict[str, tuple[str, str]]


@router.get("/accident-desk", response=AccidentDeskOut)
def waiting(request: HttpRequest) -> AccidentDeskOut:
    """Return what waits in one's district, and what one has."""
    by = asker(request)
    rows = [DeskAccidentOut.model_validate(row) for row in queries.waiting(by)]
    return AccidentDeskOut(count=queries.waiting_count(by), accidents=rows)


@router.get("/accident-desk/{uuid:accident_id}", response=DeskCaseOut)
def case(request: HttpRequest, accident_id: UUID) -> DeskCaseOut:
    """Return a case; the looks at both sides are on record before."""
    return _case(acts.show(accident_id, by=asker(request), now=now()))


@router.get("/accident-desk/{uuid:accident_id}/photos/{uuid:photo_id}")
def photo(request: HttpRequest, accident_id: UUID, photo_id: UUID) -> HttpResponse:
    """Return a photo as JPEG; the look is on record before."""
    return jpeg(acts.show_photo(accident_id, photo_id, by=asker(request), now=now()))


@router.post("/accident-desk/{uuid:accident_id}/take", response=DeskAccidentOut)
def take(request: HttpRequest, accident_id: UUID) -> Accident:
    """Take a case over; both parties are told until when it is to be determined. Another's is 409."""
    return acts.take(accident_id, by=asker(request), now=now())


@router.post("/accident-desk/{uuid:accident_id}/leave", response={204: None})
def leave(request: HttpRequest, accident_id: UUID) -> Status[None]:
    """Leave a case one has taken to another officer."""
    acts.leave(accident_id, by=asker(request), now=now())
    return Status(204, None)


@router.post("/accident-desk/{uuid:accident_id}/determine", response=DeskAccidentOut)
def determine(request: HttpRequest, accident_id: UUID, said: DeterminationIn) -> Accident:
    """Find who is liable: each party is issued the determination. Not taken, or determined already, it is 409."""
    return acts.determine(accident_id, said.model_dump(), by=asker(request), now=now())


def _case(seen: queries.Case) -> DeskCaseOut:
    return DeskCaseOut(
        accident=DeskAccidentOut.model_validate(seen.row),
        lat=seen.row.lat,
        lon=seen.row.lon,
        sides=[
            DeskSideOut(
                name=side.name,
                said=side.said,
                photos=[DeskPhotoOut.model_validate(picture) for picture in side.photos],
                **{name: getattr(side.party, name) for name in ("side", "plate", "damage", "insurer", "liability")},
            )
            for side in seen.sides
        ],
        found=dict(seen.found),
        situations={key: TextOut(**one.title) for key, one in found.situations().items()},
        shares=dict(settlement.SHARES),
    )
