"""The driver accepts a violation online: the decision is made at once, with its parts to pay or as a warning."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import judging
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Charge, Decision, Violation
from minjing.modules.traffic.queries import points, registers, violations
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
        return _decided(violation, instalments, by, now)


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
        licence = registers.licence_of(by.person_id) if by.person_id else None
        if licence is None or not registers.may_drive(licence, local_day(now)):
            raise Refused("licence")
        if points.standing_of(licence, now).points + violation.points >= FULL:
            raise Refused("full_points")


def _decided(violation: Violation, instalments: int, by: Actor, now: datetime) -> Decision:
    if by.person_id is None:
        raise Refused("not_yours")
    due = local_day(now) + timedelta(days=PAY_WITHIN_DAYS)
    new = new_id()
    decision = Decision.objects.create(
        id=new,
        org_id=violation.org_id,
        violation_id=violation.pk,
        number=f"JD{local_day(now):%y%m%d}{new.int % 10**12:012d}",
        person_id=by.person_id,
        account_id=by.account_id,
        kind="penalty" if violation.kind == CHARGED else "warning",
        fine_fen=violation.fine_fen,
        points=violation.points,
        instalments=instalments,
        decided_at=now,
        decided_by=SYSTEM.account_id,
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
    violation.person_id = by.person_id
    violation.save(update_fields=["state", "person_id"])
    said = {
        "violation": violation.pk, "decision": new, "kind": decision.kind, "fine_fen": decision.fine_fen,
        "points": decision.points, "instalments": instalments, "by": by.account_id,
    }  # fmt: skip
    entry = ledger.entry(events.VIOLATION_DECIDED, said, at=now, org_id=violation.org_id, subject_id=by.person_id)
    ledger.append(entry)
    return decision
