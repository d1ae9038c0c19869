"""Booking, confirming, moving and giving up a visit: one statement each, never oversold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from psycopg.types.json import Jsonb

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.booking import queries, rules, store
from minjing.kernel.booking.actions.asked import again, again_or_stale, checked, own, refuse, refused_when
from minjing.kernel.booking.errors import BookingError, Full, HoldOver, NotAllowed, Stale
from minjing.kernel.booking.models import Request, Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.identity.actor import Actor


def hold(
    place_code: str,
    services: Sequence[str],
    starts_at: datetime,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    subject_id: UUID | None = None,
    person_id: UUID | None = None,
) -> Visit:
    """Keep a time for the asker until it is confirmed, ten minutes as the city rules; no notice yet.

    What the asker held for one of these services before and had not confirmed is moved to this time, so that nobody
    blocks two. `subject_id` is what it is for (a draft); `person_id` who comes, where that is not the asker and the
    caller has checked the mandate. Raises Full, Closed, Past, AlreadyBooked, Paused, NotAllowed, Wrong, Unknown.
    """
    place = queries.place(place_code)
    comes = person_id or by.person_id
    held = _held(comes, services, now) if comes else None
    if held is not None:
        if Request.objects.filter(pk=request_id, visit_id=held.pk).exists():  # the second click
            return held
        return reschedule(
            held.pk, starts_at, ver=held.ver, by=by, now=now, request_id=request_id, place_code=place_code,
            services=services, subject_id=subject_id,
        )  # fmt: skip
    until = now + timedelta(minutes=queries.terms().hold_min)
    return _take(place, services, starts_at, by, now, request_id, subject_id, comes, until)


def book(
    place_code: str,
    services: Sequence[str],
    starts_at: datetime,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    subject_id: UUID | None = None,
    person_id: UUID | None = None,
) -> Visit:
    """Book a visit at once, without holding it first: one statement. Raises as `hold` does."""
    place = queries.place(place_code)
    return _take(place, services, starts_at, by, now, request_id, subject_id, person_id or by.person_id, None)


def confirm(
    visit_id: UUID,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    subject_id: UUID | None = None,
) -> Visit:
    """Confirm what is held; the asker is told. Asking twice gives the same visit.

    `subject_id` replaces what it is for (the matter a draft has become). Raises HoldOver, Stale, Unknown.
    """
    visit = own(visit_id, by=by, now=now)
    place = queries.place_by_id(visit.place_id)
    if visit.state == rules.BOOKED:
        return _bound(visit, place, subject_id, by, now, request_id)
    if visit.state != rules.HELD or visit.held_until is None or visit.held_until <= now:
        raise refuse(HoldOver(), place, by, now, visit=visit)
    parts = len(place.grid.parts(visit.starts_at, visit.minutes))
    params = {"parts": parts, "subject_id": subject_id or visit.subject_id}
    try:
        row = store.run(
            "keep", params, visit=visit, place=place, act="booked", by=by, now=now, request_id=request_id,
            tells="visit_booked",
        )  # fmt: skip
    except Full as error:  # somebody took the room at the very instant at which the hold ended
        raise HoldOver from error
    except store.Repeated:
        return again(request_id, "booked", by)
    visit.refresh_from_db()
    if row is None and visit.state != rules.BOOKED:
        raise refuse(Stale(), place, by, now, visit=visit)
    return visit


def _bound(
    visit: Visit, place: PlaceFacts, subject_id: UUID | None, by: Actor, now: datetime, request_id: UUID
) -> Visit:
    """Say what a visit that is booked already is for, where that has changed: the draft has become a matter."""
    if subject_id is None or subject_id == visit.subject_id:
        return visit
    changes = {"subject_id": subject_id}
    try:
        store.moved(
            visit, changes, sources=[rules.BOOKED], place=place, act="bound", by=by, now=now, request_id=request_id
        )
    except store.Repeated:
        return again(request_id, "bound", by)
    visit.refresh_from_db()
    return visit


def reschedule(
    visit_id: UUID,
    starts_at: datetime,
    *,
    ver: int,
    by: Actor,
    now: datetime,
    request_id: UUID,
    place_code: str = "",
    services: Sequence[str] = (),
    subject_id: UUID | None = None,
) -> Visit:
    """Move a visit to another time, or place: the new is taken before the old is let go, or nothing changes.

    Raises Full, Closed, Past, AlreadyBooked, Stale, HoldOver, NotAllowed, Unknown.
    """
    visit = own(visit_id, by=by, now=now)
    place = queries.place(place_code) if place_code else queries.place_by_id(visit.place_id)
    wanted = list(services) or list(visit.services)
    checked(place, wanted, starts_at, by, now)
    if visit.state not in (rules.HELD, rules.BOOKED):
        raise refuse(Stale(), place, by, now, visit=visit)
    held = visit.state == rules.HELD
    until = now + timedelta(minutes=queries.terms().hold_min) if held else None
    before = visit.starts_at
    new = _moved(visit, place, wanted, starts_at)
    params = {
        **store.room(place, starts_at, new.minutes),
        "from": [visit.state],
        "day": new.day,
        "starts_at": starts_at,
        "ends_at": new.ends_at,
        "minutes": new.minutes,
        "services": Jsonb(wanted),
        "subject_id": subject_id or visit.subject_id,
        "held_until": until,
        "ver": ver,
    }
    with refused_when(place, by, now, new), transaction.atomic():
        try:
            row = store.run(
                "move", params, visit=new, place=place, act="moved", by=by, now=now, request_id=request_id,
                tells="" if held else "visit_moved", said={"from": before},
            )  # fmt: skip
        except store.Repeated:
            return again(request_id, "moved", by)
        if row is None:
            return again_or_stale(request_id, "moved", by)
        visit.refresh_from_db()
    return visit


def cancel(
    visit_id: UUID, *, ver: int, by: Actor, now: datetime, request_id: UUID, called_off: bool = False
) -> Visit:
    """Give a visit up, or call it off as the place that receives; what it took is free at once.

    Cancelling twice is cancelling once. Raises Stale, NotAllowed, Unknown.
    """
    visit = own(visit_id, by=by, now=now)
    if visit.state == rules.CANCELLED:
        return visit
    place = queries.place_by_id(visit.place_id)
    if by.is_officer:
        queries.may_run(by, place, "supervise")
    if visit.state not in (rules.HELD, rules.BOOKED, rules.WAITING):
        raise NotAllowed(
            "over", "这次预约已经办理或结束，不能取消。", "This visit has been dealt with; it cannot be cancelled."
        )
    was_held = visit.state == rules.HELD
    tells = "" if was_held else "visit_called_off" if called_off else "visit_cancelled"
    with refused_when(place, by, now, visit), transaction.atomic():
        try:
            row = store.run(
                "release",
                {"from": [visit.state], "to": rules.CANCELLED, "only_lapsed": False, "ver": ver},
                visit=visit, place=place, act="cancelled", by=by, now=now, request_id=request_id, tells=tells,
            )  # fmt: skip
        except store.Repeated:
            return again(request_id, "cancelled", by)
        if row is None:
            return again_or_stale(request_id, "cancelled", by)
        visit.refresh_from_db()
    return visit


def prolong_held(by: Actor, now: datetime) -> None:
    """Lengthen what the asker holds, once a visit: they have begun to prove who they are, which takes its time.

    The room stays the visit's own until the new end; a hold that is over stays over.
    """
    until = now + timedelta(minutes=queries.terms().level_hold_min)
    held = Visit.objects.filter(account_id=by.account_id, state=rules.HELD, held_until__gt=now, held_until__lt=until)
    for visit in held.filter(prolonged_at__isnull=True, starts_at__gt=now):
        place = queries.place_by_id(visit.place_id)
        end = min(until, visit.starts_at)
        params = {"until": end, "parts": len(place.grid.parts(visit.starts_at, visit.minutes))}
        try:
            store.run(
                "prolong", params, visit=visit, place=place, act="prolonged", by=by, now=now, request_id=new_id(),
                said={"until": end},
            )  # fmt: skip
        except Full:  # somebody took the room at the very instant at which the hold ended
            continue


def _held(person_id: UUID, services: Sequence[str], now: datetime) -> Visit | None:
    held = Visit.objects.filter(person_id=person_id, state=rules.HELD, held_until__gt=now)
    return next((v for v in held if set(v.services) & set(services)), None)


def _moved(visit: Visit, place: PlaceFacts, services: Sequence[str], starts_at: datetime) -> Visit:
    """Return the visit as it will be: what its notice and its entry speak of."""
    minutes = place.minutes_of(services)
    return Visit(
        id=visit.pk, org_id=place.org_id, place_id=place.id, code=visit.code, kind=visit.kind, state=visit.state,
        ver=visit.ver, services=list(services), minutes=minutes, day=local_day(starts_at), starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=max(minutes, place.slot_min)), account_id=visit.account_id,
        person_id=visit.person_id, subject_id=visit.subject_id,
    )  # fmt: skip


def _take(
    place: PlaceFacts,
    services: Sequence[str],
    starts_at: datetime,
    by: Actor,
    now: datetime,
    request_id: UUID,
    subject_id: UUID | None,
    person_id: UUID | None,
    until: datetime | None,
) -> Visit:
    if person_id is None:
        raise NotAllowed(
            "identity_level", "预约前请先完成实名认证。", "Say who you are before you book.", needs="level 2"
        )
    checked(place, services, starts_at, by, now, person_id)
    minutes = place.minutes_of(services)
    visit = Visit(
        id=new_id(), org_id=place.org_id, place_id=place.id, code=store.new_code(), kind=rules.ONLINE,
        state=rules.HELD if until else rules.BOOKED, ver=1, services=list(services), minutes=minutes,
        day=local_day(starts_at), starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=max(minutes, place.slot_min)), account_id=by.account_id,
        person_id=person_id, subject_id=subject_id, held_until=until, created_at=now,
    )  # fmt: skip
    act = "held" if until else "booked"
    try:
        store.run(
            "take", taking(visit, place), visit=visit, place=place, act=act, by=by, now=now, request_id=request_id,
            tells="" if until else "visit_booked",
        )  # fmt: skip
    except store.Repeated:
        return again(request_id, act, by)
    except BookingError as error:
        raise refuse(error, place, by, now, visit=visit) from error
    return visit


def taking(visit: Visit, place: PlaceFacts) -> dict[str, object]:
    """Return a new visit as take.sql takes it."""
    columns = (
        "code", "kind", "state", "minutes", "day", "starts_at", "ends_at", "account_id", "person_id", "subject_id",
        "held_until", "arrived_at", "queue_at",
    )  # fmt: skip
    return {
        **{name: getattr(visit, name) for name in columns},
        **store.room(place, visit.starts_at, visit.minutes),
        "services": Jsonb(list(visit.services)),
        "walks_in": visit.kind == rules.WALK_IN,
    }
