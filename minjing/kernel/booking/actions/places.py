"""Setting up places: what they offer, when they open, how much they take, and days on which they are closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.booking import plugs, queries, rules
from minjing.kernel.booking.actions.booking import cancel
from minjing.kernel.booking.errors import NotAllowed, Wrong
from minjing.kernel.booking.models import Day, Offer, Place, Slot, TermsRow, Visit
from minjing.kernel.booking.sql import statement
from minjing.kernel.identity.actor import SYSTEM_KIND, Actor
from minjing.kernel.identity.models import Unit
from minjing.kernel.ledger import actions as ledger

COUNTERS_MAX = 60


@transaction.atomic
def put_place(
    *,
    code: str,
    unit_code: str,
    kind: str,
    name: Mapping[str, str],
    address: Mapping[str, str],
    lon: float | None,
    lat: float | None,
    hours: Sequence[Sequence[str]],
    slot_min: int,
    counters: int,
    offers: Iterable[tuple[str, Mapping[str, str], int]],
    demo: bool,
    by: Actor,
    now: datetime,
) -> Place:
    """Make a place, or bring one up to date; `offers` are (service, title, minutes) in order.

    Slots that are open keep their capacity: `set_capacity` changes them. Raises NotAllowed, Wrong.
    """
    _may_set_up(by)
    unit = Unit.objects.get(code=unit_code)
    grid = rules.Grid.of(hours, slot_min)
    if not grid.spans or any(end - start < slot_min for start, end in grid.spans):
        raise Wrong(
            {"hours": {"zh": "开放时间至少要容得下一个时段。", "en": "Each span must hold one slot at least."}}
        )
    place, _ = Place.objects.update_or_create(
        code=code,
        defaults={
            "org_id": unit.org_id, "unit": unit, "kind": kind, "name": dict(name), "address": dict(address),
            "lon": lon, "lat": lat, "hours": [list(span) for span in hours], "slot_min": slot_min,
            "counters": counters, "demo": demo,
        },
    )  # fmt: skip
    listed = list(offers)
    Offer.objects.filter(place=place).exclude(service__in=[service for service, _, _ in listed]).delete()
    for position, (service, title, minutes) in enumerate(listed):
        Offer.objects.update_or_create(
            place=place, service=service, defaults={"title": dict(title), "minutes": minutes, "position": position}
        )
    said = {"place": code, "counters": counters, "offers": [service for service, _, _ in listed], "by": by.account_id}
    ledger.append(ledger.entry("booking:place:put", said, at=now, org_id=unit.org_id))
    transaction.on_commit(queries.forget_kept)
    queries.forget_kept()
    return place


@transaction.atomic
def publish_terms(body: Mapping[str, Any], *, by: Actor, now: datetime) -> bool:
    """Put the city's terms into force where they differ from those that are. Raises NotAllowed."""
    _may_set_up(by)
    newest = TermsRow.objects.order_by("-revision").first()
    if newest is not None and newest.body == dict(body):
        return False
    rules.Terms.of(body)
    TermsRow.objects.create(body=dict(body), published_at=now)
    ledger.append(ledger.entry("booking:terms:published", {**body, "by": by.account_id}, at=now))
    transaction.on_commit(queries.forget_kept)
    queries.forget_kept()
    return True


def _may_set_up(by: Actor) -> None:
    if by.kind != SYSTEM_KIND and not any("manage_units" in held.acts for held in by.holdings):
        raise NotAllowed(
            "no_post", "您现在的岗位不能办理此事。", "None of the posts you hold may do this.", "manage_units"
        )


@transaction.atomic
def open_days(place_code: str, since: date, until: date, *, by: Actor, now: datetime) -> int:
    """Open the slots of the working days from `since` to `until`, as far as they are not; return how many slots.

    Made-up working days open, days off do not, and neither do days the place has closed itself.
    """
    place = queries.place(place_code)
    if by.kind != SYSTEM_KIND:
        queries.may_run(by, place, "supervise")
    calendar = plugs.work_calendar()
    known = set(Day.objects.filter(place_id=place.id, day__range=(since, until)).values_list("day", flat=True))
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    opened = [day for day in days if calendar.is_workday(day) and day not in known]
    starts = [start for day in opened for start in place.grid.starts(day)]
    if not starts:
        return 0
    length = timedelta(minutes=place.slot_min)
    params: dict[str, Any] = {
        "place_id": place.id,
        "org_id": place.org_id,
        "capacity": place.counters * place.slot_min,
        "opened": opened,
        "ids": [rules.slot_id(place.id, start) for start in starts],
        "days": [start.date() for start in starts],
        "starts": starts,
        "ends": [start + length for start in starts],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("open"), params)
        made = int(cursor.rowcount)
    said = {"place": place.code, "since": since, "until": until, "slots": made, "by": by.account_id}
    ledger.append(ledger.entry("booking:place:opened", said, at=now, org_id=place.org_id))
    return made


@transaction.atomic
def set_capacity(
    place_code: str, day: date, since: datetime, until: datetime, counters: int, *, by: Actor, now: datetime
) -> list[datetime]:
    """Set how many counters serve in the slots of a day from `since` until `until`.

    A slot of which more is taken already keeps that much: nobody loses a visit by it. Returns the slots where that is
    so, by their start. Raises NotAllowed, Wrong, Unknown.
    """
    place = queries.place(place_code)
    queries.may_run(by, place, "supervise")
    if not 0 <= counters <= COUNTERS_MAX:
        raise Wrong(
            {"counters": {"zh": f"窗口数为 0 至 {COUNTERS_MAX}。", "en": f"From 0 to {COUNTERS_MAX} counters."}}
        )
    slots = list(
        Slot.objects.select_for_update()
        .filter(place_id=place.id, day=day, starts_at__gte=since, starts_at__lt=until)
        .order_by("pk")
    )
    if not slots:
        raise Wrong({"since": {"zh": "这段时间没有开放的时段。", "en": "No slot is open in that time."}})
    wanted = counters * place.slot_min
    for slot in slots:
        Slot.objects.filter(pk=slot.pk).update(capacity=max(wanted, slot.used))
    said = {
        "place": place.code, "day": day, "since": since, "until": until, "counters": counters, "by": by.account_id,
    }  # fmt: skip
    ledger.append(ledger.entry("booking:place:capacity_set", said, at=now, org_id=place.org_id))
    return [slot.starts_at for slot in slots if slot.used > wanted]


@transaction.atomic
def close_day(place_code: str, day: date, why: Mapping[str, str], *, by: Actor, now: datetime) -> int:
    """Close a day that was open: nothing more is booked, and who has a visit is told to choose another time.

    A visit called off counts against nobody. Returns how many were called off. Raises NotAllowed, Wrong, Unknown.
    """
    place = queries.place(place_code)
    queries.may_run(by, place, "supervise")
    if not why.get("zh", "").strip():
        raise Wrong({"why": {"zh": "请写明原因，预约的人会看到。", "en": "Say why; those who booked will read it."}})
    said_why = {"zh": why["zh"].strip()[:200], "en": (why.get("en", "").strip() or why["zh"].strip())[:200]}
    Day.objects.update_or_create(
        place_id=place.id, day=day, defaults={"org_id": place.org_id, "closed_why": said_why}
    )
    called_off = Visit.objects.filter(
        place_id=place.id, day=day, state__in=[rules.HELD, rules.BOOKED], starts_at__gt=now
    )
    count = 0
    for visit in called_off.order_by("pk"):
        cancel(visit.pk, ver=visit.ver, by=by, now=now, request_id=new_id(), called_off=True)
        count += 1
    for slot in Slot.objects.select_for_update().filter(place_id=place.id, day=day, starts_at__gt=now).order_by("pk"):
        Slot.objects.filter(pk=slot.pk).update(capacity=slot.used)
    said = {"place": place.code, "day": day, "called_off": count, "by": by.account_id}
    ledger.append(ledger.entry("booking:place:closed", said, at=now, org_id=place.org_id))
    return count
