"""One's own households, as the register has them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.kernel.identity.rules import CARD
from minjing.kernel.matters.actions import require_level
from minjing.modules.household import queries
from minjing.portals.citizen.access import resident, who


@require_safe
@resident
def mine(request: HttpRequest) -> HttpResponse:
    """Show every household one has belonged to, with its days: one's own record, which needs no entry."""
    by = who(request)
    require_level(by, CARD)
    periods = queries.history(by.person_id, by, now()).periods if by.person_id else []
    return render(request, "household/mine.html", {"tab": "me", "periods": periods})
