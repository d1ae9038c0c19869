"""Applications being filled in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from minjing.base.clock import now
from minjing.kernel.matters import actions, queries
from minjing.portals.api import shapes
from minjing.portals.api.shapes import MatterOut, SameOut
from minjing.portals.api.views.door import asker

drafts = Router(tags=["drafts"])


def _draft_out(draft: Any) -> shapes.DraftOut:
    return shapes.DraftOut(
        id=draft.id,
        code=queries.body_of(draft).service.code,
        answers=queries.draft_answers(draft),
        pages_done=draft.pages_done,
        saved_at=draft.saved_at,
        expires_at=draft.expires_at,
        matter_id=draft.matter_id,
    )


@drafts.get("", response=list[shapes.DraftOut])
def my_drafts(request: HttpRequest) -> list[shapes.DraftOut]:
    """Return the applications being filled in."""
    return [_draft_out(d) for d in queries.drafts(asker(request), now())]


@drafts.put("/{uuid:draft_id}/pages/{page}")
def save_page(request: HttpRequest, draft_id: UUID, page: str, data: shapes.PageIn) -> dict[str, Any]:
    """Keep the answers of one page; what is wrong comes back per field, what is right is kept."""
    errors = actions.save_page(draft_id, page, data.answers, by=asker(request), now=now())
    return {"errors": {name: text.model_dump() for name, text in errors.items()}}


@drafts.post("/{uuid:draft_id}/materials")
def attach(request: HttpRequest, draft_id: UUID, data: shapes.AttachIn) -> dict[str, UUID]:
    """Add an uploaded file as a material."""
    return {"id": actions.attach(draft_id, data.name, data.file_id, by=asker(request), now=now()).id}


@drafts.post("/{uuid:draft_id}/submit", response=MatterOut)
def submit_draft(request: HttpRequest, draft_id: UUID, data: shapes.RequestIn) -> MatterOut:
    """Submit a draft; twice gives the same matter."""
    at = now()
    return MatterOut.of(actions.submit(draft_id, by=asker(request), now=at, request_id=data.request_id), at)


@drafts.delete("/{uuid:draft_id}")
def discard(request: HttpRequest, draft_id: UUID) -> dict[str, bool]:
    """Delete a draft."""
    actions.discard(draft_id, by=asker(request), now=now())
    return {"deleted": True}


@drafts.get("/{uuid:draft_id}", response=shapes.DraftOut)
def one(request: HttpRequest, draft_id: UUID) -> shapes.DraftOut:
    """Return a draft with what has been filled in."""
    return _draft_out(queries.draft(draft_id, asker(request), now()))


@drafts.get("/{uuid:draft_id}/duplicates", response=SameOut)
def duplicates(request: HttpRequest, draft_id: UUID) -> SameOut:
    """Return whether the person whom these answers are about has a matter of this service open already."""
    at, by = now(), asker(request)
    draft = queries.draft(draft_id, by, at)
    found = queries.open_of_same_subject(queries.body_of(draft), queries.draft_answers(draft), by)
    return SameOut.of(found, by, at)


@drafts.delete("/{uuid:draft_id}/materials/{uuid:material_id}")
def detach(request: HttpRequest, draft_id: UUID, material_id: UUID) -> dict[str, bool]:
    """Take a file off a draft."""
    actions.detach(draft_id, material_id, by=asker(request), now=now())
    return {"deleted": True}


# The last: a code would take the place of an id, and every address of a draft would know POST alone.
@drafts.post("/{code}", response=shapes.DraftOut)
def start_draft(request: HttpRequest, code: str, data: shapes.DraftBeginIn | None = None) -> shapes.DraftOut:
    """Start or resume an application: one's own, or for whom a mandate lets one act."""
    whose = data or shapes.DraftBeginIn()
    draft = actions.draft(code, by=asker(request), now=now(), for_person=whose.for_person, for_firm=whose.for_firm)
    return _draft_out(draft)
