"""The waiting list: who is first is offered what becomes free, for a while; then the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.booking import queries, rules, store
from minjing.kernel.booking.actions.asked import checked_services, not_paused
from minjing.kernel.booking.actions.booking import cancel, taking
from minjing.kernel.booking.errors import AlreadyBooked, BookingError, Closed, Full, NotAllowed
from minjing.kernel.booking.models import Slot, Visit, Wait
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger

OFFERS_MAX = 20  # of one run of the job; the next minute goes on


def wait_for(
    place_code: str,
    day: date,
    services: Sequence[str],
    *,
    by: Actor,
    now: datetime,
    subject_id: UUID | None = None,
) -> Wait:
    """Put the asker on the waiting list of a day; twice is once.

    Raises Closed, NotAllowed, Paused, Wrong, Unknown.
    """
    place = queries.place(place_code)
    checked_services(place, services)
    if by.person_id is None:
        raise NotAllowed("identity_level", "请先完成实名认证。", "Say who you are first.", needs="level 2")
    if day < local_day(now) or not Slot.objects.filter(place_id=place.id, day=day, capacity__gt=0).exists():
        raise Closed
    not_paused(place, by.person_id, by, now)
    mine = Wait.objects.filter(person_id=by.person_id, state__in=[Wait.WAITING, Wait.OFFERED])
    if mine.count() >= queries.terms().waits_max:
        most = queries.terms().waits_max
        raise NotAllowed(
            "too_many", f"最多同时候补 {most} 处，请先退出一处。", f"At most {most} waiting lists at a time."
        )
    wait = Wait(
        id=new_id(), org_id=place.org_id, place_id=place.id, day=day, services=list(services),
        account_id=by.account_id, person_id=by.person_id, subject_id=subject_id, since=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            wait.save(force_insert=True)
            _tell_ledger("waits", wait, place, by, now)
    except IntegrityError:
        return mine.get(place_id=place.id, day=day)
    return wait


def leave_list(wait_id: UUID, *, by: Actor, now: datetime) -> None:
    """Leave a waiting list; what was offered goes to the next. Raises Unknown."""
    wait = queries.wait(wait_id, by)
    place = queries.place_by_id(wait.place_id)
    with transaction.atomic():
        left = Wait.objects.filter(pk=wait.pk, state__in=[Wait.WAITING, Wait.OFFERED])
        if left.update(state=Wait.LEFT, closed_at=now):
            _tell_ledger("left", wait, place, by, now)
        if wait.state == Wait.OFFERED and wait.visit_id:
            offered = queries.visit(wait.visit_id, by)
            if offered.state == rules.HELD:
                cancel(offered.pk, ver=offered.ver, by=by, now=now, request_id=new_id())


def fill(place_id: int, day: date, *, now: datetime) -> int:
    """Offer what is free on a day to those who wait for it, the first whose visit fits; return how many offers.

    Run by a job whenever room has become free, and by the sweep; two runs at once make no offer twice.
    """
    place, offered = queries.place_by_id(place_id), 0
    waiting = Wait.objects.filter(place_id=place_id, day=day, state=Wait.WAITING).order_by("pk")
    for wait in waiting[:OFFERS_MAX]:
        try:
            free = queries.slots(place, day, wait.services, now)
        except KeyError:  # the place does not offer the service any more
            free = []
        if free and _offer(wait, place, free[0].starts_at, now):
            offered += 1
    return offered


def _offer(wait: Wait, place: PlaceFacts, starts_at: datetime, now: datetime) -> bool:
    """Hold a time for who waits and tell them; False when it was taken meanwhile, or they have a visit already."""
    until = now + timedelta(minutes=queries.terms().offer_min)
    minutes = place.minutes_of(wait.services)
    visit = Visit(
        id=new_id(), org_id=place.org_id, place_id=place.id, code=store.new_code(), kind=rules.ONLINE,
        state=rules.HELD, ver=1, services=wait.services, minutes=minutes, day=wait.day, starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=max(minutes, place.slot_min)), account_id=wait.account_id,
        person_id=wait.person_id, subject_id=wait.subject_id, held_until=min(until, starts_at), created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            mine = Wait.objects.select_for_update(skip_locked=True).filter(pk=wait.pk, state=Wait.WAITING)
            if not mine.exists():
                return False
            store.run(
                "take", taking(visit, place), visit=visit, place=place, act="offered", by=SYSTEM, now=now,
                request_id=new_id(), tells="visit_offered", words={"until": visit.held_until},
            )  # fmt: skip
            Wait.objects.filter(pk=wait.pk).update(state=Wait.OFFERED, visit_id=visit.pk)
    except AlreadyBooked:
        _close(wait, Wait.OVER, place, now)
        return False
    except (Full, BookingError):
        return False
    return True


def offer_over(visit: Visit, place: PlaceFacts, now: datetime) -> None:
    """Close the waiting list of an offer that was not confirmed in time."""
    wait = queries.wait_of_visit(visit.pk)
    if wait is not None:
        _close(wait, Wait.OVER, place, now)


def _close(wait: Wait, state: str, place: PlaceFacts, now: datetime) -> None:
    Wait.objects.filter(pk=wait.pk).update(state=state, closed_at=now)
    _tell_ledger(state, wait, place, SYSTEM, now)


def _tell_ledger(what: str, wait: Wait, place: PlaceFacts, by: Actor, now: datetime) -> None:
    said = {"wait": wait.pk, "place": place.code, "day": wait.day, "by": by.account_id}
    ledger.append(ledger.entry(f"booking:wait:{what}", said, at=now, org_id=place.org_id, subject_id=wait.person_id))
