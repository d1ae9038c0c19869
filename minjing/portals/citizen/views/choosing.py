"""The step of an application in which the visit is chosen: what is kept, or on to halls and times."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.kernel.booking import queries as visits
from minjing.kernel.matters.errors import Unknown
from minjing.portals.citizen.access import resident, who
from minjing.portals.citizen.steps import VISIT, application


@require_safe
@resident
def visit_step(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Show the hall and time that are kept for this application; where there are none, lead to the choice."""
    mine = application(draft_id, who(request), now())
    spec = mine.body.service.booking
    if spec is None:
        raise Unknown
    if mine.draft.matter_id is not None:
        return HttpResponseRedirect(reverse("citizen:draft", args=[draft_id]))
    choose = f"{reverse('citizen:visit_places')}?" + urlencode(
        {"kind": spec.kind, "s": spec.service, "for": str(draft_id)}
    )
    found = None if mine.visit_lacks else visits.visit_of_subject(draft_id)
    if found is None and "over" not in request.GET:
        return HttpResponseRedirect(choose)
    context = {
        **mine.where(VISIT),
        "visit": found,
        "place": visits.place_by_id(found.place_id) if found else None,
        "choose": choose,
        "onward": mine.after(VISIT),
        "lacks": mine.visit_lacks.get(VISIT),
    }
    return render(request, "citizen/visit_step.html", context)
