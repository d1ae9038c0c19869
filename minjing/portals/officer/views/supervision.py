"""The supervisor's pages: one question each, the number first, down to the very matters. Counts, not scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from minjing.kernel.matters import oversight, queries
from minjing.kernel.matters.oversight import Area, Narrowed, UnitLights
from minjing.kernel.matters.queries import UnitFacts, Wish
from minjing.portals.frame import city_wide
from minjing.portals.frame.language import pick, short_name
from minjing.portals.officer import charts
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words, holds
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.typed import whole
from minjing.portals.officer.views.workbench import LIGHTS, after_of, mark_of, rows_of

WHYS: Mapping[str, Words] = {
    "tasks": {"zh": "等待协办结果", "en": "Waiting for a parallel task"},
    "extension": {"zh": "等待批准延长", "en": "Waiting for an extension to be granted"},
    "unclaimed": {"zh": "无人领办", "en": "Nobody has claimed it"},
    "long_step": {"zh": "已领办，环节时间过长", "en": "Claimed, but the step takes too long"},
}
NARROWING = ("own", "light", "pause", "flow", "state", "why", "officer")
LIT = ("red", "yellow", "green", "paused")
COUNTED = (*LIT, "unclaimed")
PAUSES: Mapping[str, Words] = {
    "supplement": {"zh": "等待申请人补正", "en": "Waiting for the applicant’s papers"},
    "originals": {"zh": "等待申请人带原件核对", "en": "Waiting for the originals"},
    "visit": {"zh": "等待申请人改约到场", "en": "Waiting for a new visit"},
    "collection": {"zh": "等待申请人领取", "en": "Waiting to be collected"},
    "payment": {"zh": "等待申请人缴费", "en": "Waiting for the fee"},
    "carrier": {"zh": "正在邮寄", "en": "In the post"},
}


def _unit(request: OfficerRequest) -> UnitFacts:
    """Return the unit that is looked at: one at or below those the officer supervises; raise NotAllowed."""
    wanted = request.GET.get("unit", "")
    return oversight.supervised(request.actor, whole(wanted) if wanted else None)


@officer_page()
@require_GET
def supervision(request: OfficerRequest) -> HttpResponse:
    """Show how the matters of a unit and of those below it stand."""
    unit = _unit(request)
    within = oversight.area(unit.path)
    lights = oversight.unit_lights(within, request.at)
    below = _summed(unit, lights)
    total = UnitLights(unit.id, *(sum(getattr(u, c) for u in lights) for c in ("green", "yellow", "red")))
    weeks = oversight.trend(within, request.at)
    paused = oversight.paused(within)
    context = {
        "unit": unit,
        "path": _path(request, unit),
        "total": total,
        "paused": [
            {"key": r, "reason": PAUSES.get(r, {"zh": r, "en": r}), "count": n, "since": since}
            for r, n, since in paused
        ],
        "paused_count": sum(n for _, n, _ in paused),
        "units": below,
        "hexes": [_hex(row) for row in below],
        "steps": _steps(unit, request),
        "whys": [
            {"key": why, "title": WHYS[why], "count": count}
            for why, count in oversight.overdue_why(within, request.at).items()
        ],
        "load": _load(within, request),
        "weeks": [_week(week) for week in reversed(weeks)],
        "chart": _chart(weeks),
        "this_week": _week(weeks[-1]),
        "last_week": _week(weeks[-2]),
        "sees_city_wide": holds(request.actor, "supervise"),
    }
    return show(request, "officer/supervision.html", context, page="supervision")


def _path(request: OfficerRequest, unit: UnitFacts) -> list[UnitFacts]:
    """Return the units above, as far as the officer supervises them, and the unit itself."""
    able = oversight.supervising(request.actor)
    above = [queries.units()[int(part)] for part in unit.path.rstrip(".").split(".")]
    return [u for u in above if any(u.path.startswith(held.unit_path) for held in able)]


def _summed(unit: UnitFacts, lights: Sequence[UnitLights]) -> list[dict[str, Any]]:
    """Return a line for the unit itself and one for each unit directly below, with all that lies under it."""
    known = queries.units()
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for lit in lights:
        path = known[lit.unit_id].path
        rest = path[len(unit.path) :]
        under = int(rest.split(".")[0]) if rest else unit.id
        for at, count in enumerate((lit.green, lit.yellow, lit.red)):
            sums[under][at] += count
    children = [u for u in known.values() if u.parent_id == unit.id]
    return [
        {"unit": u, "own": u.id == unit.id and bool(children), "lights": UnitLights(u.id, *sums[u.id])}
        for u in [unit, *children]
    ]


def _hex(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one tile of the honeycomb: its light is the worst that it holds."""
    lit: UnitLights = row["lights"]
    light = "red" if lit.red else "yellow" if lit.yellow else "green" if lit.green else "empty"
    return {
        "name": short_name(row["unit"].name),
        "number": lit.total,
        "light": light,
        "href": f"{reverse('officer:supervision')}?unit={row['unit'].id}",
        "note": {
            "zh": f"超期 {lit.red}，即将到期 {lit.yellow}",
            "en": f"{lit.red} overdue, {lit.yellow} due soon",
        },
    }


def _steps(unit: UnitFacts, request: OfficerRequest) -> list[dict[str, Any]]:
    """Return the lights by step, summed over the units, the latest step with most red first."""
    steps: dict[tuple[str, str], dict[str, Any]] = {}
    for row in queries.lights(unit.path, request.at):
        named = {"flow": row.flow, "state": row.state, "flow_title": row.flow_title, "title": row.title}
        step = steps.setdefault((row.flow, row.state), named | dict.fromkeys(COUNTED, 0))
        for name in COUNTED:
            step[name] += getattr(row, name)
    return sorted(steps.values(), key=lambda s: (-s["red"], -sum(s[light] for light in LIT)))


def _load(within: Area, request: OfficerRequest) -> list[dict[str, Any]]:
    rows = oversight.load(within, request.at)[:100]
    people = queries.officers(row.officer_id for row in rows)
    known = queries.units()
    return [
        {
            "load": row,
            "name": people[row.officer_id].display_name if row.officer_id in people else "—",
            "number": people[row.officer_id].police_number if row.officer_id in people else "",
            "unit": known[row.unit_id].name if row.unit_id in known else "",
        }
        for row in rows
    ]


def _week(week: oversight.Week) -> dict[str, Any]:
    share = round(100 * week.in_time / week.decided) if week.decided else None
    return {"week": week, "share": share}


def _chart(weeks: Sequence[oversight.Week]) -> str:
    titles = [
        pick({"zh": "收到", "en": "Received"}),
        pick({"zh": "办结", "en": "Closed"}),
        pick({"zh": "按时", "en": "In time"}),
    ]
    last = weeks[-1]
    summary = pick(
        {
            "zh": f"近 {len(weeks)} 周收到、办结和按时办结的件数；"
            f"本周收到 {last.received}，办结 {last.decided}，按时 {last.in_time}。",
            "en": f"Received, closed and closed in time over {len(weeks)} weeks; this week {last.received}, "
            f"{last.decided} and {last.in_time}.",
        }
    )
    return charts.trend(weeks, titles, summary)


@officer_page()
@require_GET
def drill(request: OfficerRequest) -> HttpResponse:
    """List the very matters behind a number: of a unit or its own level alone, of a light, a step, a cause …"""
    unit = _unit(request)
    narrowed = Narrowed(
        own=bool(request.GET.get("own")),
        light=request.GET.get("light", ""),
        pause=request.GET.get("pause", "")[:30],
        flow=request.GET.get("flow", ""),
        state=request.GET.get("state", ""),
        why=request.GET.get("why", "") if request.GET.get("why") in WHYS else "",
        officer=_uuid(request.GET.get("officer", "")),
    )
    found = oversight.matters(
        oversight.area(unit.path),
        request.at,
        narrowed,
        after=after_of(request.GET.get("after", "")),
        limit=queries.PAGE + 1,
    )
    page = found[: queries.PAGE]
    officer = queries.officers([narrowed.officer]).get(narrowed.officer) if narrowed.officer else None
    context = {
        "unit": unit,
        "path": _path(request, unit),
        "rows": [
            {"row": row, "why": _why(row.matter, request), "opens": queries.may_see(row.matter, request.actor)}
            for row in rows_of(page, request.actor)
        ],
        "light": dict(LIGHTS).get(narrowed.light),
        "own": narrowed.own,
        "state": queries.body_of(page[0]).flow.states[narrowed.state].title if page and narrowed.state else None,
        "pause": PAUSES.get(narrowed.pause),
        "why": WHYS.get(narrowed.why),
        "officer": officer.display_name if officer else "",
        "next_mark": mark_of(page[-1], Wish()) if len(found) > queries.PAGE else "",
        "kept": [(name, value) for name, value in request.GET.items() if name in NARROWING],
    }
    return show(request, "officer/drill.html", context, page="supervision")


def _why(matter: Any, request: OfficerRequest) -> Words | None:
    """Return what holds up a late matter; nothing for those in time."""
    if matter.paused_since is not None:
        return PAUSES.get(matter.pause_reason, {"zh": "暂停", "en": "Paused"})
    return WHYS[oversight.why_late(matter)] if matter.due_at <= request.at else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@officer_page("supervise")
@require_GET
def city_wide_figures(request: OfficerRequest) -> HttpResponse:
    """Show the minutes per case at the counters, now and as the rule of before would have had it."""
    return show(request, "officer/city_wide.html", city_wide.context(request.at), page="supervision")
