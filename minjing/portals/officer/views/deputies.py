"""Deputies: one officer stands in for another, for a time, for some services or all."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import IdentityError, Unknown
from minjing.kernel.identity.rules import ADMINISTRATORS, DEPUTY_MAX
from minjing.kernel.matters import queries
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.typed import day, whole


@officer_page()
@require_http_methods(["GET", "POST"])
def deputies(request: OfficerRequest) -> HttpResponse:
    """List who stands in for me and for whom I stand in; name a deputy."""
    errors: dict[str, Words] = {}
    if request.method == "POST":
        errors = _name_one(request)
        if not errors:
            messages.success(
                request,
                pick({"zh": "代理已生效，双方都可在此页看到。", "en": "The deputy is named; both see it here."}),
            )
            return HttpResponseRedirect(reverse("officer:deputies"))
    today = local_day(request.at)
    context = {
        "mine": [own for own in _own_posts(request) if own["post"] not in ADMINISTRATORS],
        "given": _listed(people.deputies_of(request.actor.account_id, request.at)),
        "taken": _listed(people.standing_in(request.actor.account_id, request.at)),
        "services": queries.current(),
        "typed": request.POST
        if errors
        else {"since": today.isoformat(), "until": (today + timedelta(days=7)).isoformat()},
        "scope": request.POST.getlist("scope") if errors else [],
        "errors": errors,
        "longest": DEPUTY_MAX.days,
    }
    return show(request, "officer/deputies.html", context, page="deputies", status=422 if errors else 200)


def _own_posts(request: OfficerRequest) -> list[dict[str, Any]]:
    names = people.post_names(h.post for h in request.actor.holdings)
    known = queries.units()
    return [
        {"post": h.post, "unit_id": h.unit_id, "name": names.get(h.post), "unit": known[h.unit_id].name}
        for h in request.actor.holdings
        if h.deputy_for is None
    ]


def _listed(rows: Any) -> list[dict[str, Any]]:
    known = queries.units()
    titles = {body.service.code: body.service.title for body in queries.current()}
    names = people.post_names(row.post_id for row in rows)
    return [
        {
            "row": row,
            "post": names.get(row.post_id),
            "unit": known[row.unit_id].name if row.unit_id in known else "",
            "scope": [titles[code] for code in row.scope if code in titles],
        }
        for row in rows
    ]


def _name_one(request: OfficerRequest) -> dict[str, Words]:
    """Name the deputy that the form asks for; return what is wrong with it."""
    post, _, unit = request.POST.get("post", "").partition("@")
    errors: dict[str, Words] = {}
    since = day_of(request.POST.get("since", ""), "since", errors)
    until = day_of(request.POST.get("until", ""), "until", errors)
    deputy = people.officer_by_number(request.POST.get("deputy", "").strip())
    if deputy is None:
        errors["deputy"] = {"zh": "没有这个警号的民警。", "en": "No officer has this number."}
    if not whole(unit):
        errors["post"] = {"zh": "请选择岗位。", "en": "Choose a post."}
    if errors or since is None or until is None or deputy is None:
        return errors
    start = max(request.at, datetime.combine(since, time(), CHINA))
    try:
        identity.deputise(
            by=request.actor,
            deputy_account_id=deputy.id,
            post=post,
            unit_id=whole(unit),
            since=start,
            until=datetime.combine(until + timedelta(days=1), time(), CHINA),
            scope=[code for code in request.POST.getlist("scope") if code],
            now=request.at,
        )
    except IdentityError as error:
        return {getattr(error, "field", "") or _FIELD.get(error.key, ""): error.text}
    return {}


_FIELD = {
    "too_long": "until", "ends_before_start": "until", "own_deputy": "deputy", "administrators_apart": "deputy",
    "deputy_not_near": "deputy", "deputy_joins": "deputy",
}  # fmt: skip


def day_of(text: str, name: str, errors: dict[str, Words]) -> date | None:
    """Return the day that was typed, or None with a sentence in `errors`."""
    try:
        return day(text)
    except ValueError:
        errors[name] = {"zh": "请填写日期，例如 2026-11-24。", "en": "Write a date, for example 2026-11-24."}
        return None


@officer_page()
@require_POST
def end_deputy(request: OfficerRequest, appointment_id: UUID) -> HttpResponse:
    """End a deputyship that I gave; the deputy's sessions are cut at once."""
    if appointment_id not in {row.id for row in people.deputies_of(request.actor.account_id, request.at)}:
        raise Unknown
    identity.end_appointment(appointment_id, by=request.actor, now=request.at)
    messages.success(request, pick({"zh": "代理已结束。", "en": "The deputyship has ended."}))
    return HttpResponseRedirect(reverse("officer:deputies"))
