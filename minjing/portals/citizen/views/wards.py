"""The papers of a child, for who is its guardian: each opening is a look that stands in the ledger."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.papers import queries as papers
from minjing.portals.citizen.access import resident, who
from minjing.portals.citizen.views.matters import handed_out


@require_safe
@resident
def ward(request: HttpRequest, mandate_id: UUID) -> HttpResponse:
    """List what has been issued to the child, for as long as the guardianship holds."""
    at, by = now(), who(request)
    row = _ward(mandate_id, by, at)
    identity.record_acting(by, row.giver_id, [queries.PAPER], mandate=row.id, now=at)
    context = {"tab": "me", "ward": row, "papers": papers.of_person(row.giver_id, now=at)}
    return render(request, "citizen/ward.html", context)


@require_safe
@resident
def paper(request: HttpRequest, mandate_id: UUID, paper_id: UUID) -> HttpResponse:
    """Hand a paper of the child out to its guardian."""
    at, by = now(), who(request)
    row, found = _ward(mandate_id, by, at), papers.card(paper_id, now=at)
    if found.holder_id != row.giver_id:
        raise Unknown
    identity.record_acting(by, row.giver_id, [queries.PAPER], mandate=row.id, matter_id=found.matter_id, now=at)
    return handed_out(found)


def _ward(mandate_id: UUID, by: Actor, at: datetime) -> people.MandateRow:
    found = next((row for row in people.wards(by, at) if row.id == mandate_id), None)
    if found is None:
        if any(row.id == mandate_id for row in people.mandates_taken(by, at)):  # whose guardian one was
            actions.note_refused(by, "mandate_ended", at)
        raise Unknown
    return found
