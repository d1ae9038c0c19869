"""Roads on which lorries need a pass: map and hours, readable by everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from minjing.modules.traffic.rules import pass_map, passes
from minjing.portals.frame.language import t


@require_safe
def roads(request: HttpRequest) -> HttpResponse:
    """Show the map and the table; `?hours=day&road=shennan` says what clashes."""
    known = {road["code"] for road in passes.roads()}
    chosen = [code for code in request.GET.getlist("road") if code in known]
    hours = request.GET.get("hours", "")
    clashes = passes.conflicts(chosen, hours) if hours in passes.HOURS else []
    picture = pass_map.svg(
        passes.roads(), chosen, t("zh", "en") == "en", t("限行道路示意图", "Map of the restricted roads")
    )
    context = {
        "tab": "services", "roads": passes.roads(), "chosen": chosen, "hours": hours if hours in passes.HOURS else "",
        "picture": mark_safe(picture),  # noqa: S308 - made by us, names escaped
        "clashes": [(t(*c.name), c.start, c.end) for c in clashes],
        "spans": [
            ("day", t("白天 07:00–22:00", "Day, 07:00–22:00")),
            ("night", t("夜间 22:00–07:00", "Night, 22:00–07:00")),
            ("off_peak", t("平峰", "Off-peak")),
        ],
    }  # fmt: skip
    return render(request, "traffic/items/roads.html", context)
