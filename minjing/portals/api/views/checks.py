"""Raising one's identity level: photos of the card, what it says, who compares, the step before the camera."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Status, UploadedFile

from minjing.base.clock import now
from minjing.kernel.identity import actions, clients, queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.identity.models import Check
from minjing.kernel.identity.rules.checks import COUNTER_LASTS
from minjing.portals.api import shapes_checks as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.shapes_checks import CheckOut
from minjing.portals.api.views.door import picture, resident, seat_of

checks = Router(tags=["identity"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut, 429: ErrorOut}
PHOTO: Any = File(None)  # type: ignore[type-arg]


def _open(by: Actor, at: datetime) -> UUID:
    """Return which check the asker is at. Raises Unknown."""
    row = queries.open_check_of(by.account_id, Check.LEVEL, at)
    if row is None:
        raise Unknown
    return row.pk


def _shown(by: Actor, at: datetime) -> CheckOut:
    row = queries.open_check_of(by.account_id, Check.LEVEL, at)
    said = actions.said_of(row) if row else {}
    last = row or queries.last_check(by.account_id, Check.LEVEL)
    return CheckOut.of(last, said, machine=queries.machine_compares())


@checks.get("", response={200: CheckOut, **REFUSED})
def mine(request: HttpRequest) -> CheckOut:
    """Return the check one is at, or how the last one ended."""
    return _shown(resident(request), now())


@checks.post("", response={201: CheckOut, **REFUSED})
def begin(request: HttpRequest) -> Status[CheckOut]:
    """Begin a check, or go on with the one that is open."""
    by, at = resident(request), now()
    actions.open_check(by=by, session_ref=seat_of(request), now=at)
    return Status(201, _shown(by, at))


@checks.post("/who", response={200: dict[str, int], **REFUSED})
def say_who(request: HttpRequest, data: shapes.WhoIn) -> dict[str, int]:
    """Say one's name and ID number, once: the register vouches for them, and one's level is 2."""
    by, at = resident(request), now()
    actions.say_who(by=by, name=data.name, id_number=data.id_number, now=at)
    return {"level": queries.actor_of(by.account_id, at).level}


@checks.get("/evidence", response={200: list[shapes.EvidenceOut], **REFUSED})
def evidence(request: HttpRequest) -> list[shapes.EvidenceOut]:
    """Return the checks that stand, newest first: how, when, until when."""
    found = queries.evidence_of(resident(request).account_id, now())
    return [shapes.EvidenceOut.model_validate(row) for row in found]


@checks.post("/card", response={200: CheckOut, **REFUSED})
def card(request: HttpRequest, front: UploadedFile | None = PHOTO, back: UploadedFile | None = PHOTO) -> CheckOut:
    """Send the photos of both sides of the card; what is read of it comes back to be confirmed."""
    by, at = resident(request), now()
    actions.keep_card(_open(by, at), picture(front), picture(back), by=by, now=at)
    return _shown(by, at)


@checks.post("/fields", response={200: CheckOut, **REFUSED})
def fields(request: HttpRequest, data: shapes.FieldsIn) -> CheckOut:
    """Confirm what the card says; another's card, or one that is over, ends the check."""
    by, at = resident(request), now()
    actions.confirm_fields(_open(by, at), data.model_dump(), by=by, now=at)
    return _shown(by, at)


@checks.post("/way", response={200: CheckOut, **REFUSED})
def way(request: HttpRequest, data: shapes.WayIn) -> CheckOut:
    """Choose who compares; the step before the camera is drawn."""
    by, at = resident(request), now()
    actions.choose_way(_open(by, at), data.way, by=by, now=at)
    return _shown(by, at)


@checks.post("/step", response={200: CheckOut, **REFUSED})
def draw_again(request: HttpRequest) -> CheckOut:
    """Ask for another step before the camera; the one before is void."""
    by, at = resident(request), now()
    actions.draw_again(_open(by, at), by=by, now=at)
    return _shown(by, at)


@checks.post("/selfie", response={200: shapes.ComparedOut, **REFUSED})
def selfie(
    request: HttpRequest,
    response: HttpResponse,
    straight: UploadedFile | None = PHOTO,
    turned: UploadedFile | None = PHOTO,
) -> shapes.ComparedOut:
    """Send the two photos for the step that was drawn; they are compared, or laid before an officer.

    A browser that is signed in keeps the mark by which the check counts as fresh there; a token sits nowhere.
    """
    by, at, device = resident(request), now(), ""
    check_id = _open(by, at)
    if seat_of(request) is not None:
        token, device = clients.known_browser(request)
        clients.keep_browser(response, token)
    found = actions.keep_selfie(check_id, picture(straight), picture(turned), by=by, device=device, now=at)
    return shapes.ComparedOut.of(found, _shown(by, at))


@checks.post("/counter", response={201: shapes.CounterCodeOut, **REFUSED})
def counter_code(request: HttpRequest) -> Status[shapes.CounterCodeOut]:
    """Return a code for the counter, where an officer holds the card beside the person; begins a check if need be."""
    by, at = resident(request), now()
    check = actions.open_check(by=by, session_ref=seat_of(request), now=at)
    code = actions.counter_code(check.pk, by=by, now=at)
    return Status(201, shapes.CounterCodeOut(code=code, lasts_s=int(COUNTER_LASTS.total_seconds())))


@checks.delete("", response={200: CheckOut, **REFUSED})
def give_up(request: HttpRequest) -> CheckOut:
    """Give the check up; its pictures go at once."""
    by, at = resident(request), now()
    actions.give_up(_open(by, at), by=by, now=at)
    return _shown(by, at)
