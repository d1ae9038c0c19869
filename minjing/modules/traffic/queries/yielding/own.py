"""What a driver may ask about: own violations that making way can cause, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic import packs
from minjing.modules.traffic.models import Approach, Candidate, Vehicle, Violation, YieldingClaim
from minjing.modules.traffic.queries.yielding.limits import causes
from minjing.modules.traffic.rules.penalties.shapes import Text

NEAR_DEG = 0.02
MOST = 50


@dataclass(frozen=True, slots=True)
class Own:
    """One own violation, its words, and how far the matter of having made way has come.

    `stands` is one of: open (nothing asked or found), none (asked, nothing found), waiting, confirmed, rejected.
    """

    violation: Violation
    conduct: Text
    stands: str
    candidate: Candidate | None


def own(by: Actor) -> Sequence[Own]:
    """Return the own violations that can be asked about, the newest first; those confirmed are among them."""
    if by.person_id is None:
        return []
    cars = list(Vehicle.objects.filter(owner_person_id=by.person_id).values_list("pk", flat=True))
    rows = list(
        Violation.objects.filter(Q(person_id=by.person_id) | Q(vehicle_id__in=cars))
        .filter(conduct__in=causes(), state__in=Violation.SHOWN, lat__isnull=False)
        .order_by("-violated_at")[:MOST]
    )
    ids = [row.pk for row in rows]
    found: dict[UUID, Candidate] = {}
    for candidate in Candidate.objects.filter(violation_id__in=ids).select_related("mission").order_by("-distance_m"):
        known = found.get(candidate.violation_id)
        if known is None or known.state != Candidate.CONFIRMED:
            found[candidate.violation_id] = candidate
    asked = set(YieldingClaim.objects.filter(violation_id__in=ids).values_list("violation_id", flat=True))
    return [
        Own(row, packs.conducts()[row.conduct].title, _stands(row, found.get(row.pk), asked), found.get(row.pk))
        for row in rows
        if row.state != Violation.STRUCK or row.pk in found
    ]


def _stands(row: Violation, candidate: Candidate | None, asked: set[UUID]) -> str:
    if candidate is not None:
        return candidate.state
    return "none" if row.pk in asked else "open"


def places_near(violation: Violation) -> Sequence[Approach]:
    """Return the watched places within some 2 km of a violation, one for each name."""
    lat, lon = violation.lat or 0.0, violation.lon or 0.0
    near = Approach.objects.filter(
        lat__range=(lat - NEAR_DEG, lat + NEAR_DEG), lon__range=(lon - NEAR_DEG, lon + NEAR_DEG)
    )
    return list({approach.place: approach for approach in near.exclude(place=violation.place)}.values())[:30]
