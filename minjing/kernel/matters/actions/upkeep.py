"""What time does by itself: lapsing, giving back claims, forgetting, and the sampled refold check."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from minjing.base.apart import apart
from minjing.base.ids import new_id
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import queries
from minjing.kernel.matters.actions.filling_in import take_off
from minjing.kernel.matters.actions.steps import step
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.models import Draft, Material, Matter, Request
from minjing.kernel.matters.rules import Ask, Snapshot

SWEPT = 1_000  # expired drafts removed at a time
REQUESTS_KEPT = timedelta(days=30)  # a request id is remembered this long


# Matters claimed by who could not claim them now: the post was given up, or a deputy's time is over, or the account
# was shut. They would lie in nobody's queue.
ABANDONED = """
SELECT m.id
  FROM matters_matter m
  JOIN identity_unit station ON station.id = m.station_id
 WHERE m.claimed_by IS NOT NULL AND m.closed_at IS NULL
   -- Asked claim by claim, by index: taken as a join it is planned as all claims times all appointments.
   AND (
         SELECT true FROM identity_appointment h
           JOIN identity_account a ON a.id = h.account_id AND a.is_active
           JOIN identity_unit u ON u.id = h.unit_id
          WHERE h.account_id = m.claimed_by AND h.post_id = m.post AND starts_with(station.path, u.path)
            AND (h.scope = '[]' OR h.scope ? m.code) AND <held>
          LIMIT 1) IS NULL
 LIMIT %(limit)s
""".replace("<held>", identity.HELD_NOW)


def sweep(now: datetime, limit: int = 500) -> int:
    """Let what was not supplemented in time lapse, and forget old drafts and request ids; return how many lapsed."""
    due = Matter.objects.filter(lapses_at__lte=now).order_by("lapses_at").defer("answers_sealed")[:limit]
    lapsed = 0
    for row in due:
        with apart("A matter could not lapse", row.id), suppress(MatterError):  # the applicant was faster
            step(queries.snapshot(row), "lapse", Ask(), by=SYSTEM, now=now, request_id=new_id())
            lapsed += 1
    Request.objects.filter(at__lt=now - REQUESTS_KEPT).delete()
    with transaction.atomic():
        expired = Draft.objects.select_for_update().filter(expires_at__lt=now, matter_id__isnull=True)
        old = list(expired.values_list("id", flat=True)[:SWEPT])
        take_off(Material.objects.filter(draft_id__in=old), now)
        Draft.objects.filter(id__in=old).delete()
    return lapsed


def give_back_claims(now: datetime, limit: int = 500) -> None:
    """Put back into the queue what is claimed by who has lost the post; safe to run twice."""
    with connection.cursor() as cursor:
        cursor.execute(ABANDONED, {"now": now, "limit": limit})
        ids = [pk for (pk,) in cursor.fetchall()]
    for row in Matter.objects.filter(id__in=ids).defer("answers_sealed"):
        with apart("A claim could not be given back", row.id), suppress(MatterError):  # somebody was faster
            step(queries.snapshot(row), "release", Ask(), by=SYSTEM, now=now, request_id=new_id())


def sample_refold(size: int) -> list[tuple[Snapshot, dict[str, tuple[Any, Any]]]]:
    """Refold the `size` matters that moved last and return those that disagree, with what disagrees."""
    rows = Matter.objects.defer("answers_sealed").order_by(F("step_since").desc())[:size]
    checked = [(snap, queries.refold(snap)) for snap in map(queries.snapshot, rows)]
    return [(snap, faults) for snap, faults in checked if faults]
