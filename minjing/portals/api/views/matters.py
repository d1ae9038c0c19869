"""Matters: submitting, following, acting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from minjing.base.clock import now
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.actions import Promised, keeping
from minjing.kernel.matters import actions, plugs, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.papers import queries as papers
from minjing.portals.api import shapes
from minjing.portals.api.shapes import MatterOut, SameOut, TextOut
from minjing.portals.api.views.door import asker, reason_of

matters = Router(tags=["matters"])


def _opened(ref: str, by: Actor, at: datetime, reason: str) -> Snapshot:
    """Return a matter whose file the asker may read in full: their own, in their hands, or for a reason."""
    matter = queries.matter(ref, by, at)
    if not reason and not queries.opens_in_full(matter, by, at):
        raise NotAllowed(
            "unclaimed",
            "请先领办，或选择查看理由。",
            "Claim the matter first, or give a reason for looking.",
        )
    return matter


@matters.post("", response={201: MatterOut, 422: shapes.ErrorOut, 403: shapes.ErrorOut})
def submit(request: HttpRequest, data: shapes.SubmitIn) -> Status[MatterOut]:
    """Submit a whole application at once."""
    at = now()
    with keeping() as promises:
        matter = actions.submit_whole(
            data.code,
            data.answers,
            by=asker(request),
            now=at,
            request_id=data.request_id,
            materials=data.materials,
        )
    return Status(201, MatterOut.of(matter, at, promise_of_act(matter, promises)))


def promise_of_act(matter: Snapshot, promises: Sequence[Promised]) -> str:
    """Return the promise of the act that a matter stands after; asked for once more, the same again."""
    made = [p.note for p in promises for entry in p.entries if entry.object_id == matter.id and _is_act(entry.kind)]
    if made:
        return made[-1]
    event = queries.event_of(matter.id, matter.ver)
    return (event and ledger.promise_for(event.entry_id)) or ""


def _is_act(kind: str) -> bool:
    return kind.startswith("matters:matter:")


@matters.get("", response=list[MatterOut])
def mine(request: HttpRequest, limit: int = 50) -> list[MatterOut]:
    """Return one's own matters, newest first."""
    at = now()
    return [MatterOut.of(m, at) for m in queries.mine(asker(request), limit=max(1, min(limit, 200)))]


@matters.post("/bulk/{action}", response=list[shapes.ResultOut])
def bulk(request: HttpRequest, action: str, data: shapes.BulkIn) -> list[shapes.ResultOut]:
    """Take one step in many matters; each has its own outcome."""
    at = now()
    with keeping() as promises:
        results = actions.act_many(
            [(chosen.id, chosen.ver) for chosen in data.matters],
            action,
            by=asker(request),
            now=at,
            request_id=data.request_id,
            note=data.note,
            reason=data.reason,
        )
    return [
        shapes.ResultOut(
            id=r.matter_id,
            matter=MatterOut.of(r.matter, at, promise_of_act(r.matter, promises)) if r.matter else None,
            error=TextOut(**r.error.model_dump()) if r.error else None,
        )
        for r in results
    ]


@matters.get("/{ref}", response={200: MatterOut, 404: shapes.ErrorOut})
def one(request: HttpRequest, ref: str) -> MatterOut:
    """Return one matter by id or number."""
    at = now()
    return MatterOut.of(queries.matter(ref, asker(request), at), at)


@matters.get("/{ref}/line", response=list[shapes.StationOut])
def line(request: HttpRequest, ref: str) -> list[Any]:
    """Return the line of stations."""
    return queries.line(queries.matter(ref, asker(request), now()))


@matters.get("/{ref}/steps", response=list[shapes.StepOut])
def steps(request: HttpRequest, ref: str) -> list[Any]:
    """Return the lawful next steps, with why not for those one may not take."""
    at, by = now(), asker(request)
    return list(queries.steps(queries.matter(ref, by, at), by, at))


@matters.get("/{ref}/answers")
def answers(request: HttpRequest, ref: str) -> dict[str, Any]:
    """Return the form; an officer's look is written into the ledger first."""
    at, by, reason = now(), asker(request), reason_of(request)
    return queries.answers(_opened(ref, by, at, reason), by, at, reason)


@matters.get("/{ref}/events")
def events(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the history."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {
            "seq": e.seq,
            "at": e.at,
            "action": e.action,
            "from": e.from_state,
            "to": e.to_state,
            "post": e.post,
            "entry": e.entry_id,
        }
        for e in queries.events(matter)
    ]


@matters.get("/{ref}/receipts/{uuid:entry_id}", response={200: shapes.ReceiptOut, 404: shapes.ErrorOut})
def receipt(request: HttpRequest, ref: str, entry_id: UUID) -> shapes.ReceiptOut:
    """Return the receipt of one act of a matter, its promise, and for the applicant its disclosure."""
    by = asker(request)
    matter = queries.matter(ref, by, now())
    if entry_id not in {event.entry_id for event in queries.events(matter)}:
        raise Unknown
    return shapes.ReceiptOut.of(entry_id, disclose=by.is_resident and by.person_id == matter.person_id)


@matters.get("/{ref}/materials")
def materials(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the papers of a matter: what was uploaded, what was held already."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {"id": m.id, "name": m.name, "file_id": m.file_id, "held": m.held_ref, "added_at": m.added_at}
        for m in queries.materials(matter)
    ]


@matters.get("/{ref}/tasks")
def tasks(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the child tasks."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {"id": t.id, "kind": t.kind, "post": t.post, "due_at": t.due_at, "done_at": t.done_at, "result": t.result}
        for t in queries.tasks(matter)
    ]


@matters.get("/{ref}/papers")
def papers_of(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return the certificates issued; of one that was revoked, why."""
    matter = queries.matter(ref, asker(request), now())
    return [
        {
            "id": p.id,
            "number": p.number,
            "code": p.code,
            "state": p.state,
            "issued_at": p.issued_at,
            "revoked_at": p.revoked_at,
            "reason": p.reason,
        }
        for p in papers.of_matter(matter.id, now=now())
    ]


@matters.get("/{ref}/papers/{uuid:paper_id}.pdf")
def paper_pdf(request: HttpRequest, ref: str, paper_id: UUID) -> HttpResponse:
    """Return a certificate as the signed PDF; the applicant's own, or an officer's look."""
    at, by, reason = now(), asker(request), reason_of(request)
    matter = _opened(ref, by, at, reason)
    card = next((p for p in papers.of_matter(matter.id, now=at) if p.id == paper_id), None)
    if card is None:
        raise Unknown
    queries.record_paper(matter, card.holder_id, by, at, reason)
    headers = {"Cache-Control": "no-store, private"}
    return HttpResponse(papers.pdf(paper_id), content_type="application/pdf", headers=headers)


@matters.post(
    "/{ref}/papers/{uuid:paper_id}/take-back",
    response={200: MatterOut, 403: shapes.ErrorOut, 404: shapes.ErrorOut, 409: shapes.ErrorOut, 422: shapes.ErrorOut},
)
def take_back(request: HttpRequest, ref: str, paper_id: UUID, data: shapes.TakeBackIn) -> MatterOut:
    """Take back a paper of a closed matter, as an approver who did not issue it; its holder is told."""
    at, by = now(), asker(request)
    with keeping() as promises:
        done = actions.take_back(
            queries.matter(ref, by, at).id,
            paper_id,
            ver=data.ver,
            reason=data.reason,
            note=data.note,
            by=by,
            now=at,
            request_id=data.request_id,
        )
    return MatterOut.of(done, at, promise_of_act(done, promises))


@matters.post(
    "/{ref}/actions/{action}",
    response={200: MatterOut, 403: shapes.ErrorOut, 404: shapes.ErrorOut, 409: shapes.ErrorOut, 422: shapes.ErrorOut},
)
def act(request: HttpRequest, ref: str, action: str, data: shapes.ActIn) -> MatterOut:
    """Take one step."""
    at, by = now(), asker(request)
    with keeping() as promises:
        done = actions.act(
            queries.matter(ref, by, at).id,
            action,
            ver=data.ver,
            by=by,
            now=at,
            request_id=data.request_id,
            note=data.note,
            reason=data.reason,
            materials=data.materials,
            days=data.days,
            files=data.files,
            corrections=data.corrections,
        )
    return MatterOut.of(done, at, promise_of_act(done, promises))


@matters.post("/{ref}/rating")
def rate(request: HttpRequest, ref: str, data: shapes.RateIn) -> dict[str, bool]:
    """Say what one thought of it."""
    at, by = now(), asker(request)
    actions.rate(queries.matter(ref, by, at).id, data.stars, words=data.words, by=by, now=at)
    return {"rated": True}


@matters.get("/{ref}/notes")
def notes(request: HttpRequest, ref: str) -> dict[int, Any]:
    """Return what was written at each event; an officer's look is written into the ledger first."""
    at, by, reason = now(), asker(request), reason_of(request)
    return queries.notes(_opened(ref, by, at, reason), by, at, reason)


@matters.get("/{ref}/duplicates", response=SameOut)
def duplicates(request: HttpRequest, ref: str) -> SameOut:
    """Return whether other matters about the same person for the same service are open, and those one may see."""
    at, by = now(), asker(request)
    return SameOut.of(queries.others_of_same(queries.matter(ref, by, at)), by, at)


@matters.get("/{ref}/register")
def register(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return what the register says of the applicant; the look is written into the ledger first."""
    at, by, reason = now(), asker(request), reason_of(request)
    rows = queries.register_of(_opened(ref, by, at, reason), by, at, reason)
    return [{"label": label.model_dump(), "name": name, "value": value.model_dump()} for label, name, value in rows]


@matters.get("/{ref}/beside")
def beside(request: HttpRequest, ref: str) -> list[dict[str, Any]]:
    """Return what an officer should look at beside the form; the look is written into the ledger first.

    It is said by the module that owns the service, to officers only: applicants get an empty list.
    """
    at, by, reason = now(), asker(request), reason_of(request)
    matter = _opened(ref, by, at, reason)
    said, ask = queries.answers(matter, by, at, reason), plugs.FACTS.get(matter.code)
    _, rows = ask(matter=matter, answers=said, now=at) if ask and by.kind == "officer" else (None, [])
    return [{"label": label.model_dump(), "name": name, "value": value.model_dump()} for label, name, value in rows]
