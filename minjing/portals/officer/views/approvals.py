"""What waits for an approver beside the ordinary decisions: more time, corrections, reopenings."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from minjing.kernel.matters import oversight, queries
from minjing.kernel.matters.queries import Wish
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.workbench import rows_of


@officer_page(act="decide")
@require_GET
def approvals(request: OfficerRequest) -> HttpResponse:
    """List the extensions asked for, the corrections and the reopenings that this approver may decide."""
    paths = [h.unit_path for h in request.actor.holdings if "decide" in h.acts]
    asked = oversight.extensions_asked(paths)
    # Only those the flow lets this very officer grant: not whoever asked, not another level's.
    grantable = [
        matter
        for matter in asked
        if queries.may_see(matter, request.actor)
        and any(s.action == "grant_extension" and s.allowed for s in queries.steps(matter, request.actor, request.at))
    ]
    review = queries.queue(request.actor, "review", request.at, wish=Wish(), limit=queries.PAGE)
    context = {
        "extensions": [{"row": row, "days": row.matter.asked_days} for row in rows_of(grantable, request.actor)],
        "corrections": rows_of([m for m in review if m.state == "correcting"], request.actor),
        "reopenings": rows_of([m for m in review if m.state == "reopening"], request.actor),
    }
    return show(request, "officer/approvals.html", context, page="approvals")
