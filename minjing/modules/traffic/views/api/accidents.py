"""Settling a small accident by two phones: begin, join, photos, what happened, two signatures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router, Status, UploadedFile

from minjing.base.clock import now
from minjing.modules.traffic.actions import accidents as acts
from minjing.modules.traffic.queries import accident_desk
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.views.api import shapes_accidents as shapes
from minjing.modules.traffic.views.api.shapes_accidents import AccidentOut
from minjing.modules.traffic.views.evidence import jpeg
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.views.door import resident

router = Router(tags=["traffic"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut, 429: ErrorOut}
PHOTO: Any = File(...)  # type: ignore[type-arg]
VIEW: Any = Form(...)  # type: ignore[type-arg]


@router.get("/accidents", response=list[shapes.AccidentRowOut])
def mine(request: HttpRequest) -> list[Any]:
    """Return the accidents one was in, the latest first."""
    return list(found.mine(resident(request)))


@router.get("/accidents/choices", response=shapes.AccidentChoicesOut)
def choices(request: HttpRequest) -> shapes.AccidentChoicesOut:
    """Return what may be said: the situations, the districts, and how many photos each side takes."""
    resident(request)
    return shapes.AccidentChoicesOut.now()


@router.post("/accidents", response={201: shapes.AccidentBegunOut, **REFUSED})
def begin(request: HttpRequest, said: shapes.AccidentBeginIn) -> Status[shapes.AccidentBegunOut]:
    """Open the settlement; the code for the other phone is told this once. "" where an officer has it at once."""
    row, code = acts.begin(
        said.place, said.plate, injured=said.injured, drunk=said.drunk, by=resident(request), now=now(),
        org_id=found.district(said.district), spot=said.spot,
    )  # fmt: skip
    return Status(201, shapes.AccidentBegunOut(id=row.pk, number=row.number, state=row.state, why=row.why, code=code))


@router.post("/accidents/join", response={200: AccidentOut, **REFUSED})
def join(request: HttpRequest, said: shapes.AccidentJoinIn) -> AccidentOut:
    """Join by the code of the other phone, once. A wrong, used or late code is 404."""
    by = resident(request)
    row = acts.join(said.code, said.plate, drunk=said.drunk, by=by, now=now())
    return AccidentOut.of(row.pk, by)


@router.get("/accidents/{uuid:accident_id}", response={200: AccidentOut, **REFUSED})
def scene(request: HttpRequest, accident_id: UUID) -> AccidentOut:
    """Return where it stands, to one of its two sides."""
    return AccidentOut.of(accident_id, resident(request))


@router.post("/accidents/{uuid:accident_id}/photos", response={201: AccidentOut, **REFUSED})
def add_photo(
    request: HttpRequest, accident_id: UUID, view: shapes.PhotoView = VIEW, photo: UploadedFile = PHOTO
) -> Status[AccidentOut]:
    """Keep a photo of one's own side (multipart) while nothing is signed."""
    by = resident(request)
    acts.add_photo(accident_id, view, photo.read(), by=by, now=now())
    return Status(201, AccidentOut.of(accident_id, by))


@router.get("/accidents/{uuid:accident_id}/photos/{uuid:photo_id}")
def photo(request: HttpRequest, accident_id: UUID, photo_id: UUID) -> HttpResponse:
    """Return a photo as JPEG: an own one, or the other side's once both have sent; that is on record before."""
    one = acts.show_photo(accident_id, photo_id, by=resident(request), now=now())
    return jpeg(accident_desk.content(one))


@router.post("/accidents/{uuid:accident_id}/say", response={200: AccidentOut, **REFUSED})
def say(request: HttpRequest, accident_id: UUID, said: shapes.AccidentSayIn) -> AccidentOut:
    """Keep what one says in own words, for the officer."""
    by = resident(request)
    acts.say(accident_id, said.said, by=by, now=now())
    return AccidentOut.of(accident_id, by)


@router.post("/accidents/{uuid:accident_id}/propose", response={200: AccidentOut, **REFUSED})
def propose(request: HttpRequest, accident_id: UUID, said: shapes.AccidentProposeIn) -> AccidentOut:
    """Say what happened and whose act it was; the liability follows. Once somebody has signed, it is 409."""
    by = resident(request)
    acts.propose(accident_id, said.situation, said.at_fault, by=by, now=now())
    return AccidentOut.of(accident_id, by)


@router.post("/accidents/{uuid:accident_id}/sign", response={200: AccidentOut, **REFUSED})
def sign(request: HttpRequest, accident_id: UUID, said: shapes.AccidentSignIn) -> AccidentOut:
    """Sign the words that were read, named by their digest; others than those that stand now are 409."""
    by = resident(request)
    acts.sign(accident_id, said.digest, by=by, now=now())
    return AccidentOut.of(accident_id, by)


@router.post("/accidents/{uuid:accident_id}/officer", response={200: AccidentOut, **REFUSED})
def to_officer(request: HttpRequest, accident_id: UUID, said: shapes.AccidentToOfficerIn) -> AccidentOut:
    """Leave it to an officer; once it is closed, that is 409."""
    by = resident(request)
    acts.to_officer(accident_id, said.why, by=by, now=now())
    return AccidentOut.of(accident_id, by)
