"""Paying: what is due, the ways to pay it, on to the gateway, waiting for certainty, and what was paid."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from io import BytesIO
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.clients import address
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters import queries as matter_queries
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.errors import Unknown as NoMatter
from minjing.kernel.papers import queries as papers
from minjing.kernel.pay.actions import attempts, receipts
from minjing.kernel.pay.errors import ChannelRefused, ChannelSilent, NoSuchChannel, NotOpen, TooManyAttempts, Unknown
from minjing.kernel.pay.queries import orders
from minjing.kernel.pay.words import channel_title
from minjing.portals.citizen.access import resident, who
from minjing.portals.citizen.views.matters import handed_out
from minjing.portals.citizen.ways import door, must_say_who, payer, ways
from minjing.portals.frame.language import pick

PAGE = 30
# How often the waiting page looks again: often while the answer is likely, rarely afterwards.
SOON_S, LATER_S, PATIENT_AFTER_S = 3, 15, 120
ASKED = "payer_asked"


@require_safe
@resident
def mine(request: HttpRequest) -> HttpResponse:
    """List what one has to pay and has paid."""
    before = request.GET.get("before", "")
    since = datetime.fromisoformat(before) if before else None
    listed = orders.mine(who(request), limit=PAGE + 1, before=since)
    context = {
        "tab": "me",
        "open": [row for row in listed[:PAGE] if row[0].state == "open"],
        "rest": [row for row in listed[:PAGE] if row[0].state != "open"],
        "more": listed[PAGE - 1][0].opened_at.isoformat() if len(listed) > PAGE else "",
    }
    return render(request, "citizen/payments.html", context)


@require_safe
@resident
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show one fee: what is due and how to pay it, or what became of it.

    Inside WeChat it is asked first, silently and once a session, whose WeChat this is: only that one can pay there.
    """
    sheet = orders.one(order_id, who(request))
    if sheet.order.state == "open" and must_say_who(request) and not request.session.get(ASKED):
        request.session[ASKED] = True
        return HttpResponseRedirect(door(request))
    return _order_page(request, sheet)


def _order_page(request: HttpRequest, sheet: orders.Sheet, error: str = "", status: int = 200) -> HttpResponse:
    first, others = ways(request)
    context = {
        "tab": "matters",
        "sheet": sheet,
        "order": sheet.order,
        "ways": first,
        "others": others,
        "key": new_id(),
        "error": error,
        "number": _matter_number(sheet, who(request)),
        "living_title": channel_title(sheet.living.channel) if sheet.living else None,
    }
    return render(request, "citizen/pay.html", context, status=status)


def _matter_number(sheet: orders.Sheet, by: Actor) -> str:
    """Return the matter's number where the payer may open it."""
    try:
        return matter_queries.matter(sheet.order.subject_id, by, now()).number
    except NoMatter:
        return ""


@require_POST
@resident
def begin(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Begin to pay by the way that was pressed, and go where it leads."""
    at, by = now(), who(request)
    missing = _missing_level(orders.own(order_id, by).subject_id, by)
    if missing:
        goal = urlencode({"to": missing, "next": reverse("citizen:pay", args=[order_id])})
        return HttpResponseRedirect(f"{resolve_url('identity:raise')}?{goal}")
    channel = request.POST.get("channel", "")
    try:
        attempt = attempts.begin(
            order_id,
            channel,
            by=by,
            now=at,
            key=f"{request.POST.get('key', '')[:40]}.{channel[:20]}",
            payer=payer(request, channel),
            payer_ip=address(request),
        )
    except NotOpen:
        return HttpResponseRedirect(reverse("citizen:pay", args=[order_id]))
    except (ChannelRefused, ChannelSilent, NoSuchChannel, TooManyAttempts) as trouble:
        return _order_page(request, orders.one(order_id, by), pick(trouble.text), 409)
    return HttpResponseRedirect(reverse("citizen:pay_go", args=[attempt.number]))


def _missing_level(matter_id: UUID, by: Actor) -> str:
    """Return the identity level that the service wants for paying and the payer lacks; empty when none is missing."""
    try:
        matters.require_level_to_pay(matter_id, by=by, now=now())
    except NotAllowed as refused:
        return refused.needs
    return ""


@require_safe
@resident
def go(request: HttpRequest, number: str) -> HttpResponse:
    """Hand the payer over to the gateway: a link, a form, a QR code, or WeChat's own window."""
    sheet, attempt = orders.of_attempt(number, who(request))
    if attempt.state != "open" or not attempt.begun or attempt.expires_at <= now():
        return HttpResponseRedirect(reverse("citizen:pay_wait", args=[number]))
    begun = attempt.begun
    context = {
        "tab": "matters",
        "sheet": sheet,
        "order": sheet.order,
        "attempt": attempt,
        "begun": begun,
        "title": channel_title(attempt.channel),
        "qr": _qr(begun["text"]) if begun["kind"] == "qr" else "",
    }
    response = render(request, "citizen/pay_go.html", context)
    parts = urlsplit(begun["url"])
    if begun["kind"] == "form" and parts.netloc:
        response.headers[HEADER] = build_policy(update={"form-action": f"{parts.scheme}://{parts.netloc}"})
    return response


def _qr(text: str) -> str:
    import segno  # only this page draws one

    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=3, scale=6, dark="#14213A", light="#FFFFFF")
    return f"data:image/svg+xml;base64,{b64encode(out.getvalue()).decode()}"


@require_safe
@resident
def wait(request: HttpRequest, number: str) -> HttpResponse:
    """Say honestly what is known of an attempt, and look again by itself while it is not certain."""
    sheet, attempt = orders.of_attempt(number, who(request))
    at = now()
    if attempt.state == "captured" or sheet.order.state == "settled":
        return HttpResponseRedirect(reverse("citizen:pay", args=[sheet.order.id]))
    since = (at - (attempt.came_back_at or attempt.begun_at)).total_seconds()
    context = {
        "tab": "matters",
        "sheet": sheet,
        "order": sheet.order,
        "attempt": attempt,
        "title": channel_title(attempt.channel),
        "sure": attempt.state == "closed",
        "again_s": SOON_S if since < PATIENT_AFTER_S else LATER_S,
        "patient": since >= PATIENT_AFTER_S,
    }
    return render(request, "citizen/pay_wait.html", context)


@require_POST
@resident
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """The payer says that they have paid: ask the gateway now."""
    _, attempt = orders.of_attempt(number, who(request))
    attempts.came_back(attempt.number, now=now())
    return HttpResponseRedirect(reverse("citizen:pay_wait", args=[number]))


@require_http_methods(["GET"])
@resident
def receipt(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Hand out the signed receipt; where the job has not made it yet, it is made now."""
    sheet = orders.one(order_id, who(request))
    paper_id = sheet.order.receipt_id or receipts.issue(order_id, now=now())
    if paper_id is None:
        raise Unknown
    return handed_out(papers.card(paper_id, now=now()))


def to_pay(matter_id: UUID) -> str:
    """Return the address of the page where the fee of a matter is paid; empty when nothing is due."""
    found = orders.newest_of_subject(matter_id)
    return reverse("citizen:pay", args=[found.id]) if found and found.state == "open" else ""
