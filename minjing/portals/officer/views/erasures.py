"""Erasing a person: the security administrator asks, the audit administrator confirms; neither reads the record."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import IdentityError, NotAllowed
from minjing.kernel.identity.reasons import erasure_grounds
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page, refused
from minjing.portals.officer.permissions import Words, holds
from minjing.portals.officer.rail import show


@officer_page()
@require_http_methods(["GET", "POST"])
def erasures(request: OfficerRequest) -> HttpResponse:
    """List the erasures that wait for a second administrator; ask for one by ID number."""
    asks, confirms = holds(request.actor, "ask_erasure"), holds(request.actor, "confirm_erasure")
    if not asks and not (confirms and request.method == "GET"):
        return refused(request, {"zh": "您不能打开这一页。", "en": "You may not open this page."}, "ask_erasure")
    errors: dict[str, Words] = {}
    if request.method == "POST":
        errors = _ask(request)
        if not errors:
            said = {"zh": "已提请，等待审计管理员确认。", "en": "Asked for; the audit administrator must confirm it."}
            messages.success(request, pick(said))
            return HttpResponseRedirect(reverse("officer:erasures"))
    grounds = erasure_grounds()
    context = {
        "asks": asks,
        "confirms": confirms,
        "grounds": grounds.values(),
        "rows": [{"row": row, "ground": grounds[row.ground].title} for row in people.erasures_waiting(request.actor)],
        "errors": errors,
        "typed": request.POST if errors else {},
    }
    return show(request, "officer/admin/erasures.html", context, page="erasures", status=422 if errors else 200)


def _ask(request: OfficerRequest) -> dict[str, Words]:
    """Ask for the erasure of the person with the typed ID number; return what is wrong."""
    number, ground = request.POST.get("id_number", ""), request.POST.get("ground", "")
    try:
        identity.ask_erasure_by_number(by=request.actor, id_number=number, ground=ground, now=request.at)
    except IdentityError as error:
        return {getattr(error, "field", "") or "ground": error.text}
    return {}


@officer_page(act="confirm_erasure")
@require_POST
def confirm(request: OfficerRequest, erasure_id: UUID) -> HttpResponse:
    """Erase the person: their key goes, and what it opened says nothing any more."""
    try:
        identity.erase_person(erasure_id, by=request.actor, now=request.at)
        messages.success(request, pick({"zh": "已删除，密钥已销毁。", "en": "Erased: the key is destroyed."}))
    except NotAllowed as against:
        if against.key != "not_now":
            raise
        messages.error(request, pick(against.text))
    return HttpResponseRedirect(reverse("officer:erasures"))
