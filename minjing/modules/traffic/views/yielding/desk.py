"""The officer's desk: one candidate, one look, one key; and the batches that are held."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from minjing.base.clock import CHINA
from minjing.modules.traffic.actions.yielding import deciding, holding
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.queries import evidence
from minjing.modules.traffic.queries.yielding import desk as queries
from minjing.modules.traffic.queries.yielding.limits import limits, said
from minjing.modules.traffic.views.yielding.words import said_of
from minjing.portals.frame.language import t
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page
from minjing.portals.officer.rail import show


@officer_page(deciding.ACT)
@require_GET
def desk(request: OfficerRequest) -> HttpResponse:
    """Show the candidate that waits longest, or the next one after `?after=`."""
    after = request.GET.get("after", "")
    try:
        candidate = queries.next_waiting(UUID(after) if after else None)
    except ValueError:
        candidate = queries.next_waiting()
    return _page(request, queries.look_at(candidate) if candidate else None)


@officer_page(deciding.ACT)
@require_GET
def one(request: OfficerRequest, candidate_id: UUID) -> HttpResponse:
    """Show one candidate, also when it has been decided."""
    candidate = queries.candidate(candidate_id)
    look = queries.look_at(candidate) if candidate else None
    if look is None:
        return missing(request)
    return _page(request, look)


def _page(request: OfficerRequest, look: queries.Look | None) -> HttpResponse:
    context: dict[str, object] = {
        "look": look,
        "waiting": queries.waiting_count(),
        "held": queries.held_count(),
        "ground": said()["ground"],
        "within_m": round(limits().within_m),
    }
    if look is not None:
        passed = look.candidate.passed_at.timestamp()
        context |= {
            "ambulance": min(look.map.fixes, key=lambda fix: abs(fix.at - passed)),
            "bar_end": round(16 + look.map.bar, 1),
            "violated": look.violation.violated_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "photos": evidence.photos(look.violation.pk),
        }
    return show(request, "traffic/yielding/desk.html", context, page="yielding")


@officer_page(deciding.ACT)
@require_POST
def decide(request: OfficerRequest, candidate_id: UUID) -> HttpResponse:
    """Confirm or reject, and go on to the next."""
    confirmed = request.POST.get("answer") == "confirm"
    try:
        deciding.decide(candidate_id, confirmed, request.POST.get("reason", ""), by=request.actor, now=request.at)
    except Unknown:
        return missing(request)
    except deciding.Decided:
        messages.warning(request, t("另一位民警已经核实过这一件。", "Another officer has decided this one already."))
    else:
        done = (
            t(
                "已确认避让：违法已消除，后续重算。",
                "Confirmed: the violation is struck, what followed is recomputed.",
            )
            if confirmed
            else t("已否定：违法维持不变。", "Rejected: the violation stands.")
        )
        messages.success(request, done)
    return HttpResponseRedirect(reverse("traffic:yielding_desk"))


@officer_page(deciding.ACT)
@require_GET
def batches(request: OfficerRequest) -> HttpResponse:
    """Show the batches that are held, each with what was noticed."""
    rows = [
        {"batch": batch, "said": [said_of(finding) for finding in batch.findings], "off_s": queries.off_s(batch)}
        for batch in queries.held()
    ]
    return show(request, "traffic/yielding/batches.html", {"rows": rows}, page="yielding_batches")


@officer_page(deciding.ACT)
@require_POST
def settle(request: OfficerRequest, batch_id: UUID) -> HttpResponse:
    """Take a held batch as it was sent, as GCJ-02 or with the clock put right; or discard it."""
    try:
        holding.settle(batch_id, request.POST.get("answer", ""), by=request.actor, now=request.at)
    except (Unknown, ValueError):
        return missing(request)
    except holding.NotHeld:
        messages.warning(request, t("这一批已经处理过。", "This batch has been settled already."))
    else:
        messages.success(request, t("已处理，台账已记录。", "Done; it stands in the ledger."))
    return HttpResponseRedirect(reverse("traffic:yielding_held"))
