"""How many looks at people's records were hidden from them, by unit and month: a page and the same as JSON."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from minjing.base import clock
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.reasons import hidden_bases


@require_GET
def table(request: HttpRequest) -> HttpResponse:
    """Show every unit, noughts included, for the last twelve months that are over."""
    counts = identity.hidden_counts(clock.now())
    context = {
        "tab": "hidden",
        "counts": counts,
        "totals": counts.totals,
        "last": counts.totals[0],
        "before": counts.totals[1],
        "bases": hidden_bases().values(),
    }
    return render(request, "open/hidden.html", context)


@require_GET
def raw(request: HttpRequest) -> JsonResponse:
    """Hand out the same figures as JSON."""
    counts = identity.hidden_counts(clock.now())
    months = [f"{month:%Y-%m}" for month in counts.months]
    units = [
        {"code": row.unit_code, "name": dict(row.unit), "hidden": dict(zip(months, row.by_month, strict=True))}
        for row in counts.rows
    ]
    return JsonResponse({"months": months, "total": dict(zip(months, counts.totals, strict=True)), "units": units})
