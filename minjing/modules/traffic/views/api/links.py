"""A car in the way: the caller's side. And the links of text messages, which are opened without signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from minjing.base.clock import now
from minjing.kernel.identity import clients
from minjing.modules.traffic.actions import move_calls as moving
from minjing.modules.traffic.actions import parking
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.models import MoveCall
from minjing.modules.traffic.queries import move_calls as found
from minjing.modules.traffic.rules import move_calls as rules
from minjing.modules.traffic.rules.plates import shown
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut
from minjing.portals.api.views.door import resident

router = Router(tags=["traffic"])
REFUSED = {404: ErrorOut, 409: ErrorOut, 429: ErrorOut}


class MoveAnswerIn(BaseModel):
    """What the owner answers; misuse ends the number in between."""

    answer: Literal["coming", "soon", "cannot", "misuse"]


class MoveAskedOut(Shape):
    """A car that is in the way, as its owner sees it: nothing says who asks."""

    plate: str
    place: str
    reason: TextOut
    called_at: datetime
    answer: str
    number: str  # to be telephoned, while it is good
    number_until: datetime | None

    @classmethod
    def of(cls, row: MoveCall, at: datetime, **more: object) -> MoveAskedOut:
        number = found.number_of(row, at)
        return cls(
            plate=shown(row.plate), place=row.place, reason=TextOut(**rules.REASONS.get(row.reason, moving.UNSAID)),
            called_at=row.called_at, answer=row.answer, number=number,
            number_until=row.relay_until_at if number else None, **more,
        )  # fmt: skip


class MoveTalkOut(Shape):
    """One telephone call through the number in between."""

    by_caller: bool
    rang_at: datetime
    talked_s: int


class MoveCallOut(MoveAskedOut):
    """One's own call: whether the owner was told, what became of the number in between, and who telephoned."""

    matter_id: UUID
    state: str  # told, or nobody where no owner can be reached
    relay: str  # asked, bound, ended, failed
    talks: list[MoveTalkOut]


class MoveFinishedOut(Shape):
    """That the car is gone is kept."""

    finished: bool = True


class ParkingNoticeOut(Shape):
    """A parking notice: until when one may drive away, and what was said."""

    plate: str
    title: TextOut
    place: str
    state: str  # of the violation
    noticed_at: datetime
    until: datetime
    left_at: datetime | None
    late: bool


# ---- a car in the way -----------------------------------------------------------------------------------


@router.get("/moves", response=list[MoveCallOut])
def calls(request: HttpRequest) -> list[MoveAskedOut]:
    """Return one's own calls, the latest first. A call begins as a draft of the service JT0614."""
    at = now()
    return [
        MoveCallOut.of(
            row, at, matter_id=row.matter_id, state=row.state, relay=row.relay_state,
            talks=[MoveTalkOut.model_validate(one) for one in row.relayed.all()],
        )
        for row in found.mine(resident(request))
    ]  # fmt: skip


@router.post("/moves/{uuid:matter_id}/finish", response={200: MoveFinishedOut, **REFUSED})
def finish(request: HttpRequest, matter_id: UUID) -> MoveFinishedOut:
    """Say that the car is gone: the number in between ends."""
    moving.finish(matter_id, by=resident(request), now=now())
    return MoveFinishedOut()


@router.get("/move/{link}", response={200: MoveAskedOut, **REFUSED}, auth=None)
def asked(request: HttpRequest, link: str) -> MoveAskedOut:
    """Return what the owner of a car is asked, by the link of the text message."""
    at = now()
    return MoveAskedOut.of(moving.by_link(link, clients.address(request), now=at), at)


@router.post("/move/{link}", response={200: MoveAskedOut, **REFUSED}, auth=None)
def answer(request: HttpRequest, link: str, said: MoveAnswerIn) -> MoveAskedOut:
    """Answer by the link. The last answer counts, but whoever said misuse has said it."""
    at = now()
    moving.by_link(link, clients.address(request), now=at)
    return MoveAskedOut.of(moving.answer(link, said.answer, now=at), at)


# ---- a parking notice -----------------------------------------------------------------------------------


@router.get("/parking/{link}", response={200: ParkingNoticeOut, **REFUSED}, auth=None)
def notice(request: HttpRequest, link: str) -> ParkingNoticeOut:
    """Return a parking notice by the link of its text message."""
    return _notice(link, now())


@router.post("/parking/{link}/left", response={200: ParkingNoticeOut, **REFUSED}, auth=None)
def left(request: HttpRequest, link: str) -> ParkingNoticeOut:
    """Say that the car is gone; said again, nothing changes. After the minutes that are allowed it is 409."""
    at = now()
    parking.left(link, now=at)
    return _notice(link, at)


def _notice(link: str, at: datetime) -> ParkingNoticeOut:
    told, row = parking.by_link(link)
    return ParkingNoticeOut(
        plate=shown(row.plate), title=TextOut(**title_of(row.conduct)), place=row.place, state=row.state,
        noticed_at=told.noticed_at, until=told.noticed_at + parking.window(), left_at=told.left_at,
        late=parking.is_late(told, at),
    )  # fmt: skip
