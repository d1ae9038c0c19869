"""Residents sign in by phone and code, and say who they are."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base import clock
from minjing.kernel.identity import actions, clients, sealing
from minjing.kernel.identity.actions import doors
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.views.entry import let_in, next_of, page, with_next

HANDLE, PHONE = "code_handle", "code_phone"
CONCEALED = "session.phone"  # the phone waits in the session for minutes, unreadable in the database
HOME = "/"


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the phone and send the code; again asks for another one for the same phone."""
    wanted = next_of(request, "")
    if wanted.startswith("/officer/"):
        return HttpResponseRedirect(with_next(reverse("identity:officer_sign_in"), wanted))
    if request.method == "GET":
        return page(request, "sign_in", next=wanted)
    phone = request.POST.get("phone", "")
    if "again" in request.POST:
        phone = _phone(request)
    language = getattr(request, "LANGUAGE_CODE", "zh-hans")
    try:
        handle = actions.send_code(phone, clock.now(), address=clients.address(request), language=language)
    except IdentityError as error:
        return page(request, "sign_in", error, next=wanted, phone=phone)
    request.session[HANDLE] = handle
    request.session[PHONE] = sealing.conceal(CONCEALED, doors.parse_phone(phone))
    return HttpResponseRedirect(with_next(reverse("identity:code"), wanted))


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code that was sent, and let the resident in."""
    wanted = next_of(request, "")
    phone = _phone(request)
    if not phone:
        return HttpResponseRedirect(with_next(reverse("identity:sign_in"), wanted))
    shown = f"{phone[:3]}****{phone[-4:]}"
    if request.method == "GET":
        return page(request, "code", next=wanted, phone=shown)
    now = clock.now()
    try:
        account = actions.sign_in_by_code(
            phone,
            request.POST.get("code", ""),
            now,
            handle=request.session.get(HANDLE, ""),
            language=getattr(request, "LANGUAGE_CODE", "zh-hans"),
        )
    except IdentityError as error:
        return page(request, "code", error, next=wanted, phone=shown)
    let_in(request, account, now, second=False)
    if account.person_id is None:
        return HttpResponseRedirect(with_next(reverse("identity:who"), wanted))
    return HttpResponseRedirect(wanted or HOME)


@require_http_methods(["GET", "POST"])
def who(request: HttpRequest) -> HttpResponse:
    """Ask for name and ID number, once."""
    wanted = next_of(request, "")
    actor = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return HttpResponseRedirect(with_next(reverse("identity:sign_in"), request.get_full_path()))
    if not actor.is_resident or actor.person_id is not None:
        return HttpResponseRedirect(wanted or HOME)
    if request.method == "GET":
        return page(request, "who", next=wanted or HOME)
    typed = {key: request.POST.get(key, "") for key in ("name", "id_number")}
    try:
        actions.say_who(by=actor, **typed, now=clock.now())
    except IdentityError as error:
        return page(request, "who", error, next=wanted or HOME, typed=typed)
    return HttpResponseRedirect(wanted or HOME)


def _phone(request: HttpRequest) -> str:
    concealed = request.session.get(PHONE)
    if not concealed:
        return ""
    try:
        return sealing.reveal(CONCEALED, concealed)
    except sealing.Tampered:  # the keys of the house changed
        return ""
