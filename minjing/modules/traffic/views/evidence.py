"""The pictures of a violation, whole: for the officer who reviews it, and for whoever is charged with it."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.modules.traffic.actions import evidence
from minjing.modules.traffic.actions.guarding import REVIEW
from minjing.modules.traffic.errors import Refused
from minjing.portals.citizen.access import resident, who
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page


@officer_page(REVIEW)
@require_safe
def photo(request: OfficerRequest, violation_id: UUID, photo_id: UUID) -> HttpResponse:
    """Send a picture to the desk; the look is on record before."""
    try:
        content = evidence.show_photo(violation_id, photo_id, by=request.actor, now=request.at)
    except Refused:
        return missing(request)
    return jpeg(content)


@require_safe
@resident
def own_photo(request: HttpRequest, violation_id: UUID, photo_id: UUID) -> HttpResponse:
    """Send a picture to whoever is charged with the violation."""
    try:
        content = evidence.show_own_photo(violation_id, photo_id, by=who(request), now=now())
    except Refused:
        raise Http404 from None
    return jpeg(content)


def jpeg(content: bytes) -> HttpResponse:
    """Return a picture that no cache keeps: shown again, it is asked for again, and the look is on record."""
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "no-store, private"})
