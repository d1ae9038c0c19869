"""Signing out, and the page of one's own sessions."""

from contextlib import suppress
from uuid import UUID

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base import clock
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity import sessions as limits
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.identity.views.entry import next_of, page, with_next


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session, and go to the page that was asked for, else to where one of this kind signs in."""
    default = reverse("identity:officer_sign_in") if request.session.get(limits.KIND) == "officer" else "/"
    actor = request.actor  # type: ignore[attr-defined]
    logout(request)
    if actor is not None:
        actions.signed_out(actor, clock.now())
    return HttpResponseRedirect(next_of(request, default))


@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """List the sessions and API tokens of the one who asks; end one, or all others."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return HttpResponseRedirect(with_next(reverse("identity:sign_in"), request.path))
    now = clock.now()
    this = UUID(request.session[limits.REF])
    if request.method == "POST":
        return _end(request, this)
    return page(
        request,
        "sessions",
        rows=queries.sessions_of(actor.account_id, now),
        tokens=queries.tokens_of(actor.account_id, now),
        this=this,
        frame="frame/officer.html" if actor.is_officer else "frame/resident.html",
        idle_minutes=int(limits.IDLE[actor.kind].total_seconds() // 60),
        absolute_hours=int(limits.ABSOLUTE[actor.kind].total_seconds() // 3600),
    )


def _end(request: HttpRequest, this: UUID) -> HttpResponse:
    actor, now = request.actor, clock.now()  # type: ignore[attr-defined]
    if "others" in request.POST:
        actions.end_other_sessions(by=actor, keep=this, now=now)
        return HttpResponseRedirect(reverse("identity:sessions"))
    end = actions.end_token if "token" in request.POST else actions.end_session
    try:
        ref = UUID(request.POST.get("token") or request.POST.get("ref", ""))
    except ValueError:
        return HttpResponseRedirect(reverse("identity:sessions"))
    if ref == this:
        return sign_out(request)
    with suppress(Unknown):  # ended already: what was wanted is so
        end(ref, by=actor, now=now)
    return HttpResponseRedirect(reverse("identity:sessions"))
