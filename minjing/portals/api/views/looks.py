"""What becomes of looks: the notes that officers owe, their review, the supervisor's list, and hidden looks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AwareDatetime, Field

from minjing.base.clock import now
from minjing.kernel.identity import actions
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.queries import LeaveRow, NoteRow
from minjing.kernel.identity.reasons import hidden_bases
from minjing.portals.api.views.door import asker

looks = Router(tags=["looks"])


class NoteIn(Schema):
    """The officer's own words on a look."""

    note: str = Field(max_length=2000)


class NoteVerdictIn(Schema):
    """fits, does_not_fit or unclear."""

    verdict: str


class HiddenIn(Schema):
    """A request to hide one's looks at a person until an instant; `facts` names nobody."""

    id_number: str = Field(max_length=18)
    basis: str
    facts: str = Field(max_length=2000)
    until: AwareDatetime


class DecisionIn(Schema):
    """Whether leave is given."""

    grant: bool


def _note(row: NoteRow) -> dict[str, Any]:
    look = row.look
    return {
        "id": row.id,
        "asked_at": row.asked_at,
        "due_at": row.due_at,
        "overdue": row.overdue,
        "answered_at": row.answered_at,
        "verdict": row.verdict,
        "reason": look.reason if look else None,
        "fields": list(look.fields) if look else [],
        "matter_number": look.matter_number if look else "",
        "unit": look.by_unit if look else None,
        "post": look.by_post if look else None,
    }


def _leave(row: LeaveRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "police_number": row.police_number,
        "unit": row.unit,
        "basis": row.basis.key,
        "asked_at": row.asked_at,
        "until": row.until,
        "state": row.state,
        "decided_at": row.decided_at,
    }


@looks.get("/notes")
def my_notes(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the looks that one is asked about and has not answered."""
    return [_note(row) for row in identity.my_notes(asker(request), now())]


@looks.post("/notes/{uuid:note_id}")
def answer(request: HttpRequest, note_id: UUID, data: NoteIn) -> dict[str, bool]:
    """Send the note on a drawn look; the lot names who reviews it."""
    actions.answer_note(note_id, data.note, by=asker(request), now=now())
    return {"answered": True}


@looks.post("/notes/{uuid:note_id}/recall")
def recall(request: HttpRequest, note_id: UUID) -> dict[str, str]:
    """Return whom one's drawn look was at, masked; written into the ledger first."""
    recalled = actions.recall_person(note_id, by=asker(request), now=now())
    return {"name": recalled.name, "id_number": recalled.id_number}


@looks.get("/reviews")
def reviews(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the notes that the lot has given one to review; their words are not opened."""
    return [_note(row) for row in identity.notes_to_review(asker(request), now())]


@looks.post("/reviews/{uuid:note_id}/open")
def open_note(request: HttpRequest, note_id: UUID) -> dict[str, str]:
    """Return the words of a note to its reviewer; written into the ledger first."""
    return {"note": actions.open_note(note_id, by=asker(request), now=now())}


@looks.post("/reviews/{uuid:note_id}")
def review(request: HttpRequest, note_id: UUID, data: NoteVerdictIn) -> dict[str, bool]:
    """Say whether the note fits the look."""
    actions.review_note(note_id, data.verdict, by=asker(request), now=now())
    return {"reviewed": True}


@looks.get("/supervised")
def supervised(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the notes of one's units that are late, unclear or do not fit, with whose they are."""
    rows = identity.notes_for_supervisor(asker(request), now())
    return [{**_note(row), "police_number": row.police_number} for row in rows]


@looks.post("/supervised/{uuid:note_id}")
def settle(request: HttpRequest, note_id: UUID) -> dict[str, bool]:
    """Take one up."""
    actions.settle_note(note_id, by=asker(request), now=now())
    return {"settled": True}


@looks.get("/hidden/bases")
def bases(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the grounds on which looks may be hidden for a time, with their law."""
    return [
        {"key": b.key, "title": b.title, "law": b.basis.text if b.basis else None} for b in hidden_bases().values()
    ]


@looks.get("/hidden")
def my_hidden(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the leaves one has asked for."""
    return [_leave(row) for row in identity.my_hidden(asker(request), now())]


@looks.post("/hidden")
def ask_hidden(request: HttpRequest, data: HiddenIn) -> dict[str, UUID]:
    """Ask that one's looks at a person be hidden until an instant, twelve months at most."""
    leave = actions.ask_hidden(data.id_number, data.basis, data.facts, data.until, by=asker(request), now=now())
    return {"id": leave}


@looks.get("/hidden/waiting")
def waiting(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the requests that wait for one's decision."""
    return [_leave(row) for row in identity.hidden_to_decide(asker(request), now())]


@looks.post("/hidden/{uuid:leave_id}/facts")
def facts(request: HttpRequest, leave_id: UUID) -> dict[str, str]:
    """Return why a leave is asked for; that one read it is written into the ledger."""
    return {"facts": actions.open_facts(leave_id, by=asker(request), now=now())}


@looks.post("/hidden/{uuid:leave_id}")
def decide(request: HttpRequest, leave_id: UUID, data: DecisionIn) -> dict[str, bool]:
    """Give or refuse the leave, as another person with the post for it."""
    actions.decide_hidden(leave_id, data.grant, by=asker(request), now=now())
    return {"granted": data.grant}


@looks.delete("/hidden/{uuid:leave_id}")
def end_hidden(request: HttpRequest, leave_id: UUID) -> dict[str, bool]:
    """End a leave before its time: what it hid shows itself at once."""
    actions.end_hidden(leave_id, by=asker(request), now=now())
    return {"ended": True}
