"""Acting for others: mandates given, answered and ended, guardians, and the papers of a ward."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router, Status, UploadedFile

from minjing.base.clock import now
from minjing.kernel.identity import actions
from minjing.kernel.identity import queries as people
from minjing.kernel.matters import actions as matters
from minjing.kernel.papers import queries as papers
from minjing.portals.api import shapes_mandates as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.views.door import picture, resident

mandates = Router(tags=["mandates"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut, 429: ErrorOut}
PHOTO: Any = File(None)  # type: ignore[type-arg]


@mandates.get("", response={200: shapes.MandatesOut, **REFUSED})
def mine(request: HttpRequest) -> shapes.MandatesOut:
    """Return for whom one may act, what one is offered, and who may act for oneself."""
    by, at = resident(request), now()
    return shapes.MandatesOut(
        given=[shapes.MandateOut.of(row) for row in people.mandates_given(by, at)],
        taken=[shapes.MandateOut.of(row) for row in people.mandates_taken(by, at)],
    )


@mandates.post("", response={201: dict[str, UUID], **REFUSED})
def give(
    request: HttpRequest, data: Form[shapes.OfferIn], papers: UploadedFile | None = PHOTO
) -> Status[dict[str, UUID]]:
    """Offer somebody a mandate; it holds once they accept. `papers`: for a firm, a photo of its licence."""
    offer = actions.Offer(
        name=data.name,
        id_number=data.id_number,
        services=data.services,
        until=data.until,
        since=data.since,
        uscc=data.uscc,
        firm_name=data.firm_name,
        licence=picture(papers),
    )
    return Status(201, {"id": actions.grant(offer, by=resident(request), now=now())})


@mandates.post("/guardian", response={201: shapes.GuardianOut, **REFUSED})
def claim_guardian(
    request: HttpRequest, data: Form[shapes.GuardianIn], papers: UploadedFile | None = PHOTO
) -> Status[shapes.GuardianOut]:
    """Say that one is a minor's guardian: the register bears it out, or an officer looks at the photo of papers."""
    sent = picture(papers)
    made = actions.claim_guardian(data.name, data.id_number, sent, by=resident(request), now=now())
    return Status(201, shapes.GuardianOut(id=made.pk, waits=made.check_of_id is not None))


@mandates.post("/{uuid:mandate_id}/answer", response={200: dict[str, bool], **REFUSED})
def answer(request: HttpRequest, mandate_id: UUID, data: shapes.AnswerIn) -> dict[str, bool]:
    """Accept or decline what one is offered."""
    actions.answer_mandate(mandate_id, data.accept, by=resident(request), now=now())
    return {"accepted": data.accept}


@mandates.delete("/{uuid:mandate_id}", response={200: dict[str, bool], **REFUSED})
def revoke(request: HttpRequest, mandate_id: UUID) -> dict[str, bool]:
    """End a mandate at once, as who gave it or as who took it."""
    actions.revoke(mandate_id, by=resident(request), now=now())
    return {"ended": True}


@mandates.get("/{uuid:mandate_id}/papers", response={200: list[shapes.PaperOut], **REFUSED})
def ward_papers(request: HttpRequest, mandate_id: UUID) -> list[shapes.PaperOut]:
    """Return what was issued to one's ward, for as long as the guardianship holds; that one looked is on record."""
    _, held = matters.papers_of_ward(mandate_id, by=resident(request), now=now())
    return [shapes.PaperOut.of(card) for card in held]


@mandates.get("/{uuid:mandate_id}/papers/{uuid:paper_id}.pdf")
def ward_paper(request: HttpRequest, mandate_id: UUID, paper_id: UUID) -> HttpResponse:
    """Return a paper of one's ward as the signed PDF; that one looked is on record."""
    card = matters.record_ward_paper(mandate_id, paper_id, by=resident(request), now=now())
    headers = {"Cache-Control": "no-store, private"}
    return HttpResponse(papers.pdf(card.id), content_type="application/pdf", headers=headers)
