"""Card and face at the machine: its reader, its camera, at every step an officer instead; level 3 in the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base.clock import now
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity import sessions
from minjing.kernel.identity.actions import at_machine
from minjing.kernel.identity.errors import IdentityError, NotAllowed, Wrong
from minjing.kernel.identity.models import Check
from minjing.kernel.identity.rules import CARD, checks
from minjing.kernel.identity.views.card_reader import may_talk_to_reader, session_of, ticket
from minjing.portals.kiosk.access import KioskRequest, visitor_page

ONWARD = "kiosk_after_face"  # in the session: the page that asked for it
PAGES = ("/kiosk/home/", "/kiosk/endorse/")


@visitor_page
@require_http_methods(["GET", "POST"])
def face(request: KioskRequest) -> HttpResponse:
    """Show the step that the check stands at, or take what it asks for."""
    at = now()
    wanted = request.GET.get("next", "")
    if wanted in PAGES:
        request.session[ONWARD] = wanted
    if request.method == "GET":
        return _shown(request, at)
    step = STEPS.get(request.POST.get("step", ""))
    try:
        answer = step(request, at) if step else None
    except (Wrong, NotAllowed, IdentityError) as error:
        return _shown(request, at, error)
    return answer or HttpResponseRedirect(reverse("kiosk:face"))


def _shown(request: KioskRequest, at: datetime, error: IdentityError | None = None) -> HttpResponse:
    by = request.actor
    row = people.open_check_of(by.account_id, Check.LEVEL, at)
    if row is None and error is None and by.level >= CARD:
        return HttpResponseRedirect(request.session.pop(ONWARD, reverse("kiosk:home")))
    if row is not None and row.state == Check.SELFIE and (row.challenge_until is None or row.challenge_until <= at):
        identity.draw_again(row.pk, by=by, now=at)
        row.refresh_from_db()
    state = row.state if row else Check.CARD
    context: dict[str, Any] = {
        "machine": request.machine,
        "visit": request.visit,
        "check": row,
        "compares": people.machine_compares(),
        "step": checks.STEPS.get(row.challenge) if row else None,
        "seconds": int(checks.CHALLENGE_LASTS.total_seconds()),
        "bridge": settings.CARD_READER_URL,
        "wrong": error,
        "onward": request.session.get(ONWARD, reverse("kiosk:home")),
    }
    shown = {Check.FIELDS: Check.CARD}.get(state, state)
    answer = render(request, f"kiosk/face_{shown}.html", context, status=422 if error else 200)
    return may_talk_to_reader(answer)


def _card(request: KioskRequest, at: datetime) -> None:
    row = identity.open_check(by=request.actor, session_ref=sessions.ref_of(request), now=at)
    carried = request.POST.get("card_reading", "")
    at_machine.keep_chip(row.pk, carried, session=session_of(request), by=request.actor, now=at)


def _way(request: KioskRequest, at: datetime) -> None:
    row = _open(request, at)
    identity.choose_way(row.pk, request.POST.get("way", ""), by=request.actor, now=at)


def _shots(request: KioskRequest, at: datetime) -> HttpResponse | None:
    row = _open(request, at)
    straight, turned = request.POST.get("straight", ""), request.POST.get("turned", "")
    found = at_machine.keep_shots(row.pk, straight, turned, session=session_of(request), by=request.actor, now=at)
    if found.outcome == "again" and found.why is not None:
        return _shown(request, at, Wrong("again", found.why))
    if found.outcome == "same":
        return HttpResponseRedirect(request.session.pop(ONWARD, reverse("kiosk:home")))
    return None


def _counter(request: KioskRequest, at: datetime) -> HttpResponse:
    row = people.open_check_of(request.actor.account_id, Check.LEVEL, at)
    if row is None:
        row = identity.open_check(by=request.actor, session_ref=sessions.ref_of(request), now=at)
    code = identity.counter_code(row.pk, by=request.actor, now=at)
    minutes = int(checks.COUNTER_LASTS.total_seconds() // 60)
    context = {
        "machine": request.machine, "visit": request.visit, "code": f"{code[:4]} {code[4:]}", "minutes": minutes,
    }  # fmt: skip
    return render(request, "kiosk/face_counter.html", context)


def _give_up(request: KioskRequest, at: datetime) -> HttpResponse:
    row = people.open_check_of(request.actor.account_id, Check.LEVEL, at)
    if row is not None:
        identity.give_up(row.pk, by=request.actor, now=at)
    request.session.pop(ONWARD, None)
    return HttpResponseRedirect(reverse("kiosk:home"))


def _open(request: KioskRequest, at: datetime) -> Check:
    row = people.open_check_of(request.actor.account_id, Check.LEVEL, at)
    if row is None:
        raise Wrong("over", checks.OUTCOMES["lapsed"])
    return row


STEPS: dict[str, Callable[[KioskRequest, datetime], HttpResponse | None]] = {
    "card": _card,
    "way": _way,
    "shots": _shots,
    "counter": _counter,
    "give_up": _give_up,
}


@visitor_page
@require_POST
def device_ticket(request: KioskRequest) -> HttpResponse:
    """Answer {ticket} for the device beside this page: the house's own page for it is not the machine's."""
    return ticket(request)
