"""What time does by itself: holds end, visits count as missed, days open, people are reminded."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction

from minjing.base.apart import apart
from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.booking import queries, rules, store
from minjing.kernel.booking.actions.hall import miss
from minjing.kernel.booking.actions.places import open_days
from minjing.kernel.booking.actions.waiting import fill, offer_over
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.booking.models import Place, Visit, Wait
from minjing.kernel.booking.words import told
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.notify import actions as notify

SWEEP_MAX = 500


def sweep(now: datetime) -> dict[str, int]:
    """End holds that are over, count visits that were missed, offer what is free; safe to run twice.

    Returns how many of each.
    """
    return {"lapsed": _lapse(now), "missed": _miss(now), "offered": _fill(now)}


def _lapse(now: datetime) -> int:
    over = Visit.objects.filter(state=rules.HELD, held_until__lte=now).order_by("held_until")[:SWEEP_MAX]
    count = 0
    for visit in over:
        with apart("A held time could not be let go", visit.pk), transaction.atomic():
            place = queries.place_by_id(visit.place_id)
            offered = queries.wait_of_visit(visit.pk) is not None
            row = store.run(
                "release", {"from": [rules.HELD], "to": rules.LAPSED, "only_lapsed": True},
                visit=visit, place=place, act="lapsed", by=SYSTEM, now=now, request_id=new_id(),
                tells="visit_offer_over" if offered else "",
            )  # fmt: skip
            if row is not None:
                offer_over(visit, place, now)
                count += 1
    return count


def _miss(now: datetime) -> int:
    last = now - timedelta(minutes=queries.terms().late_min)
    late = Visit.objects.filter(state=rules.BOOKED, starts_at__lt=last, ends_at__lt=last).order_by("starts_at")
    count = 0
    for visit in late[:SWEEP_MAX]:
        with apart("A visit could not count as missed", visit.pk), suppress(BookingError):  # somebody was quicker
            miss(visit.pk, ver=visit.ver, by=SYSTEM, now=now, request_id=new_id())
            count += 1
    _leave_the_hall(now)
    return count


def _leave_the_hall(now: datetime) -> None:
    """Close tickets of days before: a walk-in who left, a counter that forgot to say it was done."""
    stay = Visit.objects.filter(state__in=[rules.WAITING, rules.CALLED], day__lt=local_day(now))
    for visit in stay[:SWEEP_MAX]:
        with apart("A ticket of a day before could not be closed", visit.pk):
            place = queries.place_by_id(visit.place_id)
            store.moved(
                visit, {"state": rules.DONE, "closed_at": now}, sources=[visit.state], place=place, act="left",
                by=SYSTEM, now=now, request_id=new_id(),
            )  # fmt: skip


def _fill(now: datetime) -> int:
    waiting = Wait.objects.filter(state=Wait.WAITING)
    for wait in waiting.filter(day__lt=local_day(now))[:SWEEP_MAX]:
        Wait.objects.filter(pk=wait.pk, state=Wait.WAITING).update(state=Wait.OVER, closed_at=now)
    days = waiting.filter(day__gte=local_day(now)).values_list("place_id", "day").distinct()
    offered = 0
    for place_id, day in days[:SWEEP_MAX]:
        with apart("Free times could not be offered", (place_id, day)):
            offered += fill(place_id, day, now=now)
    return offered


def open_all_days(now: datetime) -> int:
    """Open the days that have come within reach at every place; safe to run twice. Returns how many slots."""
    today = local_day(now)
    until = today + timedelta(days=queries.terms().days_ahead)
    codes = Place.objects.order_by("code").values_list("code", flat=True)
    return sum(open_days(code, today, until, by=SYSTEM, now=now) for code in codes)


def remind(now: datetime) -> int:
    """Remind of the visits of the next day, once each; those booked within that time were told just now."""
    before = timedelta(minutes=queries.terms().remind_before_min)
    rows = Visit.objects.filter(
        state=rules.BOOKED, starts_at__gt=now, starts_at__lte=now + before, reminded_at__isnull=True
    )
    count = 0
    for visit in rows.order_by("starts_at")[:SWEEP_MAX]:
        with transaction.atomic():
            if not Visit.objects.filter(pk=visit.pk, reminded_at__isnull=True).update(reminded_at=now):
                continue
            if visit.created_at > visit.starts_at - before or visit.account_id is None:
                continue
            place = queries.place_by_id(visit.place_id)
            text = told("visit_reminder", place, starts_at=visit.starts_at, services=visit.services, code=visit.code)
            count += notify.announce(
                [visit.account_id], template="visit_reminder", text=text, about=f"{visit.pk}:{visit.starts_at}",
                now=now, org_id=visit.org_id, channels=("in_app", "sms"),
            )  # fmt: skip
    return count
