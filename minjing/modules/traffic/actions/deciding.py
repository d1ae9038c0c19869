"""A violation is decided: online by the driver who accepts it, or at the counter by an officer, driver present.

What is decided at the counter takes effect there: a suspension begins, twelve points withhold the licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import judging, withholding
from minjing.modules.traffic.actions.guarding import refuse_own, refuse_own_person, require_reviewer
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Charge, Decision, Violation
from minjing.modules.traffic.queries import counter, points, registers, violations
from minjing.modules.traffic.rules.penalties.points import FULL
from minjing.modules.traffic.rules.penalties.shapes import CHARGED
from minjing.modules.traffic.rules.penalties.surcharge import PAY_WITHIN_DAYS, parts

PARTS_MAX, PARTS_FROM_FEN = 3, 100_000
A_MONTH = timedelta(days=30)


def decide(violation_id: UUID, *, instalments: int = 1, by: Actor, now: datetime) -> Decision:
    """Decide a published violation for the driver who accepts it; decided once, it returns the same decision.

    Who accepts is taken as the driver: the points are theirs. Raises Refused: not one's own or a bound vehicle, no
    valid licence, twelve points reached, a suspension, an objection under way, parts for too small a fine.
    """
    violation = violations.one(violation_id, by=by, now=now).row
    with transaction.atomic():
        judging.hold(violation)
        violation.refresh_from_db()
        before = Decision.objects.filter(violation_id=violation_id).first()
        if before is not None and before.account_id == by.account_id:
            return before
        _check(violation, instalments, by, now)
        if by.person_id is None:
            raise Refused("not_yours")
        return _decided(violation, instalments, _Driver(by.person_id, by.account_id), SYSTEM, now)


def show_at_counter(number: str, file_number: str, *, by: Actor, now: datetime) -> counter.AtTheCounter:
    """Return what a violation comes to for the driver at the counter; the look is on record.

    Raises Refused: no post, an unknown violation or licence, another's violation.
    """
    require_reviewer(None, by=by, now=now)
    return counter.seen(number, file_number, by, now)


def decide_at_counter(violation_id: UUID, file_number: str, *, by: Actor, now: datetime) -> Decision:
    """Decide a published violation for the driver at the counter, whose licence has this file number.

    Here is decided what is not online: suspensions, and points that reach twelve. Both take effect at once. Decided
    once, it returns the same decision. Raises Refused: no post, an own vehicle or licence, an unknown licence,
    another's violation, an objection under way.
    """
    violation = Violation.objects.filter(pk=violation_id).first()
    require_reviewer(violation, by=by, now=now)
    if violation is None:
        raise Refused("not_yours")
    refuse_own(violation, "decide", by=by, now=now)
    licence = counter.licence_of(file_number)
    refuse_own_person(violation, licence.person_id, "decide", by=by, now=now)
    with transaction.atomic():
        judging.hold(violation)
        violation.refresh_from_db()
        before = Decision.objects.filter(violation_id=violation_id, person_id=licence.person_id).first()
        if before is not None:
            return before
        if violation.state != Violation.PUBLISHED or violation.person_id not in (None, licence.person_id):
            raise Refused("state")
        if violations.objection_open(violation):
            raise Refused("objection")
        driver = _Driver(licence.person_id, people.account_of_person(licence.person_id))
        decision = _decided(violation, 1, driver, by, now)
        if violation.suspension_months:
            withholding.suspend(violation, driver.person_id, by=by, now=now)
        if violation.points:
            withholding.reach_full(driver.person_id, by=by, now=now)
    return decision


@dataclass(frozen=True, slots=True)
class _Driver:
    person_id: UUID
    account_id: UUID | None


def _check(violation: Violation, instalments: int, by: Actor, now: datetime) -> None:
    if violation.state != Violation.PUBLISHED:
        raise Refused("state")
    if violations.objection_open(violation):
        raise Refused("objection")
    if violation.suspension_months:
        raise Refused("suspension")
    if not 1 <= instalments <= PARTS_MAX or (instalments > 1 and violation.fine_fen < PARTS_FROM_FEN):
        raise Refused("parts")
    if violation.points:
        # Locked: of two decided at once on two vehicles, the second sees the points of the first.
        licence = withholding.held(by.person_id) if by.person_id else None
        if licence is None or not registers.may_drive(licence, local_day(now)):
            raise Refused("licence")
        if points.standing_of(licence, now).points + violation.points >= FULL:
            raise Refused("full_points")


def _decided(violation: Violation, instalments: int, driver: _Driver, by: Actor, now: datetime) -> Decision:
    due = local_day(now) + timedelta(days=PAY_WITHIN_DAYS)
    new = new_id()
    decision = Decision.objects.create(
        id=new,
        org_id=violation.org_id,
        violation_id=violation.pk,
        number=f"JD{local_day(now):%y%m%d}{new.int % 10**12:012d}",
        person_id=driver.person_id,
        account_id=driver.account_id,
        kind="penalty" if violation.kind == CHARGED else "warning",
        fine_fen=violation.fine_fen,
        points=violation.points,
        instalments=instalments,
        decided_at=now,
        decided_by=by.account_id,
        due_date=due,
    )
    if violation.fine_fen:
        Charge.objects.bulk_create(
            Charge(
                id=new_id(), org_id=violation.org_id, decision=decision, seq=seq, fen=fen,
                due_date=due + (seq - 1) * A_MONTH,
            )
            for seq, fen in enumerate(parts(violation.fine_fen, instalments), 1)
        )  # fmt: skip
    violation.state = Violation.DECIDED if violation.fine_fen else Violation.PAID
    violation.person_id = driver.person_id
    violation.save(update_fields=["state", "person_id"])
    said = {
        "violation": violation.pk, "decision": new, "kind": decision.kind, "fine_fen": decision.fine_fen,
        "points": decision.points, "suspension_months": violation.suspension_months, "instalments": instalments,
        "by": driver.account_id if by is SYSTEM else by.account_id,
    }  # fmt: skip
    entry = ledger.entry(events.VIOLATION_DECIDED, said, at=now, org_id=violation.org_id, subject_id=driver.person_id)
    ledger.append(entry)
    return decision
