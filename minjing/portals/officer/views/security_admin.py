"""Pages of the security administrator: accounts, who holds which post, who is signed in. No personal records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.matters import queries
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.deputies import day_of
from minjing.portals.officer.views.typed import whole

PAGE = 50


@officer_page(act="manage_accounts")
@require_http_methods(["GET", "POST"])
def accounts(request: OfficerRequest) -> HttpResponse:
    """List officers' accounts, found by login, number or name; open a new one."""
    errors: dict[str, Words] = {}
    if request.method == "POST":
        made = _create(request, errors)
        if made is not None:
            return HttpResponseRedirect(reverse("officer:account", args=[made]))
    text, after = request.GET.get("q", "").strip(), request.GET.get("after", "")
    found = people.officers(request.actor, text=text, after=after, limit=PAGE + 1)
    page = found[:PAGE]
    context = {
        "q": text,
        "rows": [
            {
                "account": row,
                "posts": _named(people.appointments(request.actor, account_id=row.id, now=request.at)),
            }
            for row in page
        ],
        "next": page[-1].login if len(found) > PAGE else "",
        "errors": errors,
        "typed": request.POST if errors else {},
    }
    return show(request, "officer/admin/accounts.html", context, page="accounts", status=422 if errors else 200)


def _create(request: OfficerRequest, errors: dict[str, Words]) -> UUID | None:
    post = {name: request.POST.get(name, "").strip() for name in ("login", "name", "police_number")}
    for name, value in post.items():
        if not value:
            errors[name] = {"zh": "请填写。", "en": "Fill this in."}
    if errors:
        return None
    try:
        made = identity.create_officer(
            login=post["login"],
            password=request.POST.get("password", ""),
            name=post["name"],
            police_number=post["police_number"],
            by=request.actor,
            now=request.at,
        )
    except IdentityError as error:
        errors[getattr(error, "field", "")] = error.text
        return None
    messages.success(
        request,
        pick(
            {
                "zh": "账号已建立；首次登录时绑定第二因素。",
                "en": "The account is made; a second factor follows at the first sign-in.",
            }
        ),
    )
    return UUID(str(made.id))


def _named(rows: Any) -> list[dict[str, Any]]:
    known = queries.units()
    names = people.post_names(row.post_id for row in rows)
    return [
        {
            "row": row,
            "post": names.get(row.post_id, {"zh": row.post_id, "en": row.post_id}),
            "unit": known[row.unit_id].name if row.unit_id in known else "",
        }
        for row in rows
    ]


@officer_page(act="manage_accounts")
@require_GET
def account(request: OfficerRequest, account_id: UUID) -> HttpResponse:
    """Show one account: its posts past and present, its sessions."""
    return _account_page(request, account_id, {})


def _account_page(request: OfficerRequest, account_id: UUID, errors: Mapping[str, Words]) -> HttpResponse:
    now = request.at
    found = people.officer(request.actor, account_id)
    context = {
        "account": found,
        "current": _named(people.appointments(request.actor, account_id=account_id, now=now)),
        "past": _named(people.past_appointments(request.actor, account_id, now)),
        "sessions": people.sessions_of(account_id, now),
        "posts": people.posts(),
        "units": queries.units().values(),
        "typed": request.POST if errors else {"since": local_day(now).isoformat()},
        "errors": errors,
        "is_me": account_id == request.actor.account_id,
    }
    return show(request, "officer/admin/account.html", context, page="accounts", status=422 if errors else 200)


@officer_page(act="manage_appointments")
@require_POST
def appoint(request: OfficerRequest, account_id: UUID) -> HttpResponse:
    """Give an officer a post in a unit, from a day on, until a day or until it is ended."""
    errors: dict[str, Words] = {}
    since = day_of(request.POST.get("since", ""), "since", errors)
    until_text = request.POST.get("until", "").strip()
    until = day_of(until_text, "until", errors) if until_text else None
    unit = request.POST.get("unit", "")
    if not whole(unit):
        errors["unit"] = {"zh": "请选择单位。", "en": "Choose a unit."}
    if errors or since is None:
        return _account_page(request, account_id, errors)
    try:
        identity.appoint(
            by=request.actor,
            account_id=account_id,
            unit_id=whole(unit),
            post=request.POST.get("post", ""),
            since=datetime.combine(since, time(), CHINA),
            until=datetime.combine(until + timedelta(days=1), time(), CHINA) if until else None,
            now=request.at,
        )
    except IdentityError as error:
        return _account_page(request, account_id, {getattr(error, "field", "") or "post": error.text})
    messages.success(request, pick({"zh": "任职已登记。", "en": "The appointment is entered."}))
    return HttpResponseRedirect(reverse("officer:account", args=[account_id]))


@officer_page(act="manage_appointments")
@require_POST
def end_appointment(request: OfficerRequest, account_id: UUID, appointment_id: UUID) -> HttpResponse:
    """End a post now; the holder's sessions are cut at once."""
    identity.end_appointment(appointment_id, by=request.actor, now=request.at)
    messages.success(
        request, pick({"zh": "任职已结束，会话已切断。", "en": "The post has ended and the sessions are cut."})
    )
    return HttpResponseRedirect(reverse("officer:account", args=[account_id]))


@officer_page(act="manage_accounts")
@require_POST
def end_session(request: OfficerRequest, account_id: UUID, ref: UUID) -> HttpResponse:
    """Cut one session of an officer."""
    identity.end_session(ref, by=request.actor, now=request.at)
    messages.success(request, pick({"zh": "会话已切断。", "en": "The session is cut."}))
    return HttpResponseRedirect(reverse("officer:account", args=[account_id]))


@officer_page(act="manage_accounts")
@require_POST
def set_active(request: OfficerRequest, account_id: UUID) -> HttpResponse:
    """Shut an account or open it again."""
    if request.POST.get("active") == "yes":
        identity.enable_account(account_id=account_id, by=request.actor, now=request.at)
        messages.success(request, pick({"zh": "账号已启用。", "en": "The account is open again."}))
    else:
        identity.disable_account(account_id=account_id, by=request.actor, now=request.at)
        messages.success(
            request, pick({"zh": "账号已停用，会话已切断。", "en": "The account is shut and its sessions are cut."})
        )
    return HttpResponseRedirect(reverse("officer:account", args=[account_id]))


@officer_page(act="manage_accounts")
@require_POST
def reset_factors(request: OfficerRequest, account_id: UUID) -> HttpResponse:
    """Take an officer's second factors away, for a lost phone: they enrol anew at the next sign-in."""
    identity.reset_factors(account_id=account_id, by=request.actor, now=request.at)
    said = {
        "zh": "第二因素已清除，下次登录时重新绑定。",
        "en": "The factors are gone; new ones follow at the next sign-in.",
    }
    messages.success(request, pick(said))
    return HttpResponseRedirect(reverse("officer:account", args=[account_id]))
