"""The desk of identity checks: take the next one, open photo and card side by side, say what one sees."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from minjing.base.clock import now
from minjing.kernel.identity import actions, queries
from minjing.portals.api import shapes_checks as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.views.door import asker

desk = Router(tags=["identity desk"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 422: ErrorOut, 429: ErrorOut}


@desk.get("", response={200: list[shapes.WaitingOut], **REFUSED})
def waiting(request: HttpRequest) -> list[shapes.WaitingOut]:
    """Return what waits, oldest first; nothing is opened."""
    return [shapes.WaitingOut.model_validate(row) for row in queries.waiting(asker(request), now())]


@desk.post("/next", response={200: shapes.TakenOut, **REFUSED})
def claim_next(request: HttpRequest) -> shapes.TakenOut:
    """Take the oldest check that waits; who has one already is given that."""
    return shapes.TakenOut(id=actions.claim_next(by=asker(request), now=now()))


@desk.post("/by-code", response={200: shapes.TakenOut, **REFUSED})
def claim_by_code(request: HttpRequest, data: shapes.CounterCodeIn) -> shapes.TakenOut:
    """Take the check of who stands at the counter and shows this code."""
    return shapes.TakenOut(id=actions.claim_by_code(data.code, by=asker(request), now=now()))


@desk.post("/{uuid:check_id}/open", response={200: shapes.OpenedOut, **REFUSED})
def open_check(request: HttpRequest, check_id: UUID) -> shapes.OpenedOut:
    """Open the check one has taken; written into the ledger first. The pictures have no address of their own."""
    return shapes.OpenedOut.of(actions.open_desk(check_id, by=asker(request), now=now()))


@desk.post("/{uuid:check_id}/verdict", response={200: dict[str, str], **REFUSED})
def decide(request: HttpRequest, check_id: UUID, data: shapes.CheckVerdictIn) -> dict[str, str]:
    """Say what one sees; the photos are deleted at once, and the person is told."""
    return {"state": actions.decide(check_id, data.verdict, by=asker(request), now=now()).state}


@desk.post("/{uuid:check_id}/release", response={200: dict[str, bool], **REFUSED})
def release(request: HttpRequest, check_id: UUID) -> dict[str, bool]:
    """Lay a check back for a colleague."""
    actions.release(check_id, by=asker(request), now=now())
    return {"released": True}
