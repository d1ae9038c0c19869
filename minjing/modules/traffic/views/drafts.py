"""The what-if desk: a draft of rules begun from a pack in force, changed as a form or YAML, replayed, seen."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.base.clock import local_day
from minjing.modules.traffic import packs
from minjing.modules.traffic.actions import drafts as acts
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import DraftReplay, RuleDraft
from minjing.modules.traffic.queries import drafts as queries
from minjing.modules.traffic.rules.penalties import drafting, pictures
from minjing.modules.traffic.rules.penalties.packs import Fault, WrongPack
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page
from minjing.portals.officer.permissions import holds
from minjing.portals.officer.rail import show

PAGE = "drafts"
TWO_YEARS = timedelta(days=730)
CONDUCTS_DRAWN = 12
KINDS: Mapping[str, Mapping[str, str]] = {
    "charged": {"zh": "处罚", "en": "Charged"},
    "warned": {"zh": "警告（免罚）", "en": "Warned, nothing to pay"},
    "removed": {"zh": "消除", "en": "Removed"},
    "merged": {"zh": "并入同一行为", "en": "One act with another"},
    "no_rule": {"zh": "没有适用的规则", "en": "No rule applies"},
    "": {"zh": "其他", "en": "Others"},
}
SIDES: Mapping[str, Mapping[str, str]] = {
    "better": {"zh": "变轻", "en": "Better off"},
    "worse": {"zh": "变重", "en": "Worse off"},
    "mixed": {"zh": "有轻有重", "en": "Both"},
}
STATES: Mapping[str, Mapping[str, str]] = {
    "waiting": {"zh": "排队中", "en": "Waiting"},
    "running": {"zh": "推演中", "en": "Running"},
    "done": {"zh": "已完成", "en": "Done"},
    "failed": {"zh": "没有完成", "en": "Not finished"},
}


@officer_page(queries.SEE)
@require_http_methods(["GET", "POST"])
def index(request: OfficerRequest) -> HttpResponse:
    """Show the drafts, and begin one."""
    error = ""
    if request.method == "POST":
        try:
            made = acts.begin(
                request.POST.get("base", ""), request.POST.get("title", ""), by=request.actor, now=request.at
            )
            return HttpResponseRedirect(reverse("traffic:draft", args=[made.pk]))
        except Refused as refused:
            error = pick(refused.text)
    context = {
        "drafts": [
            (draft, _title_of(draft.base), replay, STATES[replay.state] if replay else None)
            for draft, replay in queries.drafts(request.actor)
        ],
        "packs": [(name, pack["title"]) for name, pack in packs.sources().items()],
        "writes": holds(request.actor, acts.DRAFT),
        "error": error,
        "typed": request.POST,
    }
    return show(request, "traffic/drafts/index.html", context, page=PAGE, status=422 if error else 200)


@officer_page(queries.SEE)
@require_http_methods(["GET", "POST"])
def one(request: OfficerRequest, draft_id: UUID) -> HttpResponse:
    """Show a draft as a form or, `?as=yaml`, as text; keep what was changed, or say every fault."""
    draft = queries.draft(draft_id, request.actor)
    if draft is None:
        return missing(request)
    as_yaml = (request.POST.get("as") or request.GET.get("as")) == "yaml"
    source, faults = draft.source, list[Fault]()
    if request.method == "POST":
        source = request.POST.get("source", "").replace("\r\n", "\n") if as_yaml else source
        try:
            if not as_yaml:
                source = packs.written(drafting.changed(packs.read(source), request.POST.dict()))
            seen = request.POST.get("seen", "")
            acts.change(draft_id, source, seen=seen, by=request.actor, now=request.at)
            messages.success(
                request, pick({"zh": "草案已保存，规则没有冲突。", "en": "Saved: no two rules conflict."})
            )
            return HttpResponseRedirect(reverse("traffic:draft", args=[draft_id]) + ("?as=yaml" if as_yaml else ""))
        except WrongPack as wrong:
            faults = wrong.faults
        except Refused as refused:
            faults = [Fault("", refused.text)]
    return _draft_page(request, draft, source, faults, as_yaml)


def _draft_page(
    request: OfficerRequest, draft: RuleDraft, source: str, faults: list[Fault], as_yaml: bool
) -> HttpResponse:
    today = local_day(request.at)
    typed = request.POST.dict() if faults and not as_yaml else {}
    fields = drafting.fields(packs.read(draft.source), packs.sources()[draft.base], typed)
    context = {
        "draft": draft,
        "base": _title_of(draft.base),
        "as_yaml": as_yaml,
        "source": source,
        "parameters": [f for f in fields if f.name.startswith(drafting.PARAMETER)],
        "rules": [f for f in fields if f.name.startswith(drafting.EFFECT)],
        "units": drafting.UNITS,
        "faults": faults,
        "is_changed": draft.digest != packs.in_force().version,
        "outdated": draft.pack != packs.in_force().version,
        "replays": [(replay, STATES[replay.state]) for replay in queries.replays_of(draft.pk, request.actor)],
        "from": today - TWO_YEARS,
        "until": today,
        "writes": holds(request.actor, acts.DRAFT),
    }
    return show(request, "traffic/drafts/one.html", context, page=PAGE, status=422 if faults else 200)


@officer_page(queries.SEE)
@require_POST
def replay(request: OfficerRequest, draft_id: UUID) -> HttpResponse:
    """Have the draft replayed, and go where its progress is shown."""
    try:
        days = [date.fromisoformat(request.POST.get(name, "")) for name in ("from", "until")]
        made = acts.ask(draft_id, days[0], days[1], by=request.actor, now=request.at)
    except ValueError:
        messages.error(request, pick(Refused("draft_period").text))
        return HttpResponseRedirect(reverse("traffic:draft", args=[draft_id]))
    except Refused as refused:
        messages.error(request, pick(refused.text))
        return HttpResponseRedirect(reverse("traffic:draft", args=[draft_id]))
    return HttpResponseRedirect(reverse("traffic:draft_replay", args=[draft_id, made.pk]))


@officer_page(queries.SEE)
@require_safe
def replayed(request: OfficerRequest, draft_id: UUID, replay_id: UUID) -> HttpResponse:
    """Show how far a replay is, or what it came to."""
    row = queries.replay(draft_id, replay_id, request.actor)
    if row is None:
        return missing(request)
    context: dict[str, Any] = {"replay": row, "draft": row.draft, "state": STATES[row.state]}
    context |= {"base": _title_of(row.draft.base), "moved": row.digest != row.draft.digest}
    if row.state == DraftReplay.DONE and not row.figures["few"]:
        context |= _drawn(row.figures)
    return show(request, "traffic/drafts/replay.html", context, page=PAGE)


def _drawn(figures: Mapping[str, Any]) -> dict[str, Any]:
    months, conducts = figures["months"], figures["conducts"]
    by_fine = sorted(conducts, key=lambda cell: -max(cell["fine_before_fen"], cell["fine_after_fen"]))
    return {
        "whole": figures["whole"],
        "more_fen": figures["whole"]["fine_after_fen"] - figures["whole"]["fine_before_fen"],
        "months": [(cell, _month(cell["key"])) for cell in months],
        "conducts": [(cell, _conduct(cell["key"])) for cell in conducts],
        "kinds": [(KINDS[kind], was, becomes) for kind, (was, becomes) in figures["kinds"].items()],
        "suspensions": figures["suspensions"],
        "affected": [(SIDES[side], figures["vehicles"][side], figures["persons"][side]) for side in SIDES],
        "month_chart": pictures.upright(
            [(_month(c["key"]), c["fine_before_fen"] // 100, c["fine_after_fen"] // 100) for c in months]
        ),
        "conduct_chart": pictures.lying(
            [
                (pick(_conduct(c["key"])), c["fine_before_fen"] // 100, c["fine_after_fen"] // 100)
                for c in by_fine[:CONDUCTS_DRAWN]
            ]
        ),
    }


@officer_page(queries.SEE)
@require_safe
def table(request: OfficerRequest, draft_id: UUID, replay_id: UUID) -> HttpResponse:
    """Send the figures as CSV: months, conducts and kinds, with nothing of anybody."""
    row = queries.replay(draft_id, replay_id, request.actor)
    if row is None or row.state != DraftReplay.DONE or row.figures["few"]:
        return missing(request)
    out = StringIO()
    write = csv.writer(out).writerow
    write(
        [
            "table",
            "key",
            "violations",
            "changed",
            "fine_before_yuan",
            "fine_after_yuan",
            "points_before",
            "points_after",
        ]
    )
    for name in ("whole", "months", "conducts"):
        cells = [row.figures["whole"]] if name == "whole" else row.figures[name]
        for cell in cells:
            write([
                name, cell["key"] or ("total" if name == "whole" else "others"), cell["violations"], cell["changed"],
                cell["fine_before_fen"] / 100, cell["fine_after_fen"] / 100, cell["points_before"],
                cell["points_after"],
            ])  # fmt: skip
    for kind, (was, becomes) in row.figures["kinds"].items():
        write(["kinds", f"{kind or 'others'}:before", was, "", "", "", "", ""])
        write(["kinds", f"{kind or 'others'}:after", becomes, "", "", "", "", ""])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="what-if-{row.digest}.csv"'
    return answer


def _title_of(base: str) -> Mapping[str, str]:
    found: Mapping[str, str] = packs.sources()[base]["title"] if base in packs.sources() else {"zh": base, "en": base}
    return found


def _month(key: str) -> str:
    return key.replace("/", "–")


def _conduct(key: str) -> Mapping[str, str]:
    return title_of(key) if key else {"zh": "其他（各不足 5 件）", "en": "Others (fewer than 5 each)"}
