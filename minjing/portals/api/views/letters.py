"""The desk where letters are posted: gather what waits, print a batch, note that it is posted or came back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from minjing.base.clock import now
from minjing.kernel.matters import queries as matters
from minjing.kernel.notify import actions, queries
from minjing.kernel.notify import letters as printing
from minjing.portals.api import shapes_letters as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.shapes_letters import BatchOut
from minjing.portals.api.views.door import asker

letters = Router(tags=["letters"])
REFUSED = {403: ErrorOut, 404: ErrorOut}


@letters.get("", response={200: shapes.LettersOut, **REFUSED})
def desk(request: HttpRequest) -> shapes.LettersOut:
    """Return the newest batches of letters, and how many letters wait for the next."""
    batches = [BatchOut.of(batch) for batch in queries.batches(asker(request))]
    return shapes.LettersOut(waiting=queries.letters_waiting(), batches=batches)


@letters.post("/batches", response={200: shapes.GatheredOut, **REFUSED})
def gather(request: HttpRequest) -> shapes.GatheredOut:
    """Make a batch of what waits, without waiting for the morning."""
    by = asker(request)
    batch_id = actions.make_batch(by=by, now=now())
    return shapes.GatheredOut(batch=BatchOut.of(queries.batch(batch_id, by)) if batch_id else None)


@letters.get("/batches/{uuid:batch_id}", response={200: shapes.BatchOneOut, **REFUSED})
def one(request: HttpRequest, batch_id: UUID) -> shapes.BatchOneOut:
    """Return one batch with its letters by number."""
    batch = queries.batch(batch_id, asker(request))
    rows = queries.letters_of(batch)
    numbers = matters.numbers([letter.matter_id for _, letter in rows if letter.matter_id])
    listed = [
        shapes.LetterOut.of(number, letter, numbers.get(letter.matter_id, "") if letter.matter_id else "")
        for number, letter in rows
    ]
    return shapes.BatchOneOut(batch=BatchOut.of(batch), letters=listed)


@letters.post("/batches/{uuid:batch_id}/pdf")
def print_batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Return a batch as PDF, names and addresses in it; that it left the house is on record first."""
    at = now()
    actions.downloaded(batch_id, by=asker(request), now=at)
    made = printing.typeset(batch_id, sender=matters.bureau_name(), now=at)
    return HttpResponse(made, content_type="application/pdf", headers={"Cache-Control": "no-store, private"})


@letters.post("/batches/{uuid:batch_id}/printed", response={200: shapes.LetterNotedOut, **REFUSED})
def printed(request: HttpRequest, batch_id: UUID) -> shapes.LetterNotedOut:
    """Note that a batch has been printed."""
    return shapes.LetterNotedOut(noted=actions.mark_printed(batch_id, by=asker(request), now=now()))


@letters.post("/batches/{uuid:batch_id}/posted", response={200: shapes.LetterNotedOut, **REFUSED})
def posted(request: HttpRequest, batch_id: UUID) -> shapes.LetterNotedOut:
    """Note that a batch has been handed to the post; its addresses are deleted."""
    return shapes.LetterNotedOut(noted=actions.mark_posted(batch_id, by=asker(request), now=now()))


@letters.post("/{uuid:letter_id}/returned", response={200: shapes.LetterNotedOut, **REFUSED})
def returned(request: HttpRequest, letter_id: UUID) -> shapes.LetterNotedOut:
    """Note that a letter has come back."""
    return shapes.LetterNotedOut(noted=actions.mark_returned(letter_id, by=asker(request), now=now()))
