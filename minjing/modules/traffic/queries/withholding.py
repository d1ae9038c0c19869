"""What keeps a licence from its holder, and for how long: suspensions with their clock, twelve points, retests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from minjing.base.clock import local_day
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.modules.traffic.models import FullPoints, Licence, Study, Suspension, TestBooking
from minjing.modules.traffic.rules import study as studies
from minjing.modules.traffic.rules.withholding import Clock, clock

RETEST = "points"


@dataclass(frozen=True, slots=True)
class Withheld:
    """What weighs on a licence now."""

    suspensions: tuple[tuple[Suspension, Clock], ...]
    full: FullPoints | None
    studied: bool  # long enough since the points were full, and its test passed
    booked: TestBooking | None
    retest_from: date | None  # after a failed one


def open_suspensions(person_id: UUID) -> list[Suspension]:
    """Return the suspensions of a person that run or wait, the first to end first."""
    rows = Suspension.objects.filter(person_id=person_id, lifted_at__isnull=True, returned_at__isnull=True)
    return list(rows.select_related("violation").order_by("until_date", "id"))


def free_from(licence: Licence | None, person_id: UUID, day: date) -> date:
    """Return from which day one more suspension runs: today, or when those before it are over.

    One that came with the licence from another register stands in the licence alone.
    """
    foreign = licence.suspended_until_date if licence else None
    return max([day, *(row.until_date for row in open_suspensions(person_id)), *([foreign] if foreign else [])])


def open_full(person_id: UUID) -> FullPoints | None:
    """Return the twelve points of a person that no retest has answered yet."""
    return FullPoints.objects.filter(person_id=person_id, ended_at__isnull=True).first()


_WITH_GROUNDS = """
SELECT person_id FROM traffic_suspension
WHERE person_id = ANY(%(people)s) AND lifted_at IS NULL AND returned_at IS NULL
UNION SELECT person_id FROM traffic_fullpoints WHERE person_id = ANY(%(people)s) AND ended_at IS NULL
"""


def with_grounds(people: Collection[UUID]) -> set[UUID]:
    """Return who of these has a suspension that runs or waits, or twelve points that no retest has answered yet."""
    with prepared_cursor() as cursor:
        cursor.execute(_WITH_GROUNDS, {"people": list(people)})
        return {person_id for (person_id,) in cursor.fetchall()}


def study_days(person_id: UUID) -> int:
    """Return how many days a person has to study for full points; 0 where none weigh on them."""
    full = open_full(person_id)
    return full.study_days if full else 0


def retest_from(person_id: UUID, since: datetime) -> date | None:
    """Return from which day a retest may be taken again after the last one failed; None where none has."""
    last = TestBooking.objects.filter(person_id=person_id, subject=RETEST, test_at__gte=since, status="failed")
    at = last.order_by("-test_at").values_list("test_at", flat=True).first()
    return local_day(at) + timedelta(days=studies.RETEST_DAYS) if at else None


def studied(person_id: UUID, since: datetime) -> bool:
    """Say whether a person has studied for full points since they were reached, and passed the study's test."""
    return Study.objects.filter(person_id=person_id, kind="full_points", passed_at__gte=since).exists()


def of(person_id: UUID, now: datetime) -> Withheld:
    """Return what weighs on a person's licence."""
    full, day = open_full(person_id), local_day(now)
    booked = TestBooking.objects.filter(person_id=person_id, subject=RETEST, status="booked").first()
    return Withheld(
        tuple((row, clock(row.from_date, row.until_date, day)) for row in open_suspensions(person_id)),
        full,
        full is not None and studied(person_id, full.reached_at),
        booked,
        retest_from(person_id, full.reached_at) if full else None,
    )
