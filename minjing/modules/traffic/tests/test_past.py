"""The smaller registers: what ended is kept whole, and what was signed stays."""

import json
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from minjing.modules.traffic.models import Accident, AccidentParty, Permit
from minjing.modules.traffic.queries import past

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)

# One statement: whichever of the two holds at the instant.
ON = """
SELECT facts FROM (
    SELECT to_jsonb(r) AS facts, r.since_at FROM traffic_permit r WHERE r.id = %(id)s AND r.since_at <= %(at)s
    UNION ALL
    SELECT facts, since_at FROM traffic_registerpast
     WHERE register = 'permit' AND row_id = %(id)s AND since_at <= %(at)s AND until_at > %(at)s
) AS held ORDER BY since_at DESC LIMIT 1
"""


def facts_on(permit_id, at):
    """Return the columns of a permit as they were at an instant; None before it was entered."""
    with connection.cursor() as cursor:
        cursor.execute(ON, {"id": permit_id, "at": at})
        found = cursor.fetchone()
    return found and (json.loads(found[0]) if isinstance(found[0], str) else found[0])


def permit(now):
    return Permit.objects.create(
        org_id=1, since_at=now - 20 * DAY, number="TX1", kind="truck", plate="粤B12345", holder_firm="示范物流",
        valid_from_date=date(2026, 11, 1), valid_until_date=date(2026, 12, 31),
    )  # fmt: skip


def test_a_permit_is_what_it_was_on_any_day(now):
    held = permit(now)
    held.status, held.since_at = Permit.REVOKED, now - 5 * DAY
    held.save()
    found = [facts_on(held.pk, now - d * DAY) for d in (21, 10, 1)]
    assert [f and f["status"] for f in found] == [None, "valid", "revoked"]
    assert past.permits_of_plate("粤B12345", now) == []


def test_a_register_is_never_rewritten(now):
    held = permit(now)
    for statement in ("UPDATE traffic_permit SET plate = '粤B00000'", "DELETE FROM traffic_permit"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{statement} WHERE id = %s", [held.pk])


def test_what_was_signed_stays(person, now):
    accident = Accident.objects.create(
        org_id=1, since_at=now, number="SG1", state="proposed", happened_at=now, place="深南大道", opened_at=now
    )
    party = AccidentParty.objects.create(
        org_id=1, accident=accident, side="a", person_id=person(1), plate="粤B12345", joined_at=now, liability="full",
        signed_at=now, signed_sha256=b"x" * 32, signed_entry_id=accident.pk,
    )  # fmt: skip
    party.liability = "none"
    with pytest.raises(IntegrityError), transaction.atomic():
        party.save()
