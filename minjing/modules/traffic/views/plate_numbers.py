"""Choosing a plate number: fifty drawn at random, one kept, let go again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base.clock import now
from minjing.kernel.matters.errors import Unknown
from minjing.modules.traffic.actions import plate_numbers
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.queries import plate_numbers as offers
from minjing.modules.traffic.rules import plates
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick, t

KINDS = {
    plates.SMALL: ("小型汽车（蓝牌）", "Car (blue)"),
    plates.SMALL_NEW_ENERGY: ("新能源小型汽车（绿牌）", "New-energy car (green)"),
    plates.LARGE: ("大型汽车（黄牌）", "Coach or lorry (yellow)"),
}


@require_http_methods(["GET", "POST"])
@resident
def choose(request: HttpRequest) -> HttpResponse:
    """Show what is kept and what was offered; draw, keep one, let it go."""
    at, by = now(), who(request)
    if by.person_id is None:
        raise Unknown
    if request.method == "POST":
        return _posted(request, by.person_id)
    kept, offer = plate_numbers.held_by(by.person_id, at), offers.running(by.person_id, at)
    context = {
        "tab": "me",
        "kept": kept,
        "kept_shown": plates.shown(kept.plate) if kept else "",
        "offer": offer,
        "numbers": [(plate, plates.shown(plate)) for plate in offer.plates] if offer else [],
        "kinds": [(code, t(*words)) for code, words in KINDS.items()],
        "draws_left": max(0, plate_numbers.DRAWS_A_DAY - offers.drawn_today(by.person_id, at)),
        "draws": plate_numbers.DRAWS_A_DAY,
    }
    return render(request, "traffic/items/plates.html", context)


def _posted(request: HttpRequest, person_id: UUID) -> HttpResponse:
    at, by, said = now(), who(request), request.POST
    try:
        if "draw" in said:
            plate_numbers.draw(person_id, _kind(said.get("kind", "")), by=by, now=at)
        elif "let_go" in said:
            plate_numbers.let_go(person_id, by=by, now=at)
            messages.success(request, t("号码已放回。", "The number has been given back."))
        elif "plate" in said:
            plate_numbers.keep(said["plate"], person_id, by=by, now=at)
            shown = plates.shown(said["plate"])
            messages.success(request, t(f"{shown} 已为您保留三天。", f"{shown} is kept for you for three days."))
    except Refused as refused:
        messages.error(request, pick(refused.text))
    return HttpResponseRedirect(reverse("traffic:plates"))


def _kind(asked: str) -> str:
    return asked if asked in KINDS else plates.SMALL
