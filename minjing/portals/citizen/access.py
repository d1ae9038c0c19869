"""Who may open a resident's page, and what a refusal looks like. Nothing typed is lost when a session has ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.views.decorators.cache import never_cache

from minjing.base import clock
from minjing.kernel.files.errors import Unknown as UnknownFile
from minjing.kernel.identity import errors as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import Tampered, conceal, reveal
from minjing.kernel.matters import errors as matters
from minjing.kernel.papers.errors import Unknown as UnknownPaper
from minjing.portals.frame.language import t

STASH, CONCEALED = "stash", "session.stash"
STASH_MAX = 100_000  # characters of a posted page that are kept over a sign-in


class ResidentRequest(HttpRequest):
    """A request in which a resident acts; `at` is the instant it came."""

    actor: Actor
    at: datetime


View = Callable[..., HttpResponse]


def resident_page(view: View) -> View:
    """Let residents in, others to the sign-in; turn refusals into pages that say what to do."""

    @wraps(view)
    def guarded(request: ResidentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.at = clock.now()
        if getattr(request, "actor", None) is None:
            return sign_in_first(request, kwargs)
        if not request.actor.is_resident:
            return stopped(request, 403, residents_only())
        try:
            return view(request, *args, **kwargs)
        except (matters.Unknown, identity.Unknown, UnknownPaper, UnknownFile):
            return render(request, "404.html", status=404)
        except matters.NotAllowed as refused:
            if refused.key == "identity_level":
                return say_who_first(request)
            return stopped(request, 403, refused.text)
        except matters.Stale as stale:
            return stopped(request, 409, stale.text, reverse("citizen:matter", args=[stale.snapshot.id]))

    return never_cache(guarded)


def residents_only() -> Mapping[str, str]:
    """Return the sentence for officers who open a resident's page."""
    return {
        "zh": "您现在以民警身份登录。居民页面请退出后用手机号码登录。",
        "en": "You are signed in as an officer. For residents’ pages sign out and sign in with your phone.",
    }


def sign_in_first(request: HttpRequest, where: Mapping[str, Any]) -> HttpResponse:
    """Send to the sign-in; what a form had brought is kept, concealed, until its writer is back."""
    goal = request.get_full_path() if request.method == "GET" else request.path
    if request.method == "POST" and {"draft_id", "page"} <= where.keys():
        keep(request, {"draft": str(where["draft_id"]), "page": where["page"], "posted": dict(request.POST.lists())})
    elif request.method == "POST" and "again" in where:
        goal = str(where["again"])
    return HttpResponseRedirect(f"{resolve_url('identity:sign_in')}?{urlencode({'next': goal})}")


def keep(request: HttpRequest, said: Mapping[str, Any]) -> None:
    """Keep a posted page in the session of nobody; whoever signs in next must own the draft to see it again."""
    text = json.dumps(said, ensure_ascii=False)
    if len(text) <= STASH_MAX:
        request.session[STASH] = conceal(CONCEALED, text)


def kept(request: HttpRequest, draft_id: UUID, page: str) -> dict[str, list[str]] | None:
    """Return, once, what was posted to this page of this draft when the session had ended."""
    if STASH not in request.session:
        return None
    try:
        said = json.loads(reveal(CONCEALED, request.session[STASH]))
    except (Tampered, ValueError):
        said = {}
    if said.get("draft") != str(draft_id) or said.get("page") != page:
        return None
    del request.session[STASH]
    return dict(said["posted"])


def say_who_first(request: HttpRequest) -> HttpResponse:
    """Send to the page where a resident says who they are."""
    return HttpResponseRedirect(f"{resolve_url('identity:who')}?{urlencode({'next': request.path})}")


def stopped(request: HttpRequest, status: int, text: Any, onward: str = "") -> HttpResponse:
    """Return the page of a refusal: what happened and the way on."""
    title = {
        403: t("不能进行这项操作", "This cannot be done"),
        409: t("刚刚有了新的进展", "This has moved on"),
    }[status]
    context = {"heading": title, "sentence": text, "onward": onward, "tab": "matters"}
    return render(request, "citizen/stopped.html", context, status=status)
