"""The ledger watch: how far the ledger lies behind, what does not fit, who has taken note, and break-glass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.clients import address
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.queries import Head
from minjing.kernel.matters import queries
from minjing.kernel.watch import actions, rules
from minjing.kernel.watch import queries as watch
from minjing.kernel.watch.errors import WatchError
from minjing.kernel.watch.models import Alarm, Glass
from minjing.portals.frame.kinds import witness_in_words
from minjing.portals.frame.language import pick
from minjing.portals.officer import charts
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import show

SPAN = timedelta(hours=2)  # of the chart
MONTH = timedelta(days=30)
KINDS: Mapping[str, Words] = {
    "lag": {"zh": "滞后", "en": "Lag"},
    "promise": {"zh": "承诺未兑现", "en": "Broken promise"},
    "row": {"zh": "私有记录", "en": "Private row"},
    "record": {"zh": "业务记录", "en": "Record"},
    "file": {"zh": "公开文件", "en": "Public file"},
    "fork": {"zh": "分叉或倒退", "en": "Fork or step back"},
    "checkpoint": {"zh": "签名头", "en": "Checkpoint"},
    "key": {"zh": "私钥", "en": "Key"},
    "clock": {"zh": "时钟", "en": "Clock"},
    "skew": {"zh": "时钟不一致", "en": "Clocks differ"},
    "doubt": {"zh": "无法检查", "en": "Cannot be checked"},
    "many": {"zh": "告警过多", "en": "Too many"},
}


@officer_page()
@require_GET
def ledger_watch(request: OfficerRequest) -> HttpResponse:
    """Show how the ledger stands, what does not fit, and what waits for somebody's note."""
    return _page(request)


def _page(
    request: OfficerRequest, *, errors: Mapping[str, Words] | None = None, confirming: UUID | None = None
) -> HttpResponse:
    by, behind, beat = request.actor, watch.behind_s(request.at), watch.beat()
    minutes = [(m.at, m.lag_s) for m in watch.minutes(request.at - SPAN)]
    standing, unanswered = watch.alarm_counts()
    glasses = watch.glasses(request.at)
    alarms = watch.alarms()
    people = queries.officers(
        {g.asked_by for g in glasses}
        | {g.confirmed_by for g in glasses if g.confirmed_by}
        | {a.acknowledged_by for a in alarms if a.acknowledged_by}
    )
    context = {
        "behind": round(behind, 1),
        "light": "red" if rules.is_closed(behind) else "yellow" if rules.is_alarm(behind) else "green",
        "closed": rules.is_closed(behind),
        "beat": beat,
        "silent": beat is None or (request.at - beat.at).total_seconds() >= rules.ALARM_S,
        "standing": standing,
        "unanswered": unanswered,
        "chart": charts.lag(minutes, _summary(minutes)) if minutes else "",
        "minutes": minutes[::-1][:30],
        "alarms": [_alarm(alarm, people) for alarm in alarms],
        "past": [_alarm(alarm, people) for alarm in watch.past_alarms()],
        "watches": rules.holds(by, {rules.WATCH}),
        "looks": rules.holds(by, {rules.LOOK}),
        "glasses": [_glass(glass, request, people) for glass in glasses],
        "glass_count": watch.glass_count(request.at - MONTH, request.at + timedelta(seconds=1)),
        "checkpoints": [_checkpoint(head) for head in ledger.checkpoints(10)],
        "errors": errors or {},
        "confirming": confirming,
        "typed": request.POST if errors else {},
        "reason_max": rules.REASON_MAX,
    }
    return show(request, "officer/ledger_watch.html", context, page="ledger_watch", status=422 if errors else 200)


def _summary(minutes: list[tuple[datetime, float]]) -> str:
    worst = round(max(lag for _, lag in minutes), 1)
    return pick(
        {
            "zh": f"近两小时每分钟最大滞后，最高 {worst} 秒；60 秒起告警。",
            "en": f"The worst lag of each minute in two hours, at most {worst} s; an alarm from 60 s on.",
        }
    )


def _alarm(alarm: Alarm, people: Mapping[UUID, Any]) -> dict[str, Any]:
    return {
        "alarm": alarm,
        "kind": KINDS.get(alarm.kind, {"zh": alarm.kind, "en": alarm.kind}),
        "by": _name(people, alarm.acknowledged_by),
    }


def _glass(glass: Glass, request: OfficerRequest, people: Mapping[UUID, Any]) -> dict[str, Any]:
    by, at = request.actor, request.at
    waits = glass.confirmed_at is None and at - glass.asked_at < rules.GLASS_WAITS
    return {
        "glass": glass,
        "asked": _name(people, glass.asked_by),
        "confirmed": _name(people, glass.confirmed_by),
        "open": rules.is_open(glass.confirmed_at, glass.until, at),
        "waits": waits,
        "may_confirm": waits and not rules.why_not_confirm(glass.asked_by, glass.asked_at, by, at),
    }


def _name(people: Mapping[UUID, Any], account_id: UUID | None) -> str:
    found = people.get(account_id) if account_id else None
    return f"{found.display_name} {found.police_number}" if found else ""


def _checkpoint(head: Head) -> dict[str, Any]:
    return {
        "head": head,
        "root": head.root.hex(),
        "witnesses": [witness_in_words(name) for name in watch.cosigned_by(head.checkpoint_text)],
    }


@officer_page(act="watch")
@require_POST
def acknowledge(request: OfficerRequest, alarm_id: UUID) -> HttpResponse:
    """Take note of an alarm."""
    try:
        actions.acknowledge(alarm_id, by=request.actor, now=request.at, note=request.POST.get("note", ""))
        messages.success(request, pick({"zh": "已确认，已记入台账。", "en": "Noted, and entered in the ledger."}))
    except WatchError as no:
        messages.error(request, pick(no.text))
    return HttpResponseRedirect(reverse("officer:ledger_watch"))


@officer_page(act="look")
@require_POST
def ask_glass(request: OfficerRequest) -> HttpResponse:
    """Ask for break-glass, with one's own password."""
    errors = _own_password(request)
    if not errors:
        try:
            actions.ask_glass(request.POST.get("reason", ""), by=request.actor, now=request.at)
        except WatchError as no:
            errors = {"reason": no.text}
    if errors:
        return _page(request, errors=errors)
    messages.success(
        request,
        pick(
            {
                "zh": "已申请。请另一人在 15 分钟内用自己的账号确认。",
                "en": "Asked for. Another person must confirm it within 15 minutes, with their own account.",
            }
        ),
    )
    return HttpResponseRedirect(reverse("officer:ledger_watch"))


@officer_page()
@require_POST
def confirm_glass(request: OfficerRequest, glass_id: UUID) -> HttpResponse:
    """Confirm another person's break-glass, with one's own password."""
    errors = _own_password(request)
    if not errors:
        try:
            actions.confirm_glass(glass_id, by=request.actor, now=request.at)
        except WatchError as no:
            errors = {"confirm": no.text}
    if errors:
        return _page(request, errors=errors, confirming=glass_id)
    messages.success(
        request,
        pick({"zh": "已确认，申请人可查看 60 分钟。", "en": "Confirmed; the asker may open records for 60 minutes."}),
    )
    return HttpResponseRedirect(reverse("officer:ledger_watch"))


def _own_password(request: OfficerRequest) -> dict[str, Words]:
    """Check the password of the very account that is signed in; return what is wrong."""
    password, at = request.POST.get("password", ""), request.at
    try:
        identity.check_own_password(request, by=request.actor, password=password, address=address(request), now=at)
    except IdentityError as wrong:
        return {"password": wrong.text}
    return {}
