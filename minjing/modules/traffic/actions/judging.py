"""The lock on one history, and what an evaluation came to as rows.

Whoever evaluates takes the subject's lock first, so that no two acts recompute one history at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from minjing.base.ids import new_id
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.modules.traffic import packs, sql
from minjing.modules.traffic.models import Charge, Strike, Violation
from minjing.modules.traffic.queries.histories import subject_of
from minjing.modules.traffic.rules.penalties.shapes import Answer


def hold(violation: Violation) -> None:
    """Take the subject's lock to the end of the transaction: acts on one history go one after the other."""
    name, subject = subject_of(violation)
    digest = hashlib.sha256(f"traffic:{name}:{subject or violation.pk}".encode()).digest()
    with prepared_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


@dataclass(frozen=True, slots=True)
class Kept:
    """What an evaluation of one violation came to, and why: initial, struck (for a ground of the packs), cascade."""

    row: Violation
    answer: Answer
    cause: str
    ground: str = ""


def keep(
    found: Sequence[Kept],
    *,
    now: datetime,
    strike: Strike | None = None,
    parts: Sequence[Charge] = (),
    caused_by: UUID | None = None,
) -> None:
    """Append what evaluations came to, and set the rows' sums by it; the caller holds the subject.

    What is kept with a ground is struck by it. Where a `strike` is the cause, it is written too, and the `parts` of
    fines as they are now.
    """
    if strike is not None:
        caused_by = strike.pk
    said = {
        "kept": _rows([_kept(one) for one in found]),
        "parts": _rows([_part(charge) for charge in parts]),
        "strikes": _rows([_strike(strike)] if strike else []),
        "pack": packs.in_force().version,
        "caused_by": caused_by,
        "now": now,
    }
    if found or parts or strike:
        with prepared_cursor() as cursor:
            cursor.execute(sql.read_once("keep.sql"), said)


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    return to_json(rows).decode()


def _kept(one: Kept) -> dict[str, Any]:
    """Set what an evaluation came to on its row; return it as the statement takes it."""
    row, answer = one.row, one.answer
    row.kind, row.fine_fen, row.points, row.suspension_months = answer.sums
    if one.ground:
        row.state, row.ground, row.checked = Violation.STRUCK, one.ground, True
    return {
        "id": new_id(),
        "violation_id": row.pk,
        "kind": answer.kind,
        "fine_fen": answer.fine_fen,
        "points": answer.points,
        "suspension_months": answer.suspension_months,
        "reasons": [reason.said for reason in answer.reasons],
        "would_change": [change.said for change in answer.would_change],
        "cause": one.cause,
        "ground": one.ground,
    }


def _part(charge: Charge) -> dict[str, Any]:
    return {
        "id": charge.pk,
        "fen": charge.fen,
        "state": charge.state,
        "surcharge_fen": charge.surcharge_fen,
        "order_id": charge.order_id,
        "returned_fen": charge.returned_fen,
    }


def _strike(strike: Strike) -> dict[str, Any]:
    return {
        "id": strike.pk,
        "org_id": strike.org_id,
        "violation_id": strike.violation_id,
        "ground": strike.ground,
        "evidence": strike.evidence,
        "reason": strike.reason,
        "matter_id": strike.matter_id,
        "by": strike.by,
        "differences": strike.differences,
    }
