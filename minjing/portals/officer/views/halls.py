"""The halls: a counter with its queue, today's visits, how much a day takes, and what is said of missed visits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.clock import CHINA, local_day
from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.errors import BookingError, NotAllowed, Unknown, Wrong
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.portals.frame.language import pick, t
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page, refused
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.typed import day as typed_day
from minjing.portals.officer.views.typed import whole

COUNTER = "hall_counter"  # in the session: at which counter this officer sits
View = Callable[..., HttpResponse]


def hall_page(view: View) -> View:
    """Let officers in; turn the refusals of booking into pages."""

    @wraps(view)
    def inner(request: OfficerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Unknown:
            return missing(request)
        except NotAllowed as no:
            return refused(request, no.text, no.needs)

    return officer_page()(inner)


@require_GET
@hall_page
def halls(request: OfficerRequest) -> HttpResponse:
    """List the halls at which one serves or which one supervises; a single one is opened at once."""
    serves = {p.code for p in queries.runs(request.actor)}
    supervises = {p.code for p in queries.runs(request.actor, queries.SUPERVISE)}
    listed = [p for p in queries.places() if p.code in serves | supervises]
    rows = [
        {
            "place": p,
            "screen": queries.display(p, request.at),
            "serves": p.code in serves,
            "supervises": p.code in supervises,
        }
        for p in listed
    ]
    return show(request, "officer/halls/halls.html", {"rows": rows}, page="halls")


# ---- the counter ----------------------------------------------------------------------------------------


@require_GET
@hall_page
def counter(request: OfficerRequest, code: str) -> HttpResponse:
    """Show one's counter: who is called, what one may do, who waits, who is to come."""
    place = queries.place(code)
    if "counter" in request.GET:
        request.session[COUNTER] = min(place.counters, max(1, whole(request.GET["counter"])))
        return HttpResponseRedirect(reverse("officer:hall", args=[code]))
    mine = min(place.counters, request.session.get(COUNTER, 1))
    visits = queries.today(place, request.actor, request.at)
    here = next((v for v in visits if v.state == "called" and v.counter == mine), None)
    context = {
        "place": place, "counter": mine, "counters": range(1, place.counters + 1), "here": _row(place, here),
        "queue": [{**(_row(place, ticket.visit) or {}), "n": ticket.place} for ticket in _queue(request, place)],
        "coming": [_row(place, v) for v in visits if v.state == "booked"],
        "seen": sum(v.state == "done" for v in visits), "missed": sum(v.state == "missed" for v in visits),
        "request_id": new_id(), "at": request.at, "serves": place in queries.runs(request.actor),
        "supervises": place in queries.runs(request.actor, queries.SUPERVISE),
    }  # fmt: skip
    return show(request, "officer/halls/counter.html", context, page="halls")


def _queue(request: OfficerRequest, place: PlaceFacts) -> list[queries.Ticket]:
    return queries.queue(place, request.actor, request.at) if place in queries.runs(request.actor) else []


def _row(place: PlaceFacts, visit: Visit | None) -> dict[str, Any] | None:
    if visit is None:
        return None
    titles = [pick(place.offers[s].title) if s in place.offers else s for s in visit.services]
    return {
        "visit": visit,
        "titles": t("、", ", ").join(titles),
        "late": queries.late_after(visit),
    }


@require_POST
@hall_page
def act(request: OfficerRequest, code: str, what: str) -> HttpResponse:
    """Call, recall, skip, finish, report, give a ticket: what the counter's buttons do."""
    try:
        said = _done(request, queries.place(code), what)
        if said:
            messages.success(request, said)
    except (NotAllowed, Unknown) as no:
        if isinstance(no, NotAllowed) and no.needs:
            raise
        messages.error(request, pick(no.text))
    except BookingError as error:
        messages.warning(request, pick(error.text))
    return HttpResponseRedirect(reverse("officer:hall", args=[code]))


def _done(request: OfficerRequest, place: PlaceFacts, what: str) -> str:
    by, at, request_id = request.actor, request.at, UUID(request.POST.get("request_id") or str(new_id()))
    if what == "next":
        actions.call_next(place.code, whole(request.POST.get("counter", "")), by=by, now=at, request_id=request_id)
        return ""
    if what == "ticket":
        services = request.POST.getlist("s")
        visit = actions.take_ticket(place.code, services, by=by, now=at, request_id=request_id)
        return t(f"已取号 {visit.ticket}。", f"Ticket {visit.ticket}.")
    if what == "report":
        found = queries.visit_by_code(request.POST.get("code", ""), place.id, by)
        visit = actions.arrive(found.pk, by=by, now=at, request_id=request_id)
        return t(f"已报到，排队号 {visit.ticket}。", f"Reported: ticket {visit.ticket}.")
    steps = {"recall": actions.recall, "skip": actions.skip, "miss": actions.miss, "finish": actions.finish}
    if what not in steps:
        raise Unknown
    visit_id, ver = UUID(request.POST["visit"]), whole(request.POST.get("ver", ""))
    steps[what](visit_id, ver=ver, by=by, now=at, request_id=request_id)
    return ""


# ---- what a day takes -----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@hall_page
def capacity(request: OfficerRequest, code: str) -> HttpResponse:
    """Set how many counters serve in which hours of a day, or close the day; for the hall's supervisor."""
    place = queries.place(code)
    queries.may_run(request.actor, place, queries.SUPERVISE)
    errors: dict[str, Words] = {}
    days = [d.day for d in queries.days(place, list(place.offers)[:1], request.at)]
    asked = request.POST.get("day") or request.GET.get("day", "")
    wanted = _day(asked, request.at) if asked or not days else days[0]
    if request.method == "POST":
        errors = _set(request, place, wanted)
        if not errors:
            return HttpResponseRedirect(f"{reverse('officer:hall_capacity', args=[code])}?day={wanted.isoformat()}")
    slots = queries.slots_of_day(place, wanted, request.at)
    context = {
        "place": place, "day": wanted, "errors": errors, "typed": request.POST if errors else {},
        "slots": [_slot(place, s) for s in slots], "closed_why": _closed(place, wanted, request.at),
        "days": days,
        "booked": sum(v.state == "booked" for v in queries.today(place, request.actor, request.at, wanted)),
        "challenges": [
            {"challenge": c, **(_row(place, v) or {})} for c, v in queries.challenges(place, request.actor)
        ],
    }  # fmt: skip
    return show(request, "officer/halls/capacity.html", context, page="halls", status=422 if errors else 200)


def _day(said: str, at: datetime) -> date:
    try:
        return typed_day(said)
    except ValueError:
        return local_day(at)


def _slot(place: PlaceFacts, slot: Any) -> dict[str, Any]:
    used = slot.capacity_min - slot.free_min
    start, end = slot.starts_at.astimezone(CHINA), slot.ends_at.astimezone(CHINA)
    return {
        "from": f"{start:%H:%M}",
        "to": f"{end:%H:%M}",
        "counters": slot.capacity_min / place.slot_min,
        "capacity": slot.capacity_min,
        "used": used,
        "percent": 100 * used // slot.capacity_min if slot.capacity_min else 100,
    }


def _closed(place: PlaceFacts, day: date, at: datetime) -> Words | None:
    listed = queries.days(place, list(place.offers)[:1], at)
    return next((d.closed_why for d in listed if d.day == day), None)


def _set(request: OfficerRequest, place: PlaceFacts, day: date) -> dict[str, Words]:
    """Do what the form asks; return what is wrong with it."""
    by, at = request.actor, request.at
    try:
        if "close" in request.POST:
            why = {"zh": request.POST.get("why", ""), "en": request.POST.get("why_en", "")}
            count = actions.close_day(place.code, day, why, by=by, now=at)
            messages.success(
                request, t(f"当天已停办，{count} 个预约已取消并通知。", f"Closed; {count} visits called off.")
            )
            return {}
        since, until = (_clock(day, request.POST.get(name, "")) for name in ("since", "until"))
        if since is None or until is None or until <= since:
            return {
                "since": {
                    "zh": "请填写起止时间，例如 09:00 至 12:00。",
                    "en": "From and until, such as 09:00, 12:00.",
                }
            }
        kept = actions.set_capacity(
            place.code, day, since, until, whole(request.POST.get("counters", "")), by=by, now=at
        )
        messages.success(request, t("已保存。", "Saved."))
        if kept:
            messages.warning(
                request,
                t(
                    f"有 {len(kept)} 个时段已约出更多，保持已约的数量。",
                    f"In {len(kept)} slots more was booked already; they keep that much.",
                ),
            )
    except Wrong as wrong:
        return dict(wrong.errors)
    return {}


def _clock(day: date, said: str) -> datetime | None:
    try:
        return datetime.combine(day, datetime.strptime(said, "%H:%M").time(), CHINA)  # noqa: DTZ007 - zone beside it
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
@hall_page
def decide(request: OfficerRequest, code: str, visit_id: UUID) -> HttpResponse:
    """Read what was said of a missed visit, which is a look on record, and decide; for the hall's supervisor."""
    place = queries.place(code)
    if request.method == "GET":
        words = actions.read_challenge(visit_id, by=request.actor, now=request.at)
        visit = queries.visit(visit_id, request.actor)
        context = {"place": place, "words": words, **(_row(place, visit) or {})}
        context["challenge"] = queries.challenge_of(visit)
        return show(request, "officer/halls/challenge.html", context, page="halls")
    excused = request.POST.get("excused") == "1"
    try:
        actions.decide_challenge(visit_id, excused=excused, by=request.actor, now=request.at)
        messages.success(request, t("已决定并通知本人。", "Decided; the person is told."))
    except BookingError as error:
        if isinstance(error, (NotAllowed, Unknown)):
            raise
        messages.warning(request, pick(error.text))
    return HttpResponseRedirect(reverse("officer:hall_capacity", args=[code]))
