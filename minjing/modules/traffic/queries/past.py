"""What a row of the smaller registers was on any day: the row itself, or the state that has ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from minjing.modules.traffic.models import Accident, Binding, Permit, TestBooking

TABLES = {"accident": Accident, "binding": Binding, "permit": Permit, "testbooking": TestBooking}
# One statement: whichever of the two holds at the instant.
_ON = """
SELECT facts FROM (
    SELECT to_jsonb(r) AS facts, r.since_at FROM {table} r WHERE r.id = %(id)s AND r.since_at <= %(at)s
    UNION ALL
    SELECT facts, since_at FROM traffic_registerpast
     WHERE register = %(register)s AND row_id = %(id)s AND since_at <= %(at)s AND until_at > %(at)s
) AS held ORDER BY since_at DESC LIMIT 1
"""


def facts_on(register: str, row_id: UUID, at: datetime) -> Mapping[str, Any] | None:
    """Return the columns of a row as they were at an instant; None before it was entered.

    `register` is one of TABLES; days and ids come as text, as JSON has them.
    """
    table = TABLES[register]._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_ON.format(table=table), {"register": register, "id": row_id, "at": at})
        found = cursor.fetchone()
    if found is None:
        return None
    held: Mapping[str, Any] = json.loads(found[0]) if isinstance(found[0], str) else found[0]
    return held


def permits_of_plate(plate: str, day: datetime) -> list[Permit]:
    """Return the permits that a plate has on a day, the one that ends last first."""
    rows = Permit.objects.filter(plate=plate, valid_until_date__gte=day.date(), valid_from_date__lte=day.date())
    return list(rows.filter(status=Permit.VALID).order_by("-valid_until_date", "-id"))


def tests_of(person_id: UUID) -> list[TestBooking]:
    """Return the tests of a person, the latest first."""
    return list(TestBooking.objects.filter(person_id=person_id).order_by("-test_at", "-id")[:50])
