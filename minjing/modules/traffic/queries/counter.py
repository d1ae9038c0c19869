"""A violation as it is decided at the counter: what it comes to for the driver who stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minjing.base.clock import local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Licence, Suspension, Violation
from minjing.modules.traffic.queries import points, violations, withholding
from minjing.modules.traffic.rules import withholding as rules
from minjing.modules.traffic.rules.penalties.points import FULL, Standing, study_days
from minjing.modules.traffic.rules.withholding import Clock

REASON = "counter"


@dataclass(frozen=True, slots=True)
class AtTheCounter:
    """What an officer sees before the decision, and after it."""

    row: Violation
    licence: Licence
    name: str
    standing: Standing
    reasons: Sequence[Mapping[str, Any]]
    suspension: Clock | None  # what it would be, or is once decided
    points_then: int
    study_days: int  # 0 while twelve are not reached
    decided: bool
    objection: bool


def licence_of(file_number: str) -> Licence:
    """Return the licence with this file number. Raises Refused."""
    found = Licence.objects.filter(file_number=file_number.strip()).first()
    if found is None:
        raise Refused("unknown_licence")
    return found


def seen(number: str, file_number: str, by: Actor, now: datetime) -> AtTheCounter:
    """Return a violation beside the licence of the driver at the counter; the look comes first. Raises Refused."""
    row = Violation.objects.filter(number=number.strip().upper(), state__in=Violation.SHOWN).first()
    if row is None:
        raise Refused("no_violation")
    licence = licence_of(file_number)
    if row.person_id not in (None, licence.person_id):
        raise Refused("anothers")
    names = identity.look(by, [licence.person_id], ["name"], reason=REASON, now=now)
    standing = points.standing_of(licence, now)
    decided = row.state != Violation.PUBLISHED
    then = standing.points + (0 if decided else row.points)
    return AtTheCounter(
        row,
        licence,
        names.get(licence.person_id, {}).get("name", ""),
        standing,
        violations.seen(row, now).reasons,
        _suspension(row, licence, now),
        then,
        study_days(then, licence.classes) if then >= FULL else 0,
        decided,
        violations.objection_open(row),
    )


def _suspension(row: Violation, licence: Licence, now: datetime) -> Clock | None:
    day = local_day(now)
    held = Suspension.objects.filter(violation_id=row.pk, lifted_at__isnull=True).first()
    if held is not None:
        return rules.clock(held.from_date, held.until_date, day)
    if not row.suspension_months:
        return None
    first = withholding.free_from(licence, licence.person_id, day)
    return rules.clock(first, rules.term(first, row.suspension_months), day)
