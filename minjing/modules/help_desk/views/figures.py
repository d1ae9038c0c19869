"""The supervisor's page: how much was asked, how soon it was answered, about what. Counts; nobody's words."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from minjing.modules.help_desk import queries, rules
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show


@officer_page("supervise")
@require_GET
def report(request: OfficerRequest) -> HttpResponse:
    """Show the last twelve weeks."""
    found, topics = queries.report(request.actor, request.at), queries.topics()
    most = max((f.asked for _, f in found.by_topic), default=0) or 1
    busiest = max((f.asked for _, f in found.by_week), default=0) or 1
    context = {
        "report": found,
        "topics": [
            {"title": topics[topic], "figures": f, "bar": round(100 * f.asked / most)} for topic, f in found.by_topic
        ],
        "channels": [(queries.CHANNELS[channel], f) for channel, f in found.by_channel],
        "weeks": [
            {"monday": monday, "figures": f, "bar": round(100 * f.asked / busiest)} for monday, f in found.by_week
        ],
        "in_2017": rules.HELP_LINE_2017,
        "weeks_count": queries.WEEKS,
    }
    return show(request, "help_desk/figures.html", context, page="desk_figures")
