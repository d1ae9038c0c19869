"""The household counter of any station (全城通): receive somebody, file for them, hand over, give the receipt."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from minjing.base.clock import now
from minjing.kernel.matters import actions, city_wide, queries
from minjing.kernel.matters.errors import Unknown
from minjing.portals.api import shapes_receptions as shapes
from minjing.portals.api.shapes import ErrorOut, MatterOut, TextOut
from minjing.portals.api.shapes_receptions import ReceptionOut
from minjing.portals.api.views.door import asker

receptions = Router(tags=["receptions"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut}


@receptions.get("", response={200: shapes.CounterOut, **REFUSED})
def counter(request: HttpRequest) -> shapes.CounterOut:
    """Return at which counter one stands, the reasons for typing a number in, and the city-wide services."""
    held = actions.at_counter(asker(request))
    return shapes.CounterOut(
        unit_id=held.unit_id,
        reasons={key: TextOut(zh=text.zh, en=text.en) for key, text in actions.REASONS.items()},
        city_wide=[code for one in city_wide.classes() for code in one.codes],
    )


@receptions.post("", response={201: ReceptionOut, **REFUSED})
def receive(request: HttpRequest, data: shapes.ReceptionIn) -> Status[ReceptionOut]:
    """Receive somebody by name and number with a reason; the look is on record. A card is read on the page."""
    begun = actions.begin_reception(**data.model_dump(), how=actions.NUMBER, by=asker(request), now=now())
    return Status(201, ReceptionOut.of(begun))


@receptions.get("/{uuid:reception_id}", response={200: ReceptionOut, **REFUSED})
def one(request: HttpRequest, reception_id: UUID) -> ReceptionOut:
    """Return a reception of one's own."""
    return ReceptionOut.of(queries.reception(reception_id, asker(request)))


@receptions.get("/{uuid:reception_id}/services/{slug:code}", response={200: shapes.KnownAtCounterOut, **REFUSED})
def known(request: HttpRequest, reception_id: UUID, code: str) -> shapes.KnownAtCounterOut:
    """Return what the registers know for the form of a service; the look is on record first."""
    by = asker(request)
    row, (_, body) = queries.reception(reception_id, by), queries.service(code.upper())
    answers, station = queries.known_at_counter(row, body, {}, by, now())
    return shapes.KnownAtCounterOut(answers=answers, station=station)


@receptions.post("/{uuid:reception_id}/matters", response={201: MatterOut, **REFUSED})
def file(request: HttpRequest, reception_id: UUID, data: shapes.FileAtCounterIn) -> Status[MatterOut]:
    """File a service for the person received, at whichever station is responsible."""
    at = now()
    filed = actions.file_at_counter(
        reception_id, data.code.upper(), data.answers, station_code=data.station, originals=data.originals,
        by=asker(request), now=at, request_id=data.request_id,
    )  # fmt: skip
    return Status(201, MatterOut.of(filed, at))


@receptions.get("/handovers/{ref}", response={200: shapes.HandoverOut, **REFUSED})
def handover(request: HttpRequest, ref: str) -> shapes.HandoverOut:
    """Return the hand-over of a matter that another counter took in."""
    handed = queries.handover(queries.matter(ref, asker(request), now()))
    if handed is None:
        raise Unknown
    return shapes.HandoverOut.of(handed)


@receptions.post("/handovers/{ref}", response={200: shapes.HandoverOut, **REFUSED})
def take_over(request: HttpRequest, ref: str) -> shapes.HandoverOut:
    """Give the receipt of the responsible station for what another counter took in. Twice is once."""
    by, at = asker(request), now()
    actions.receive_handover(queries.matter(ref, by, at).id, by=by, now=at)
    return handover(request, ref)
