"""A licence is withheld and given back: suspensions with their days, twelve points with study and retest.

The grounds are rows (`Suspension`, `FullPoints`); the licence's status follows from them in the same transaction, so
that whoever looks at the licence alone sees what is true. A ground that falls ends or shortens what rested on it.
The licence's row is locked before its grounds are read: of two acts on one licence one is first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.registers import change_licence
from minjing.modules.traffic.models import (
    FullPoints,
    Licence,
    PointsEntry,
    Suspension,
    TestBooking,
    Violation,
)
from minjing.modules.traffic.queries import points, withholding
from minjing.modules.traffic.rules import withholding as rules
from minjing.modules.traffic.rules.penalties.points import FULL, study_days

BATCH = 500
WITHHELD = (Licence.SUSPENDED, Licence.FULL_POINTS)


@transaction.atomic
def suspend(violation: Violation, person_id: UUID, *, by: Actor, now: datetime) -> Suspension:
    """Withhold a driver's licence for what a decision says, from today or from the end of the one that runs.

    Decided once, it is the same row. A driver whose licence another city keeps has the row alone.
    """
    licence = held(person_id)
    before = Suspension.objects.filter(violation_id=violation.pk).first()
    if before is not None:
        return before
    first = withholding.free_from(licence, person_id, local_day(now))
    row = Suspension.objects.create(
        id=new_id(), org_id=violation.org_id, person_id=person_id, violation_id=violation.pk, from_date=first,
        until_date=rules.term(first, violation.suspension_months),
    )  # fmt: skip
    _note(events.SUSPENSION_BEGUN, row, by, now, months=violation.suspension_months)
    _settle(licence, "suspended", by=by, now=now)
    told = {"from": f"{row.from_date}", "until": f"{row.until_date}", "months": violation.suspension_months}
    _tell(person_id, "licence_suspended", told, str(row.pk), now)
    return row


@transaction.atomic
def reach_full(person_id: UUID, *, by: Actor, now: datetime) -> FullPoints | None:
    """Withhold a driver's licence when twelve points are reached; more points mean more days to study.

    None while they are not, or where no licence of this city is on record.
    """
    licence = held(person_id)
    if licence is None:
        return None
    standing = points.standing_of(licence, now)
    row = withholding.open_full(person_id)
    if not standing.full or licence.status in rules.FINAL or (row and row.points >= standing.points):
        return row
    days = study_days(standing.points, licence.classes)
    if row is None:
        row = FullPoints.objects.create(
            org_id=licence.org_id, person_id=person_id, points=standing.points, study_days=days, reached_at=now
        )
    else:
        row.points, row.study_days = standing.points, days
        row.save(update_fields=["points", "study_days"])
    said = {"full": row.pk, "points": row.points, "study_days": days, "by": by.account_id}
    _append(events.POINTS_FULL, said, row.org_id, person_id, now)
    _settle(licence, "full_points", by=by, now=now)
    told = {"points": row.points, "days": days}
    _tell(person_id, "licence_full_points", told, f"{row.pk}:{row.points}", now)
    return row


@transaction.atomic
def passed(booking: TestBooking, *, by: Actor, now: datetime) -> None:
    """Give the licence back to whoever has passed the retest: the points of the cycle are cleared.

    Where a strike has given it back before, the test has nothing to answer: points below twelve stay.
    """
    licence = held(booking.person_id)
    if licence is None:
        return
    row = withholding.open_full(booking.person_id)
    if row is None and licence.status != Licence.FULL_POINTS:
        return
    total = points.standing_of(licence, now).points
    if row is None:  # from a register that came without its reason: it ends here all the same
        row = FullPoints(
            org_id=licence.org_id, person_id=booking.person_id, points=max(total, FULL), reached_at=booking.test_at,
            study_days=study_days(max(total, FULL), licence.classes),
        )  # fmt: skip
    row.ended_at, row.ended_by, row.test_id = now, FullPoints.PASSED, booking.pk
    row.save()
    PointsEntry.objects.create(
        org_id=licence.org_id, person_id=booking.person_id, at=now, entered_at=now, kind="cleared",
        points=max(total, 1), reference=str(booking.pk), matter_id=booking.matter_id,
    )  # fmt: skip
    said = {"full": row.pk, "points": total, "test": booking.pk, "by": by.account_id}
    _append(events.POINTS_CLEARED, said, licence.org_id, booking.person_id, now)
    _settle(licence, "retest_passed", by=by, now=now)


@transaction.atomic(savepoint=False)
def reconsider(months: Mapping[UUID, int], drivers: Collection[UUID], *, by: Actor, now: datetime) -> None:
    """Follow a strike: `months` says what is left of the suspension of each violation whose outcome has changed.

    None left lifts it, fewer bring its end forward; one that waited for it begins earlier. Points that fall below
    twelve end what rested on them. `drivers` are those for whom these violations were decided, or whose licence is
    withheld for them. The caller holds the history of the violations.
    """
    for person_id in _burdened(drivers):
        licence = held(person_id)
        for row in withholding.open_suspensions(person_id):
            if row.violation_id in months:
                _shorten(row, months[row.violation_id], by, now)
        _close_up(person_id, by, now)
        if licence is not None:
            _drop_full(licence, by, now)
        _settle(licence, "ground_struck", by=by, now=now)


_HOLD = "SELECT person_id, status FROM traffic_licence WHERE person_id = ANY(%s) ORDER BY person_id FOR UPDATE"


def _burdened(drivers: Collection[UUID]) -> list[UUID]:
    """Return those drivers on whose licence something weighs, all their licences locked.

    In one order, so that two strikes never wait for each other.
    """
    if not drivers:
        return []
    with prepared_cursor() as cursor:
        cursor.execute(_HOLD, [list(drivers)])
        withheld = {person_id for person_id, status in cursor.fetchall() if status in WITHHELD}
    return sorted(withheld | withholding.with_grounds(drivers))


def give_back_due(*, by: Actor, now: datetime, limit: int = BATCH) -> int:
    """Give back the licences whose days are over; return how many. Safe to run any number of times."""
    day = local_day(now)
    kept = Licence.objects.filter(suspended_until_date__lte=day).values_list("person_id", flat=True)
    over = Suspension.objects.filter(until_date__lte=day, lifted_at__isnull=True, returned_at__isnull=True)
    given = 0
    for person_id in sorted({*kept[:limit], *over.values_list("person_id", flat=True)[:limit]}):
        with transaction.atomic():
            licence = held(person_id)
            for row in withholding.open_suspensions(person_id):
                if row.until_date <= day:
                    row.returned_at = now
                    row.save(update_fields=["returned_at"])
                    _note(events.SUSPENSION_ENDED, row, by, now)
            _settle(licence, "days_over", by=by, now=now)
            given += 1
    return given


def held(person_id: UUID) -> Licence | None:
    """Return a person's licence, locked to the end of the transaction: what rests on it is read after."""
    return Licence.objects.select_for_update().filter(person_id=person_id).first()


# ---- steps ----------------------------------------------------------------------------------------------


def _shorten(row: Suspension, months: int, by: Actor, now: datetime) -> None:
    until = rules.term(row.from_date, months) if months else row.from_date
    if until >= row.until_date:
        return
    if not months or until <= local_day(now):
        row.lifted_at = now
        row.save(update_fields=["lifted_at"])
        _note(events.SUSPENSION_LIFTED, row, by, now)
    else:
        _move(row, until, months, by, now)


def _close_up(person_id: UUID, by: Actor, now: datetime) -> None:
    """Let suspensions that wait begin when the one before them ends now."""
    free = local_day(now)
    for row in withholding.open_suspensions(person_id):
        if row.from_date > free:
            months = row.violation.suspension_months
            row.from_date = free
            _move(row, rules.term(free, months), months, by, now)
        free = row.until_date


def _move(row: Suspension, until: date, months: int, by: Actor, now: datetime) -> None:
    before, row.until_date = row.until_date, until
    row.save(update_fields=["from_date", "until_date"])
    _note(events.SUSPENSION_SHORTENED, row, by, now, months=months, before=before.isoformat())


def _drop_full(licence: Licence, by: Actor, now: datetime) -> None:
    row = withholding.open_full(licence.person_id)
    if row is None or any(points.standing_of(licence, at).full for at in (row.reached_at, now)):
        return
    row.ended_at, row.ended_by = now, FullPoints.DROPPED
    row.save(update_fields=["ended_at", "ended_by"])
    said = {"full": row.pk, "by": by.account_id}
    _append(events.POINTS_FULL_DROPPED, said, row.org_id, licence.person_id, now)


def _settle(licence: Licence | None, why: str, *, by: Actor, now: datetime) -> None:
    """Write the status that follows from the grounds; tell the holder whose licence is theirs again."""
    if licence is None:
        return
    until = max((row.until_date for row in withholding.open_suspensions(licence.person_id)), default=None)
    full = withholding.open_full(licence.person_id) is not None
    # What came from another register without its reasons is not given back for want of them.
    if licence.status == Licence.SUSPENDED and licence.suspended_until_date and not _known(Suspension, licence):
        foreign = licence.suspended_until_date
        until = max(until or foreign, foreign) if foreign > local_day(now) else until
    if licence.status == Licence.FULL_POINTS and not _known(FullPoints, licence):
        full = True
    status, suspended_until = rules.state(licence.status, until, full)
    if (status, suspended_until) == (licence.status, licence.suspended_until_date):
        return
    before = licence.status
    change_licence(licence.pk, {"status": status, "suspended_until_date": suspended_until}, why, by=by, now=now)
    if status == Licence.VALID:
        _tell(licence.person_id, "licence_returned", {}, f"{licence.pk}:{now.isoformat()}", now)
    elif before == Licence.SUSPENDED and status == Licence.FULL_POINTS:
        row = withholding.open_full(licence.person_id)
        told = {"points": row.points if row else FULL, "days": row.study_days if row else 0}
        _tell(licence.person_id, "licence_full_points", told, f"{licence.pk}:{now.isoformat()}", now)


def _known(model: type[Suspension] | type[FullPoints], licence: Licence) -> bool:
    return model.objects.filter(person_id=licence.person_id).exists()


def _note(kind: str, row: Suspension, by: Actor, now: datetime, **more: object) -> None:
    said = {
        "suspension": row.pk, "violation": row.violation_id, "from": row.from_date.isoformat(),
        "until": row.until_date.isoformat(), "by": by.account_id, **more,
    }  # fmt: skip
    _append(kind, said, row.org_id, row.person_id, now)


def _append(kind: str, said: Mapping[str, object], org_id: int, person_id: UUID, now: datetime) -> None:
    ledger.append(ledger.entry(kind, dict(said), at=now, org_id=org_id, subject_id=person_id))


def _tell(person_id: UUID, template: str, said: Mapping[str, object], about: str, now: datetime) -> None:
    account_id = people.account_of_person(person_id)
    if account_id is not None:
        notify.tell(account_id, template, said, dedupe=f"{template}:{about}", now=now)
