"""At the hall: tickets, reporting, calling, and those who did not come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.booking import plugs, queries, rules, store
from minjing.kernel.booking.actions.asked import (
    again,
    again_or_stale,
    checked_services,
    done_before,
    own,
    refuse,
    refused_when,
)
from minjing.kernel.booking.actions.booking import taking
from minjing.kernel.booking.errors import Full, NobodyWaits, NotAllowed
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.booking.sql import statement
from minjing.kernel.identity.actor import Actor

SERVE = "serve"


def take_ticket(
    place_code: str,
    services: Sequence[str],
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    person_id: UUID | None = None,
    account_id: UUID | None = None,
    subject_id: UUID | None = None,
) -> Visit:
    """Give a ticket for today to somebody who has come without a booking, from the same pool: the first free time.

    Asked by the machine in the hall (the system) or by an officer who serves there: nobody takes a ticket from home.
    Nobody need say who they are. Twice is once. Raises Full with nothing left today, NotAllowed, Wrong, Unknown.
    """
    place = queries.place(place_code)
    queries.may_run(by, place, SERVE)
    checked_services(place, services)
    given = done_before(request_id, "ticket", by)
    if given is not None:  # also where nothing is left by now
        return given
    today = local_day(now)
    for free in queries.slots(place, today, services, now, walk_in=True):
        visit = _walk_in(place, services, free.starts_at, now, person_id, account_id, subject_id)
        try:
            with transaction.atomic():
                row = store.run(
                    "take", taking(visit, place), visit=visit, place=place, act="ticket", by=by, now=now,
                    request_id=request_id,
                )  # fmt: skip
                visit.ticket = str(row[2]) if row else ""
                _follow(plugs.ARRIVED, visit, by, now)
        except store.Repeated:
            return again(request_id, "ticket", by)
        except Full:  # taken since it was read: the next one
            continue
        return visit
    raise refuse(Full(), place, by, now)


def _walk_in(
    place: PlaceFacts,
    services: Sequence[str],
    starts_at: datetime,
    now: datetime,
    person_id: UUID | None,
    account_id: UUID | None,
    subject_id: UUID | None,
) -> Visit:
    minutes = place.minutes_of(services)
    return Visit(
        id=new_id(), org_id=place.org_id, place_id=place.id, code=store.new_code(), kind=rules.WALK_IN,
        state=rules.WAITING, ver=1, services=list(services), minutes=minutes, day=local_day(now),
        starts_at=starts_at, ends_at=starts_at + timedelta(minutes=max(minutes, place.slot_min)),
        account_id=account_id, person_id=person_id, subject_id=subject_id, created_at=now, arrived_at=now,
        queue_at=rules.queue_at(starts_at, now),
    )  # fmt: skip


def arrive(visit_id: UUID, *, by: Actor, now: datetime, request_id: UUID) -> Visit:
    """Report for a booked visit at the hall: it gets its ticket and stands in the queue. Twice is once.

    Asked by an officer who serves there, or by the machine in the hall (the system). Raises NotAllowed when it is too
    early or too late, Stale, Unknown.
    """
    visit = own(visit_id, by=by, now=now)
    place = queries.place_by_id(visit.place_id)
    if by.is_resident:
        raise refuse(_at_the_hall(), place, by, now, visit=visit)
    queries.may_run(by, place, SERVE)
    if visit.state in (rules.WAITING, rules.CALLED, rules.DONE):
        return visit
    if visit.state != rules.BOOKED:
        raise NotAllowed("over", "这次预约已经失效。", "This visit is over or was never confirmed.")
    why = rules.may_report(visit.starts_at, visit.ends_at, queries.terms(), now)
    if why:
        raise refuse(_not_the_time(why, queries.terms()), place, by, now, visit=visit)
    with refused_when(place, by, now, visit), transaction.atomic():
        changes = {
            "state": rules.WAITING,
            "ticket": f"A{_next_ticket(place, visit):03d}",
            "arrived_at": now,
            "queue_at": rules.queue_at(visit.starts_at, now),
        }
        return _changed(visit, changes, [rules.BOOKED], place, "arrived", by, now, request_id, plugs.ARRIVED)


def call_next(place_code: str, counter: int, *, by: Actor, now: datetime, request_id: UUID) -> Visit:
    """Call the next ticket to a counter; two counters that call at once call two tickets.

    Whoever is called at this counter still counts as finished, also where nobody comes next; asked twice, it calls
    one ticket and finishes none. Raises NobodyWaits, NotAllowed, Unknown.
    """
    place = queries.place(place_code)
    queries.may_run(by, place, SERVE)
    _real_counter(place, counter)
    called = done_before(request_id, "called", by)
    if called is not None:  # else the ticket it has called would count as finished
        return called
    with transaction.atomic():
        done = _called_here(place, counter, now)
        if done is not None and done.pk:
            finish(done.pk, ver=done.ver, by=by, now=now, request_id=new_id())
        rows = Visit.objects.select_for_update(skip_locked=True).filter(
            place_id=place.id, day=local_day(now), state=rules.WAITING
        )
        visit = rows.order_by("queue_at", "arrived_at").first()
        if visit is not None:
            changes = {"state": rules.CALLED, "counter": counter, "called_at": now, "calls": visit.calls + 1}
            return _changed(visit, changes, [rules.WAITING], place, "called", by, now, request_id)
    raise NobodyWaits


def recall(visit_id: UUID, *, ver: int, by: Actor, now: datetime, request_id: UUID) -> Visit:
    """Call the same ticket once more. Raises Stale, NotAllowed, Unknown."""
    visit, place = _at_counter(visit_id, by)
    changes = {"called_at": now, "calls": visit.calls + 1}
    visit.ver = ver
    with refused_when(place, by, now, visit):
        return _changed(visit, changes, [rules.CALLED], place, "recalled", by, now, request_id)


def skip(visit_id: UUID, *, ver: int, by: Actor, now: datetime, request_id: UUID) -> Visit:
    """Put a ticket that did not come behind those of the next ten minutes. Raises Stale, NotAllowed, Unknown."""
    visit, place = _at_counter(visit_id, by)
    visit.ver = ver
    changes = {"state": rules.WAITING, "counter": None, "queue_at": now + rules.SKIP}
    with refused_when(place, by, now, visit):
        return _changed(visit, changes, [rules.CALLED], place, "skipped", by, now, request_id)


def finish(visit_id: UUID, *, ver: int, by: Actor, now: datetime, request_id: UUID) -> Visit:
    """Say that the counter is done with a ticket. Raises Stale, NotAllowed, Unknown."""
    visit, place = _at_counter(visit_id, by)
    visit.ver = ver
    changes = {"state": rules.DONE, "closed_at": now}
    with refused_when(place, by, now, visit), transaction.atomic():
        return _changed(visit, changes, [rules.CALLED], place, "done", by, now, request_id)


def miss(visit_id: UUID, *, ver: int, by: Actor, now: datetime, request_id: UUID) -> Visit:
    """Say that somebody did not come: a booked visit after its time, or a ticket that was called in vain.

    It counts against who booked online; a walk-in ticket counts against nobody. Raises Stale, NotAllowed, Unknown.
    """
    visit, place = _at_counter(visit_id, by)
    visit.ver = ver
    if visit.state == rules.BOOKED and now <= visit.ends_at + timedelta(minutes=queries.terms().late_min):
        raise NotAllowed(
            "too_soon",
            "还没有超过报到的最晚时间，不能记爽约。",
            "The last time to report is not over yet; it is not missed.",
        )
    with refused_when(place, by, now, visit), transaction.atomic():
        try:
            row = store.run(
                "release",
                {"from": [rules.BOOKED, rules.CALLED, rules.WAITING], "to": rules.MISSED, "only_lapsed": False},
                visit=visit, place=place, act="missed", by=by, now=now, request_id=request_id,
                tells="visit_missed" if visit.kind == rules.ONLINE else "",
                words={"misses": _so_far(visit, now)},
            )  # fmt: skip
        except store.Repeated:
            return again(request_id, "missed", by)
        if row is None:
            return again_or_stale(request_id, "missed", by)
        visit.refresh_from_db()
        _follow(plugs.MISSED, visit, by, now)
    return visit


def _so_far(visit: Visit, now: datetime) -> Mapping[str, str]:
    """Say what a missed visit means beforehand: how many count, and from which on online booking rests."""
    terms = queries.terms()
    if visit.person_id is None:
        return {"zh": "", "en": ""}
    times = [*queries.missed_times(visit.person_id, now), visit.starts_at]
    found = rules.misses(times, terms, now)
    count = len(found.counted)
    if found.until is not None:
        return {
            "zh": f"{terms.within_days} 天内已 {count} 次，网上预约暂停 {terms.pause_days} 天，现场取号不受影响。",
            "en": f"That is {count} within {terms.within_days} days: online booking rests for {terms.pause_days} "
            "days; tickets at the hall do not. ",
        }
    return {
        "zh": f"{terms.within_days} 天内满 {terms.misses} 次将暂停网上预约 {terms.pause_days} 天，"
        f"现在是 {count} 次。",
        "en": f"With {terms.misses} within {terms.within_days} days online booking rests for {terms.pause_days} "
        f"days; now it is {count}. ",
    }


def _at_counter(visit_id: UUID, by: Actor) -> tuple[Visit, PlaceFacts]:
    visit = queries.visit(visit_id, by)
    place = queries.place_by_id(visit.place_id)
    if by.is_resident:
        raise _at_the_hall()
    queries.may_run(by, place, SERVE)
    return visit, place


def _changed(
    visit: Visit,
    changes: Mapping[str, Any],
    sources: Sequence[str],
    place: PlaceFacts,
    act: str,
    by: Actor,
    now: datetime,
    request_id: UUID,
    follows: Sequence[plugs.Follows] = (),
) -> Visit:
    said = {"ticket": changes.get("ticket", visit.ticket), "counter": changes.get("counter", visit.counter)}
    try:
        done = store.moved(
            visit, changes, sources=sources, place=place, act=act, by=by, now=now, request_id=request_id, said=said
        )
    except store.Repeated:
        return again(request_id, act, by)
    if not done:
        return again_or_stale(request_id, act, by)
    visit.refresh_from_db()
    _follow(follows, visit, by, now)
    return visit


def _follow(follows: Sequence[plugs.Follows], visit: Visit, by: Actor, now: datetime) -> None:
    for follow in follows:
        follow(visit, by=by, now=now)


def _next_ticket(place: PlaceFacts, visit: Visit) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement("ticket"), {"place_id": place.id, "day": visit.day})
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _called_here(place: PlaceFacts, counter: int, now: datetime) -> Visit | None:
    rows = Visit.objects.filter(place_id=place.id, day=local_day(now), state=rules.CALLED, counter=counter)
    return rows.order_by("-called_at").first()


def _real_counter(place: PlaceFacts, counter: int) -> None:
    if not 1 <= counter <= place.counters:
        raise NotAllowed("no_counter", "没有这个窗口。", "There is no such counter.")


def _at_the_hall() -> NotAllowed:
    return NotAllowed(
        "at_the_hall",
        "请到大厅用预约码报到：扫码机或窗口都可以。",
        "Report at the hall with your code, at the machine or at a counter.",
    )


def _not_the_time(why: str, terms: rules.Terms) -> NotAllowed:
    if why == "early":
        return NotAllowed(
            "early",
            f"还没到报到时间：预约时段前 {terms.early_min} 分钟起可以报到。",
            f"It is too early: one may report from {terms.early_min} minutes before the time booked.",
        )
    return NotAllowed(
        "late",
        f"已超过预约时段 {terms.late_min} 分钟，请现场取号。",
        f"More than {terms.late_min} minutes after the time booked; please take a ticket.",
    )
