"""Who was in which household on any day: officers' looks at the register, for a reason, on record first."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from minjing.base.clock import local_day
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.reasons import reasons
from minjing.kernel.identity.rules import LOOK
from minjing.modules.household import queries
from minjing.modules.household.queries import HouseholdView
from minjing.modules.household.views.asking import day_of, id_of, in_hand
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.matter import reason_of

# What the next form asks again with: the reason is given once for what one is after.
KEPT = ("number", "day", "matter", "reason", "words")
TO_BE_PUT_RIGHT = ("day", "no_reason", "reason_needs_text")


@officer_page(LOOK)
@require_http_methods(["GET", "POST"])
def by_number(request: OfficerRequest) -> HttpResponse:
    """Show who belonged to the household with a number on a day. What was typed never stands in an address."""
    context = _asked(request)
    if not context["typed"]["number"]:
        return show(request, "household/by_number.html", context | {"stage": "start"}, page="search")
    try:
        day = day_of(context["typed"]["day"], request.at)
        if _waits_for_reason(context):
            return show(request, "household/by_number.html", context | {"stage": "reason"}, page="search")
        found = queries.household(context["typed"]["number"], request.actor, request.at, day=day, **context["why"])
    except IdentityError as error:
        return _to_be_put_right(request, "household/by_number.html", context, error)
    return show(request, "household/by_number.html", context | _found(found, day), page="search")


@officer_page(LOOK)
@require_http_methods(["GET", "POST"])
def of_person(request: OfficerRequest, person_id: UUID) -> HttpResponse:
    """Show the households that a person has belonged to; with a day, who was in theirs on it."""
    context = _asked(request) | {"person_id": person_id}
    if _waits_for_reason(context):
        return show(request, "household/of_person.html", context | {"stage": "reason"}, page="search")
    try:
        if not context["typed"]["day"]:
            context["history"] = queries.history(person_id, request.actor, request.at, **context["why"])
            return show(request, "household/of_person.html", context | {"stage": "history"}, page="search")
        day = day_of(context["typed"]["day"], request.at)
        found = queries.household_of(person_id, request.actor, request.at, day=day, **context["why"])
    except IdentityError as error:
        return _to_be_put_right(request, "household/of_person.html", context, error)
    return show(request, "household/of_person.html", context | _found(found, day), page="search")


def _asked(request: OfficerRequest) -> dict[str, Any]:
    typed = {name: request.POST.get(name, "").strip()[:100] for name in KEPT}
    matter = in_hand(typed["matter"] or request.GET.get("matter", "")[:40], request.actor, request.at)
    typed["matter"] = matter.number if matter else ""
    return {
        "typed": typed,
        "kept": {name: value for name, value in typed.items() if value and name not in ("reason", "words")},
        "carried": {name: value for name, value in typed.items() if value and name not in ("number", "day")},
        "why": {"reason": "" if matter else reason_of(request), "matter_id": id_of(matter)},
        "for_matter": matter,
        "reasons": reasons().values(),
        "reason_title": reasons()[typed["reason"]].title if typed["reason"] in reasons() else None,
        "today": local_day(request.at),
    }


def _waits_for_reason(context: dict[str, Any]) -> bool:
    return context["for_matter"] is None and not context["typed"]["reason"]


def _to_be_put_right(
    request: OfficerRequest, template: str, context: dict[str, Any], error: IdentityError
) -> HttpResponse:
    """Show the form again with what is wrong; what may not be done at all is refused by the gate."""
    if error.key not in TO_BE_PUT_RIGHT:
        raise error
    stage = "day" if error.key == "day" else "reason"
    return show(request, template, context | {"stage": stage, "wrong": error.text}, page="search", status=422)


def _found(found: HouseholdView | None, day: date) -> dict[str, Any]:
    station = people.unit(found.station_id).name if found else None
    return {"stage": "found", "view": found, "day": day, "station": station}
