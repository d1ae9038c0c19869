"""The desk: what waits, and the form for a call at the desk line, made for the keyboard."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from minjing.base.ids import new_id
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.schema import Text
from minjing.modules.help_desk import actions, queries
from minjing.portals.frame.language import t
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show


@officer_page("desk")
@require_GET
def desk(request: OfficerRequest) -> HttpResponse:
    """Show what waits for an operator, most urgent first."""
    topics = queries.topics()
    rows = [
        {
            "matter": matter,
            "question": came,
            "topic": topics[came.topic] if came else None,
            "channel": queries.CHANNELS[came.channel] if came else None,
            "mine": matter.claimed_by == request.actor.account_id,
        }
        for matter, came in queries.waiting(request.actor, request.at)
    ]
    return show(
        request, "help_desk/desk.html", {"rows": rows, "drafts": len(queries.to_check(request.actor))}, page="desk"
    )


@officer_page("desk")
@require_http_methods(["GET", "POST"])
def call(request: OfficerRequest) -> HttpResponse:
    """Write down a call; what was answered on the telephone is closed at once."""
    said = {name: request.POST.get(name, "") for name in ("words", "topic", "phone", "answer")}
    errors: dict[str, Text] = {}
    if request.method == "POST":
        try:
            taken = actions.take_call(
                said["words"],
                said["topic"],
                phone=said["phone"],
                answer=said["answer"],
                by=request.actor,
                now=request.at,
                request_id=UUID(request.POST["request_id"]),
            )
        except Wrong as wrong:
            errors = dict(wrong.errors)
        else:
            messages.success(
                request,
                t(
                    f"已记录，编号 {taken.number}，查询码 {taken.code}，可以念给来电人。",
                    f"Written down: number {taken.number}, code {taken.code}; read them to the caller.",
                ),
            )
            return HttpResponseRedirect(reverse("help_desk:call"))
    context = {
        "said": said,
        "errors": errors,
        "topics": queries.topics(),
        "request_id": request.POST.get("request_id") or new_id(),
    }
    return show(request, "help_desk/call.html", context, page="desk_call", status=422 if errors else 200)


@officer_page("desk")
@require_GET
def suggest(request: OfficerRequest) -> HttpResponse:
    """Return the articles to read out while the caller speaks, with their text."""
    words = request.GET.get("words", "")[:300]
    found = queries.search(words, 4) if words.strip() else []
    context = {"found": found, "looked": bool(words.strip()), "whole": True}
    return render(request, "help_desk/parts/found.html", context)
