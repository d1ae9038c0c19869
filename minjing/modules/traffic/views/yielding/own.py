"""A driver asks: I made way for an ambulance, then and there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from minjing.base.clock import CHINA, now
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.errors import Unknown
from minjing.modules.traffic.actions.yielding import asking
from minjing.modules.traffic.errors import Unknown as NoSuch
from minjing.modules.traffic.models import Violation
from minjing.modules.traffic.queries.yielding import own as queries
from minjing.modules.traffic.queries.yielding.limits import limits
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import t


@require_safe
@resident
def mine(request: HttpRequest) -> HttpResponse:
    """Show the own violations that making way can have caused; as JSON where that is asked for."""
    listed = queries.own(who(request))
    if request.headers.get("Accept", "") == "application/json":
        return JsonResponse({"violations": [_row(one) for one in listed]})
    return render(request, "traffic/yielding/mine.html", {"tab": "me", "listed": listed})


def _row(one: queries.Own) -> dict[str, object]:
    row = one.violation
    said = {"violation": str(row.pk), "number": row.number, "violated_at": row.violated_at.isoformat()}
    return {**said, "conduct": dict(one.conduct), "stands": one.stands}


@require_http_methods(["GET", "POST"])
@resident
def ask(request: HttpRequest, violation_id: UUID) -> HttpResponse:
    """Ask about one: when it was and where; answered at once with what was found."""
    by = who(request)
    try:
        violation = asking.own_violation(violation_id, by)
    except NoSuch:
        raise Unknown from None
    wrong = ""
    said_at = violation.violated_at
    if request.method == "POST":
        wrong, said_at = _asked(request, violation, by)
        if not wrong:
            return HttpResponseRedirect(reverse("traffic:made_way"))
    context = {
        "tab": "me",
        "violation": violation,
        "one": next((one for one in queries.own(by) if one.violation.pk == violation.pk), None),
        "places": queries.places_near(violation),
        "said": said_at.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M"),
        "chosen": request.POST.get("place", ""),
        "wrong": wrong,
        "limits": {"after_s": round(limits().after_s), "within_m": round(limits().within_m)},
    }
    return render(request, "traffic/yielding/ask.html", context, status=422 if wrong else 200)


def _asked(request: HttpRequest, violation: Violation, by: Actor) -> tuple[str, datetime]:
    """Put the question; return what is wrong with it ("" when nothing is) and the time that was said."""
    try:
        said_at = datetime.fromisoformat(request.POST.get("at", "")).replace(tzinfo=CHINA)
    except ValueError:
        return "time", violation.violated_at
    place = next((one for one in queries.places_near(violation) if one.code == request.POST.get("place")), None)
    try:
        found = asking.ask(violation.pk, said_at, (place.lat, place.lon) if place else None, by=by, now=now())
    except asking.NotOfThisKind:
        return "kind", said_at
    except asking.Elsewhere:
        return "elsewhere", said_at
    if found is None:
        messages.info(request, t(
            "没有找到当时经过这里的救护车任务。轨迹可能晚到，我们会在两天内自动再查；您也可以提出异议。",
            "No ambulance on a mission was found there at that time. Tracks may come late: it is looked for again for"
            " two days. You can also object.",
        ))  # fmt: skip
    else:
        messages.success(request, t(
            "找到一辆执行任务的救护车，已交民警核实，结果会通知您。",
            "An ambulance on a mission was found. An officer looks at it and you will be told.",
        ))  # fmt: skip
    return "", said_at
