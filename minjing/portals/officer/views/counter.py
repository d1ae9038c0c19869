"""The household counter of any station (全城通): who stands there, what they want, the form, the hand-over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base import names
from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actions import card_readers
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.views.card_reader import may_talk_to_reader, session_of
from minjing.kernel.matters import actions, city_wide, forms, queries
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.matters.models import Reception
from minjing.kernel.matters.schema import Body, Text
from minjing.portals.frame.language import t
from minjing.portals.officer import asking
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show

PAGE = "counter"
UNFIT = Text(zh="这张身份证不能用，请看原件。", en="This card will not do; look at the original.")


@officer_page("handle")
@require_http_methods(["GET", "POST"])
def receive(request: OfficerRequest) -> HttpResponse:
    """Receive somebody: by their card on the reader, or by number with a reason; the look is on record."""
    held = actions.at_counter(request.actor)
    said = {name: request.POST.get(name, "").strip() for name in ("name", "id_number", "reason")}
    errors: dict[str, Any] = {}
    if request.method == "POST":
        try:
            made = _received(request, said)
        except Wrong as wrong:
            errors = dict(wrong.errors)
        except IdentityError as refused:
            errors = {getattr(refused, "field", "") or "id_number": refused.text}
        else:
            return HttpResponseRedirect(reverse("officer:counter_choose", args=[made.id]))
    context = {
        "said": said,
        "errors": errors,
        "reasons": actions.REASONS,
        "unit": queries.units()[held.unit_id].name,
        "reader_url": settings.CARD_READER_URL,
    }
    status = 422 if errors else 200
    return may_talk_to_reader(show(request, "officer/counter/receive.html", context, page=PAGE, status=status))


def _received(request: OfficerRequest, said: Mapping[str, str]) -> Reception:
    carried = request.POST.get("card_reading", "")
    if not carried:
        return actions.begin_reception(**said, how=actions.NUMBER, by=request.actor, now=request.at)
    read = card_readers.take_card(carried, session=session_of(request), by=request.actor.account_id, now=request.at)
    if any(remark.stops and remark.key != "expired" for remark in read.remarks):  # who renews a card has an old one
        raise Wrong({"id_number": UNFIT})
    found = {"name": str(read.value("name") or ""), "id_number": str(read.value("id_number") or "")}
    return actions.begin_reception(**found, how=actions.CARD, by=request.actor, now=request.at)


def _who(request: OfficerRequest, row: Reception) -> str:
    """Return the masked name of the person at the counter, whose look is on record since the reception began."""
    shown = identity.look(request.actor, [row.person_id], ["name"], reason="counter", now=request.at)
    return names.mask(shown.get(row.person_id, {}).get("name", ""))


@officer_page("handle")
@require_GET
def choose(request: OfficerRequest, reception_id: UUID) -> HttpResponse:
    """Choose the service: what is city-wide here for any station, the rest only where this one is responsible."""
    row = queries.reception(reception_id, request.actor)
    if row.matter_id is not None:
        return HttpResponseRedirect(reverse("officer:counter_done", args=[row.id]))
    services = {body.service.code: body.service for body in queries.current()}
    groups = [(one.title, [services[c] for c in one.codes if c in services]) for one in city_wide.classes()]
    return show(
        request, "officer/counter/choose.html", {"row": row, "who": _who(request, row), "groups": groups}, page=PAGE
    )


@officer_page("handle")
@require_http_methods(["GET", "POST"])
def fill_in(request: OfficerRequest, reception_id: UUID, code: str) -> HttpResponse:
    """Fill in the form with the person at the counter, tick the originals shown, and file."""
    row = queries.reception(reception_id, request.actor)
    if row.matter_id is not None:
        return HttpResponseRedirect(reverse("officer:counter_done", args=[row.id]))
    _, body = queries.service(code.upper())
    said = asking.read(body, request.POST) if request.method == "POST" else {}
    errors: Mapping[str, Text] = {}
    if request.method == "POST" and "again" not in request.POST:
        try:
            actions.file_at_counter(
                row.id,
                body.service.code,
                said,
                station_code=request.POST.get("station", ""),
                originals=request.POST.getlist("original"),
                by=request.actor,
                now=request.at,
                request_id=UUID(request.POST.get("request_id", "")),
            )
            return HttpResponseRedirect(reverse("officer:counter_done", args=[row.id]))
        except Wrong as wrong:
            errors = wrong.errors
        except ValueError:
            raise Unknown from None
    return _form(request, row, body, said, errors)


def _form(
    request: OfficerRequest, row: Reception, body: Body, said: Mapping[str, Any], errors: Mapping[str, Text]
) -> HttpResponse:
    today = local_day(request.at)
    known, own_station = queries.known_at_counter(row, body, said, request.actor, request.at)
    given = {**known, **said}
    station = request.POST.get("station", "") or own_station
    ticked = set(request.POST.getlist("original"))
    specs = forms.needed_materials(body, given, today)
    context = {
        "row": row,
        "service": body.service,
        "groups": asking.asked(body, said, known, errors, today),
        "papers": [(spec, spec.name in ticked, errors.get(spec.name)) for spec in specs],
        "errors": [(name, text) for name, text in errors.items()],
        "station": station,
        "station_error": errors.get(asking.OFFICE),
        "stations": queries.stations(),
        "request_id": request.POST.get("request_id") or new_id(),
    }
    status = 422 if errors else 200
    return show(request, "officer/counter/form.html", context, page=PAGE, status=status)


@officer_page("handle")
@require_GET
def done(request: OfficerRequest, reception_id: UUID) -> HttpResponse:
    """Show what was filed and hand the slip over: who is responsible, until when, what papers were shown."""
    row = queries.reception(reception_id, request.actor)
    if row.matter_id is None:
        return HttpResponseRedirect(reverse("officer:counter_choose", args=[row.id]))
    matter = queries.matter(row.matter_id, request.actor, request.at)
    body, units = queries.body_of(matter), queries.units()
    titles = {spec.name: spec.title for spec in body.service.materials}
    minutes = (row.filed_at - row.begun_at).total_seconds() / 60 if row.filed_at else 0
    context = {
        "row": row,
        "matter": matter,
        "service": body.service,
        "responsible": units[matter.station_id].name,
        "counter": units[row.unit_id].name,
        "papers": [titles[name] for name in row.papers if name in titles],
        "minutes": max(1, round(minutes)),
        "line": queries.line(matter),
    }
    return show(request, "officer/counter/done.html", context, page=PAGE)


@officer_page("handle")
@require_POST
def take_over(request: OfficerRequest, number: str) -> HttpResponse:
    """Give the receipt of the responsible station for what another counter took in."""
    matter = queries.matter(number, request.actor, request.at)
    if actions.receive_handover(matter.id, by=request.actor, now=request.at):
        messages.success(request, t("已接收，双方都看得到。", "Received; both stations see it."))
    else:
        messages.info(request, t("已经接收过。", "It has been received already."))
    return HttpResponseRedirect(reverse("officer:matter", args=[matter.number]))
