"""Who may open a page of the machine: the machine itself, and the person who stands at it until the wipe."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from minjing.base.clock import now
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.views.card_reader import may_talk_to_reader
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.errors import Unknown as UnknownMatter
from minjing.kernel.papers.errors import Unknown as UnknownPaper
from minjing.portals.frame.language import ELDER_COOKIE
from minjing.portals.kiosk import actions, queries
from minjing.portals.kiosk.errors import Ended, Unknown
from minjing.portals.kiosk.models import Machine, Visit

TOKEN_COOKIE = "kiosk"  # noqa: S105 - the name of the cookie that holds the machine's token
TOKEN_AGE_S = 5 * 366 * 86_400
VISIT = "kiosk_visit"  # in the session: which visit it is
View = Callable[..., HttpResponse]
# What the browser of a machine forgets at the wipe: all but the machine's own token.
CLEARED = '"cache", "storage"'


class KioskRequest(HttpRequest):
    """A request from a machine; `visit` and `actor` are there on a visitor's pages."""

    machine: Machine
    visit: Visit
    actor: Actor


def machine_page(view: View) -> View:
    """Let the browsers of registered machines in; any other is asked for a pairing code. Nothing is kept."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = queries.machine_by_token(request.COOKIES.get(TOKEN_COOKIE, ""))
        if found is None:
            return HttpResponseRedirect(reverse("kiosk:pair"))
        request.machine = found  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def visitor_page(view: View) -> View:
    """Let the person in who has been let in at this very machine, as long as they go on touching it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = cast(KioskRequest, request)
        at, actor, visit_id = now(), getattr(request, "actor", None), request.session.get(VISIT)
        if actor is None or not visit_id:
            return HttpResponseRedirect(reverse("kiosk:start"))
        try:
            asked.visit = queries.live_visit(UUID(visit_id), asked.machine.id, actor.account_id, at)
        except (Ended, ValueError):
            return wiped(asked, "timeout")
        actions.touch(asked.visit, at)
        try:
            return with_end(view(request, *args, **kwargs))
        except (Unknown, UnknownMatter, UnknownPaper):
            return render(request, "kiosk/missing.html", status=404)
        except (MatterError, IdentityError) as refused:
            return render(request, "kiosk/refused.html", {"why": refused.text}, status=403)

    return machine_page(guarded)


LAST_RESORT_S = 300
GOOD_BYE_S = 8


def with_end(response: HttpResponse) -> HttpResponse:
    """Let the browser leave by itself also where the page's own script has failed: five minutes, whatever happens."""
    response["Refresh"] = f"{LAST_RESORT_S}; url={reverse('kiosk:end')}?why=timeout"
    return response


def wiped(request: KioskRequest, why: str) -> HttpResponse:
    """End the visit and the session, make the browser forget, and say good-bye: the next person finds nothing."""
    at, visit_id = now(), request.session.get(VISIT)
    if visit_id:
        actions.end_visit(UUID(visit_id), why, at)
    actor = getattr(request, "actor", None)
    request.session.flush()
    if actor is not None:
        from minjing.kernel.identity import actions as identity

        identity.signed_out(actor, at)
    context = {"why": why, "machine": request.machine, "actor": None, "bridge": settings.CARD_READER_URL}
    response = may_talk_to_reader(render(request, "kiosk/ended.html", context))
    for name in (settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, ELDER_COOKIE, "messages"):
        response.delete_cookie(name)
    response["Clear-Site-Data"] = CLEARED
    response["Refresh"] = f"{GOOD_BYE_S}; url={reverse('kiosk:start')}"
    return response


class KioskOnly:
    """Keeps the session of a machine at the machine: no other page of the house opens by it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send a visitor who left the machine's pages back to them; everybody else goes on."""
        signed_in = getattr(request, "actor", None) is not None
        if signed_in and not request.path.startswith(("/kiosk/", "/language/")) and request.session.get(VISIT):
            return HttpResponseRedirect(reverse("kiosk:home"))
        return self.get_response(request)
