"""Doors from other platforms: WeChat's browser and Alipay's mini-entry open the account they are bound to.

A door opens at level 1, as phone and code do. Whoever comes with a WeChat or Alipay that is bound to nobody signs in
by phone first and then binds it: one person, one account, whichever door. `?for=pay` only asks whose WeChat this is,
for a payment inside it: nobody is signed in or bound.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import clients, limits
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, TooMany
from minjing.kernel.identity.views.entry import let_in, next_of, with_next
from minjing.kernel.notify import actions, arrivals
from minjing.kernel.notify.plugs import OAuthDoor, plugs
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.rules import WECHAT

STATE, WANTED, SUBJECT, PURPOSE = "door_state", "door_next", "door_subject", "door_for"
PAY = "pay"
NAMES = {"wechat": {"zh": "微信", "en": "WeChat"}, "alipay": {"zh": "支付宝", "en": "Alipay"}}


@never_cache
@require_GET
def door(request: HttpRequest, kind: str) -> HttpResponse:
    """Send the browser to the other platform, which says whose it is there."""
    through = _through(kind)
    try:
        limits.spend("door", clients.address(request), limits.DOOR, clock.now())
    except TooMany as stop:
        return _page(request, "too_many", kind, wanted=next_of(request, "/"), status=429, why=stop.text)
    state = secrets.token_urlsafe(16)
    request.session[STATE] = state
    request.session[WANTED] = next_of(request, "/")
    request.session[PURPOSE] = PAY if request.GET.get("for") == PAY else ""
    there = through.address(state=state, back=_back(request, kind))
    if "on" in request.GET:  # straight from a form: browsers hold form-action against the redirects that follow it
        return _page(request, "on", kind, wanted=request.session[WANTED], there=there)
    return HttpResponseRedirect(there)


@never_cache
@require_GET
def back(request: HttpRequest, kind: str) -> HttpResponse:
    """Take whoever comes back: let them in, or ask them to bind. A state of another browser opens nothing."""
    through = _through(kind)
    state = request.session.pop(STATE, "")
    wanted = request.session.get(WANTED, "/")
    to_pay = request.session.pop(PURPOSE, "") == PAY
    given = request.GET.get("state", "")
    code = request.GET.get("code") or request.GET.get("auth_code") or ""
    if not state or not secrets.compare_digest(state.encode(), given.encode()) or not code:
        return HttpResponseRedirect(wanted) if to_pay else _trouble(request, kind, "again")
    try:
        subject = through.subject(code)
    except (ValueError, sms.Unavailable):  # whoever pays finds the other ways on the page of the fee
        return HttpResponseRedirect(wanted) if to_pay else _trouble(request, kind, "unavailable")
    answer = HttpResponseRedirect(wanted) if to_pay else _arrived(request, kind, subject, wanted)
    arrivals.note(request, kind, subject)  # after signing in, which begins a new session
    return answer


def _arrived(request: HttpRequest, kind: str, subject: str, wanted: str) -> HttpResponse:
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    account = people.account_by_door(kind, subject)
    if account is not None:
        if actor is None or not actor.is_resident:
            now = clock.now()
            let_in(request, account, now, second=False)
            identity.signed_in(account, now)
        elif actor.account_id != account.pk:
            return _page(request, "other", kind, wanted=wanted)
        return HttpResponseRedirect(wanted)
    if actor is None or not actor.is_resident:
        here = f"{with_next(reverse('notify:door', args=[kind]), wanted)}&on=1"
        return HttpResponseRedirect(f"{reverse('identity:sign_in')}?{urlencode({'next': here})}")
    if people.doors_of(actor.account_id).get(kind):
        return _page(request, "has_other", kind, wanted=wanted)
    request.session[SUBJECT] = arrivals.conceal(kind, subject)
    return _page(request, "bind", kind, wanted=wanted)


@never_cache
@require_POST
def bind(request: HttpRequest, kind: str) -> HttpResponse:
    """Bind the WeChat or Alipay that has just come back to the account that is signed in."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    wanted = next_of(request, "/")
    concealed = request.session.pop(SUBJECT, "")
    if actor is None or not concealed:
        return HttpResponseRedirect(with_next(reverse("notify:door", args=[kind]), wanted))
    if request.POST.get("answer") != "yes":
        return HttpResponseRedirect(wanted)
    subject = arrivals.reveal(kind, concealed)
    if not subject:
        return _trouble(request, kind, "again")
    try:
        if kind == WECHAT:
            actions.bind_wechat(by=actor, openid=subject, now=clock.now())
        else:
            identity.bind_door(by=actor, kind=kind, subject=subject, now=clock.now())
    except NotAllowed as refused:
        return _page(request, "refused", kind, wanted=wanted, why=refused.text, status=409)
    return HttpResponseRedirect(wanted)


def _through(kind: str) -> OAuthDoor:
    found = plugs.doors.get(kind)
    if found is None:
        raise Http404
    return found


def _back(request: HttpRequest, kind: str) -> str:
    path = reverse("notify:door_back", args=[kind])
    return request.build_absolute_uri(path) if settings.DEMO else f"{settings.BASE_URL}{path}"


def _trouble(request: HttpRequest, kind: str, what: str) -> HttpResponse:
    wanted = request.session.get(WANTED, "/")
    return _page(request, what, kind, wanted=wanted, status=503 if what == "unavailable" else 400)


def _page(request: HttpRequest, what: str, kind: str, *, wanted: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {"what": what, "kind": kind, "name": NAMES.get(kind, {}), "next": wanted, **more}
    return render(request, "notify/door.html", context, status=status)
