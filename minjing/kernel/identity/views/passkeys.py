"""A resident's passkeys: added after a check of today, used to confirm a step in this sign-in."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base import clock
from minjing.kernel.identity import actions, sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.rules import CARD, FRESH
from minjing.kernel.identity.views.entry import next_of, page
from minjing.kernel.identity.views.officers import credential_of
from minjing.kernel.identity.views.raising import HOME, start_page

RAISE = "identity:raise"


@require_http_methods(["GET", "POST"])
def passkeys(request: HttpRequest) -> HttpResponse:
    """Show one's passkeys; add one while a check is fresh here, take one away at any time."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None or not actor.is_resident or actor.level < CARD:
        return HttpResponseRedirect(reverse(RAISE))
    account, now = Account.objects.get(pk=actor.account_id), clock.now()
    if request.method == "GET":
        return _page(request, actor, account)
    try:
        if "remove" in request.POST:
            factor = request.POST["remove"]
            actions.remove_passkey(account, int(factor) if factor.isdecimal() else 0, now=now)
        elif actor.level >= FRESH:
            credential = credential_of(request.POST.get("credential", ""))
            actions.add_passkey(account, credential, request.POST.get("name", ""), now=now)
    except IdentityError as error:
        return _page(request, actor, account, error)
    return HttpResponseRedirect(reverse("identity:passkeys"))


def _page(request: HttpRequest, actor: Actor, account: Account, error: IdentityError | None = None) -> HttpResponse:
    held = Authenticator.objects.filter(user=account, type=Authenticator.Type.WEBAUTHN).order_by("created_at")
    listed = [{"id": f.pk, "name": f.data["name"], "created_at": f.created_at} for f in held]
    options = webauthn.begin_registration(account, False) if actor.level >= FRESH else None
    return page(request, "passkeys", error, passkeys=listed, options=options, tab="me")


@require_POST
def use_passkey(request: HttpRequest) -> HttpResponse:
    """Take the browser's answer: level 4 in this sign-in, for a day, where level 3 stands."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    ref, now = sessions.ref_of(request), clock.now()
    if actor is None or not actor.is_resident or actor.level < CARD or ref is None:
        return HttpResponseRedirect(reverse(RAISE))
    try:
        _use(actor, request, now)
    except IdentityError as error:
        return start_page(request, actor, error)
    actions.by_passkey(by=actor, session_ref=ref, now=now)
    return HttpResponseRedirect(next_of(request, HOME))


def _use(actor: Actor, request: HttpRequest, now: datetime) -> None:
    account = Account.objects.get(pk=actor.account_id)
    actions.check_passkey(account, credential_of(request.POST.get("credential", "")), now=now)
