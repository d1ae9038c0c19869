"""The left rail of the workbench: queues with counts and lights, and the other pages one may open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from minjing.base import clock
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import APPROVE_HIDDEN, DESK
from minjing.kernel.matters import oversight, queries
from minjing.kernel.matters.actions.receptions import COUNTER
from minjing.kernel.notify.rules import POST_LETTERS
from minjing.kernel.pay.queries import desk
from minjing.kernel.watch import queries as watch
from minjing.portals.officer import plugs
from minjing.portals.officer.permissions import Words, holds, is_administrator

# Name, what it is called, what an empty one says, and the light beside a count above nought.
QUEUES: Sequence[tuple[str, Words, Words, str]] = (
    (
        "to_claim",
        {"zh": "可领办", "en": "To claim"},
        {
            "zh": "没有等待领办的办件。新的申请会自动出现在这里。",
            "en": "Nothing waits. New applications appear here.",
        },
        "",
    ),
    (
        "claimed",
        {"zh": "我领办的", "en": "Claimed by me"},
        {"zh": "您手上没有办件。到「可领办」中领取一件。", "en": "Your desk is empty. Claim one from “To claim”."},
        "",
    ),
    (
        "due_soon",
        {"zh": "即将到期", "en": "Due soon"},
        {"zh": "没有即将到期的办件。", "en": "Nothing is due soon."},
        "yellow",
    ),
    ("overdue", {"zh": "已超期", "en": "Overdue"}, {"zh": "没有超期的办件。", "en": "Nothing is overdue."}, "red"),
    (
        "waiting",
        {"zh": "待补正", "en": "Waiting for papers"},
        {"zh": "没有等待申请人补正的办件。", "en": "No applicant has been asked for papers."},
        "paused",
    ),
    (
        "tasks",
        {"zh": "协办", "en": "Parallel tasks"},
        {"zh": "没有等您完成的协办。", "en": "No parallel task waits for you."},
        "",
    ),
    (
        "deciding",
        {"zh": "审批中", "en": "Being decided"},
        {"zh": "没有等待审批的办件。", "en": "Nothing waits for a decision."},
        "",
    ),
    (
        "review",
        {"zh": "更正与重办", "en": "Corrections"},
        {"zh": "没有等待审批的更正或重新办理。", "en": "No correction or reopening waits for approval."},
        "",
    ),
    (
        "taken_in",
        {"zh": "代收（全城通）", "en": "Taken in for others"},
        {
            "zh": "没有为别的派出所代收的在办办件。在「窗口受理」中可以为全市任一派出所收件。",
            "en": "Nothing taken in for other stations is open. At the counter you take in for any station.",
        },
        "",
    ),
    (
        "done",
        {"zh": "近 30 天办结", "en": "Closed in 30 days"},
        {"zh": "近 30 天没有办结的办件。", "en": "Nothing was closed in 30 days."},
        "",
    ),
)
TITLES = {name: title for name, title, _, _ in QUEUES}
EMPTY = {name: empty for name, _, empty, _ in QUEUES}
# Act that it takes, the page, and what it is called.
ADMIN_PAGES: Sequence[tuple[str, str, Words]] = (
    ("manage_catalogue", "catalogue", {"zh": "事项目录", "en": "Catalogue"}),
    ("manage_calendars", "calendars", {"zh": "工作日历", "en": "Calendars"}),
    ("manage_units", "units", {"zh": "单位", "en": "Units"}),
    ("manage_units", "posts", {"zh": "岗位", "en": "Posts"}),
    ("manage_accounts", "accounts", {"zh": "账号与任职", "en": "Accounts and posts"}),
    ("audit", "entries", {"zh": "台账检索", "en": "Ledger search"}),
    ("audit", "verification", {"zh": "台账核验", "en": "Verify the ledger"}),
    ("ask_erasure", "erasures", {"zh": "删除个人数据", "en": "Erasing a person"}),
    ("confirm_erasure", "erasures", {"zh": "删除个人数据", "en": "Erasing a person"}),
    ("audit", "looks", {"zh": "无在办办件的查看", "en": "Looks without an open matter"}),
    ("audit", "ledger_watch", {"zh": "账本与时限", "en": "Ledger watch"}),
    ("manage_accounts", "ledger_watch", {"zh": "账本与时限", "en": "Ledger watch"}),
    ("manage_catalogue", "notices", {"zh": "告知与送达", "en": "Telling people"}),
    ("manage_catalogue", "ledger_watch", {"zh": "账本与时限", "en": "Ledger watch"}),
)


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, page: str = "", status: int = 200
) -> HttpResponse:
    """Return a page of the workbench, with the rail beside it; `page` is the one that is marked as open."""
    return render(request, template, {**rail(request, page), "page": page, **context}, status=status)


def rail(request: HttpRequest, page: str) -> dict[str, Any]:
    """Return what the rail shows to this officer."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if is_administrator(actor):
        return {"admin_pages": _admin_pages(actor)}
    counted = counts(request) if works(actor) else {}
    owed, to_review = identity.notes_waiting(actor) if holds(actor, "look") else (0, 0)
    return {
        "works": True,
        "notes_owed": owed,
        "notes_to_review": to_review,
        "approves_hidden": holds(actor, APPROVE_HIDDEN),
        "supervises_looks": holds(actor, "supervise"),
        "has_halls": holds(actor, "serve") or holds(actor, "supervise"),
        "posts_letters": holds(actor, POST_LETTERS),
        "looks": holds(actor, "look"),
        "searches": any("look" in h.acts and DESK not in h.acts for h in actor.holdings),
        "confirms": holds(actor, identity.CONFIRM),
        "checks_waiting": identity.waiting_count(actor, clock.now()) if holds(actor, identity.CONFIRM) else 0,
        "queues": works(actor)
        and [
            {
                "name": name,
                "title": title,
                "url": f"{reverse('officer:workbench')}?queue={name}",
                "count": counted.get(name),
                "light": light if counted.get(name) else "",
                "current": name == page,
            }
            for name, title, _, light in QUEUES
        ],
        "counted": counted,
        "at_counter": any(h.post == COUNTER for h in actor.holdings),
        "keeps_books": holds(actor, "reconcile") or holds(actor, "close_day"),
        "differences_open": desk.open_counts(actor)[1] if holds(actor, "reconcile") else 0,
        "approves_fees": holds(actor, "approve_fee"),
        "fees_waiting": sum(not w.own for w in desk.waiting(actor)) if holds(actor, "approve_fee") else 0,
        "decides": holds(actor, "decide"),
        "supervises": bool(oversight.supervising(actor)),
        "module_pages": [page for page in plugs.RAIL if holds(actor, page.act)],
        "unanswered": watch.alarm_counts()[1] if holds(actor, "watch") else 0,
    }


def counts(request: HttpRequest) -> Mapping[str, int]:
    """Return how many matters lie in each queue of the officer: counted once a page, for the rail and the view."""
    counted: Mapping[str, int] | None = getattr(request, "counted", None)
    if counted is None:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        counted = queries.counts(actor, getattr(request, "at", None) or clock.now())
        request.counted = counted  # type: ignore[attr-defined]
    return counted


def _admin_pages(actor: Actor) -> list[dict[str, Any]]:
    return [
        {"name": name, "title": title, "url": reverse(f"officer:{name}")}
        for act, name, title in ADMIN_PAGES
        if holds(actor, act)
    ]


def first_page(actor: Actor) -> str:
    """Return the page to open with for who has no queues: an administrator's first, a supervisor's figures; or ""."""
    pages = _admin_pages(actor)
    if pages:
        return str(pages[0]["url"])
    if not works(actor) and (holds(actor, "reconcile") or holds(actor, "close_day")):
        return reverse("officer:books")
    if not works(actor) and holds(actor, APPROVE_HIDDEN):
        return reverse("officer:hidden_to_decide")
    if works(actor) or not holds(actor, "supervise"):
        return ""
    return reverse("officer:supervision")


def works(actor: Actor) -> bool:
    """Say whether the officer handles matters: others have no queues."""
    return any(h.acts & {"handle", "decide", "check"} for h in actor.holdings)
