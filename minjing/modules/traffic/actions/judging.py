"""The lock on one history, and what an evaluation came to as rows.

Whoever evaluates takes the subject's lock first, so that no two acts recompute one history at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from minjing.base.ids import new_id
from minjing.modules.traffic import packs
from minjing.modules.traffic.models import Violation
from minjing.modules.traffic.queries.histories import subject_of
from minjing.modules.traffic.rules.penalties.shapes import Answer


def hold(violation: Violation) -> None:
    """Take the subject's lock to the end of the transaction: acts on one history go one after the other."""
    name, subject = subject_of(violation)
    digest = hashlib.sha256(f"traffic:{name}:{subject or violation.pk}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


@dataclass(frozen=True, slots=True)
class Kept:
    """What an evaluation of one violation came to, and why: initial, struck (for a ground of the packs), cascade."""

    row: Violation
    answer: Answer
    cause: str
    ground: str = ""


# Every answer appended and the sums of its violation set by it, whatever their number.
_KEEP = """
WITH kept AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS k(id uuid, violation_id uuid, kind text, fine_fen integer,
        points smallint, suspension_months smallint, reasons jsonb, would_change jsonb, cause text, ground text)
), summed AS (
    UPDATE traffic_violation v SET kind = kept.kind, fine_fen = kept.fine_fen, points = kept.points,
        suspension_months = kept.suspension_months, ground = coalesce(nullif(kept.ground, ''), v.ground),
        state = CASE WHEN kept.ground = '' THEN v.state ELSE 'struck' END, checked = v.checked OR kept.ground <> ''
    FROM kept WHERE v.id = kept.violation_id RETURNING v.id, v.org_id
)
INSERT INTO traffic_outcome (id, org_id, violation_id, seq, kind, fine_fen, points, suspension_months, reasons,
    would_change, pack, cause, caused_by, made_at)
SELECT kept.id, summed.org_id, summed.id,
    1 + coalesce((SELECT max(seq) FROM traffic_outcome o WHERE o.violation_id = summed.id), 0),
    kept.kind, kept.fine_fen, kept.points, kept.suspension_months, reasons, would_change, %s, cause, %s::uuid, %s
FROM kept JOIN summed ON summed.id = kept.violation_id
"""


def keep(found: Sequence[Kept], *, now: datetime, caused_by: UUID | None = None) -> None:
    """Append what evaluations came to, and set the rows' sums by it; the caller holds the subject.

    What is kept with a ground is struck by it.
    """
    said = []
    for one in found:
        row, answer = one.row, one.answer
        row.kind, row.fine_fen, row.points, row.suspension_months = answer.sums
        if one.ground:
            row.state, row.ground, row.checked = Violation.STRUCK, one.ground, True
        said.append(
            {
                "id": str(new_id()),
                "violation_id": str(row.pk),
                "kind": answer.kind,
                "fine_fen": answer.fine_fen,
                "points": answer.points,
                "suspension_months": answer.suspension_months,
                "reasons": [asdict(reason) for reason in answer.reasons],
                "would_change": [asdict(change) for change in answer.would_change],
                "cause": one.cause,
                "ground": one.ground,
            }
        )
    if said:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [json.dumps(said, ensure_ascii=False), packs.in_force().version, caused_by, now])
