"""Finding a service: one box, the things most people come for, and what is going on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.kernel.matters import queries
from minjing.kernel.notify import queries as notices
from minjing.portals.frame.language import wants_large_type


@never_cache  # the page of a visitor and the page of its owner have one address
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the search box, the most wanted six, one's open matters and notices; fewer of each in elder mode."""
    actor = getattr(request, "actor", None)
    few = wants_large_type(request)
    wanted = queries.most_wanted(4 if few else 6)
    context: dict[str, Any] = {"tab": "home", "wanted": [body.service for body in wanted]}
    if actor is not None and actor.kind == "resident":
        at = now()
        mine = queries.mine(actor, limit=20)
        context |= {
            "matters": [(m, queries.body_of(m).service) for m in mine if m.closed_at is None][:5],
            "drafts": [(d, queries.body_of(d).service) for d in queries.drafts(actor, at)][:3],
            "notices": [] if few else notices.inbox(actor.account_id, limit=3),  # the tab of messages has them
        }
    return render(request, "citizen/home.html", context)


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Show the services that the words may mean; htmx asks for the list alone."""
    words = request.GET.get("q", "")[:60]
    found = [body.service for body in queries.find(words)][:20] if words.strip() else []
    template = "citizen/found.html" if request.headers.get("HX-Request") else "citizen/find.html"
    return render(request, template, {"tab": "home", "q": words, "found": found})
