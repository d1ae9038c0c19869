"""A violation falls: struck, and every later one it counted for recomputed, in one transaction.

Order of locks: the subject's history, then the orders of money, then rows, licences last. A payment that
arrives takes an order first and never a history, so that neither waits for the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events, packs
from minjing.modules.traffic.actions import judging, money, telling, withholding
from minjing.modules.traffic.actions.guarding import refuse_own
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Strike, Violation
from minjing.modules.traffic.queries import histories
from minjing.modules.traffic.rules.penalties.cascade import Difference, cascade


def strike(
    violation_id: UUID,
    ground: str,
    evidence: Mapping[str, Any],
    *,
    by: Actor,
    now: datetime,
    reason: str = "",
    matter_id: UUID | None = None,
) -> Strike:
    """Strike a violation for a ground of the packs; recompute every later one, tell those concerned, refund.

    `evidence` holds ids and figures, no names. Struck once, it stays struck: a second call returns the same row.
    Raises Refused (own_car, unknown_ground, not_yours), which stands in the ledger.
    """
    if ground not in packs.in_force().grounds:
        raise Refused("unknown_ground")
    violation = Violation.objects.filter(pk=violation_id).first()
    if violation is None:
        raise Refused("not_yours")
    refuse_own(violation, "strike", by=by, now=now)
    with transaction.atomic():
        judging.hold(violation)
        before = Strike.objects.filter(violation_id=violation_id).first()
        if before is not None:
            return before
        return _struck(violation, ground, evidence, reason, matter_id, by, now)


def _struck(
    violation: Violation,
    ground: str,
    evidence: Mapping[str, Any],
    reason: str,
    matter_id: UUID | None,
    by: Actor,
    now: datetime,
) -> Strike:
    judge = histories.judge_of(now)
    rows = {row.number: row for row in histories.history_of(violation, judge)}
    stored = {number: (row.kind, row.fine_fen, row.points, row.suspension_months) for number, row in rows.items()}
    found = cascade(histories.records(rows.values()), {violation.number: ground}, judge, stored)
    # What an officer has not reviewed yet is in nobody's sums: nothing to recompute there.
    differences = [d for d in found if d.key == violation.number or rows[d.key].state != Violation.RECORDED]
    strike_id = new_id()
    money.hold([rows[d.key].pk for d in differences])
    if all(d.key != violation.number for d in differences):  # a rule had removed it before: it falls all the same
        Violation.objects.filter(pk=violation.pk).update(state=Violation.STRUCK, ground=ground, checked=True)
    said = _changed([(rows[d.key], d) for d in differences], violation.pk, ground, strike_id, by, now)
    withholding.reconsider({rows[d.key].pk: d.after.suspension_months for d in differences}, by=by, now=now)
    made = Strike.objects.create(
        id=strike_id,
        org_id=violation.org_id,
        violation_id=violation.pk,
        ground=ground,
        evidence=dict(evidence),
        reason=reason[:500],
        matter_id=matter_id,
        by=by.account_id,
        at=now,
        differences=said,
    )
    entry = {
        "violation": violation.pk, "strike": strike_id, "ground": ground, "evidence": dict(evidence),
        "matter": matter_id, "differences": said, "pack": packs.in_force().version, "by": by.account_id,
    }  # fmt: skip
    whose = violation.person_id or telling.owner_of(violation)
    ledger.append(ledger.entry(events.VIOLATION_STRUCK, entry, at=now, org_id=violation.org_id, subject_id=whose))
    return made


def _changed(
    found: Sequence[tuple[Violation, Difference]],
    struck: UUID,
    ground: str,
    strike_id: UUID,
    by: Actor,
    now: datetime,
) -> list[dict[str, Any]]:
    """Write the new outcomes, settle their money and tell their drivers, all at once; return before and after."""
    kept = [
        judging.Kept(row, d.after, "struck", ground) if row.pk == struck else judging.Kept(row, d.after, "cascade")
        for row, d in found
    ]
    judging.keep(kept, now=now, caused_by=strike_id)
    back = money.settle_down([row for row, _ in found], by=by, now=now)
    shown = [(row, d, back[row.pk]) for row, d in found if row.published_at is not None or row.state in row.SHOWN]
    telling.changed(shown, about=str(strike_id), now=now)
    return [
        {
            "violation": str(row.pk),
            "number": row.number,
            "before": _sums(d.before),
            "after": _sums(d.after.sums),
            "back_fen": back[row.pk],
        }
        for row, d in found
    ]


def _sums(sums: Sequence[Any]) -> dict[str, Any]:
    kind, fine, points, months = sums
    return {"kind": kind, "fine_fen": fine, "points": points, "suspension_months": months}
