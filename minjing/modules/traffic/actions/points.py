"""Points that no violation here accounts for: those of another city come in, study takes some off."""

from __future__ import annotations

from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction

from minjing.base.clock import CHINA, local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import withholding
from minjing.modules.traffic.actions.guarding import refuse_own_person, require_reviewer
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import PointsEntry
from minjing.modules.traffic.queries import counter, points, registers
from minjing.modules.traffic.rules.penalties.points import REDUCED_MAX

ELSEWHERE_MOST = 36  # points in one decision of another city
CITY_MOST, REFERENCE_MOST = 16, 40


def from_elsewhere(
    person_id: UUID, amount: int, city: str, reference: str, at: datetime, *, by: Actor, now: datetime
) -> PointsEntry:
    """Enter points that another city decided; `reference` is its decision, entered once.

    When twelve are reached by it the licence is withheld, as if they had been decided here; what goes beyond twelve
    means more days of study. Points of a cycle that is over count in it alone. Raises Refused, which stands in the
    ledger: no post, the own licence; and where other points have been entered for this decision.
    """
    if by is not SYSTEM:
        require_reviewer(None, by=by, now=now)
    refuse_own_person(None, person_id, "points", by=by, now=now)
    return _put_points(person_id, "elsewhere", amount, reference, at, city, None, by, now)


def enter_at_counter(
    file_number: str, amount: int, city: str, reference: str, day: date, *, by: Actor, now: datetime
) -> PointsEntry:
    """Enter points of another city as an officer reads them from its decision, for the licence with this number.

    Raises Refused: no post, the own licence, an unknown licence, points or facts of a decision that are none.
    """
    require_reviewer(None, by=by, now=now)
    licence = counter.licence_of(file_number)
    if not 1 <= amount <= ELSEWHERE_MOST:
        raise Refused("points_number")
    city, reference = city.strip(), reference.strip()
    if day > local_day(now) or not 0 < len(city) <= CITY_MOST or not 0 < len(reference) <= REFERENCE_MOST:
        raise Refused("elsewhere")
    at = min(datetime.combine(day, time(12), CHINA), now)
    return from_elsewhere(licence.person_id, amount, city, reference, at, by=by, now=now)


@transaction.atomic
def reduce(
    person_id: UUID, amount: int, reference: str, *, by: Actor, now: datetime, matter_id: UUID | None = None
) -> int:
    """Take points off for study or public service; return how many of this cycle are off by now, at most six.

    Raises Refused: licence where there is none, state beyond six. Two at once follow one another.
    """
    licence = withholding.held(person_id)
    if licence is None:
        raise Refused("licence")
    reduced = points.standing_of(licence, now).reduced + amount
    if reduced > REDUCED_MAX:
        raise Refused("state")
    _put_points(person_id, "reduced", amount, reference, now, "", matter_id, by, now)
    return reduced


@transaction.atomic
def _put_points(
    person_id: UUID,
    kind: str,
    amount: int,
    reference: str,
    at: datetime,
    city: str,
    matter_id: UUID | None,
    by: Actor,
    now: datetime,
) -> PointsEntry:
    before = PointsEntry.objects.filter(person_id=person_id, kind=kind, reference=reference).first()
    if before is not None:
        if (before.points, before.city, local_day(before.at)) != (
            amount,
            city,
            local_day(at),
        ) and kind == "elsewhere":
            raise Refused("points_known")
        return before
    licence = registers.licence_of(person_id)
    org_id = licence.org_id if licence else 0
    entry = PointsEntry.objects.create(
        id=new_id(), org_id=org_id, person_id=person_id, at=at, entered_at=now, kind=kind, points=amount,
        city=city, reference=reference, matter_id=matter_id,
    )  # fmt: skip
    said = {"entry": entry.pk, "kind": kind, "points": amount, "city": city, "by": by.account_id}
    ledger.append(ledger.entry(events.POINTS_ENTERED, said, at=now, org_id=org_id, subject_id=person_id))
    if kind == "elsewhere":
        withholding.reach_full(person_id, by=by, now=now)
    return entry
