"""A lost phone: whose account it is, the check that follows, and the objection of the old phone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base import clock
from minjing.kernel.identity import actions, sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError, Unknown
from minjing.kernel.identity.views.entry import page, with_next
from minjing.kernel.identity.views.mandates import said_in

STOPPED = {
    "zh": "已阻止换机，账号仍在这部手机上。建议查看登录过的设备。",
    "en": "Stopped: the account stays with this phone. Look at where you are signed in.",
}


@require_http_methods(["GET", "POST"])
def recover(request: HttpRequest) -> HttpResponse:
    """Ask who one is; the check of card and person follows."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return HttpResponseRedirect(with_next(reverse("identity:sign_in"), request.path))
    if not actor.is_resident or actor.person_id is not None:
        return HttpResponseRedirect("/me/")
    if request.method == "GET":
        return page(request, "recover", typed={}, tab="me")
    typed = {key: request.POST.get(key, "") for key in ("name", "id_number")}
    try:
        actions.begin_recovery(**typed, by=actor, session_ref=sessions.ref_of(request), now=clock.now())
    except IdentityError as error:
        return page(request, "recover", error, typed=typed, tab="me")
    return HttpResponseRedirect(reverse("identity:check"))


@require_POST
def object_to(request: HttpRequest) -> HttpResponse:
    """Stop a move of one's account to another phone."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None or not actor.is_resident:
        return HttpResponseRedirect("/")
    try:
        actions.object_to_recovery(by=actor, now=clock.now())
    except Unknown:
        return HttpResponseRedirect("/me/")
    messages.success(request, said_in(STOPPED))
    return HttpResponseRedirect(reverse("identity:sessions"))
