"""The papers of a child, for who is its guardian."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.kernel.matters import actions
from minjing.portals.citizen.access import resident, who
from minjing.portals.citizen.views.matters import handed_out


@require_safe
@resident
def ward(request: HttpRequest, mandate_id: UUID) -> HttpResponse:
    """List what has been issued to the child, for as long as the guardianship holds."""
    row, papers = actions.papers_of_ward(mandate_id, by=who(request), now=now())
    return render(request, "citizen/ward.html", {"tab": "me", "ward": row, "papers": papers})


@require_safe
@resident
def paper(request: HttpRequest, mandate_id: UUID, paper_id: UUID) -> HttpResponse:
    """Hand a paper of the child out to its guardian."""
    return handed_out(actions.record_ward_paper(mandate_id, paper_id, by=who(request), now=now()))
