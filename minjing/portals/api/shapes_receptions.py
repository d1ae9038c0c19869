"""The shapes of the counter of any station: somebody received, what is known of them, what was handed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from minjing.kernel.matters.models import Reception
from minjing.kernel.matters.queries import Handover
from minjing.portals.api.shapes import Shape, TextOut, Words


class CounterOut(Shape):
    """At which unit's counter one stands, why a number may be typed in, and what any counter takes in."""

    unit_id: int
    reasons: dict[str, TextOut]
    city_wide: list[str]


class ReceptionOut(Shape):
    """Somebody at the counter, without a name; `matter_id` once a service was filed."""

    id: UUID
    unit_id: int
    how: str
    reason: str
    begun_at: datetime
    code: str
    matter_id: UUID | None
    filed_at: datetime | None
    papers: list[str]

    @staticmethod
    def of(row: Reception) -> ReceptionOut:
        return ReceptionOut.model_validate(row)


class KnownAtCounterOut(Shape):
    """What the registers know for a form of the person at the counter, and the code of their own station."""

    answers: dict[str, Any]
    station: str


class HandoverOut(Shape):
    """What went from one counter to the responsible station, and when that has received it."""

    from_unit: int
    to_unit: int
    papers: list[TextOut]
    handed_at: datetime
    received_at: datetime | None

    @staticmethod
    def of(handed: Handover) -> HandoverOut:
        return HandoverOut(
            papers=[TextOut(zh=paper.zh, en=paper.en) for paper in handed.papers],
            **{name: getattr(handed, name) for name in ("from_unit", "to_unit", "handed_at", "received_at")},
        )


class ReceptionIn(Shape):
    """Whom an officer has before them, and why the number is typed in (a key of `reasons`)."""

    name: Words = Field(max_length=100)
    id_number: Words = Field(max_length=40)
    reason: Words = Field(max_length=20)


class FileAtCounterIn(Shape):
    """A whole application at the counter, with the originals that were shown. The same `request_id` files once."""

    code: Words = Field(max_length=20)
    answers: dict[str, Any]
    station: Words = Field(max_length=20)
    originals: list[Words] = Field([], max_length=50)
    request_id: UUID
