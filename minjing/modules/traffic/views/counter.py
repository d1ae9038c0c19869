"""The counter where violations are decided, and the desk where test results are entered: by keyboard."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.modules.traffic.actions import deciding, points, results
from minjing.modules.traffic.actions.guarding import REVIEW
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.queries import results as waiting
from minjing.modules.traffic.queries.own import STATUS
from minjing.portals.frame.language import pick, t
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show


@officer_page(REVIEW)
@require_http_methods(["GET", "POST"])
def desk(request: OfficerRequest) -> HttpResponse:
    """Find violation and licence, show what it comes to, decide. What was typed never stands in an address."""
    typed = {name: request.POST.get(name, "").strip()[:30] for name in ("number", "file_number")}
    context: dict[str, object] = {"typed": typed}
    if request.method == "GET" or not all(typed.values()):
        return show(request, "traffic/counter/desk.html", context, page="traffic_counter")
    try:
        seen = deciding.show_at_counter(typed["number"], typed["file_number"], by=request.actor, now=request.at)
        if request.POST.get("step") == "decide" and not seen.decided:
            deciding.decide_at_counter(seen.row.pk, typed["file_number"], by=request.actor, now=request.at)
            messages.success(request, t("已决定，当场生效。", "Decided; it takes effect now."))
            seen = deciding.show_at_counter(typed["number"], typed["file_number"], by=request.actor, now=request.at)
    except Refused as refused:
        context["wrong"] = refused.text
        return show(request, "traffic/counter/desk.html", context, page="traffic_counter", status=422)
    context |= {"seen": seen, "title": title_of(seen.row.conduct), "status": STATUS[seen.licence.status]}
    return show(request, "traffic/counter/desk.html", context, page="traffic_counter")


@officer_page(REVIEW)
@require_POST
def elsewhere(request: OfficerRequest) -> HttpResponse:
    """Enter points that another city has decided; twelve reached withhold the licence at once."""
    said = {name: request.POST.get(name, "").strip()[:40] for name in ("file_number", "city", "reference", "day")}
    amount = request.POST.get("points", "").strip()
    day = parse_date(said["day"]) if len(said["day"]) == 10 else None
    try:
        if not (amount.isascii() and amount.isdecimal()):
            raise Refused("points_number")
        if day is None:
            raise Refused("elsewhere")
        points.enter_at_counter(
            said["file_number"], int(amount), said["city"], said["reference"], day, by=request.actor, now=request.at
        )
    except Refused as refused:
        context: dict[str, object] = {"elsewhere": said | {"points": amount}, "wrong_elsewhere": refused.text}
        return show(request, "traffic/counter/desk.html", context, page="traffic_counter", status=422)
    messages.success(request, t("已录入外地记分。", "The points of the other city are on record."))
    return HttpResponseRedirect(reverse("traffic:counter"))


@officer_page(waiting.ACT)
@require_safe
def tests(request: OfficerRequest) -> HttpResponse:
    """Show the tests that have begun and have no result."""
    context = {
        "waiting": waiting.waiting(request.actor, request.at), "count": waiting.count(request.at),
        "ceremonies": waiting.ceremonies(request.actor, request.at),
    }  # fmt: skip
    return show(request, "traffic/counter/tests.html", context, page="traffic_tests")


@officer_page(waiting.ACT)
@require_POST
def result(request: OfficerRequest, booking_id: UUID) -> HttpResponse:
    """Enter marks, or that nobody came; then on to the next."""
    marks = request.POST.get("marks", "").strip()
    absent = request.POST.get("what") == "absent"
    try:
        if not absent and not (marks.isascii() and marks.isdecimal()):
            raise Refused("marks")
        row = results.enter(booking_id, None if absent else int(marks[:4]), by=request.actor, now=request.at)
    except Refused as refused:
        messages.error(request, pick(refused.text))
    else:
        said = {
            "passed": ("合格，已登记。", "Passed; on record."),
            "failed": ("不合格，已登记。", "Not passed; on record."),
        }
        messages.success(request, t(*said.get(row.status, ("缺考，已登记。", "Absent; on record."))))
    return HttpResponseRedirect(reverse("traffic:tests"))


@officer_page(waiting.ACT)
@require_POST
def swear(request: OfficerRequest, entry_id: UUID) -> HttpResponse:
    """Issue the licence of somebody who has been sworn in."""
    try:
        row = results.swear(entry_id, by=request.actor, now=request.at)
    except Refused as refused:
        messages.error(request, pick(refused.text))
    else:
        messages.success(request, t(f"已发证：{row.classes}。", f"The licence is issued: {row.classes}."))
    return HttpResponseRedirect(reverse("traffic:tests"))
