"""The workbench: queues on the left, a list in the middle, many matters at once at the foot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.queries import Wish
from minjing.kernel.matters.rules import Snapshot
from minjing.portals.frame.language import t
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import EMPTY, TITLES, counts, first_page, show
from minjing.portals.officer.views.typed import day, instant

LIGHTS: Sequence[tuple[str, Words]] = (
    ("green", {"zh": "正常", "en": "On time"}),
    ("yellow", {"zh": "即将到期", "en": "Due soon"}),
    ("red", {"zh": "已超期", "en": "Overdue"}),
    ("paused", {"zh": "已暂停计时", "en": "Clock paused"}),
)
SORTS: Sequence[tuple[str, Words]] = (
    ("due", {"zh": "期限", "en": "Due"}),
    ("received", {"zh": "收到", "en": "Received"}),
    ("step", {"zh": "本环节自", "en": "Step since"}),
)
# Which steps may be taken for many at once, and from which queues.
BULK: Mapping[str, Sequence[str]] = {
    "to_claim": ("claim",),
    "due_soon": ("claim",),
    "overdue": ("claim",),
    "deciding": ("claim",),
    "claimed": ("recommend", "approve", "release"),
}
BULK_TITLES: Mapping[str, Words] = {
    "claim": {"zh": "领办", "en": "Claim"},
    "release": {"zh": "放回", "en": "Put back"},
    "recommend": {"zh": "提出同意意见", "en": "Recommend approval"},
    "approve": {"zh": "批准", "en": "Approve"},
}
CONFIRMED_FIRST = frozenset({"recommend", "approve"})
MAX_BULK = 200


@dataclass(frozen=True)
class Row:
    """One line of a list: nothing personal, so that looking through a queue is no look at anybody."""

    matter: Snapshot
    title: Any
    state: Any
    unit: Any
    holder: str
    mine: bool
    station: Any = None  # the responsible one
    received_at: Any = None  # the counter that took it in for that station, if another did


@officer_page()
@require_GET
def workbench(request: OfficerRequest) -> HttpResponse:
    """Show one queue of the officer; everything that narrows or sorts it stands in the address."""
    elsewhere = first_page(request.actor)
    if elsewhere:
        return HttpResponseRedirect(elsewhere)
    name = request.GET.get("queue") or _first(counts(request))
    if name not in TITLES:
        name = "to_claim"
    context: dict[str, Any] = {"queue": name, "queue_title": TITLES[name], "empty": EMPTY[name]}
    if name == "tasks":
        return show(request, "officer/workbench.html", context | {"tasks": _tasks(request)}, page=name)
    wish, wrong = wish_of(request.GET, name)
    after = after_of(request.GET.get("after", ""))
    page, last = queries.queue_page(request.actor, name, request.at, wish, after=after)
    context |= {
        "rows": rows_of(page, request.actor),
        "wish": wish,
        "wrong": wrong,
        "narrowed": bool(wish.code or wish.light or wish.since or wish.until),
        "services": queries.current(),
        "lights": LIGHTS,
        "sorts": [_sort_link(request, wish, key, words) for key, words in SORTS] if name != "done" else [],
        "next_url": _with(request, after=mark_of(last, wish)) if last else "",
        "first_url": _with(request, after="") if request.GET.get("after") else "",
        "bulk": [(action, BULK_TITLES[action]) for action in BULK.get(name, ())],
        "request_id": new_id(),
    }
    return show(request, "officer/workbench.html", context, page=name)


def _first(counted: Mapping[str, int]) -> str:
    """Return the queue to open with: one's own desk if anything lies on it."""
    if counted.get("claimed"):
        return "claimed"
    if not counted.get("to_claim") and counted.get("tasks"):
        return "tasks"
    return "to_claim"


def wish_of(asked: Any, queue: str) -> tuple[Wish, Words | None]:
    """Return how the list is to be narrowed and sorted, and a sentence if a date in the address is none."""
    wrong: Words | None = None
    days: dict[str, date | None] = {}
    for name in ("since", "until"):
        text = asked.get(name, "").strip()
        try:
            days[name] = day(text) if text else None
        except ValueError:
            days[name] = None
            wrong = {
                "zh": f"日期「{text}」无法识别，请写成 2026-11-24。",
                "en": f"“{text}” is no date; write 2026-11-24.",
            }
    sort = asked.get("sort") if asked.get("sort") in dict(SORTS) else ("closed" if queue == "done" else "due")
    light = asked.get("light") if asked.get("light") in dict(LIGHTS) else ""
    newest = asked.get("dir") == "desc" or queue == "done"
    return Wish(asked.get("code", "")[:12], light, days["since"], days["until"], sort, newest), wrong


def after_of(text: str) -> tuple[datetime, UUID] | None:
    """Return the place in the list that an address names, or None for its beginning."""
    at, _, last = text.partition("~")
    seen = instant(at)
    try:
        return (seen, UUID(last)) if seen else None
    except ValueError:
        return None


def mark_of(matter: Snapshot, wish: Wish) -> str:
    """Return the place of a row in the sorted list, for the address of the next page."""
    return f"{getattr(matter, queries.SORTS[wish.sort]).isoformat()}~{matter.id}"


def _with(request: HttpRequest, **changed: str) -> str:
    """Return the present address with some of its parameters changed; empty ones go."""
    kept = {k: v for k, v in request.GET.items() if k not in changed} | changed
    return "?" + urlencode({k: v for k, v in kept.items() if v})


def _sort_link(request: HttpRequest, wish: Wish, key: str, words: Words) -> dict[str, Any]:
    here = wish.sort == key
    turned = "desc" if here and not wish.newest_first else ""
    return {
        "key": key,
        "title": words,
        "url": _with(request, sort=key, dir=turned, after=""),
        "here": here,
        "order": ("descending" if wish.newest_first else "ascending") if here else "none",
    }


def rows_of(listed: Sequence[Snapshot], actor: Actor) -> list[Row]:
    """Return the lines of a list, with the names of services, states, units and officers."""
    others = queries.officers(m.claimed_by for m in listed if m.claimed_by and m.claimed_by != actor.account_id)
    names = {who: officer.display_name for who, officer in others.items()} | {actor.account_id: actor.name}
    known = queries.units()
    rows = []
    for matter in listed:
        body = queries.body_of(matter)
        rows.append(
            Row(
                matter,
                body.service.title,
                body.flow.states[matter.state].title,
                known[matter.unit_id].name if matter.unit_id in known else "",
                names.get(matter.claimed_by, "") if matter.claimed_by else "",
                matter.claimed_by == actor.account_id,
                known[matter.station_id].name if matter.station_id in known else "",
                known[matter.received_at_unit].name
                if matter.is_received_elsewhere and matter.received_at_unit in known
                else None,
            )
        )
    return rows


def _rows_by_id(listed: Sequence[Snapshot], actor: Actor) -> dict[UUID, Row]:
    return {row.matter.id: row for row in rows_of(listed, actor)}


def _tasks(request: OfficerRequest) -> list[dict[str, Any]]:
    waiting = list(queries.open_tasks(request.actor)[: queries.PAGE])
    theirs = queries.by_id([task.matter_id for task in waiting], request.actor)
    rows = _rows_by_id(list(theirs.values()), request.actor)
    return [
        {"task": task, "title": queries.body_of(row.matter).flow.tasks[task.kind].title, "row": row}
        for task in waiting
        if (row := rows.get(task.matter_id))
    ]


# ---- many at once ---------------------------------------------------------------------------------------


@officer_page()
@require_POST
def bulk(request: OfficerRequest) -> HttpResponse:
    """Take one step in many matters: decisions are shown first, and each matter gets an outcome of its own."""
    action = request.POST.get("action", "")
    chosen = chosen_of(request.POST.getlist("item"))
    back = request.POST.get("queue", "")
    if action not in BULK_TITLES or not chosen:
        if not chosen:
            messages.warning(request, t("没有勾选办件。", "No matter is ticked."))
        return HttpResponseRedirect(f"{reverse('officer:workbench')}?queue={back if back in TITLES else ''}")
    context: dict[str, Any] = {"action": action, "action_title": BULK_TITLES[action], "queue": back}
    if action in CONFIRMED_FIRST and not request.POST.get("confirmed"):
        found = queries.by_id([matter_id for matter_id, _ in chosen], request.actor)
        seen = [(found[matter_id], ver) for matter_id, ver in chosen if matter_id in found]
        rows = rows_of([matter for matter, _ in seen], request.actor)
        papers = [queries.body_of(matter).service.grants for matter, _ in seen]
        items = list(zip(rows, [ver for _, ver in seen], papers, strict=True))
        context |= {"items": items, "request_id": _request_id(request)}
        return show(request, "officer/bulk_confirm.html", context, page=back)
    results = actions.act_many(chosen, action, by=request.actor, now=request.at, request_id=_request_id(request))
    found = queries.by_id([r.matter_id for r in results], request.actor)
    after = _rows_by_id(list(found.values()), request.actor)
    outcomes = [{"row": after.get(r.matter_id), "error": r.error} for r in results]
    context |= {"outcomes": outcomes, "done": sum(r.error is None for r in results)}
    return show(request, "officer/bulk_done.html", context, page=back)


def chosen_of(items: Sequence[str]) -> list[tuple[UUID, int]]:
    """Return the matters and versions that were ticked; what cannot be read is left out."""
    chosen = []
    for item in items[:MAX_BULK]:
        matter_id, _, ver = item.partition(":")
        try:
            chosen.append((UUID(matter_id), int(ver)))
        except ValueError:
            continue
    return chosen


def _request_id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("request_id", ""))
    except ValueError:
        return new_id()
