"""Hiding looks from a person for a legal reason: asking for leave, giving it, ending it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import Unknown, Wrong
from minjing.kernel.identity.reasons import hidden_bases
from minjing.kernel.identity.rules import APPROVE_HIDDEN
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words, holds
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.deputies import day_of

STATES: dict[str, tuple[Words, str]] = {
    "asked": ({"zh": "待审批", "en": "Waiting"}, ""),
    "granted": ({"zh": "生效中", "en": "In force"}, "green"),
    "refused": ({"zh": "不同意", "en": "Refused"}, "red"),
    "ended": ({"zh": "已提前结束", "en": "Ended early"}, ""),
    "over": ({"zh": "已到期，已公开", "en": "Over, shown now"}, ""),
}
USUAL = timedelta(days=90)


@officer_page(act="look")
@require_http_methods(["GET", "POST"])
def my_hidden(request: OfficerRequest) -> HttpResponse:
    """List the leaves one has asked for, and ask for another."""
    errors: dict[str, Words] = {}
    if request.method == "POST":
        errors = _asked(request)
        if not errors:
            messages.success(
                request,
                pick(
                    {
                        "zh": "申请已交法制民警审批。批准之前的查看不隐藏。",
                        "en": "Your request waits for the legal officer. Looks before the leave are not hidden.",
                    }
                ),
            )
            return HttpResponseRedirect(reverse("officer:hidden_looks"))
    today = local_day(request.at)
    context = {
        "rows": [(row, STATES[row.state]) for row in people.my_hidden(request.actor, request.at)],
        "bases": hidden_bases().values(),
        "errors": errors,
        "typed": request.POST if errors else {"until": (today + USUAL).isoformat()},
        "last_day": (today + timedelta(days=364)).isoformat(),
    }
    return show(request, "officer/hidden_looks.html", context, page="hidden_looks", status=422 if errors else 200)


def _asked(request: OfficerRequest) -> dict[str, Words]:
    errors: dict[str, Words] = {}
    until = day_of(request.POST.get("until", ""), "until", errors)
    if until is None:
        return errors
    try:
        identity.ask_hidden(
            request.POST.get("id_number", ""),
            request.POST.get("basis", ""),
            request.POST.get("facts", ""),
            datetime.combine(until + timedelta(days=1), time(), CHINA),
            by=request.actor,
            now=request.at,
        )
    except Wrong as wrong:
        return {wrong.field: wrong.text}
    return {}


@officer_page(act=APPROVE_HIDDEN)
@require_GET
def to_decide(request: OfficerRequest) -> HttpResponse:
    """List the requests that wait and the leaves in force; nobody whom they are about."""
    context = {
        "waiting": people.hidden_to_decide(request.actor, request.at),
        "in_force": people.hidden_in_force(request.actor, request.at),
    }
    return show(request, "officer/hidden_to_decide.html", context, page="hidden_to_decide")


@officer_page(act=APPROVE_HIDDEN)
@require_http_methods(["GET", "POST"])
def decide(request: OfficerRequest, leave_id: UUID) -> HttpResponse:
    """Show one request with the reasons given, and take the decision."""
    if request.method == "GET":
        row = next((r for r in people.hidden_to_decide(request.actor, request.at) if r.id == leave_id), None)
        if row is None:
            raise Unknown
        facts = identity.open_facts(leave_id, by=request.actor, now=request.at)
        return show(request, "officer/hidden_decide.html", {"row": row, "facts": facts}, page="hidden_to_decide")
    try:
        granted = request.POST.get("decision") == "grant"
        identity.decide_hidden(leave_id, granted, by=request.actor, now=request.at)
    except Unknown:
        messages.error(request, pick({"zh": "这件申请已有人审批。", "en": "Somebody has decided on this already."}))
    else:
        said = {"zh": "已同意。", "en": "Leave given."} if granted else {"zh": "已不同意。", "en": "Refused."}
        messages.success(request, pick(said))
    return HttpResponseRedirect(reverse("officer:hidden_to_decide"))


@officer_page()
@require_POST
def end(request: OfficerRequest, leave_id: UUID) -> HttpResponse:
    """End a leave before its time: what it hid shows itself at once."""
    identity.end_hidden(leave_id, by=request.actor, now=request.at)
    messages.success(
        request,
        pick({"zh": "已提前结束，本人现在可以看到。", "en": "Ended: the person can see those looks now."}),
    )
    back = "hidden_to_decide" if holds(request.actor, APPROVE_HIDDEN) else "hidden_looks"
    return HttpResponseRedirect(reverse(f"officer:{back}"))
