"""What exit and entry adds to the JSON API: one's own documents, and declaring one lost.

Applying, and asking for one's border records (EX0011), begin as a draft like any other.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from minjing.base.clock import local_day, now
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry import queries, ways
from minjing.modules.exit_entry.actions import documents as acts
from minjing.modules.exit_entry.queries import Box, DocumentView, EndorsementView, Parcel
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut
from minjing.portals.api.views.door import resident

exit_entry = Router(tags=["exit-entry"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 422: ErrorOut}


def _both(text: Text) -> TextOut:
    return TextOut(zh=text.zh, en=text.en)


class WayOut(Shape):
    """A service that makes sense now, begun as a draft by its code."""

    title: TextOut
    code: str

    @staticmethod
    def of(way: tuple[Text, str]) -> WayOut:
        return WayOut(title=_both(way[0]), code=way[1])


class EndorsementOut(Shape):
    """An endorsement in a permit."""

    kind: str
    title: TextOut
    validity: TextOut
    destination: TextOut
    issued: date
    until: date
    state: str

    @staticmethod
    def of(one: EndorsementView) -> EndorsementOut:
        (zh, en), (long, in_english) = one.kind.name, one.kind.validity
        return EndorsementOut(
            kind=one.kind.code,
            title=TextOut(zh=zh, en=en),
            validity=TextOut(zh=long, en=in_english),
            destination=_both(one.destination),
            issued=one.issued,
            until=one.until,
            state=one.state,
        )


class TravelDocumentOut(Shape):
    """One's own document, its number masked, with the steps that make sense now, the strongest first."""

    id: UUID
    kind: str
    title: TextOut
    number: str
    state: str
    state_title: TextOut
    issued: date
    expires: date
    renew_from: date
    electronic: bool
    endorsements: list[EndorsementOut]
    next_steps: list[WayOut]

    @staticmethod
    def of(one: DocumentView, day: date) -> TravelDocumentOut:
        names = ("id", "kind", "state", "issued", "expires", "renew_from", "electronic")
        return TravelDocumentOut(
            title=_both(one.title),
            number=one.masked,
            state_title=_both(one.state_title),
            endorsements=[EndorsementOut.of(endorsement) for endorsement in one.endorsements],
            next_steps=[WayOut.of(way) for way in ways.next_steps(one, day)] if one.state in ways.CURRENT else [],
            **{name: getattr(one, name) for name in names},
        )


class ParcelScanOut(Shape):
    """Where a parcel was seen."""

    at: datetime
    title: TextOut
    place: str


class ParcelOut(Shape):
    """A parcel on its way, the newest scan first."""

    matter_id: UUID
    waybill: str
    state: str
    title: TextOut
    scans: list[ParcelScanOut]

    @staticmethod
    def of(one: Parcel) -> ParcelOut:
        return ParcelOut(
            matter_id=one.matter_id,
            waybill=one.waybill,
            state=one.state,
            title=_both(one.title),
            scans=[ParcelScanOut(at=at, title=_both(title), place=place) for at, title, place in one.scans],
        )


class BoxOut(Shape):
    """A box of the cabinet, and the code that opens it once: "" below identity level 3."""

    matter_id: UUID
    box: str
    code: str
    until: datetime

    @staticmethod
    def of(one: Box) -> BoxOut:
        return BoxOut.model_validate(one)


class TravelDocumentsOut(Shape):
    """One's documents, the services for those one has not, what is on its way, what waits in a box."""

    documents: list[TravelDocumentOut]
    first_ones: list[WayOut]
    parcels: list[ParcelOut]
    boxes: list[BoxOut]


class LossIn(Shape):
    """Whether it is lost or was stolen."""

    reason: Literal["lost", "stolen"]


@exit_entry.get("/mine", response={200: TravelDocumentsOut, **REFUSED})
def mine(request: HttpRequest) -> TravelDocumentsOut:
    """Return one's own documents, newest first, with what can be done next."""
    by, at = resident(request), now()
    listed = _documents(by, at)
    have = {one.kind for one in listed if one.state in ways.HELD}
    person = by.person_id
    return TravelDocumentsOut(
        documents=[TravelDocumentOut.of(one, local_day(at)) for one in listed],
        first_ones=[WayOut.of(way) for way in ways.first_ones(have)],
        parcels=[ParcelOut.of(one) for one in queries.parcels_of(person)] if person else [],
        boxes=[BoxOut.of(one) for one in queries.boxes_of(by, at)],
    )


def _documents(by: Actor, at: datetime) -> list[DocumentView]:
    return queries.documents(by.person_id, by, at) if by.person_id else []


@exit_entry.post("/documents/{uuid:document_id}/loss", response={200: TravelDocumentOut, **REFUSED})
def report_loss(request: HttpRequest, document_id: UUID, said: LossIn) -> TravelDocumentOut:
    """Declare one's own valid document lost or stolen: void from this moment on. Twice is once."""
    by, at = resident(request), now()
    acts.report_loss(document_id, said.reason, by=by, now=at)
    document = next((one for one in _documents(by, at) if one.id == document_id and one.state == "lost"), None)
    if document is None:
        raise Unknown
    return TravelDocumentOut.of(document, local_day(at))
