"""Residents' visits: where and when, keep or book a time, move it, give it up, wait for a full day."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Status

from minjing.base.clock import now
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.rules import HELD, PlaceFacts
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries as matters
from minjing.portals.api import shapes_visits as shapes
from minjing.portals.api.shapes import ErrorOut, RequestIn
from minjing.portals.api.shapes_visits import BookingDay, Instant, VisitOut
from minjing.portals.api.views.door import resident
from minjing.portals.frame.calendar_file import calendar

visits = Router(tags=["visits"])
Asked = Annotated[list[str], Query(max_length=20)]
AskedOrNone = Annotated[list[str] | None, Query(max_length=20)]
DayAsked = Annotated[BookingDay, Path()]
InstantAsked = Annotated[Instant, Query()]
UnitAsked = Annotated[str, Query(pattern=r"^[0-9A-Za-z_-]{0,30}$")]
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut}


# ---- places and times -----------------------------------------------------------------------------------


@visits.get("/places", response=list[shapes.PlaceOut])
def places(
    request: HttpRequest,
    kind: str = "",
    services: AskedOrNone = None,
    near: UnitAsked = "",
) -> list[shapes.PlaceOut]:
    """Return the places that offer all of these services, of one kind if asked for.

    With services each says its first free time and how full it is; with `near`, the code of a station, the nearest
    come first.
    """
    resident(request)
    at, wanted = now(), services or []
    listed = queries.places(kind, wanted)
    load = queries.board(listed, wanted, at) if wanted else {}
    first = queries.first_free(listed, wanted, at) if wanted else {}
    return [
        shapes.PlaceOut.of(place, first.get(place.code), load.get(place.code), km)
        for place, km in _ordered(listed, near)
    ]


def _ordered(listed: list[PlaceFacts], near: str) -> list[tuple[PlaceFacts, float | None]]:
    origin = queries.exit_of(near) if near else None
    if origin is None:
        return [(place, None) for place in listed]
    return list(queries.nearest_first(listed, *origin))


@visits.get("/places/{slug:code}/days", response=list[shapes.DayOut])
def days(request: HttpRequest, code: str, services: Asked) -> list[shapes.DayOut]:
    """Return the days of a place that can be booked ahead, full and closed ones too."""
    resident(request)
    return [shapes.DayOut.of(day) for day in queries.days(_place(code, services), services, now())]


@visits.get("/places/{slug:code}/days/{day}/times", response=list[shapes.TimeOut])
def times(request: HttpRequest, code: str, day: DayAsked, services: Asked) -> list[shapes.TimeOut]:
    """Return the times of a day that are free for these services."""
    resident(request)
    free = queries.slots(_place(code, services), day, services, now())
    return [shapes.TimeOut.model_validate(slot) for slot in free]


@visits.get("/places/{slug:code}/nearest", response=list[shapes.TimeOut])
def nearest(request: HttpRequest, code: str, starts_at: InstantAsked, services: Asked) -> list[shapes.TimeOut]:
    """Return the free times of a place nearest to one that is full, the nearest first."""
    resident(request)
    free = queries.nearest_free(_place(code, services), starts_at, services, now())
    return [shapes.TimeOut.model_validate(slot) for slot in free]


def _place(code: str, services: list[str]) -> PlaceFacts:
    """Return the place. Raises Unknown; Wrong where it does not offer these services."""
    place = queries.place(code)
    actions.checked_services(place, services)
    return place


# ---- my visits ------------------------------------------------------------------------------------------


@visits.get("", response=list[VisitOut])
def mine(request: HttpRequest) -> list[VisitOut]:
    """Return one's own visits, those to come first, then the latest; holds that are over are left out."""
    at = now()
    return [VisitOut.of(visit) for visit in queries.my_visits(resident(request)) if _lives(visit, at)]


def _lives(visit: Visit, at: datetime) -> bool:
    return visit.state != HELD or (visit.held_until is not None and visit.held_until > at)


@visits.get("/misses", response=shapes.MissesOut)
def misses(request: HttpRequest) -> shapes.MissesOut:
    """Return which missed visits count, and until when booking online therefore rests."""
    found = queries.counted_misses(resident(request), now())
    return shapes.MissesOut(counted=list(found.counted), until=found.until)


@visits.post("", response={201: VisitOut, **REFUSED})
def book(request: HttpRequest, data: shapes.BookIn) -> Status[VisitOut]:
    """Book a visit at once; the same request twice is one visit."""
    by = resident(request)
    booked = actions.book(data.place, data.services, data.starts_at, by=by, now=now(), request_id=data.request_id)
    return Status(201, VisitOut.of(booked))


@visits.post("/holds", response={201: VisitOut, **REFUSED})
def hold(request: HttpRequest, data: shapes.HoldIn) -> Status[VisitOut]:
    """Keep a time for some minutes, until it is confirmed, or the draft it is for is submitted."""
    by, at = resident(request), now()
    held = actions.hold(
        data.place, data.services, data.starts_at, by=by, now=at, request_id=data.request_id,
        subject_id=_subject(data.subject_id, by, at),
    )  # fmt: skip
    return Status(201, VisitOut.of(held))


def _subject(asked: UUID | None, by: Actor, at: datetime) -> UUID | None:
    """Return what a visit is for, if it is the asker's own. Raises Unknown."""
    return matters.visit_subject(asked, by, at) if asked else None


@visits.get("/{uuid:visit_id}", response={200: VisitOut, **REFUSED})
def one(request: HttpRequest, visit_id: UUID) -> VisitOut:
    """Return one's own visit; that somebody asked for another's is on record."""
    return VisitOut.of(actions.own(visit_id, by=resident(request), now=now()))


@visits.get("/{uuid:visit_id}.ics")
def calendar_file(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Return one's own visit for a calendar (RFC 5545), with a reminder an hour before."""
    visit = actions.own(visit_id, by=resident(request), now=now())
    file = calendar(visit, queries.place_by_id(visit.place_id), now())
    headers = {"Cache-Control": "no-store, private"}
    return HttpResponse(file, content_type="text/calendar; charset=utf-8", headers=headers)


@visits.post("/{uuid:visit_id}/confirm", response={200: VisitOut, **REFUSED})
def confirm(request: HttpRequest, visit_id: UUID, data: RequestIn) -> VisitOut:
    """Book what is held, or was offered from a waiting list."""
    by = resident(request)
    return VisitOut.of(actions.confirm(visit_id, by=by, now=now(), request_id=data.request_id))


@visits.post("/{uuid:visit_id}/move", response={200: VisitOut, **REFUSED})
def move(request: HttpRequest, visit_id: UUID, data: shapes.MoveIn) -> VisitOut:
    """Move a visit to another time or place; the old time is let go when the new one is taken."""
    by = resident(request)
    moved = actions.reschedule(
        visit_id, data.starts_at, ver=data.ver, by=by, now=now(), request_id=data.request_id,
        place_code=data.place, services=data.services,
    )  # fmt: skip
    return VisitOut.of(moved)


@visits.post("/{uuid:visit_id}/cancel", response={200: VisitOut, **REFUSED})
def cancel(request: HttpRequest, visit_id: UUID, data: shapes.CancelIn) -> VisitOut:
    """Give a visit up; its time is free at once."""
    by = resident(request)
    return VisitOut.of(actions.cancel(visit_id, ver=data.ver, by=by, now=now(), request_id=data.request_id))


@visits.post("/{uuid:visit_id}/challenge", response={200: VisitOut, **REFUSED})
def challenge(request: HttpRequest, visit_id: UUID, data: shapes.ChallengeIn) -> VisitOut:
    """Say why a missed visit should not count; once a visit."""
    by, at = resident(request), now()
    visit = actions.own(visit_id, by=by, now=at)
    actions.challenge(visit_id, data.words, by=by, now=at)
    return VisitOut.of(visit)


# ---- waiting --------------------------------------------------------------------------------------------


@visits.get("/waits", response=list[shapes.WaitOut])
def waits(request: HttpRequest) -> list[shapes.WaitOut]:
    """Return the waiting lists one is on."""
    return [shapes.WaitOut.of(wait) for wait in queries.my_waits(resident(request))]


@visits.post("/waits", response={201: shapes.WaitOut, **REFUSED})
def wait_for(request: HttpRequest, data: shapes.WaitIn) -> Status[shapes.WaitOut]:
    """Go on the waiting list of a day; twice is once."""
    by, at = resident(request), now()
    subject_id = _subject(data.subject_id, by, at)
    wait = actions.wait_for(data.place, data.day, data.services, by=by, now=at, subject_id=subject_id)
    return Status(201, shapes.WaitOut.of(wait))


@visits.delete("/waits/{uuid:wait_id}", response={200: dict[str, bool], **REFUSED})
def leave(request: HttpRequest, wait_id: UUID) -> dict[str, bool]:
    """Leave a waiting list; what was offered goes to the next."""
    actions.leave_list(wait_id, by=resident(request), now=now())
    return {"left": True}
