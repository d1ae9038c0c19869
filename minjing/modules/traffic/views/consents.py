"""What waits for one's own consent: a sale, a change of owner, who drove; agreed or refused."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base.clock import now
from minjing.kernel.matters.errors import Unknown as NoMatter
from minjing.modules.traffic.actions import consents
from minjing.modules.traffic.errors import Refused, Unknown
from minjing.modules.traffic.queries import consents as asked
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick, t


@require_http_methods(["GET", "POST"])
@resident
def mine(request: HttpRequest) -> HttpResponse:
    """Show what waits for one's consent, and what was answered; take an answer."""
    at, by = now(), who(request)
    if request.method == "POST":
        try:
            row = consents.answer(UUID(request.POST.get("matter", "")), "agree" in request.POST, by=by, now=at)
        except (Unknown, ValueError):
            raise NoMatter from None
        except Refused as refused:
            messages.error(request, pick(refused.text))
            return HttpResponseRedirect(reverse("traffic:consents"))
        agreed = row.state == "agreed"
        words = ("您已同意，业务继续办理。", "You have agreed; it goes on.") if agreed else (
            "您已拒绝，业务终止。", "You have refused; it ends.")  # fmt: skip
        messages.success(request, t(*words))
        return HttpResponseRedirect(reverse("traffic:consents"))
    listed = asked.of_person(by, at)
    context = {
        "tab": "me",
        "waiting": [one for one in listed if one.waits],
        "answered": [one for one in listed if not one.waits],
    }
    return render(request, "traffic/items/consents.html", context)
