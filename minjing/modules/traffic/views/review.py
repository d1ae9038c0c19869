"""The desk that reviews violations: one at a time, one key a decision, the next one ready."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from minjing.modules.traffic import packs
from minjing.modules.traffic.actions import parking
from minjing.modules.traffic.actions import violations as acts
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.queries import evidence
from minjing.modules.traffic.queries import violations as queries
from minjing.modules.traffic.rules import parking_waiver
from minjing.modules.traffic.rules.penalties import words
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show

AHEAD = 6  # how many are ready after the one on the desk
# Key → ground: the seven commonest have a digit.
GROUNDS = (
    "unclear",
    "wrong_plate",
    "cloned",
    "emergency_vehicle",
    "handled_on_site",
    "contradictory_signals",
    "other",
)
SKIPPED = "violations_skipped"


@officer_page("review_violations")
@require_safe
def desk(request: OfficerRequest) -> HttpResponse:
    """Show the oldest record that waits, with the ones after it."""
    skipped = set(request.session.get(SKIPPED, []))
    waiting = [row for row in queries.to_review(limit=AHEAD + len(skipped) + 1) if str(row.pk) not in skipped]
    found = packs.in_force().grounds
    first, many = (waiting[0] if waiting else None), queries.waiting_count()
    context = {
        "row": first,
        "conduct": title_of(first.conduct) if first else None,
        "source": words.SOURCES.get(first.source) if first else None,
        "next": [(row, title_of(row.conduct)) for row in waiting[1 : AHEAD + 1]],
        "count": f"{many:,}+" if many >= queries.COUNTED else many,
        "photos": evidence.photos(first.pk) if first else [],
        "claim": parking.claims_of([first.pk]).get(first.pk) if first else None,
        "grounds": [(str(key), code, found[code].title) for key, code in enumerate(GROUNDS, 1)],
    }
    return show(request, "traffic/violations/review.html", context, page="violations")


@officer_page("review_violations")
@require_POST
def decide(request: OfficerRequest, violation_id: UUID) -> HttpResponse:
    """Publish the record, remove it for a ground, or leave it to another officer; then on to the next."""
    what = request.POST.get("what", "")
    if what == "skip":
        request.session[SKIPPED] = [*request.session.get(SKIPPED, []), str(violation_id)][-50:]
    elif what in ("publish", parking_waiver.GROUND) or what in GROUNDS:
        try:
            acts.review(violation_id, "" if what == "publish" else what, by=request.actor, now=request.at)
        except Refused as refused:
            messages.error(request, pick(refused.text))
            request.session[SKIPPED] = [*request.session.get(SKIPPED, []), str(violation_id)][-50:]
    return HttpResponseRedirect(reverse("traffic:review"))
