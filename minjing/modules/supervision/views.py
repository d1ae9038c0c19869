"""The page behind "I want to know more": the look in words, what the resident wants to know, and off it goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.matters import actions
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.errors import Wrong
from minjing.modules.supervision import queries, rules
from minjing.portals.citizen.access import resident, who


@require_http_methods(["GET", "POST"])
@resident
def ask(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Ask the inspectorate about one look at one's own data."""
    at, by = now(), who(request)
    look = people.look_at(by.person_id, entry_id, at) if by.person_id else None
    if look is None:
        raise Unknown
    _, body = matters.service(rules.CODE)
    asked, errors = queries.asked_already(entry_id, by, at), {}
    said = {name: request.POST.get(name, "") for name in ("about", "words")}
    if request.method == "POST" and asked is None:
        answers: dict[str, Any] = {"look": str(entry_id), **{k: v for k, v in said.items() if v}}
        try:
            made = actions.submit_whole(
                rules.CODE, answers, by=by, now=at, request_id=UUID(request.POST["request_id"])
            )
            return HttpResponseRedirect(reverse("citizen:done", args=[made.number]))
        except Wrong as wrong:
            errors = dict(wrong.errors)
    context = {
        "tab": "me",
        "look": look,
        "service": body.service,
        "fields": body.service.fields,
        "asked": asked,
        "said": said,
        "errors": errors,
        "request_id": request.POST.get("request_id") or new_id(),
    }
    return render(request, "supervision/ask.html", context, status=422 if errors else 200)
