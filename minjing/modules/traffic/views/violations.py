"""My violations: points as a ring, each violation with its reasons, a map, what would have changed it, and paying."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi, sin
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from minjing.base.clock import local_day, now
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.pay.queries import orders
from minjing.modules.traffic import packs
from minjing.modules.traffic.actions import deciding, money
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Charge, Violation
from minjing.modules.traffic.queries import evidence, objections, points, registers
from minjing.modules.traffic.queries import violations as queries
from minjing.modules.traffic.rules.penalties import words
from minjing.modules.traffic.rules.penalties.points import FULL, Standing
from minjing.modules.traffic.rules.penalties.shapes import WARNED
from minjing.modules.traffic.rules.penalties.surcharge import surcharge_fen
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick

STATES: Mapping[str, tuple[Mapping[str, str], str]] = {
    "published": ({"zh": "待处理", "en": "To be settled"}, "amber"),
    "decided": ({"zh": "待缴款", "en": "To be paid"}, "amber"),
    "paid": ({"zh": "已处理", "en": "Settled"}, "green"),
    "struck": ({"zh": "已撤销", "en": "Struck"}, "green"),
}
OBJECTION = "JT0313"
RING = 2 * pi * 52  # the length of the ring's line


@require_safe
@resident
def mine(request: HttpRequest) -> HttpResponse:
    """Show one's points and violations, newest first."""
    at, by = now(), who(request)
    licence = registers.licence_of(by.person_id) if by.person_id else None
    standing = points.standing_of(licence, at) if licence else None
    rows = [(row, title_of(row.conduct), sums_of(row), *STATES[row.state]) for row in queries.mine(by=by)]
    context = {"tab": "me", "rows": rows, "standing": standing, "ring": _ring(standing), "known": by.person_id}
    return render(request, "traffic/violations/mine.html", context)


@require_safe
@resident
def one(request: HttpRequest, violation_id: UUID) -> HttpResponse:
    """Show one violation: what, where, why it costs what it costs, and what one can do."""
    at, by = now(), who(request)
    try:
        seen = queries.one(violation_id, by=by, now=at)
    except Refused:
        raise Http404 from None
    row, day = seen.row, local_day(at)
    charges = [
        (
            charge,
            surcharge_fen(charge.fen, charge.due_date, day) if charge.state in ("due", "open") else 0,
            _back(charge),
        )
        for charge in seen.charges
    ]
    context = {
        "tab": "me",
        "seen": seen,
        "row": row,
        "title": title_of(row.conduct),
        "sums": sums_of(row),
        "state": STATES[row.state],
        "source": words.SOURCES.get(row.source),
        "charges": charges,
        "parts": row.fine_fen >= deciding.PARTS_FROM_FEN,
        "photos": evidence.photos(row.pk),
        "map": spot(row.lat, row.lon, row.heading_deg),
        "objection": objections.answer_to(row, by=by, now=at),
        "objection_open": objections.open_for(row) is not None,
        "may_accept": row.state == Violation.PUBLISHED,
        "changed": [o for o in seen.outcomes if o.cause == "cascade"][:1],
        "ground": packs.in_force().grounds.get(row.ground),
    }
    return render(request, "traffic/violations/one.html", context)


@require_POST
@resident
def accept(request: HttpRequest, violation_id: UUID) -> HttpResponse:
    """Decide the violation as its driver accepts it."""
    text = request.POST.get("parts", "1")
    try:
        parts = int(text) if text.isdecimal() and len(text) < 4 else 1
        deciding.decide(violation_id, instalments=parts, by=who(request), now=now())
    except Refused as refused:
        if refused.key == "not_yours":
            raise Http404 from None
        messages.error(request, pick(refused.text))
    return HttpResponseRedirect(reverse("traffic:violation", args=[violation_id]))


@require_POST
@resident
def object_to(request: HttpRequest, violation_id: UUID) -> HttpResponse:
    """Begin an objection in which the number of the record stands already."""
    at, by = now(), who(request)
    try:
        row = queries.one(violation_id, by=by, now=at).row
    except Refused:
        raise Http404 from None
    try:
        draft = matters.draft(OBJECTION, by=by, now=at)
        matters.save_page(draft.id, "violation", {"violation_no": row.number}, by=by, now=at)
    except MatterError as refused:
        messages.error(request, pick(refused.text))
        return HttpResponseRedirect(reverse("traffic:violation", args=[row.pk]))
    return HttpResponseRedirect(reverse("citizen:draft", args=[draft.id]))


@require_POST
@resident
def pay(request: HttpRequest, charge_id: UUID) -> HttpResponse:
    """Open the order of a part as of today and go on to pay it."""
    try:
        order = money.order_of(charge_id, by=who(request), now=now())
    except Refused as refused:
        if refused.key == "not_yours":
            raise Http404 from None
        messages.error(request, pick(refused.text))
        return HttpResponseRedirect(reverse("traffic:violations"))
    return HttpResponseRedirect(reverse("citizen:pay", args=[order.id]))


def sums_of(row: Violation) -> Mapping[str, str]:
    """Return what a violation costs now, as a phrase."""
    return words.sums(row.fine_fen, row.points, row.suspension_months, row.kind == WARNED)


def _back(charge: Charge) -> list[orders.Back]:
    """Return what goes or went back of a part, each with its state."""
    return [back for sheet in orders.of_subject(charge.pk) for back in sheet.refunds]


def _ring(standing: Standing | None) -> Mapping[str, Any]:
    """Return the arc of the points on a ring of twelve."""
    share = min(standing.points / FULL, 1) if standing else 0
    return {"whole": f"{RING:.1f}", "arc": f"{RING * share:.1f}"}


def spot(lat: float | None, lon: float | None, heading_deg: float | None) -> Mapping[str, Any] | None:
    """Return a small map: the place amid a grid of 500 m, and the way the vehicle went; None without a place."""
    if lat is None or lon is None:
        return None
    found: dict[str, Any] = {"lat": f"{lat:.5f}", "lon": f"{lon:.5f}", "lines": range(20, 320, 60)}
    if heading_deg is not None:
        angle = heading_deg * pi / 180
        found |= {"x": f"{160 + 46 * sin(angle):.0f}", "y": f"{80 - 46 * cos(angle):.0f}"}
    return found
