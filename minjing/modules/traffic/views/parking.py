"""“My car is gone”: the page behind the link of a parking notice; nobody signs in for it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from minjing.base.clock import now
from minjing.modules.traffic.actions import parking as acts
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.errors import Refused, Unknown
from minjing.modules.traffic.rules.plates import shown


@never_cache
@require_http_methods(["GET", "POST"])
def left(request: HttpRequest, link: str) -> HttpResponse:
    """Show the notice with the minutes that are left, and take the word that the car is gone."""
    at = now()
    try:
        notice, violation = acts.by_link(link)
        if request.method == "POST":
            acts.left(link, now=at)
            return HttpResponseRedirect(reverse("traffic:parking_left", args=[link]))
    except Unknown:
        return render(request, "traffic/violations/parking_unknown.html", status=404)
    except Refused:
        pass  # the page below says that the time is over
    until = notice.noticed_at + acts.window()
    context = {
        "notice": notice, "row": violation, "plate": shown(violation.plate), "title": title_of(violation.conduct),
        "until": until, "minutes": int(acts.window().total_seconds() // 60), "late": acts.is_late(notice, at),
    }  # fmt: skip
    return render(request, "traffic/violations/parking_left.html", context)
