"""What the smaller registers hold of a plate on a day, and of a person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.modules.traffic.models import Permit, TestBooking


def permits_of_plate(plate: str, day: datetime) -> list[Permit]:
    """Return the permits that a plate has on a day, the one that ends last first."""
    rows = Permit.objects.filter(plate=plate, valid_until_date__gte=day.date(), valid_from_date__lte=day.date())
    return list(rows.filter(status=Permit.VALID).order_by("-valid_until_date", "-id"))


def tests_of(person_id: UUID) -> list[TestBooking]:
    """Return the tests of a person, the latest first."""
    return list(TestBooking.objects.filter(person_id=person_id).order_by("-test_at", "-id")[:50])
