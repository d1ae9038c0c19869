"""Pages of the audit administrator: the ledger by kind and time, its verification, looks without an open matter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import queries
from minjing.portals.frame.language import t
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.deputies import day_of
from minjing.portals.officer.views.typed import instant

PAGE = 100


def _span(request: OfficerRequest, days: int) -> tuple[dict[str, Any], dict[str, Words]]:
    """Return the span of days that is asked for, the last `days` by default."""
    errors: dict[str, Words] = {}
    today = local_day(request.at)
    since = request.GET.get("since") or (today - timedelta(days=days)).isoformat()
    until = request.GET.get("until") or today.isoformat()
    first, last = day_of(since, "since", errors), day_of(until, "until", errors)
    return {
        "since_text": since,
        "until_text": until,
        "since": datetime.combine(first or today, time(), CHINA),
        "until": datetime.combine((last or today) + timedelta(days=1), time(), CHINA),
    }, errors


@officer_page(act="audit")
@require_GET
def entries(request: OfficerRequest) -> HttpResponse:
    """Search the ledger by kind and time: who did what, by ids; whose data it was about is not shown."""
    span, errors = _span(request, 7)
    prefix, before = request.GET.get("kind", "").strip()[:60], instant(request.GET.get("before", ""))
    found = people.audited(
        request.actor, prefix=prefix, since=span["since"], until=span["until"], before=before, limit=PAGE + 1
    )
    page = found[:PAGE]
    officers = queries.officers(row.by for row in page if row.by)
    context = {
        "kind": prefix,
        "kinds": KINDS,
        "span": span,
        "errors": errors,
        "rows": [_row(row, officers) for row in page],
        "next": page[-1].entry.at.isoformat() if len(found) > PAGE else "",
        "head": ledger.head(),
        "lag_s": ledger.lag_s(request.at),
    }
    return show(request, "officer/admin/entries.html", context, page="entries")


KINDS: Mapping[str, Words] = {
    "matters:matter:": {"zh": "办件", "en": "Matters"},
    "matters:draft:": {"zh": "草稿", "en": "Drafts"},
    "matters:procedure:": {"zh": "事项版本", "en": "Versions of services"},
    "matters:calendar:": {"zh": "工作日历", "en": "Calendars"},
    "identity:person:looked": {"zh": "查看个人信息", "en": "Looks at persons"},
    "identity:look_note:": {"zh": "查看抽查", "en": "Drawn looks"},
    "identity:hidden_look:": {"zh": "暂不告知", "en": "Hidden looks"},
    "identity:appointment:": {"zh": "任职", "en": "Appointments"},
    "identity:deputy:": {"zh": "代理", "en": "Deputies"},
    "identity:account:": {"zh": "账号", "en": "Accounts"},
    "identity:session:": {"zh": "会话", "en": "Sessions"},
    "household:": {"zh": "户籍登记", "en": "Household register"},
    "papers:": {"zh": "证照", "en": "Papers"},
}


def _row(row: people.Audited, officers: Mapping[Any, Any]) -> dict[str, Any]:
    actor = officers.get(row.by)
    return {
        "entry": row.entry,
        "who": f"{actor.display_name} {actor.police_number}" if actor else _other(row.by),
        "officer": actor is not None,
        "detail": [(key, _short(value)) for key, value in row.said.items()],
    }


def _other(account_id: UUID | None) -> str:
    """Return who acted if no officer did: of a resident the end of the id, as its start is the time it was made."""
    if account_id in (None, SYSTEM.account_id):
        return t("系统", "The system") if account_id else "—"
    return f"{t('居民', 'Resident')} {str(account_id)[-12:]}"


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


@officer_page(act="audit")
@require_http_methods(["GET", "POST"])
def verification(request: OfficerRequest) -> HttpResponse:
    """Verify the whole ledger now and say what was found; nothing is changed."""
    report = people.verified(request.actor) if request.method == "POST" else None
    head = ledger.head()
    context = {
        "head": head,
        "root": head.root.hex() if head else "",
        "report": report,
        "lag_s": ledger.lag_s(request.at),
    }
    return show(request, "officer/admin/verification.html", context, page="verification")


@officer_page(act="audit")
@require_GET
def looks(request: OfficerRequest) -> HttpResponse:
    """List looks that no open matter stands behind, by whom and why; draw the lot again when asked to."""
    span, errors = _span(request, 30)
    before = instant(request.GET.get("before", ""))
    found = people.looks_unbound(
        request.actor, since=span["since"], until=span["until"], before=before, limit=PAGE + 1
    )
    page = found[:PAGE]
    context = {
        "span": span,
        "errors": errors,
        "rows": page,
        "by_officer": _most(page),
        "recheck": people.recheck_lot(request.actor, since=span["since"], until=span["until"])
        if request.GET.get("recheck")
        else None,
        "next": page[-1].at.isoformat() if len(found) > PAGE else "",
    }
    return show(request, "officer/admin/looks.html", context, page="looks")


def _most(rows: Any) -> list[dict[str, Any]]:
    """Return how often each officer of the page looked without a matter, the most first."""
    counted: dict[str, int] = {}
    for row in rows:
        counted[row.police_number] = counted.get(row.police_number, 0) + 1
    return [{"number": number, "count": n} for number, n in sorted(counted.items(), key=lambda item: -item[1])][:10]
