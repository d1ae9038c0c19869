"""The home page and the monthly figures: what is measured, how, and the raw file."""

import csv

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from minjing.base import clock
from minjing.kernel.matters import city_wide, figures, queries
from minjing.kernel.matters.figures import Month
from minjing.portals.frame import city_wide as shown
from minjing.portals.open.views import services
from minjing.portals.open.views.ledger import standing

COLUMNS = (
    "month", "received", "decided", "in_time_percent", "approved_percent", "supplement_asked_percent",
    "median_working_days", "ratings", "mean_stars",
)  # fmt: skip


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show what the portal is for: services, checking, the ledger, the figures."""
    now = clock.now()
    months = figures.by_month(now)
    return render(
        request,
        "open/home.html",
        {
            "groups": services.grouped(queries.current()),
            "total": len(queries.current()),
            "standing": standing(now),
            "last": months[1] if len(months) > 1 else None,
            "before": months[2] if len(months) > 2 else None,
            "running": months[0] if months else None,
        },
    )


@require_GET
def table(request: HttpRequest) -> HttpResponse:
    """Show the last twelve months with a bar each, and how they were counted."""
    months = figures.by_month(clock.now())
    most = max((m.received or 0 for m in months), default=0)
    return render(
        request,
        "open/figures.html",
        {
            "tab": "figures",
            "months": [(m, bar(m, most)) for m in months],
            "smallest": figures.SMALLEST,
            "any": any(m.received != 0 or m.decided != 0 for m in months),
        },
    )


@require_GET
def city_wide_counters(request: HttpRequest) -> HttpResponse:
    """Show what any counter takes in, and the minutes at the counters: measured, and modelled for before."""
    known = {body.service.code: body.service for body in queries.current()}
    offered = [(one.title, [known[c] for c in one.codes if c in known]) for one in city_wide.classes()]
    context = {"tab": "figures", "offered": offered, **shown.context(clock.now())}
    return render(request, "open/city_wide.html", context)


@require_GET
def raw(request: HttpRequest) -> HttpResponse:
    """Hand out the figures as CSV. An empty cell is one too small to show."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="minjing-figures.csv"'
    rows = csv.writer(response)
    rows.writerow(COLUMNS)
    for m in figures.by_month(clock.now()):
        rows.writerow(
            [
                f"{m.month:%Y-%m}", m.received, m.decided, m.in_time, m.approved, m.supplemented,
                m.median_days, m.ratings, m.stars,
            ]
        )  # fmt: skip
    return response


def bar(month: Month, most: int) -> int:
    """Return how long a month's bar is, in per cent of the longest."""
    return round(100 * (month.received or 0) / most) if most else 0
