"""Pages of the system administrator: units and posts, calendars, versions of the catalogue. No personal records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.kernel.identity import queries as people
from minjing.kernel.matters import administering, queries
from minjing.kernel.matters.errors import Wrong
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import ACTS, Words
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.typed import day

LEVELS: Mapping[str, Words] = {
    "bureau": {"zh": "市局", "en": "Bureau"},
    "branch": {"zh": "分局", "en": "Branch"},
    "station": {"zh": "派出所", "en": "Station"},
}


@officer_page(act="manage_units")
@require_GET
def units(request: OfficerRequest) -> HttpResponse:
    """Show the tree of units and how many hold a post in each."""
    held = people.holders_by_unit(request.at)
    rows = [
        {"unit": unit, "level": LEVELS[unit.level], "depth": unit.path.count("."), "holders": held.get(unit.id, 0)}
        for unit in queries.units().values()
    ]
    return show(request, "officer/admin/units.html", {"rows": rows}, page="units")


@officer_page(act="manage_units")
@require_GET
def posts(request: OfficerRequest) -> HttpResponse:
    """Show the posts, the level they exist at and what their holders may do."""
    rows = [
        {
            "post": post,
            "level": LEVELS.get(post.level, {"zh": post.level, "en": post.level}),
            "acts": [ACTS.get(act, {"zh": act, "en": act}) for act in post.acts],
        }
        for post in people.posts()
    ]
    return show(request, "officer/admin/posts.html", {"rows": rows}, page="posts")


# ---- calendars ------------------------------------------------------------------------------------------


@officer_page(act="manage_calendars")
@require_http_methods(["GET", "POST"])
def calendars(request: OfficerRequest) -> HttpResponse:
    """List the revisions of the working-day calendar and publish the next year's."""
    errors: dict[str, Words] = {}
    if request.method == "POST":
        errors, typed = _calendar_typed(request)
        try:
            if not errors:
                return _publish_calendar(request, typed)
        except Wrong as wrong:
            errors = {name: text.model_dump() for name, text in wrong.errors.items()}
    revisions = queries.calendars()
    newest = revisions[0] if revisions else None
    year = newest.known_until.year + 1 if newest else request.at.year
    context = {
        "revisions": [_revision(row, older) for row, older in zip(revisions, [*revisions[1:], None], strict=True)],
        "newest": newest,
        "year": year,
        "provisional": queries.provisional_count(),
        "typed": request.POST if errors else {"known_until": f"{year}-12-31"},
        "errors": errors,
    }
    return show(request, "officer/admin/calendars.html", context, page="calendars", status=422 if errors else 200)


def _revision(row: Any, older: Any) -> dict[str, Any]:
    """Return a revision with what it added to the one before."""
    known = set(older.days_off) if older else set()
    made = set(older.made_up) if older else set()
    return {
        "row": row,
        "new_off": [day for day in row.days_off if day not in known] if older else [],
        "new_made_up": [day for day in row.made_up if day not in made] if older else [],
    }


def _calendar_typed(request: OfficerRequest) -> tuple[dict[str, Words], dict[str, Any]]:
    """Return what is wrong with the form, and the days that were typed."""
    errors: dict[str, Words] = {}
    typed: dict[str, Any] = {
        name: _days(request.POST.get(name, ""), name, errors) for name in ("days_off", "made_up")
    }
    until = _days(request.POST.get("known_until", ""), "known_until", errors)
    typed["known_until"] = until[0] if until else None
    typed["source"] = request.POST.get("source", "")
    if typed["known_until"] is None:
        errors.setdefault("known_until", {"zh": "请填写日期。", "en": "Fill in a date."})
    return errors, typed


def _days(text: str, name: str, errors: dict[str, Words]) -> list[date]:
    days = []
    for part in text.replace("，", " ").replace(",", " ").split():
        try:
            days.append(day(part))
        except ValueError:
            errors[name] = {
                "zh": f"「{part}」不是日期，请写成 2027-01-01。",
                "en": f"“{part}” is no date; write 2027-01-01.",
            }
    return days


def _publish_calendar(request: OfficerRequest, typed: Mapping[str, Any]) -> HttpResponse:
    revision, moved = administering.announce_days(**typed, by=request.actor, now=request.at)
    said = {
        "zh": f"已发布第 {revision.revision} 版日历，重算了 {moved} 件办件的期限。",
        "en": f"Revision {revision.revision} is published; {moved} due dates were computed anew.",
    }
    messages.success(request, pick(said))
    return HttpResponseRedirect(reverse("officer:calendars"))


# ---- the catalogue --------------------------------------------------------------------------------------


@officer_page(act="manage_catalogue")
@require_GET
def catalogue(request: OfficerRequest) -> HttpResponse:
    """List the services with their version in force, and whether the files hold something newer."""
    in_force = {row.code: row for row in queries.versions() if row.valid_to is None}
    found = administering.waiting(request.actor)
    waiting = found.bodies
    titles = {body.service.code: body.service for body in queries.current()}
    rows = [
        {
            "code": code,
            "service": waiting[code].service if code in waiting else titles[code],
            "row": in_force.get(code),
            "waits": code in waiting,
        }
        for code in sorted({*in_force, *waiting})
    ]
    context = {"rows": rows, "waiting": len(waiting), "wrong": found.wrong}
    return show(request, "officer/admin/catalogue.html", context, page="catalogue")


@officer_page(act="manage_catalogue")
@require_GET
def versions(request: OfficerRequest, code: str) -> HttpResponse:
    """Show the versions of one service, and the difference between two of them in words."""
    found = administering.versions(
        code, old=request.GET.get("old", ""), new=request.GET.get("new", ""), by=request.actor
    )
    context = {
        "code": code,
        "service": (found.waiting or queries.body(found.rows[0].id)).service,
        "rows": [{"row": row, "running": found.running.get(row.id, 0)} for row in found.rows],
        "waiting": found.waiting is not None,
        "old": found.old,
        "new": found.new,
        "compared": found.compared,
        "differences": found.differences,
        "choices": found.names,
    }
    return show(request, "officer/admin/versions.html", context, page="catalogue")


@officer_page(act="manage_catalogue")
@require_POST
def publish(request: OfficerRequest) -> HttpResponse:
    """Publish what the files hold, one service or all; running matters keep the version they began under."""
    code = request.POST.get("code", "")
    try:
        made = administering.publish_waiting(code, by=request.actor, now=request.at)
    except Wrong as wrong:
        messages.error(request, pick(wrong.errors["code"].model_dump()))
    else:
        said = {"zh": f"已发布 {len(made)} 个新版本。", "en": f"{len(made)} new version(s) published."}
        messages.success(request, pick(said))
    return HttpResponseRedirect(reverse("officer:versions", args=[code]) if code else reverse("officer:catalogue"))
