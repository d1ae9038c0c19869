"""The lock on one history, and what an evaluation came to as rows.

Whoever evaluates takes the subject's lock first, so that no two acts recompute one history at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Max

from minjing.base.ids import new_id
from minjing.modules.traffic import packs
from minjing.modules.traffic.models import Outcome, Violation
from minjing.modules.traffic.queries.histories import subject_of
from minjing.modules.traffic.rules.penalties.shapes import Answer


def hold(violation: Violation) -> None:
    """Take the subject's lock to the end of the transaction: acts on one history go one after the other."""
    name, subject = subject_of(violation)
    digest = hashlib.sha256(f"traffic:{name}:{subject or violation.pk}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


def keep(row: Violation, answer: Answer, cause: str, *, now: datetime, caused_by: UUID | None = None) -> Outcome:
    """Append what an evaluation came to, and set the row's sums by it; the caller holds the subject."""
    last = Outcome.objects.filter(violation_id=row.pk).aggregate(seq=Max("seq"))["seq"] or 0
    row.kind, row.fine_fen, row.points, row.suspension_months = answer.sums
    row.save(update_fields=["kind", "fine_fen", "points", "suspension_months"])
    return Outcome.objects.create(
        id=new_id(),
        org_id=row.org_id,
        violation_id=row.pk,
        seq=last + 1,
        kind=answer.kind,
        fine_fen=answer.fine_fen,
        points=answer.points,
        suspension_months=answer.suspension_months,
        reasons=[asdict(reason) for reason in answer.reasons],
        would_change=[asdict(change) for change in answer.would_change],
        pack=packs.in_force().version,
        cause=cause,
        caused_by=caused_by,
        made_at=now,
    )
