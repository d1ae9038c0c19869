"""An endorsement at the machine in a hall, page by page: permit, kind, check, payment by a code, writing, slip."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.identity import sealing
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.rules import CARD
from minjing.kernel.identity.views.card_reader import may_talk_to_reader, session_of
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.matters.rules import PAYING, Snapshot
from minjing.kernel.papers import queries as papers
from minjing.kernel.pay.actions import attempts
from minjing.kernel.pay.errors import PayError
from minjing.kernel.pay.queries import orders
from minjing.modules.exit_entry import errors, queries, tariff
from minjing.modules.exit_entry.actions import at_machine
from minjing.modules.exit_entry.actions.at_machine import CODE, Wish
from minjing.portals.kiosk.access import KioskRequest, visitor_page

HELD = "exit_entry_permit"  # in the session, concealed: the number of the permit in the slot
WAY = "wechat_native"
PLACES = ("hongkong", "macao", "both")


def _page(request: KioskRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    shown = {"machine": request.machine, "visit": request.visit, "bridge": settings.CARD_READER_URL, **context}
    answer = render(request, f"exit_entry/machine/{name}.html", shown, status=status)
    return may_talk_to_reader(answer)


@visitor_page
@require_http_methods(["GET", "POST"])
def permit(request: KioskRequest) -> HttpResponse:
    """Take the permit into the slot; who has not been checked by card and face is checked first."""
    if request.actor.level < CARD:
        return HttpResponseRedirect(f"{reverse('kiosk:face')}?next={reverse('exit_entry:machine')}")
    if request.method == "GET":
        return _page(request, "permit", {})
    carried = request.POST.get("permit_reading", "")
    try:
        number = at_machine.permit_in_slot(carried, session=session_of(request), by=request.actor, now=now())
    except NotAllowed as refused:
        return _page(request, "permit", {"wrong": refused.text}, 422)
    request.session[HELD] = sealing.conceal(HELD, number)
    return HttpResponseRedirect(reverse("exit_entry:machine_kind"))


@visitor_page
@require_GET
def leave(request: KioskRequest) -> HttpResponse:
    """Give the permit back and forget its number."""
    request.session.pop(HELD, None)
    return _page(request, "leave", {})


def _number(request: KioskRequest) -> str:
    try:
        return sealing.reveal(HELD, request.session.get(HELD, ""))
    except sealing.Tampered:
        return ""


@visitor_page
@require_http_methods(["GET", "POST"])
def kind(request: KioskRequest) -> HttpResponse:
    """Ask which endorsement, where to and whether one is on the list, one a page; then show it all and submit."""
    number, at = _number(request), now()
    if not number:
        return HttpResponseRedirect(reverse("exit_entry:machine"))
    assert request.actor.person_id is not None
    offered, against = at_machine.kinds_for(request.actor.person_id, at)
    if against:
        return _page(request, "against", {"reasons": [errors.words(one) for one in against]})
    source = request.POST if request.method == "POST" else request.GET
    code, place, listed = (str(source.get(name, "")) for name in ("kind", "place", "listed"))
    chosen = next((one for one in offered if one.code == code), None)
    said = {"kind": code if chosen else "", "place": place if place in PLACES else "", "listed": listed}
    day = local_day(at)
    if chosen is None:
        priced = [(one, tariff.endorsement_item(one.code, day).fen) for one in offered]
        return _page(request, "kinds", {"priced": priced})
    if not said["place"] or listed not in ("yes", "no"):
        return _page(request, "place" if not said["place"] else "listed", {"said": said, "places": PLACES_SHOWN})
    if listed == "yes":
        return _page(request, "counter", {})
    if request.method == "POST":
        return _apply(request, Wish(number, code, place))
    line = tariff.endorsement_item(code, day, 2 if place == "both" else 1)
    context = {"said": said, "kind": chosen, "line": line, "total": line.fen * line.count, "request_id": new_id()}
    return _page(request, "check", {**context, "places": PLACES_SHOWN})


PLACES_SHOWN = [
    ("hongkong", {"zh": "香港", "en": "Hong Kong"}),
    ("macao", {"zh": "澳门", "en": "Macao"}),
    ("both", {"zh": "香港和澳门（两个签注，分别收费）", "en": "Both (two endorsements, two fees)"}),
]


def _apply(request: KioskRequest, wish: Wish) -> HttpResponse:
    try:
        request_id = UUID(request.POST.get("request_id", ""))
        made = at_machine.apply(wish, visit=request.visit, by=request.actor, now=now(), request_id=request_id)
    except ValueError:
        return HttpResponseRedirect(reverse("exit_entry:machine_kind"))
    except Wrong as wrong:
        return _page(request, "against", {"reasons": list(wrong.errors.values())}, 422)
    return HttpResponseRedirect(reverse("exit_entry:machine_pay", args=[made.number]))


def _own(request: KioskRequest, number: str) -> Snapshot:
    found = matters.matter(number, request.actor, now())
    if found.person_id != request.actor.person_id or found.code != CODE:
        raise Unknown
    return found


@visitor_page
@require_GET
def pay(request: KioskRequest, number: str) -> HttpResponse:
    """Show the code to pay by; when the gateway has said that it is paid, go on."""
    matter, at = _own(request, number), now()
    if matter.state != PAYING:
        return HttpResponseRedirect(reverse("exit_entry:machine_write", args=[number]))
    sheet = next(one for one in orders.of_subject(matter.id) if one.order.state == "open")
    context: dict[str, Any] = {"matter": matter, "order": sheet.order}
    try:
        attempt = attempts.begin(sheet.order.id, WAY, by=request.actor, now=at, key=f"machine.{sheet.order.id}"[:60])
    except PayError as trouble:
        return _page(request, "pay", {**context, "wrong": trouble.text}, 409)
    import segno  # only this page draws one

    begun = attempt.begun
    picture = segno.make(begun["text"], error="m").svg_data_uri(scale=8, border=2, dark="#14213A")
    scan = f"{settings.WECHAT_PAY_SCAN_PAGE}?{urlencode({'code': begun['text']})}" if settings.DEMO else ""
    return _page(request, "pay", {**context, "qr": picture, "scan": scan})


@visitor_page
@require_GET
def paid(request: KioskRequest, number: str) -> HttpResponse:
    """Say whether it is paid by now, and issued if it will be; the gateway is asked, its word alone counts."""
    matter = _own(request, number)
    if matter.state == PAYING:
        for sheet in orders.of_subject(matter.id):
            if sheet.living is not None:
                attempts.ask_soon(sheet.living, now())
    return JsonResponse({"paid": matter.state != PAYING and not matters.is_being_issued(matter.id)})


@visitor_page
@require_http_methods(["GET", "POST"])
def write(request: KioskRequest, number: str) -> HttpResponse:
    """Have the endorsement written to the permit in the slot; then the permit and the slip come out."""
    matter = _own(request, number)
    if matter.state == PAYING:
        return HttpResponseRedirect(reverse("exit_entry:machine_pay", args=[number]))
    if matters.is_being_issued(matter.id):
        return _page(request, "issuing", {"matter": matter})
    wrong = None
    if request.method == "POST" and matter.state == "making":
        carried = request.POST.get("written_reading", "")
        try:
            at_machine.written(matter, carried, session=session_of(request), by=request.actor, now=now())
        except NotAllowed as refused:
            wrong = refused.text
        else:
            request.session.pop(HELD, None)
            return HttpResponseRedirect(reverse("exit_entry:machine_write", args=[number]))
    slip = next((p for p in papers.of_matter(matter.id, now=now()) if p.state == "valid"), None)
    context = {
        "matter": matter, "slip": slip, "words": at_machine.words_of(matter.id), "wrong": wrong,
        "made": queries.endorsements_of_matter(matter.id), "held": bool(_number(request)),
    }  # fmt: skip
    return _page(request, "write" if matter.state == "making" else "done", context, 422 if wrong else 200)
