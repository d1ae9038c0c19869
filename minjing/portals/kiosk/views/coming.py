"""Coming to the machine and leaving it: the first page, pairing, who one is, the help button, the wipe."""

from __future__ import annotations

import re
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.booking import queries as booking
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import clients, sealing
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actions import card_readers, doors
from minjing.kernel.identity.errors import IdentityError, TooMany, Wrong
from minjing.kernel.identity.views.card_reader import may_talk_to_reader, session_of
from minjing.kernel.identity.views.entry import let_in
from minjing.kernel.matters.schema import Text
from minjing.portals.frame.language import pick
from minjing.portals.kiosk import actions, plugs, queries
from minjing.portals.kiosk.access import TOKEN_AGE_S, TOKEN_COOKIE, VISIT, KioskRequest, machine_page, wiped, with_end
from minjing.portals.kiosk.errors import KioskError
from minjing.portals.kiosk.models import Machine
from minjing.portals.kiosk.views.inside import offered

HANDLE, PHONE = "kiosk_handle", "kiosk_phone"
CONCEALED = "kiosk.phone"
NO_PERSON = Text(
    zh="这个手机号码还没有实名。请先在手机上完成实名，或者到窗口办理。",
    en="This phone has not said who it belongs to yet. Do that on your phone first, or go to the counter.",
)
NEITHER = {
    "zh": "请输入 18 位身份证号码，或 11 位手机号码。",
    "en": "Enter an ID number of 18 characters, or a mobile number of 11 digits.",
}
TROUBLES = (
    ("cannot", Text(zh="不会操作，请人来帮忙", en="I cannot work it; please send somebody")),
    ("card", Text(zh="身份证读不出来", en="My ID card is not read")),
    ("code", Text(zh="收不到验证码", en="No code arrives")),
    ("paper", Text(zh="没有出纸、纸卡住了", en="No paper comes out, or it is stuck")),
    ("other", Text(zh="别的问题", en="Something else")),
)
GOALS = ("home", "matters", "papers", "offer")


@never_cache
@require_http_methods(["GET", "POST"])
def pair(request: HttpRequest) -> HttpResponse:
    """Make this browser the one of a registered machine, by the code that an operator has been given."""
    wrong: Text | None = None
    if request.method == "POST":
        try:
            _, token = actions.pair(request.POST.get("code", ""), address=clients.address(request), now=now())
        except KioskError as error:
            wrong = error.text
        else:
            response = HttpResponseRedirect(reverse("kiosk:start"))
            secure = settings.SECURE
            response.set_cookie(
                TOKEN_COOKIE,
                token,
                max_age=TOKEN_AGE_S,
                httponly=True,
                secure=secure,
                samesite="Strict",
                path="/kiosk/",
            )
            return response
    return render(request, "kiosk/pair.html", {"wrong": wrong}, status=404 if wrong else 200)


@machine_page
@require_GET
def start(request: KioskRequest) -> HttpResponse:
    """Show what can be done here; whoever comes finds no trace of the one before."""
    if request.session.get(VISIT):
        return wiped(request, "next")
    if request.session.get(HANDLE):  # somebody asked for a code and walked away
        request.session.flush()
    context = {
        "machine": request.machine,
        "offers": offered(),
        "tiles": list(plugs.TILES.values()),
        "ticket": bool(places_here(request.machine)),
        "helps": plugs.helper() is not None,
    }
    return render(request, "kiosk/start.html", context)


def places_here(machine: Machine) -> list[PlaceFacts]:
    """Return the places whose counters are in the machine's hall and give tickets."""
    return [place for place in booking.places() if place.unit_id == machine.unit_id and place.offers]


def _goal(request: HttpRequest) -> str:
    wanted = request.POST.get("goal", "") or request.GET.get("goal", "")
    return wanted if wanted in GOALS else "home"


@machine_page
@require_http_methods(["GET", "POST"])
def identify(request: KioskRequest) -> HttpResponse:
    """Ask for the ID card, an ID number or a phone, and send a code: a number alone lets nobody in."""
    context: dict[str, object] = {"machine": request.machine, "goal": _goal(request), "leaves": True}
    context["reader_url"] = settings.CARD_READER_URL
    if request.method == "POST":
        try:
            handle, phone = _code_for(request, _who(request))
        except IdentityError as error:
            again = render(request, "kiosk/identify.html", {**context, "wrong": error.text}, status=422)
            return may_talk_to_reader(with_end(again))
        request.session[HANDLE] = handle
        request.session[PHONE] = sealing.conceal(CONCEALED, phone)
        return HttpResponseRedirect(f"{reverse('kiosk:code')}?goal={_goal(request)}")
    return may_talk_to_reader(with_end(render(request, "kiosk/identify.html", context)))


def _who(request: KioskRequest) -> str:
    """Return the number of the card on the reader, or what was typed."""
    carried = request.POST.get("card_reading", "")
    if carried:
        return card_readers.take_card(carried, session=session_of(request), by=None, now=now()).value("id_number")
    return re.sub(r"\s", "", request.POST.get("who", "")).upper()


def _code_for(request: KioskRequest, typed: str) -> tuple[str, str]:
    language = getattr(request, "LANGUAGE_CODE", "zh-hans")
    at, address = now(), f"{clients.address(request)}|{request.machine.id}"
    if len(typed) >= 15:
        return identity.send_code_by_id_number(typed, at, address=address, language=language)
    try:
        phone = doors.parse_phone(typed)
    except Wrong:
        raise Wrong("who", NEITHER, "who") from None
    return identity.send_code(typed, at, address=address, language=language), phone


@machine_page
@require_http_methods(["GET", "POST"])
def code(request: KioskRequest) -> HttpResponse:
    """Ask for the code that was sent, and let the person in."""
    if not request.session.get(HANDLE):
        return HttpResponseRedirect(reverse("kiosk:start"))
    context = {"machine": request.machine, "goal": _goal(request), "leaves": True}
    if request.method == "GET":
        return with_end(render(request, "kiosk/code.html", context))
    at = now()
    try:
        phone = sealing.reveal(CONCEALED, request.session.get(PHONE, ""))
        account = identity.sign_in_by_code(
            phone or "13000000000", request.POST.get("code", ""), at, handle=request.session[HANDLE]
        )
    except (IdentityError, sealing.Tampered) as error:
        why = error.text if isinstance(error, IdentityError) else doors.WRONG_CODE
        return render(request, "kiosk/code.html", {**context, "wrong": why}, status=422)
    if account.person_id is None:
        return render(request, "kiosk/code.html", {**context, "wrong": NO_PERSON}, status=403)
    let_in(request, account, at, second=False)
    visit = actions.begin_visit(request.machine, people.actor_of(account.pk, at), at)
    request.session[VISIT] = str(visit.id)
    return HttpResponseRedirect(reverse(f"kiosk:{_goal(request)}"))


@machine_page
@require_http_methods(["GET", "POST"])
def ticket(request: KioskRequest) -> HttpResponse:
    """Give a ticket for today at the counters of this hall: nobody needs to say who they are."""
    places = places_here(request.machine)
    context: dict[str, object] = {"machine": request.machine, "places": places, "request_id": new_id()}
    if request.method == "POST":
        place, _, service = request.POST.get("what", "").partition("|")
        if place not in {one.code for one in places}:
            return HttpResponseRedirect(reverse("kiosk:ticket"))
        try:
            context["taken"] = actions.take_ticket(
                request.machine, place, service, now=now(), request_id=UUID(request.POST.get("request_id", ""))
            )
        except BookingError as refused:
            context["wrong"] = refused.text
        except ValueError:
            return HttpResponseRedirect(reverse("kiosk:ticket"))
    return render(request, "kiosk/ticket.html", context, status=409 if "wrong" in context else 200)


@machine_page
@require_http_methods(["GET", "POST"])
def help_call(request: KioskRequest) -> HttpResponse:
    """Call somebody to this machine: nobody needs to say who they are."""
    context: dict[str, object] = {"machine": request.machine, "troubles": TROUBLES, "request_id": new_id()}
    if request.method == "GET":
        return render(request, "kiosk/help.html", context)
    words = dict(TROUBLES).get(request.POST.get("trouble", ""), TROUBLES[-1][1])
    try:
        request_id = UUID(request.POST.get("request_id", ""))
        context["number"] = actions.call_help(
            request.machine, f"{request.machine.spot['zh']}：{words.zh}", now=now(), request_id=request_id
        )
    except TooMany:
        context["already"] = True
    except ValueError:
        return HttpResponseRedirect(reverse("kiosk:help"))
    if request.POST.get("trouble") == "paper" and request.machine.paper_out_at is None:
        actions.set_paper(request.machine.id, out=True, by=None, now=now())
    context["words"] = pick(words)
    return render(request, "kiosk/help.html", context)


@machine_page
@require_http_methods(["GET", "POST"])
def end(request: KioskRequest) -> HttpResponse:
    """Wipe: by the button, or by the page itself when nobody has touched it."""
    return wiped(request, "timeout" if request.GET.get("why") == "timeout" else "button")


@machine_page
@require_POST
def alive(request: KioskRequest) -> HttpResponse:
    """Let the countdown begin anew while somebody types."""
    visit_id, actor = request.session.get(VISIT), getattr(request, "actor", None)
    if visit_id and actor is not None:
        at = now()
        try:
            actions.touch(queries.live_visit(UUID(visit_id), request.machine.id, actor.account_id, at), at)
        except KioskError:
            return HttpResponse(status=410)
    return HttpResponse(status=204)
