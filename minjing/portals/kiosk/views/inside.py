"""What a person does at the machine once let in: see, apply for what is issued at once, print."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base import conditions
from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters import rules
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import FormField, Service
from minjing.kernel.papers import queries as papers
from minjing.portals.kiosk import actions, plugs, queries
from minjing.portals.kiosk.access import KioskRequest, visitor_page
from minjing.portals.kiosk.errors import Unknown
from minjing.portals.kiosk.models import PrintJob

SHOWN = 8  # matters and papers on one screen
IDLE_S = int(queries.IDLE.total_seconds())


def _page(request: KioskRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    shown = {"machine": request.machine, "visit": request.visit, "idle_s": IDLE_S, **context}
    return render(request, f"kiosk/{template}.html", shown, status=status)


@visitor_page
@require_GET
def home(request: KioskRequest) -> HttpResponse:
    """Show what can be done, in a handful of large targets."""
    context = {"offers": offered(), "tiles": list(plugs.TILES.values()), "jobs": queries.jobs(request.visit)}
    return _page(request, "home", context)


def offered() -> list[Service]:
    """Return the services that a machine issues at once, as they are in force."""
    return [body.service for body in matters.current() if body.service.code in plugs.AT_ONCE]


@visitor_page
@require_GET
def my_matters(request: KioskRequest) -> HttpResponse:
    """Show one's own matters, newest first."""
    mine = [(m, matters.body_of(m).service) for m in matters.mine(request.actor, limit=SHOWN)]
    return _page(request, "matters", {"mine": mine})


def _own(request: KioskRequest, number: str) -> Snapshot:
    found = matters.matter(number, request.actor, now())
    if request.actor.account_id != found.account_id and request.actor.person_id != found.person_id:
        raise Unknown
    return found


@visitor_page
@require_GET
def matter(request: KioskRequest, number: str) -> HttpResponse:
    """Show where one matter stands, and offer its receipt and papers for printing."""
    found = _own(request, number)
    at = now()
    issued = [p for p in papers.of_matter(found.id, now=at) if p.state == "valid"]
    context = {
        "matter": found,
        "service": matters.body_of(found).service,
        "line": matters.line(found),
        "issued": issued,
    }
    return _page(request, "matter", context)


@visitor_page
@require_GET
def my_papers(request: KioskRequest) -> HttpResponse:
    """Show one's own certificates that are in force."""
    assert request.actor.person_id is not None
    held = [p for p in papers.of_person(request.actor.person_id, now=now()) if p.state == "valid"][:SHOWN]
    return _page(request, "papers", {"held": held})


# ---- what is issued at once --------------------------------------------------------------------------------


@visitor_page
@require_http_methods(["GET", "POST"])
def offer(request: KioskRequest, code: str = "") -> HttpResponse:
    """Ask the few questions of a service that is issued at once, one a page, then issue it."""
    code = code.upper() or next((service.code for service in offered()), "")
    if code not in plugs.AT_ONCE:
        raise Unknown
    chosen, (_, body) = plugs.AT_ONCE[code], matters.service(code)
    source = request.POST if request.method == "POST" else request.GET
    said = {name: source[name] for name in chosen.asks if source.get(name)}
    fields = body.service.fields
    missing = [n for n in chosen.asks if n not in said or not _is_option(chosen, fields[n], said[n])]
    context: dict[str, Any] = {"service": body.service, "code": code, "said": said, "request_id": new_id()}
    today = local_day(now())
    asked = [n for n in missing if conditions.holds(fields[n].show, {**chosen.fixed, **said}, today)]
    if asked:
        field = fields[asked[0]]
        options = [o for o in field.options if (field.name, o.value) not in chosen.leaves_out]
        at = chosen.asks.index(field.name) + 1
        return _page(
            request, "offer", {**context, "field": field, "options": options, "at": at, "of": len(chosen.asks) + 1}
        )
    if request.method == "GET":
        shown = [(fields[n].label, next(o for o in fields[n].options if o.value == said[n])) for n in said]
        return _page(request, "offer_check", {**context, "shown": shown})
    try:
        made = actions.apply_at_once(
            chosen,
            said,
            visit=request.visit,
            by=request.actor,
            now=now(),
            request_id=UUID(request.POST["request_id"]),
        )
    except Wrong as wrong:
        return _page(request, "refused", {"why": next(iter(wrong.errors.values()))}, status=422)
    return HttpResponseRedirect(reverse("kiosk:matter", args=[made.number]))


def _is_option(chosen: plugs.AtOnce, field: FormField, value: str) -> bool:
    return any(o.value == value and (field.name, value) not in chosen.leaves_out for o in field.options)


# ---- printing --------------------------------------------------------------------------------------------


@visitor_page
@require_POST
def send_to_printer(request: KioskRequest) -> HttpResponse:
    """Put a receipt or a paper of one's own into the printer's queue."""
    at = now()
    wanted = request.POST.get("paper", "")
    if wanted:
        card = papers.card(UUID(wanted), now=at)
        if card.holder_id != request.actor.person_id:
            raise Unknown
        found = matters.matter(card.matter_id, request.actor, at)
        job = actions.queue_print(PrintJob.PAPER, found, card.id, visit=request.visit, by=request.actor, now=at)
    else:
        found = _own(request, request.POST.get("receipt", ""))
        job = actions.queue_print(PrintJob.RECEIPT, found, None, visit=request.visit, by=request.actor, now=at)
    return HttpResponseRedirect(reverse("kiosk:print", args=[job.id]))


@visitor_page
@require_http_methods(["GET", "POST"])
def print_page(request: KioskRequest, job_id: UUID) -> HttpResponse:
    """Show what is printed, and ask whether it came out; without paper it waits and somebody is called."""
    job = queries.job(job_id, request.visit)
    at = now()
    if request.method == "POST":
        if "came" in request.POST:
            actions.printed(job, now=at)
        elif request.machine.paper_out_at is None:
            actions.set_paper(request.machine.id, out=True, by=None, now=at)
            actions.call_help(request.machine, f"{request.machine.spot['zh']}：没有出纸", now=at, request_id=new_id())
        return HttpResponseRedirect(reverse("kiosk:print", args=[job.id]))
    found = matters.matter(job.matter_id, request.actor, at)
    body = matters.body_of(found)
    context = {
        "job": job,
        "matter": found,
        "service": body.service,
        "line": rules.stations(body, found, matters.events(found)),
        "station": matters.units()[found.station_id].name,
        "paper": papers.card(job.paper_id, now=at) if job.paper_id else None,
        "paper_out": request.machine.paper_out_at is not None and job.state == PrintJob.WAITING,
        "printed_at": at,
    }
    return _page(request, "print", context)


@xframe_options_sameorigin
@visitor_page
@require_GET
def print_file(request: KioskRequest, job_id: UUID) -> HttpResponse:
    """Hand the signed PDF to the machine's printer: the visitor's own paper, within the visit."""
    job = queries.job(job_id, request.visit)
    if job.paper_id is None:
        raise Unknown
    card = papers.card(job.paper_id, now=now())
    if card.holder_id != request.actor.person_id:
        raise Unknown
    response = HttpResponse(papers.pdf(card.id), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="paper.pdf"'
    return response
