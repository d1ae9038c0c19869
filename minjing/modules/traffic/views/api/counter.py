"""The counter, with the driver present: what a violation comes to, the decision, points of other cities."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field

from minjing.base.clock import now
from minjing.modules.traffic.actions import deciding, points
from minjing.modules.traffic.actions.points import CITY_MOST, REFERENCE_MOST
from minjing.modules.traffic.models import Decision, PointsEntry
from minjing.modules.traffic.queries.counter import AtTheCounter
from minjing.modules.traffic.views.api.own import row_out
from minjing.portals.api.shapes import Shape
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])


class AtCounterIn(BaseModel):
    """Number of the violation, and file number of the driver's licence."""

    number: str = Field(max_length=30)
    file_number: str = Field(max_length=30)


class CounterDecisionIn(BaseModel):
    """File number of the driver's licence."""

    file_number: str = Field(max_length=30)


class CounterDecisionOut(Shape):
    """A decision: made again, it is the same one."""

    id: UUID
    number: str
    kind: str
    fine_fen: int
    points: int
    decided_at: datetime
    due_date: date


class ElsewherePointsIn(BaseModel):
    """Points that another city has decided; `reference` is its decision."""

    file_number: str = Field(max_length=30)
    points: int
    city: str = Field(max_length=CITY_MOST)
    reference: str = Field(max_length=REFERENCE_MOST)
    day: date


class ElsewherePointsOut(Shape):
    """What is on record of points of another city: entered again, it is the same entry."""

    id: UUID
    points: int
    city: str
    reference: str
    at: datetime


@router.post("/counter")
def see(request: HttpRequest, said: AtCounterIn) -> dict[str, Any]:
    """Return a violation beside the driver's licence, and what follows; the look is on record before.

    Asked by POST, since addresses are kept in logs.
    """
    return _seen(deciding.show_at_counter(said.number, said.file_number, by=asker(request), now=now()))


@router.post("/counter/{uuid:violation_id}", response=CounterDecisionOut)
def decide(request: HttpRequest, violation_id: UUID, said: CounterDecisionIn) -> Decision:
    """Decide a violation for the driver who is there: suspension and twelve points take effect now."""
    return deciding.decide_at_counter(violation_id, said.file_number, by=asker(request), now=now())


@router.post("/counter/points", response=ElsewherePointsOut)
def elsewhere(request: HttpRequest, said: ElsewherePointsIn) -> PointsEntry:
    """Enter points of another city, once; twelve reached withhold the licence at once."""
    return points.enter_at_counter(
        said.file_number, said.points, said.city, said.reference, said.day, by=asker(request), now=now()
    )


def _seen(seen: AtTheCounter) -> dict[str, Any]:
    return {
        "violation": row_out(seen.row) | {"reasons": seen.reasons},
        "name": seen.name,
        "licence": {"classes": seen.licence.classes, "status": seen.licence.status},
        "standing": asdict(seen.standing),
        "points_then": seen.points_then,
        "study_days": seen.study_days,
        "suspension": asdict(seen.suspension) if seen.suspension else None,
        "decided": seen.decided,
        "objection": seen.objection,
    }
