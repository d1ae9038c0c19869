"""Choosing a plate number: fifty drawn at random, one kept, let go again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, Field

from minjing.base.clock import now
from minjing.modules.traffic.actions import plate_numbers as acts
from minjing.modules.traffic.queries import plate_numbers as offers
from minjing.modules.traffic.views.api.door import NO_NUL, known
from minjing.portals.api.shapes import ErrorOut, Shape

router = Router(tags=["traffic"])


class PlateDrawIn(BaseModel):
    """For which kind of plate: 01 large, 02 small, 52 small with new energy."""

    kind: Literal["01", "02", "52"] = "02"


class PlateKeepIn(BaseModel):
    """One of the numbers that were offered."""

    plate: str = Field(max_length=8, pattern=NO_NUL)


class PlateOfferOut(Shape):
    """Fifty numbers of which one may be kept, while the offer runs."""

    id: UUID
    plate_kind: str
    plates: list[str]
    expires_at: datetime


class PlateKeptOut(Shape):
    """A number that is kept for one, and until when."""

    plate: str
    until: datetime


class PlatesOut(Shape):
    """What is kept for one, what is on offer, and how often one may still draw today."""

    kept: PlateKeptOut | None
    offer: PlateOfferOut | None
    draws_left: int


class PlateLetGoOut(Shape):
    """How many numbers went back to the pool: one, or none where nothing was kept."""

    count: int


@router.get("/plates", response=PlatesOut)
def plates(request: HttpRequest) -> PlatesOut:
    """Return the number that is kept for one, and the offer that runs."""
    (_, person), at = known(request), now()
    kept, offer = acts.held_by(person, at), offers.running(person, at)
    return PlatesOut(
        kept=PlateKeptOut(plate=kept.plate, until=kept.held_until_at) if kept and kept.held_until_at else None,
        offer=PlateOfferOut.model_validate(offer) if offer else None,
        draws_left=max(0, acts.DRAWS_A_DAY - offers.drawn_today(person, at)),
    )


@router.post("/plates/draw", response={201: PlateOfferOut, 403: ErrorOut, 409: ErrorOut, 429: ErrorOut})
def draw(request: HttpRequest, said: PlateDrawIn) -> Status[Any]:
    """Draw fifty numbers at random; the ones before can be kept no longer. Six a day, then 429."""
    by, person = known(request)
    return Status(201, acts.draw(person, said.kind, by=by, now=now()))


@router.post("/plates/keep", response={200: PlateKeptOut, 403: ErrorOut, 409: ErrorOut})
def keep(request: HttpRequest, said: PlateKeepIn) -> PlateKeptOut:
    """Keep a number of the running offer; the one kept before goes back. Gone or not offered, it is 409."""
    by, person = known(request)
    return PlateKeptOut(plate=said.plate, until=acts.keep(said.plate, person, by=by, now=now()))


@router.post("/plates/let-go", response={200: PlateLetGoOut, 403: ErrorOut})
def let_go(request: HttpRequest) -> PlateLetGoOut:
    """Give the kept number back."""
    by, person = known(request)
    return PlateLetGoOut(count=acts.let_go(person, by=by, now=now()))
