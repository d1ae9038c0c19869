"""Raising one's level: what one has, what a step needs, and only that is asked."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from minjing.base import clock
from minjing.kernel.identity import queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.rules import CARD, LEVELS, NUMBER, TITLES
from minjing.kernel.identity.views.entry import next_of, page, with_next

HOME = "/me/"


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Lead on at once where the level is there or one page gives it; otherwise say what is missing."""
    wanted, to = next_of(request, HOME), wanted_level(request)
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return HttpResponseRedirect(with_next(reverse("identity:sign_in"), request.get_full_path()))
    if not actor.is_resident or (to and actor.level >= to):
        return HttpResponseRedirect(wanted)
    if to and actor.level < NUMBER:
        again = request.get_full_path() if to > NUMBER else wanted
        return HttpResponseRedirect(with_next(reverse("identity:who"), again))
    return start_page(request, actor)


def start_page(request: HttpRequest, actor: Actor, error: IdentityError | None = None) -> HttpResponse:
    """Return the page of levels: those one has, the ways to the next, the evidence kept."""
    to, options = wanted_level(request), None
    if actor.level == CARD:
        account = Account.objects.get(pk=actor.account_id)
        if Authenticator.objects.filter(user=account, type=Authenticator.Type.WEBAUTHN).exists():
            options = webauthn.begin_authentication(account)
    context: dict[str, Any] = {
        "tab": "me",
        "to": to,
        "level": actor.level,
        "levels": [(n, TITLES[n], n <= actor.level, n == to) for n in LEVELS],
        "evidence": queries.evidence_of(actor.account_id, clock.now()),
        "next": next_of(request, HOME),
        "options": options,
    }
    return page(request, "raise", error, **context)


def wanted_level(request: HttpRequest) -> int:
    """Return the level that a page asks for, 0 for none: whoever only looks at what they have."""
    asked = request.GET.get("to") or request.POST.get("to") or ""
    return int(asked) if asked in ("1", "2", "3", "4") else 0
