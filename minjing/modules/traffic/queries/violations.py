"""Violations as their driver sees them, each with its newest outcome and reasons; and as the desk takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Binding, Charge, Decision, Outcome, Strike, Vehicle, Violation
from minjing.modules.traffic.queries import histories, objections

LISTED = 60
COUNTED = 10_000  # exact up to here; counting the whole queue of a city took longer than showing its first record


@dataclass(frozen=True, slots=True)
class Seen:
    """A violation with what was found, and what followed."""

    row: Violation
    reasons: Sequence[Mapping[str, Any]]
    would_change: Sequence[Mapping[str, Any]]
    decision: Decision | None
    charges: Sequence[Charge]
    strike: Strike | None
    outcomes: Sequence[Outcome]


def mine(*, by: Actor, limit: int = LISTED) -> list[Violation]:
    """Return the violations of the asker and of the vehicles they own or are bound to, newest first."""
    if by.person_id is None:
        return []
    shown = Violation.objects.filter(state__in=Violation.SHOWN)
    of_person = shown.filter(person_id=by.person_id).order_by("-violated_at")[:limit]
    of_vehicles = shown.filter(vehicle_id__in=_vehicles(by)).order_by("-violated_at")[:limit]
    found = {row.pk: row for row in (*of_person, *of_vehicles) if row.person_id in (None, by.person_id)}
    return sorted(found.values(), key=lambda row: row.violated_at, reverse=True)[:limit]


def one(violation_id: UUID, *, by: Actor, now: datetime) -> Seen:
    """Return a violation that is the asker's own, or of a vehicle of theirs. Raises Refused.

    Rows of an earlier system come without an outcome: they are evaluated as they are read.
    """
    return seen(own_row(violation_id, by=by), now)


def own_row(violation_id: UUID, *, by: Actor) -> Violation:
    """Return the row alone of a violation that is the asker's own, or of a vehicle of theirs. Raises Refused."""
    row = Violation.objects.filter(pk=violation_id, state__in=Violation.SHOWN).first()
    if row is None or by.person_id is None:
        raise Refused("not_yours")
    if row.person_id != by.person_id and (row.person_id is not None or row.vehicle_id not in _vehicles(by)):
        raise Refused("not_yours")
    return row


def seen(row: Violation, now: datetime) -> Seen:
    """Return a violation with its newest reasons and all that followed."""
    outcomes = list(Outcome.objects.filter(violation_id=row.pk).order_by("-seq"))
    if outcomes:
        reasons, would = outcomes[0].reasons, outcomes[0].would_change
    else:
        judge = histories.judge_of(now)
        rows = [one.row for one in histories.history_of(row, judge)]
        answer = histories.answers(rows, [row.pk], now)[row.pk]
        reasons, would = [r.said for r in answer.reasons], [c.said for c in answer.would_change]
    decision = Decision.objects.filter(violation_id=row.pk).first()
    charges = list(Charge.objects.filter(decision=decision).order_by("seq")) if decision else []
    strike = Strike.objects.filter(violation_id=row.pk).first()
    return Seen(row, reasons, would, decision, charges, strike, outcomes)


def objection_open(violation: Violation) -> bool:
    """Say whether an objection to the violation waits for an answer."""
    return objections.open_for(violation) is not None


def to_review(*, org_ids: Sequence[int] | None = None, limit: int = 20) -> list[Violation]:
    """Return what waits for an officer's look, oldest first."""
    waiting = Violation.objects.filter(state=Violation.RECORDED)
    if org_ids is not None:
        waiting = waiting.filter(org_id__in=org_ids)
    return list(waiting.order_by("recorded_at", "id")[:limit])


def waiting_count() -> int:
    """Return how many wait for an officer's look, not counting beyond COUNTED: a long queue is a long queue."""
    return Violation.objects.filter(state=Violation.RECORDED).order_by("recorded_at", "id")[:COUNTED].count()


def _vehicles(by: Actor) -> list[UUID]:
    own = Q(owner_person_id=by.person_id)
    bound = Binding.objects.filter(account_id=by.account_id, state="bound", vehicle__isnull=False)
    found = set(Vehicle.objects.filter(own).values_list("pk", flat=True))
    return list(found | set(bound.values_list("vehicle_id", flat=True)))
