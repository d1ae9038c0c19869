"""The gate of every page: who may open it, and refusals as pages that say which post it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from minjing.base import clock
from minjing.kernel.identity import errors as identity_errors
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import errors as matter_errors
from minjing.kernel.pay import errors as pay_errors
from minjing.portals.frame.came_from import came_from
from minjing.portals.officer.permissions import Words, held_posts, holds, name_of_need
from minjing.portals.officer.rail import show


class OfficerRequest(HttpRequest):
    """A request in which an officer acts; `at` is the instant it came."""

    actor: Actor
    at: datetime


View = Callable[..., HttpResponse]


def officer_page(act: str = "") -> Callable[[View], View]:
    """Let officers in, and of them only those who hold `act` somewhere; turn refusals into pages."""

    def wrap(view: View) -> View:
        @wraps(view)
        def inner(request: OfficerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = getattr(request, "actor", None)
            if actor is None or actor.kind == "system":
                return _to_the_door(request)
            request.at = clock.now()
            if not actor.is_officer:
                return render(request, "officer/for_officers.html", status=403)
            if act and not holds(actor, act):
                return refused(request, {"zh": "您不能打开这一页。", "en": "You may not open this page."}, act)
            return _answer(view, request, *args, **kwargs)

        return never_cache(inner)

    return wrap


def _answer(view: View, request: OfficerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        return view(request, *args, **kwargs)
    except matter_errors.NotAllowed as no:
        return refused(request, {"zh": no.text.zh, "en": no.text.en}, no.needs)
    except pay_errors.NotAllowed as no:
        return refused(request, no.text, no.needs)
    except identity_errors.NotAllowed as no:
        return refused(request, no.text, getattr(no, "needs", ""))
    except identity_errors.Erased as gone:
        return show(request, "officer/erased.html", {"why": gone.text}, status=410)
    except (matter_errors.Unknown, identity_errors.Unknown, pay_errors.Unknown):
        return missing(request)


def _to_the_door(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in and back; who had just sent a form keeps what was typed on the page in between."""
    door = reverse("identity:officer_sign_in")
    if request.method != "POST":
        return HttpResponseRedirect(f"{door}?{urlencode({'next': request.get_full_path()})}")
    back = came_from(request) or reverse("officer:workbench")
    context = {"door": f"{door}?{urlencode({'next': back})}", "typed": request.POST.get("note", "").strip()}
    return render(request, "officer/ended.html", context, status=401)


def refused(request: OfficerRequest, why: Words, needs: str = "") -> HttpResponse:
    """Return the page "this needs post X; you hold Y"."""
    context = {
        "why": why,
        "needs": name_of_need(needs),
        "held": held_posts(request.actor),
        "reading": request.method in ("GET", "HEAD"),
    }
    return show(request, "officer/refused.html", context, status=403)


def missing(request: OfficerRequest) -> HttpResponse:
    """Return the page for what is not there, or not the asker's business: both look the same."""
    return show(request, "officer/missing.html", {}, status=404)
