"""One's own documents: what is valid until when, what to do next, where the parcel is, the code of the cabinet."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from minjing.base.clock import local_day, now
from minjing.kernel.identity.rules import CARD
from minjing.kernel.matters.actions import require_level
from minjing.kernel.matters.errors import Unknown
from minjing.modules.exit_entry import queries, ways
from minjing.modules.exit_entry.actions import documents as acts
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import t


@require_safe
@resident
def mine(request: HttpRequest) -> HttpResponse:
    """Show one's documents: the valid ones first, each with the next step that makes sense."""
    at, by = now(), who(request)
    listed = queries.documents(by.person_id, by, at) if by.person_id else []
    day = local_day(at)
    current = [(d, ways.next_steps(d, day), ways.standing(d, day)) for d in listed if d.state in ways.CURRENT]
    context = {
        "tab": "me",
        "current": current,
        "past": [d for d in listed if d.state not in ways.CURRENT],
        "missing": ways.first_ones({d.kind for d in listed if d.state in ways.HELD}),
        "parcels": queries.parcels_of(by.person_id) if by.person_id else [],
        "boxes": queries.boxes_of(by, at),
    }
    return render(request, "exit_entry/mine.html", context)


@require_http_methods(["GET", "POST"])
@resident
def lost(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Declare a document lost or stolen: once asked, once done, void at once."""
    at, by = now(), who(request)
    require_level(by, CARD)
    listed = queries.documents(by.person_id, by, at) if by.person_id else []
    document = next((d for d in listed if d.id == document_id and d.state == "valid"), None)
    if document is None:
        raise Unknown
    reason, wrong = request.POST.get("reason", ""), False
    if request.method == "POST":
        if acts.report_loss(document_id, reason, by=by, now=at):
            messages.success(
                request,
                t(
                    "已挂失，这本证件立即作废。可以接着申请补发。",
                    "Declared. The document is void from this moment on. You can now apply for a new one.",
                ),
            )
            return HttpResponseRedirect(reverse("exit_entry:mine"))
        wrong = True
    context = {"tab": "me", "document": document, "replace": ways.REPLACE[document.kind], "wrong": wrong}
    return render(request, "exit_entry/lost.html", context, status=422 if wrong else 200)
