"""What a driver's safety record counts: violations and accidents since a day, with the vehicles in their name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from minjing.modules.traffic.models import AccidentParty, Violation
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.rules import plates


@dataclass(frozen=True, slots=True)
class SafetyRecord:
    """Sums of a driver's violations and accidents."""

    plates: Sequence[str]
    violations: int
    unsettled: int
    points: int
    accidents: int
    liable: int


def record_of(person_id: UUID, since: date) -> SafetyRecord:
    """Return the sums of a person since a day; what was struck counts for nothing."""
    shown = (Violation.PUBLISHED, Violation.DECIDED, Violation.PAID)
    rows = Violation.objects.filter(person_id=person_id, violated_at__date__gte=since, state__in=shown)
    found = list(rows.values_list("state", "points"))
    parties = AccidentParty.objects.filter(person_id=person_id, accident__happened_at__date__gte=since)
    liable = list(parties.values_list("liability", flat=True))
    return SafetyRecord(
        [plates.shown(v.plate) for v in registers.vehicles_of(person_id) if v.plate],
        len(found),
        sum(state != Violation.PAID for state, _ in found),
        sum(amount for _, amount in found),
        len(liable),
        sum(one not in ("", "none") for one in liable),
    )
