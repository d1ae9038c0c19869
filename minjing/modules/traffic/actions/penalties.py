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
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events, packs
from minjing.modules.traffic.actions import judging, money, telling, withholding
from minjing.modules.traffic.actions.guarding import refuse_concerned
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Strike, Violation
from minjing.modules.traffic.queries import histories
from minjing.modules.traffic.queries.histories import Found
from minjing.modules.traffic.rules.penalties.cascade import Difference, cascade
from minjing.modules.traffic.rules.penalties.judge import Judge


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
    struck = histories.found(violation_id)
    if struck is None:
        raise Refused("not_yours")
    refuse_concerned(struck.row, struck.owner_person_id, "strike", by=by, now=now)
    with transaction.atomic(), ledger.together(), notify.together(now=now):
        judging.hold(struck.row)
        judge = histories.judge_of(now)
        history = histories.history_of(struck.row, judge)
        before = next((one.strike_id for one in history if one.row.pk == violation_id), None)
        if before is not None:
            return Strike.objects.get(pk=before)
        made = Strike(
            id=new_id(), org_id=struck.row.org_id, violation_id=violation_id, ground=ground, evidence=dict(evidence),
            reason=reason[:500], matter_id=matter_id, by=by.account_id, at=now,
        )  # fmt: skip
        _fall(struck, made, _differences(history, made, judge), by, now)
        return made


Changed = tuple[Found, Difference]


def _differences(history: Sequence[Found], strike: Strike, judge: Judge) -> list[Changed]:
    """Return what comes to another answer when one of a history falls, that one first."""
    by_number = {one.row.number: one for one in history}
    stored = {number: _stored(one.row) for number, one in by_number.items()}
    grounds = {one.row.number: strike.ground for one in history if one.row.pk == strike.violation_id}
    found = cascade(histories.records(one.row for one in history), grounds, judge, stored)
    # What an officer has not reviewed yet is in nobody's sums: nothing to recompute there.
    return [
        (by_number[d.key], d) for d in found if d.key in grounds or by_number[d.key].row.state != Violation.RECORDED
    ]


def _stored(row: Violation) -> tuple[str, int, int, int]:
    return row.kind, row.fine_fen, row.points, row.suspension_months


def _fall(struck: Found, strike: Strike, changed: Sequence[Changed], by: Actor, now: datetime) -> None:
    """Settle the money, write the new outcomes, give back licences, tell the drivers; record before and after."""
    settled = _settled(changed, by, now)
    back = settled.back
    if all(one.row.pk != strike.violation_id for one, _ in changed):  # a rule had removed it: it falls all the same
        rows = Violation.objects.filter(pk=strike.violation_id)
        rows.update(state=Violation.STRUCK, ground=strike.ground, checked=True)
    strike.differences = [_said(one.row, d, back[one.row.pk]) for one, d in changed]
    judging.keep([_kept(one.row, d, strike) for one, d in changed], now=now, strike=strike, parts=settled.parts)
    _reconsider(changed, by, now)
    shown = [
        (one, d, back[one.row.pk]) for one, d in changed if one.row.published_at or one.row.state in Violation.SHOWN
    ]
    telling.changed(shown, about=str(strike.pk), now=now)
    entry = {
        "violation": strike.violation_id, "strike": strike.pk, "ground": strike.ground, "evidence": strike.evidence,
        "matter": strike.matter_id, "differences": strike.differences, "pack": packs.in_force().version,
        "by": by.account_id,
    }  # fmt: skip
    whose = struck.row.person_id or struck.owner_person_id
    ledger.append(ledger.entry(events.VIOLATION_STRUCK, entry, at=now, org_id=strike.org_id, subject_id=whose))


def _settled(changed: Sequence[Changed], by: Actor, now: datetime) -> money.Settled:
    fines = {one.row.pk: d.after.fine_fen for one, d in changed}
    return money.settle_down(fines, [pk for one, _ in changed for pk in one.charges], by=by, now=now)


def _kept(row: Violation, difference: Difference, strike: Strike) -> judging.Kept:
    if row.pk == strike.violation_id:
        return judging.Kept(row, difference.after, "struck", strike.ground)
    return judging.Kept(row, difference.after, "cascade")


def _reconsider(changed: Sequence[Changed], by: Actor, now: datetime) -> None:
    months = {one.row.pk: d.after.suspension_months for one, d in changed}
    drivers = {one.withheld_from for one, _ in changed} | {one.row.person_id for one, _ in changed if one.decided}
    withholding.reconsider(months, [pk for pk in drivers if pk], by=by, now=now)


def _said(row: Violation, difference: Difference, back_fen: int) -> dict[str, Any]:
    return {
        "violation": str(row.pk),
        "number": row.number,
        "before": _sums(difference.before),
        "after": _sums(difference.after.sums),
        "back_fen": back_fen,
    }


def _sums(sums: Sequence[Any]) -> dict[str, Any]:
    kind, fine, points, months = sums
    return {"kind": kind, "fine_fen": fine, "points": points, "suspension_months": months}
