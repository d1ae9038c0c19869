"""The map replay for supervisors: which way an ambulance went, step by step; each replay is on record."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from minjing.base.clock import CHINA
from minjing.modules.traffic.actions.yielding import watching
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.queries.yielding import replay as queries
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page
from minjing.portals.officer.rail import show


@officer_page(queries.ACT)
@require_GET
def index(request: OfficerRequest) -> HttpResponse:
    """Show the latest missions."""
    return show(
        request, "traffic/yielding/missions.html", {"missions": queries.missions(request.actor)}, page="missions"
    )


@officer_page(queries.ACT)
@require_GET
def one(request: OfficerRequest, mission_id: UUID) -> HttpResponse:
    """Show one mission at `?step=`; without a script the slider is a form, and there are links to the next step."""
    asked = request.GET.get("step", "0")
    step = int(asked) if asked.isdecimal() else 0
    try:
        found = watching.watch(mission_id, step, by=request.actor, now=request.at)
    except Unknown:
        return missing(request)
    last = len(found.map.fixes) - 1
    steps = [
        [fix.x, fix.y, fix.turn, datetime.fromtimestamp(fix.at, CHINA).strftime("%H:%M:%S")]
        for fix in found.map.fixes
    ]
    context = {
        "replay": found,
        "last": last,
        "before": max(found.step - 1, 0),
        "after": min(found.step + 1, last),
        "now_text": steps[found.step][3],
        "bar_end": round(16 + found.map.bar, 1),
        "steps": json.dumps(steps),
    }
    return show(request, "traffic/yielding/replay.html", context, page="missions")
