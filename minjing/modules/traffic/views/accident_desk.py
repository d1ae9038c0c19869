"""The officers' desk for accidents: what waits, one case with both sides, the determination; keyboard first."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.clock import local_day
from minjing.kernel.identity.errors import NotAllowed, Wrong
from minjing.kernel.matters import queries as matters
from minjing.modules.traffic.actions import accident_desk as acts
from minjing.modules.traffic.models import Accident
from minjing.modules.traffic.queries import accident_desk as queries
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.rules import settlement
from minjing.modules.traffic.rules.plates import shown
from minjing.modules.traffic.views.accidents import VIEWS, WHY
from minjing.modules.traffic.views.violations import spot
from minjing.portals.frame.language import pick, t
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show


@officer_page(queries.ACT)
@require_GET
def desk(request: OfficerRequest) -> HttpResponse:
    """Show what waits in one's district, and what one has."""
    rows = [(row, _names(row), row.officer_id is not None) for row in queries.waiting(request.actor)]
    context = {"rows": rows, "count": queries.waiting_count(request.actor), "why": WHY}
    return show(request, "traffic/accidents/desk.html", context, page="accidents")


@officer_page(queries.ACT)
@require_http_methods(["GET", "POST"])
def case(request: OfficerRequest, accident_id: UUID) -> HttpResponse:
    """Show a case, or decide it: what was typed stays where something is missing."""
    errors: dict[str, Any] = {}
    if request.method == "POST":
        try:
            acts.determine(accident_id, request.POST.dict(), by=request.actor, now=request.at)
        except Wrong as wrong:
            errors = {wrong.field: wrong.text}
        else:
            messages.success(request, t("已认定，双方已收到通知。", "Determined; both parties have been told."))
            return HttpResponseRedirect(reverse("traffic:accident_desk"))
    looked = acts.show(accident_id, by=request.actor, now=request.at)
    row = looked.row
    context = {
        "row": row, "sides": [(side, shown(side.party.plate)) for side in looked.sides], "found": looked.found,
        "views": VIEWS, "why": WHY.get(row.why), "situations": list(enumerate(found.situations().values(), 1)),
        "shares": settlement.SHARES, "liability": settlement.LIABILITY, "typed": request.POST, "errors": errors,
        "mine": row.officer_id == request.actor.account_id, "map": spot(row.lat, row.lon, None),
        "late": row.due_date is not None and row.due_date < local_day(request.at),
        "situation": found.situations()[row.situation].title if row.situation in found.situations() else None,
    }  # fmt: skip
    return show(request, "traffic/accidents/case.html", context, page="accidents", status=422 if errors else 200)


@officer_page(queries.ACT)
@require_POST
def take(request: OfficerRequest, accident_id: UUID) -> HttpResponse:
    """Take a case over, or leave it to another."""
    try:
        if request.POST.get("what") == "leave":
            acts.leave(accident_id, by=request.actor, now=request.at)
            return HttpResponseRedirect(reverse("traffic:accident_desk"))
        acts.take(accident_id, by=request.actor, now=request.at)
    except NotAllowed as refused:
        messages.error(request, pick(refused.text))
        return HttpResponseRedirect(reverse("traffic:accident_desk"))
    return HttpResponseRedirect(reverse("traffic:accident_case", args=[accident_id]))


@officer_page(queries.ACT)
@require_GET
def photo(request: OfficerRequest, accident_id: UUID, photo_id: UUID) -> HttpResponse:
    """Show a photo whole; the look is on record before."""
    kept = acts.show_photo(accident_id, photo_id, by=request.actor, now=request.at)
    return HttpResponse(kept, content_type="image/jpeg")


def _names(row: Accident) -> str:
    units = (u for u in matters.units().values() if u.org_id == row.org_id and u.level == "branch")
    return next((pick(u.name) for u in units), "") if row.org_id else ""
