"""Pages of the system administrator: units and posts, calendars, versions of the catalogue. No personal records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.kernel.identity import queries as people
from minjing.kernel.matters import catalog, publishing, queries
from minjing.kernel.matters.errors import Unknown
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
        if not errors:
            return _publish_calendar(request, typed)
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
    typed["source"] = request.POST.get("source", "").strip()[:200]
    if not typed["source"]:
        errors["source"] = {"zh": "请写明通知的文号或名称。", "en": "Name the notice that says so."}
    newest = queries.calendars()[0]
    if typed["known_until"] is None:
        errors.setdefault("known_until", {"zh": "请填写日期。", "en": "Fill in a date."})
    elif typed["known_until"].year > request.at.year + publishing.YEARS_AHEAD:
        errors["known_until"] = {
            "zh": f"最多公布到 {request.at.year + publishing.YEARS_AHEAD} 年。",
            "en": f"Not beyond {request.at.year + publishing.YEARS_AHEAD}.",
        }
    elif typed["known_until"] <= newest.known_until:
        errors["known_until"] = {
            "zh": f"须晚于现行日历的截止日 {newest.known_until}。",
            "en": f"It must lie after the present calendar’s end, {newest.known_until}.",
        }
    for name, weekday in (("days_off", False), ("made_up", True)):
        wrong = [day for day in typed[name] or [] if (day.weekday() >= 5) is not weekday]
        if wrong and name not in errors:
            errors[name] = {
                "zh": f"{wrong[0]} {'不是周末，本来就上班' if weekday else '是周末，本来就休息'}。",
                "en": f"{wrong[0]} is {'no weekend day' if weekday else 'a weekend day already'}.",
            }
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
    newest = queries.calendars()[0]
    off = {date.fromisoformat(day) for day in newest.days_off} | set(typed["days_off"])
    made_up = {date.fromisoformat(day) for day in newest.made_up} | set(typed["made_up"])
    revision = publishing.publish_calendar(
        known_until=typed["known_until"],
        days_off=sorted(off),
        made_up=sorted(made_up),
        source=typed["source"],
        by=request.actor,
        now=request.at,
    )
    moved = publishing.recompute_provisional(by=request.actor, now=request.at)
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
    waiting, wrong = _waiting()
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
    context = {"rows": rows, "waiting": len(waiting), "wrong": wrong}
    return show(request, "officer/admin/catalogue.html", context, page="catalogue")


def _waiting() -> tuple[dict[str, Any], list[str]]:
    """Return what the files hold that is not published yet, and what the lint says against it."""
    try:
        bodies = catalog.load(city=city_of())
    except catalog.WrongFile as wrong:
        return {}, [str(wrong)]
    published = {row.code: row.sha256 for row in queries.versions() if row.valid_to is None}
    waiting = {
        body.service.code: body for body in bodies if catalog.fingerprint(body) != published.get(body.service.code)
    }
    return waiting, catalog.lint(waiting.values(), {post.code for post in people.posts()}) if waiting else []


def city_of() -> Mapping[str, Any]:
    """Return what the city decides for itself, as its file says."""
    import yaml

    path = settings.CITY_DIR / "city.yaml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.exists() else {}


@officer_page(act="manage_catalogue")
@require_GET
def versions(request: OfficerRequest, code: str) -> HttpResponse:
    """Show the versions of one service, and the difference between two of them in words."""
    rows = queries.versions(code)
    waiting = _waiting()[0].get(code)
    if not rows and waiting is None:
        raise Unknown
    names = [str(row.version) for row in rows]
    new = request.GET.get("new") or ("file" if waiting else (names[0] if names else ""))
    default_old = names[0] if new == "file" and names else (names[1] if len(names) > 1 else "")
    old = request.GET.get("old") or default_old
    bodies = {str(row.version): row.id for row in rows}
    side = {name: queries.body(bodies[name]) for name in (old, new) if name in bodies}
    if waiting is not None:
        side["file"] = waiting
    differences = catalog.diff(side[old], side[new]) if old in side and new in side and old != new else []
    running = queries.running_on(code)
    context = {
        "code": code,
        "service": (waiting or queries.body(rows[0].id)).service,
        "rows": [{"row": row, "running": running.get(row.id, 0)} for row in rows],
        "waiting": waiting is not None,
        "old": old,
        "new": new,
        "compared": old in side and new in side and old != new,
        "differences": differences,
        "choices": [*(["file"] if waiting else []), *names],
    }
    return show(request, "officer/admin/versions.html", context, page="catalogue")


@officer_page(act="manage_catalogue")
@require_POST
def publish(request: OfficerRequest) -> HttpResponse:
    """Publish what the files hold, one service or all; running matters keep the version they began under."""
    waiting, wrong = _waiting()
    code = request.POST.get("code", "")
    if code and code not in waiting and not queries.versions(code):
        raise Unknown
    chosen = [body for key, body in waiting.items() if not code or key == code]
    back = reverse("officer:versions", args=[code]) if code else reverse("officer:catalogue")
    mine = [sentence for sentence in wrong if not code or sentence.startswith(f"{code}:")]
    if mine:
        messages.error(request, pick({"zh": f"未发布：{mine[0]}", "en": f"Not published: {mine[0]}"}))
        return HttpResponseRedirect(back)
    made = publishing.publish(chosen, by=request.actor, now=request.at)
    said = {"zh": f"已发布 {len(made)} 个新版本。", "en": f"{len(made)} new version(s) published."}
    messages.success(request, pick(said))
    return HttpResponseRedirect(back)
