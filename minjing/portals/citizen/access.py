"""Who may open a resident's page, and what a refusal looks like: a page that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import is_valid_path, reverse
from django.views.decorators.cache import never_cache

from minjing.base.clock import now
from minjing.kernel.files.errors import Unknown as UnknownFile
from minjing.kernel.identity import errors as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import actions
from minjing.kernel.matters import errors as matters
from minjing.kernel.matters.schema import Text
from minjing.kernel.papers.errors import Unknown as UnknownPaper
from minjing.kernel.pay import errors as pay
from minjing.portals.frame.came_from import came_from
from minjing.portals.frame.language import pick

View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)

OFFICER = Text(
    zh="您现在以民警身份登录。居民页面请先退出，再用手机号码登录。",
    en="You are signed in as an officer. For residents’ pages sign out first, then sign in with your phone.",
)
ENDED = Text(
    zh="登录已过期，刚才的操作没有执行。登录后请再做一次。",
    en="Your session had ended, so nothing was done just now. Sign in and do it once more.",
)
MALFORMED = Text(
    zh="请求不完整。请返回上一页刷新后再试。", en="The request is incomplete. Go back, reload and try again."
)
HEADINGS = {
    400: Text(zh="请求不完整", en="The request is incomplete"),
    403: Text(zh="不能进行这项操作", en="This cannot be done"),
    409: Text(zh="刚刚有了新的进展", en="This has moved on"),
}


def who(request: HttpRequest) -> Actor:
    """Return the resident who asks: only pages under `resident` may call it."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def sign_in(request: HttpRequest, goal: str = "") -> HttpResponse:
    """Send to the sign-in, and from there to `goal`, or to the page asked for or that the form was sent from."""
    goal = goal or (request.get_full_path() if request.method in ("GET", "HEAD") else _page_of(request))
    return HttpResponseRedirect(f"{resolve_url('identity:sign_in')}?{urlencode({'next': goal})}")


def _page_of(request: HttpRequest) -> str:
    """Return the page a form was sent from; of a browser that does not say so, the nearest page above its address."""
    return came_from(request) or _above(request.path)


def _above(path: str) -> str:
    above = f"{path.rstrip('/').rpartition('/')[0]}/"
    return above if above == "/" or is_valid_path(above) else _above(above)


def resident(view: View) -> View:
    """Let residents in, others to the sign-in; turn refusals into pages. Nothing of these pages is cached."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = getattr(request, "actor", None)
        if actor is None:
            if request.method == "POST" and settings.SESSION_COOKIE_NAME in request.COOKIES:
                messages.warning(request, pick(ENDED))
            return sign_in(request)
        if not actor.is_resident:
            return stopped(request, 403, OFFICER)
        try:
            return view(request, *args, **kwargs)
        except (matters.Unknown, identity.Unknown, identity.Erased, UnknownPaper, UnknownFile, pay.Unknown):
            return render(request, "404.html", status=404)
        except matters.Stale as stale:
            return stopped(request, 409, stale.text, reverse("citizen:matter", args=[stale.snapshot.number]))
        except matters.NotAllowed as refused:
            if refused.key == "identity_level":
                if refused.needs in ("", "2"):
                    return HttpResponseRedirect(f"{resolve_url('identity:who')}?{urlencode({'next': request.path})}")
                goal = urlencode({"to": refused.needs, "next": request.path})
                return HttpResponseRedirect(f"{resolve_url('identity:raise')}?{goal}")
            if refused.key in actions.ACTING_REFUSED:
                actions.note_refused(actor, refused.key, now())
            return stopped(request, 403, refused.text)
        except pay.PayError as refused:
            return stopped(request, 409, Text(**refused.text), reverse("citizen:payments"))
        except (ValueError, KeyError):  # an id or a version that is none
            if request.method == "POST" or request.GET:
                log.exception("%s took a request for malformed", view.__name__)  # or it is a fault of ours
                return stopped(request, 400, MALFORMED)
            raise

    return never_cache(guarded)


def stopped(request: HttpRequest, status: int, sentence: Text, onward: str = "") -> HttpResponse:
    """Return the page of a refusal: what happened, and the way on."""
    context = {"heading": HEADINGS[status], "sentence": sentence, "onward": onward or reverse("citizen:matters")}
    return render(request, "citizen/stopped.html", context, status=status)
