"""Binding vehicles and one's licence, who uses one's vehicles, the stars, and the electronic licence."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Status
from pydantic import BaseModel, Field

from minjing.base.clock import now
from minjing.modules.traffic import signing
from minjing.modules.traffic.actions import bindings as acts
from minjing.modules.traffic.queries import bindings as found
from minjing.modules.traffic.queries import own, stars
from minjing.modules.traffic.rules import licence_codes
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut
from minjing.portals.api.views.door import resident

router = Router(tags=["traffic"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut, 429: ErrorOut}


class BindIn(BaseModel):
    """A plate, and at least the last four signs of the VIN."""

    plate: str = Field(max_length=20)
    vin: str = Field(max_length=20)


class BindLicenceIn(BaseModel):
    """The number on the second page of the licence."""

    file_number: str = Field(max_length=20)


class BindingAnswerIn(BaseModel):
    """The owner's answer; without days it holds until one of the two ends it."""

    agrees: bool
    days: Literal[7, 30, 365] | None = None


class BindingOut(Shape):
    """A binding: own, other or licence; asked, bound, declined or ended."""

    id: UUID
    kind: str
    state: str
    until_at: datetime | None


class UseOut(Shape):
    """Who has bound a vehicle of one's own, or asks to: by the name they gave."""

    id: UUID
    vehicle_id: UUID
    plate: str
    asked: bool
    user: str
    asked_at: datetime
    until_at: datetime | None


class BindingEndedOut(Shape):
    """Whether it was ended now; if not, it had ended before."""

    ended: bool


class StarOut(Shape):
    """One way to a star, and whether it stands."""

    key: str
    gives: int
    title: TextOut
    how: TextOut
    held: bool


class StarsOut(Shape):
    """How many stars one has, and what gives each."""

    count: int
    ways: list[StarOut]


class LicenceCodeOut(Shape):
    """The electronic licence of this minute: its code, for how long it is the newest, and who checks it where."""

    code: str
    made_at: datetime
    left_s: int
    address: str


@router.get("/cars/uses", response=list[UseOut])
def uses(request: HttpRequest) -> list[Any]:
    """Return who uses, or asks to use, a vehicle of one's own."""
    return list(found.uses(resident(request), now()))


@router.post("/cars/bindings", response={201: BindingOut, **REFUSED})
def bind(request: HttpRequest, said: BindIn) -> Status[Any]:
    """Bind a vehicle: one's own at once, another's once its owner agrees; the same again is the same binding."""
    return Status(201, acts.bind(said.plate, said.vin, by=resident(request), now=now()))


@router.post("/bindings/{uuid:binding_id}/answer", response={200: BindingOut, **REFUSED})
def answer(request: HttpRequest, binding_id: UUID, said: BindingAnswerIn) -> Any:
    """Agree to an ask for one's vehicle, or decline. Answered or lapsed already, it is 409."""
    return acts.answer(binding_id, said.agrees, by=resident(request), now=now(), days=said.days)


@router.post("/bindings/{uuid:binding_id}/end", response={200: BindingEndedOut, **REFUSED})
def end(request: HttpRequest, binding_id: UUID) -> BindingEndedOut:
    """End a binding: one's own, or of one's own vehicle."""
    return BindingEndedOut(ended=acts.end(binding_id, by=resident(request), now=now()))


@router.post("/licence/binding", response={201: BindingOut, **REFUSED})
def bind_licence(request: HttpRequest, said: BindLicenceIn) -> Status[Any]:
    """Bind one's licence, shown by its file number; the same again is the same binding."""
    return Status(201, acts.bind_licence(said.file_number, by=resident(request), now=now()))


@router.get("/licence/code", response=LicenceCodeOut | None)
def licence_code(request: HttpRequest) -> LicenceCodeOut | None:
    """Return the code of one's electronic licence, new each minute; nothing without a licence on record."""
    by, at = resident(request), now()
    licence = own.licence(by, at)
    if licence is None:
        return None
    code = licence_codes.made(own.shown_code(licence, by, at), signing.sign)
    address = f"{settings.BASE_URL}{reverse('traffic:check_licence')}#{code}"
    return LicenceCodeOut(code=code, made_at=at, left_s=licence_codes.left_s(at), address=address)


@router.get("/stars", response=StarsOut)
def standing(request: HttpRequest) -> StarsOut:
    """Return one's stars with what gives each."""
    said = stars.standing(resident(request), now())
    ways = [
        StarOut(key=star.key, gives=star.gives, title=TextOut(**star.title), how=TextOut(**star.how), held=held)
        for star, held in said.ways
    ]
    return StarsOut(count=said.count, ways=ways)
