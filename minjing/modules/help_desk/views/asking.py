"""Asking from any page, without an account: what is answered already, then the question, then its answer."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity import clients
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.schema import Text
from minjing.modules.help_desk import actions, queries, rules
from minjing.modules.help_desk.errors import Unknown
from minjing.portals.frame.language import t

OWN = ("help/", "open/help/")
STARS = tuple("12345")


def address_of(request: HttpRequest) -> str:
    """Return where a question about this page is asked: it carries the pattern of the address, no number, no id."""
    match = request.resolver_match
    route = "" if match is None or match.route.startswith(OWN) else rules.route_of(match.route)
    address = reverse("help_desk:ask")
    return f"{address}?{urlencode({'from': route})}" if route else address


@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Show what has been answered, and take the question."""
    said = {name: request.POST.get(name, "") for name in ("words", "topic", "phone")}
    words = said["words"] or request.GET.get("q", "")[:300]
    route = rules.route_of(request.POST.get("from", "") or request.GET.get("from", ""))
    errors: dict[str, Text] = {}
    if request.method == "POST" and "look" not in request.POST:
        try:
            return _taken(request, said, route)
        except Wrong as wrong:
            errors = dict(wrong.errors)
        except TooMany as many:
            errors = {"words": Text(**many.text)}
        except (KeyError, ValueError):
            errors = {"words": Text(zh="请求不完整，请再试一次。", en="The request is incomplete; please try again.")}
    context = {
        "said": {**said, "words": words},
        "errors": errors,
        "topics": queries.topics(),
        "route": route,
        "found": queries.search(words) if words.strip() else [],
        "looked": bool(words.strip()),
        "request_id": request.POST.get("request_id") or new_id(),
    }
    return render(request, "help_desk/ask.html", context, status=422 if errors else 200)


def _taken(request: HttpRequest, said: dict[str, str], route: str) -> HttpResponse:
    by = getattr(request, "actor", None)
    taken = actions.ask(
        said["words"],
        said["topic"],
        route=route,
        phone=said["phone"],
        address=clients.address(request),
        by=by,
        now=now(),
        request_id=UUID(request.POST["request_id"]),
    )
    return render(request, "help_desk/asked.html", {"taken": taken, "service": queries.service()})


@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """Return the articles that fit what is being typed."""
    words = request.GET.get("words", "")[:300]
    found = queries.search(words) if words.strip() else []
    return render(request, "help_desk/parts/found.html", {"found": found, "looked": bool(words.strip())})


@never_cache
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest) -> HttpResponse:
    """Show the answer to whoever has the number and the code."""
    typed = {name: request.POST.get(name, "").strip() for name in ("number", "code")}
    context: dict[str, object] = {"typed": typed}
    if request.method == "GET":
        return render(request, "help_desk/answer.html", context)
    at = now()
    try:
        asked = actions.open_answer(typed["number"], typed["code"], address=clients.address(request), now=at)
        context["asked"] = asked
        if request.POST.get("stars") in STARS and asked.matter.closed_at is not None:
            matters.rate(asked.matter.id, int(request.POST["stars"]), by=asked.by, now=at)
        context["rated"] = queries.stars_given(asked.matter)
    except Unknown as unknown:
        context["wrong"] = t(unknown.text.zh, unknown.text.en)
        return render(request, "help_desk/answer.html", context, status=404)
    return render(request, "help_desk/answer.html", context)
