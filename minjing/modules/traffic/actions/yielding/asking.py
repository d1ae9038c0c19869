"""A driver says: I made way for an ambulance, then and there. It is looked for, and an officer decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import transaction

from minjing.base.coordinates import distance_m
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.yielding.finding import find_for
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import Candidate, Vehicle, Violation, YieldingClaim
from minjing.modules.traffic.queries.yielding.limits import causes

# What a driver remembers is not what a camera measures.
ABOUT = timedelta(minutes=10)
ABOUT_M = 2_000.0


class NotOfThisKind(Exception):
    """The violation is of a class that making way cannot cause."""


class Elsewhere(Exception):
    """What the driver says does not go with the violation: another hour, another place."""


def ask(
    violation_id: UUID, said_at: datetime, place: tuple[float, float] | None, *, by: Actor, now: datetime
) -> Candidate | None:
    """Look whether an ambulance explains an own violation; None when none was found, which is kept as well.

    Raises Unknown (also for another's), NotOfThisKind, Elsewhere.
    """
    violation = own_violation(violation_id, by)
    if violation.conduct not in causes():
        raise NotOfThisKind
    lat, lon = place or (violation.lat or 0.0, violation.lon or 0.0)
    far = violation.lat is not None and distance_m(lat, lon, violation.lat, violation.lon or 0.0) > ABOUT_M
    if abs(said_at - violation.violated_at) > ABOUT or far:
        raise Elsewhere
    with transaction.atomic():
        candidate = find_for(violation, now=now)
        YieldingClaim.objects.create(
            org_id=violation.org_id, violation_id=violation.pk, person_id=cast(UUID, by.person_id), said_at=said_at,
            lat=lat, lon=lon, asked_at=now, candidate=candidate,
        )  # fmt: skip
        said = {"violation": violation.pk, "found": candidate is not None, "by": by.account_id}
        ledger.append(
            ledger.entry(events.YIELDING_ASKED, said, at=now, org_id=violation.org_id, subject_id=by.person_id)
        )
    return candidate


def own_violation(violation_id: UUID, by: Actor) -> Violation:
    """Return a violation of the one who asks or of their car, once the driver may see it. Raises Unknown."""
    violation = Violation.objects.filter(pk=violation_id, state__in=Violation.SHOWN).first()
    if violation is None or by.person_id is None:
        raise Unknown
    owners = Vehicle.objects.filter(pk__in=[violation.vehicle_id]).values_list("owner_person_id", flat=True)
    if by.person_id not in (violation.person_id, *owners):
        raise Unknown
    return violation
