"""My visits: choose what for, where, which day and time; confirm, change, cancel, wait, say why one did not come."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.base.clock import CHINA, now
from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.errors import (
    AlreadyBooked,
    BookingError,
    Closed,
    Full,
    HoldOver,
    NotAllowed,
    Past,
    Stale,
    Unknown,
    Wrong,
)
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.portals.citizen import slips
from minjing.portals.citizen.access import View, resident, stopped, who
from minjing.portals.citizen.questions import stations_by_district
from minjing.portals.frame.calendar_file import calendar
from minjing.portals.frame.language import pick, t

KINDS = {
    "exit_entry_hall": Text(zh="出入境办证大厅", en="Exit-entry halls"),
    "traffic_hall": Text(zh="车管和违法处理窗口", en="Vehicle offices"),
    "test_centre": Text(zh="驾驶人考试中心", en="Driving-test centres"),
    "inspection_station": Text(zh="机动车检验站", en="Vehicle test stations"),
    "claim_centre": Text(zh="快处快赔服务点", en="Quick-claim centres"),
    "coast_gate": Text(zh="东部景区通行口", en="Gates to the eastern coast"),
    "household_counter": Text(zh="户政大厅", en="Household counters"),
}


def visit_page(view: View) -> View:
    """Turn the refusals of booking into pages that say what to do."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Unknown:
            return render(request, "404.html", status=404)
        except Stale as stale:
            return stopped(request, 409, Text(**stale.text), reverse("citizen:visits"))
        except NotAllowed as refused:
            if refused.key == "identity_level":
                goal = urlencode({"next": request.get_full_path()})
                return HttpResponseRedirect(f"{reverse('identity:who')}?{goal}")
            return stopped(request, 403, Text(**refused.text), reverse("citizen:visits"))
        except BookingError as refused:
            return stopped(request, 403, Text(**refused.text), reverse("citizen:visits"))

    return resident(guarded)


# ---- my visits ------------------------------------------------------------------------------------------


@require_safe
@visit_page
def index(request: HttpRequest) -> HttpResponse:
    """List one's visits, what one waits for, and what counts as missed."""
    by, at = who(request), now()
    visits = queries.my_visits(by)
    context = {
        "tab": "matters",
        "coming": [_shown(v) for v in visits if v.state in ("held", "booked", "waiting", "called") and _lives(v, at)],
        "past": [_shown(v) for v in visits if v.state in ("done", "cancelled", "missed")],
        "waits": [
            (w, queries.place_by_id(w.place_id), _titles(w.place_id, w.services)) for w in queries.my_waits(by)
        ],
        "misses": queries.counted_misses(by, at),
        "terms": queries.terms(),
    }
    return render(request, "citizen/visits/index.html", context)


def _lives(visit: Visit, at: datetime) -> bool:
    return visit.state != "held" or (visit.held_until is not None and visit.held_until > at)


def _shown(visit: Visit) -> dict[str, Any]:
    return {
        "visit": visit,
        "place": queries.place_by_id(visit.place_id),
        "titles": _titles(visit.place_id, visit.services),
    }


def _titles(place_id: int, services: list[str]) -> str:
    offers = queries.place_by_id(place_id).offers
    return t("、", ", ").join(pick(offers[s].title) if s in offers else s for s in services)


# ---- choosing -------------------------------------------------------------------------------------------


@require_safe
@visit_page
def new(request: HttpRequest) -> HttpResponse:
    """Ask what the visit is for: one service or several, at one kind of place."""
    kinds = []
    for kind, title in KINDS.items():
        offered = {s: o for place in queries.places(kind) for s, o in place.offers.items()}
        if offered:
            kinds.append({"kind": kind, "title": title, "offers": list(offered.values())})
    context = {"tab": "matters", "kinds": kinds, "asked": request.GET.get("kind", ""), "terms": queries.terms()}
    context |= {"misses": queries.counted_misses(who(request), now()), "missing": "none" in request.GET}
    return render(request, "citizen/visits/new.html", context)


@require_safe
@visit_page
def places(request: HttpRequest) -> HttpResponse:
    """List the places: first free time, how full, and how far where the resident says from where."""
    kind, services = request.GET.get("kind", ""), request.GET.getlist("s")
    listed = queries.places(kind, services) if services else []
    if not listed:
        return HttpResponseRedirect(f"{reverse('citizen:visit_new')}?{urlencode({'kind': kind, 'none': 1})}")
    at, near = now(), request.GET.get("near", "")
    origin = queries.exit_of(near) if near else None
    ordered: list[tuple[PlaceFacts, float | None]] = [(place, None) for place in listed]
    if origin is not None:
        ordered = list(queries.nearest_first(listed, *origin))
    load, first = queries.board(listed, services, at), queries.first_free(listed, services, at)
    rows = [
        {"place": p, "km": km, "full": load[p.code], "first": first.get(p.code), "url": _days_url(request, p.code)}
        for p, km in ordered
    ]
    if origin is None:
        rows.sort(key=lambda row: (row["first"] is None, row["first"]))
    context = {
        "tab": "matters", "rows": rows, "kind": kind, "services": services, "near": near,
        "titles": _titles(listed[0].id, services), "groups": stations_by_district(), "carried": _carried(request),
    }  # fmt: skip
    return render(request, "citizen/visits/places.html", context)


@require_safe
@visit_page
def days(request: HttpRequest, code: str) -> HttpResponse:
    """Show the days of a place that can be booked, full and closed ones too."""
    place, services = queries.place(code), _services(request, code)
    at = now()
    listed = queries.days(place, services, at)
    context = {
        "tab": "matters", "place": place, "titles": _titles(place.id, services), "services": services,
        "minutes": place.minutes_of(services), "weeks": slips.weeks(listed), "query": _query(request),
        "moving": _moving(request), "places_url": _places_url(request, place),
        "nothing": not any(d.is_open for d in listed),
    }  # fmt: skip
    return render(request, "citizen/visits/days.html", context)


@require_http_methods(["GET", "POST"])
@visit_page
def times(request: HttpRequest, code: str, day: str) -> HttpResponse:
    """Show the times of a day; choosing one keeps it for some minutes, or moves the visit that is being changed."""
    place, services = queries.place(code), _services(request, code)
    wanted, at, error = date.fromisoformat(day), now(), None
    if request.method == "POST":
        error = _choose(request, place, services, at)
        if isinstance(error, HttpResponse):
            return error
    free = queries.slots(place, wanted, services, at)
    start = _instant(request.POST.get("start", "")) or datetime.combine(wanted, time(12), CHINA)
    near = queries.nearest_free(place, start, services, at) if error or not free else []
    shut = None if free else queries.closed_why(place, wanted)
    context = {
        "tab": "matters", "place": place, "titles": _titles(place.id, services), "services": services, "day": wanted,
        "minutes": place.minutes_of(services), "spans": slips.halves(free), "error": error,
        "near": near, "query": _query(request), "moving": _moving(request), "request_id": new_id(),
        "days_url": _days_url(request, code), "terms": queries.terms(),
        "shut": shut, "can_wait": shut is None and _can_wait(place, wanted, at),
    }  # fmt: skip
    return render(request, "citizen/visits/times.html", context, status=409 if error else 200)


def _choose(request: HttpRequest, place: PlaceFacts, services: list[str], at: datetime) -> HttpResponse | Text | None:
    """Hold the time, or move the visit; return where to go, or what is wrong with it."""
    by, start = who(request), _instant(request.POST.get("start", ""))
    if start is None:
        return Text(zh="请选择一个时段。", en="Choose a time.")
    request_id, moving = UUID(request.POST["request_id"]), _moving(request)
    try:
        if moving is not None:
            visit = actions.reschedule(
                moving.pk, start, ver=int(request.POST["ver"]), by=by, now=at, request_id=request_id,
                place_code=place.code, services=services,
            )  # fmt: skip
            messages.success(request, t("已改到新的时间。", "Moved to the new time."))
        else:
            visit = actions.hold(
                place.code, services, start, by=by, now=at, request_id=request_id, subject_id=_subject(request)
            )
    except (AlreadyBooked, Full, Closed, Past) as refused:
        return Text(**refused.text)
    back = _draft_url(request)
    return HttpResponseRedirect(back or reverse("citizen:visit", args=[visit.pk]))


def _instant(said: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _can_wait(place: PlaceFacts, day: date, at: datetime) -> bool:
    return any(f.ends_at > at for f in queries.slots_of_day(place, day, at))


# What the pages of choosing carry along in their addresses: services, the visit that is moved, the draft it is for.
CARRIED = ("s", "move", "for", "kind", "near")


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name in ("move", "for") for value in request.GET.getlist(name)]


def _query(request: HttpRequest) -> str:
    return urlencode([(name, value) for name in CARRIED for value in request.GET.getlist(name)])


def _days_url(request: HttpRequest, code: str) -> str:
    return f"{reverse('citizen:visit_days', args=[code])}?{_query(request)}"


def _places_url(request: HttpRequest, place: PlaceFacts) -> str:
    carried = [(name, v) for name in ("s", "move", "for", "near") for v in request.GET.getlist(name)]
    return f"{reverse('citizen:visit_places')}?{urlencode([*carried, ('kind', place.kind)])}"


def _services(request: HttpRequest, code: str) -> list[str]:
    """Return the services asked for. Raises Wrong where one is not offered there."""
    asked, offered = request.GET.getlist("s"), queries.place(code).offers
    if not asked or len(set(asked)) != len(asked) or not set(asked) <= set(offered):
        raise Wrong({"s": {"zh": "请选择这里办理的事项。", "en": "Choose services that are offered here."}})
    return asked


def _moving(request: HttpRequest) -> Visit | None:
    ref = request.GET.get("move", "")
    return actions.own(UUID(ref), by=who(request), now=now()) if ref else None


def _subject(request: HttpRequest) -> UUID | None:
    """Return the draft, or the matter that waits for a new visit, that the visit is for, if it is the asker's own."""
    from minjing.kernel.matters import queries as matters

    ref = request.GET.get("for", "")
    return matters.visit_subject(UUID(ref), who(request), now()) if ref else None


def _waiting_matter(request: HttpRequest) -> Snapshot | None:
    """Return the asker's own matter whose visit was missed; None where `for` names something else."""
    from minjing.kernel.matters import queries as matters

    try:
        ref = UUID(request.GET.get("for", ""))
    except ValueError:
        return None
    return matters.waits_for_visit(ref, who(request), now())


def _draft_url(request: HttpRequest) -> str:
    ref = request.GET.get("for", "")
    if not ref or _waiting_matter(request):  # a matter confirms nothing by itself: the visit's own page does
        return ""
    return reverse("citizen:draft", args=[UUID(ref)])


# ---- one visit ------------------------------------------------------------------------------------------


@require_safe
@visit_page
def one(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Show a visit: to be confirmed, the slip with its code, or how it ended."""
    by, at = who(request), now()
    visit = actions.own(visit_id, by=by, now=at)
    context = {
        "tab": "matters", **_shown(visit), "at": at, "terms": queries.terms(), "request_id": new_id(),
        "over": visit.state == "held" and not _lives(visit, at), "misses": queries.counted_misses(by, at),
        "qr": slips.qr(visit) if visit.state == "booked" else "", "challenge": queries.challenge_of(visit),
        "lead": queries.may_report_from(visit), "change_url": _change_url(visit),
        "draft_url": _draft_of(visit, by, at),
    }  # fmt: skip
    return render(request, "citizen/visits/one.html", context)


def _draft_of(visit: Visit, by: Actor, at: datetime) -> str:
    """Return the address of the application that a held visit is for, which confirms it; "" where there is none."""
    from minjing.kernel.matters import queries as matters
    from minjing.kernel.matters.errors import MatterError

    if visit.state != "held" or visit.subject_id is None:
        return ""
    try:
        return reverse("citizen:draft", args=[matters.draft(visit.subject_id, by, at).id])
    except MatterError:
        return ""


def _change_url(visit: Visit) -> str:
    place = queries.place_by_id(visit.place_id)
    query = urlencode([*(("s", s) for s in visit.services), ("move", str(visit.pk))])
    return f"{reverse('citizen:visit_days', args=[place.code])}?{query}"


@require_POST
@visit_page
def confirm(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Keep what was held."""
    try:
        actions.confirm(visit_id, by=who(request), now=now(), request_id=UUID(request.POST["request_id"]))
    except HoldOver as over:
        messages.warning(request, pick(Text(**over.text)))
    else:
        messages.success(request, t("预约成功。", "Your visit is booked."))
    return HttpResponseRedirect(reverse("citizen:visit", args=[visit_id]))


@require_http_methods(["GET", "POST"])
@visit_page
def cancel(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Ask once more, then give the visit up."""
    visit = actions.own(visit_id, by=who(request), now=now())
    if request.method == "POST":
        ver, request_id = int(request.POST["ver"]), UUID(request.POST["request_id"])
        actions.cancel(visit_id, ver=ver, by=who(request), now=now(), request_id=request_id)
        messages.success(request, t("已取消，时段已让给别人。", "Cancelled; the time is free for somebody else."))
        return HttpResponseRedirect(reverse("citizen:visits"))
    context = {"tab": "matters", **_shown(visit), "request_id": new_id(), "change_url": _change_url(visit)}
    return render(request, "citizen/visits/cancel.html", context)


@require_safe
@visit_page
def calendar_file(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Return the visit for a calendar (RFC 5545), with a reminder an hour before."""
    visit = actions.own(visit_id, by=who(request), now=now())
    place = queries.place_by_id(visit.place_id)
    answer = HttpResponse(calendar(visit, place, now()), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="visit-{visit.day.isoformat()}.ics"'
    return answer


@require_http_methods(["GET", "POST"])
@visit_page
def challenge(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Say why a missed visit should not count."""
    visit, error = actions.own(visit_id, by=who(request), now=now()), None
    if request.method == "POST":
        try:
            actions.challenge(visit_id, request.POST.get("words", ""), by=who(request), now=now())
        except Wrong as wrong:
            error = Text(**wrong.errors["words"])
        else:
            messages.success(request, t("说明已收到，结果会通知您。", "We have what you said; you will be told."))
            return HttpResponseRedirect(reverse("citizen:visit", args=[visit_id]))
    context = {"tab": "matters", **_shown(visit), "error": error, "words": request.POST.get("words", "")}
    return render(request, "citizen/visits/challenge.html", context, status=422 if error else 200)


# ---- waiting --------------------------------------------------------------------------------------------


@require_POST
@visit_page
def wait(request: HttpRequest, code: str, day: str) -> HttpResponse:
    """Go on the waiting list of a day."""
    services = _services(request, code)
    actions.wait_for(
        code, date.fromisoformat(day), services, by=who(request), now=now(), subject_id=_subject(request)
    )
    messages.success(
        request, t("已加入候补，有空位时会通知您。", "You are on the waiting list; we tell you when one is free.")
    )
    return HttpResponseRedirect(reverse("citizen:visits"))


@require_POST
@visit_page
def leave(request: HttpRequest, wait_id: UUID) -> HttpResponse:
    """Leave a waiting list."""
    actions.leave_list(wait_id, by=who(request), now=now())
    messages.success(request, t("已退出候补。", "You have left the waiting list."))
    return HttpResponseRedirect(reverse("citizen:visits"))
