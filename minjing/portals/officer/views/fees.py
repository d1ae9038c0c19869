"""Money at the workbench: the order of a matter, what waits for a second officer, the desk that keeps the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.pay.actions import differences, refunds, statements, waivers
from minjing.kernel.pay.errors import BeyondCapture, KeyReused, NotOpen, PayError, Stale, Wrong
from minjing.kernel.pay.queries import desk, orders
from minjing.kernel.pay.rights import CLOSE_DAY, HANDLE, RECONCILE
from minjing.kernel.pay.rules.matching import OWN_REASONS, REASONS
from minjing.kernel.pay.words import channel_title
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words, holds
from minjing.portals.officer.rail import show

ATTEMPT_STATES: dict[str, Words] = {
    "new": {"zh": "已登记", "en": "Written down"},
    "open": {"zh": "等待支付", "en": "Waits for the payer"},
    "failed": {"zh": "未获回应，持续查询", "en": "No answer; being asked"},
    "closed": {"zh": "已关闭，无扣款", "en": "Closed, nothing taken"},
    "captured": {"zh": "已入账", "en": "Captured"},
}
CLOSING = [(key, text) for key, text in REASONS.items() if key not in OWN_REASONS]


# ---- the order of a matter ------------------------------------------------------------------------------


@officer_page()
@require_GET
def of_matter(request: OfficerRequest, number: str) -> HttpResponse:
    """Show what a matter owes and has paid, with the two wishes an officer may have: less, or back."""
    return _fee_page(request, matters.matter(number, request.actor, request.at))


def _fee_page(request: OfficerRequest, matter: Snapshot, wrong: PayError | None = None) -> HttpResponse:
    sheets = orders.of_subject(matter.id)
    context = {
        "matter": matter,
        "service": matters.body_of(matter).service,
        "sheets": [_shown(sheet) for sheet in reversed(sheets)],
        "may_propose": holds(request.actor, HANDLE),
        "wrong": wrong,
        "typed": request.POST if wrong else {},
        "key": request.POST.get("key") or new_id(),
    }
    return show(request, "officer/fee.html", context, page="", status=422 if wrong else 200)


def _shown(sheet: orders.Sheet) -> dict[str, object]:
    captured = {c.attempt_id: c for c in sheet.captures}
    return {
        "sheet": sheet,
        "order": sheet.order,
        "attempts": [
            (a, channel_title(a.channel), ATTEMPT_STATES[a.state], captured.get(a.id)) for a in sheet.attempts
        ],
        "left": sheet.left_fen,
    }


@officer_page(act=HANDLE)
@require_POST
def propose(request: OfficerRequest, number: str, order_id: UUID) -> HttpResponse:
    """Propose a waiver or a refund with its reason; another officer decides."""
    matter = matters.matter(number, request.actor, request.at)
    orders.must_be_of(order_id, matter.id)
    wish = waivers.propose if request.POST.get("wish") == "waiver" else refunds.propose
    try:
        fen = fen_of(request.POST.get("yuan", ""))
        wish(
            order_id,
            fen,
            request.POST.get("reason", ""),
            by=request.actor,
            now=request.at,
            key=request.POST.get("key", "")[:64],
        )
    except (Wrong, NotOpen, BeyondCapture, KeyReused) as wrong:
        return _fee_page(request, matter, wrong)
    messages.success(
        request, pick({"zh": "已提交，由另一名民警审批。", "en": "Sent: another officer decides on it."})
    )
    return HttpResponseRedirect(reverse("officer:fee", args=[number]))


def fen_of(yuan: str) -> int:
    """Return an amount typed in yuan as fen: 12, 12.5, 12.50, ¥12.50. Raises Wrong."""
    text = yuan.strip().lstrip("¥￥").replace(",", "").replace("，", "")
    whole, _, part = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(whole) > 7 or len(part) > 2 or (part and not part.isdigit()):
        raise Wrong("fen", "请填写金额，例如 120 或 120.50。", "Write an amount, for example 120 or 120.50.")
    return int(whole) * 100 + int(part.ljust(2, "0"))


# ---- what waits for a second officer --------------------------------------------------------------------


@officer_page(act="approve_fee")
@require_GET
def approvals(request: OfficerRequest) -> HttpResponse:
    """List the waivers and refunds that another officer has proposed."""
    return show(request, "officer/fee_approvals.html", {"rows": desk.waiting(request.actor)}, page="fee_approvals")


@officer_page(act="approve_fee")
@require_POST
def decide(request: OfficerRequest, kind: str, wish_id: UUID) -> HttpResponse:
    """Grant or refuse a waiver or a refund."""
    act: Callable[..., object] = waivers.decide if kind == "waiver" else refunds.decide
    granted = request.POST.get("decision") == "grant"
    try:
        act(wish_id, granted, by=request.actor, now=request.at)
    except (NotOpen, Stale) as no:
        messages.error(request, pick(no.text))
    else:
        said = {"zh": "已同意。", "en": "Granted."} if granted else {"zh": "已不同意。", "en": "Refused."}
        messages.success(request, pick(said))
    return HttpResponseRedirect(reverse("officer:fee_approvals"))


# ---- the desk -------------------------------------------------------------------------------------------


@officer_page()
@require_GET
def books(request: OfficerRequest) -> HttpResponse:
    """Show the last days of each house with both sides' totals, and the differences that are open."""
    view = request.GET.get("view", "open")
    state = "closed" if view == "closed" else "open"
    rows = desk.differences(request.actor, state=state, mine=view == "mine")
    every, own = desk.open_counts(request.actor)
    context = {
        "view": view if view in ("open", "mine", "closed") else "open",
        "rows": rows,
        "counts": {"open": every, "mine": own},
        "days": desk.days(request.actor, local_day(request.at)),
        "may_close": holds(request.actor, CLOSE_DAY),
    }
    return show(request, "officer/books.html", context, page="books")


@officer_page()
@require_http_methods(["GET", "POST"])
def difference(request: OfficerRequest, difference_id: UUID) -> HttpResponse:
    """Show one difference beside what is known of its payment; take it over, or close it with a reason."""
    wrong: PayError | None = None
    if request.method == "POST":
        try:
            said = _settled(request, difference_id)
        except (Wrong, Stale) as no:
            wrong = no
        else:
            messages.success(request, pick(said))
            return HttpResponseRedirect(f"{reverse('officer:books')}?view=mine")
    row = desk.difference(difference_id, request.actor)
    order = row.difference.order
    context = {
        "row": row,
        "d": row.difference,
        "fee": _shown(orders.sheet(order)) if order else None,
        "reasons": CLOSING,
        "may_act": holds(request.actor, RECONCILE),
        "wrong": wrong,
        "typed": request.POST if wrong else {},
    }
    return show(request, "officer/difference.html", context, page="books", status=422 if wrong else 200)


def _settled(request: OfficerRequest, difference_id: UUID) -> Words:
    if request.POST.get("act") == "take":
        differences.hand_over(difference_id, request.actor.account_id, by=request.actor, now=request.at)
        return {"zh": "已由您负责。", "en": "It is yours now."}
    differences.close(
        difference_id,
        request.POST.get("reason", ""),
        request.POST.get("note", ""),
        by=request.actor,
        now=request.at,
    )
    return {"zh": "差错已关闭。", "en": "The difference is closed."}


@officer_page(act=CLOSE_DAY)
@require_POST
def close_day(request: OfficerRequest, house: str, day: str) -> HttpResponse:
    """Close a day of a house."""
    try:
        statements.close_day(house, date.fromisoformat(day), by=request.actor, now=request.at)
    except (Wrong, Stale) as no:
        messages.error(request, pick(no.text))
    else:
        messages.success(request, pick({"zh": "已日结。", "en": "The day is closed."}))
    return HttpResponseRedirect(reverse("officer:books"))
