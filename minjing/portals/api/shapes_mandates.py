"""The shapes of acting for others: mandates given and taken, guardians, what a ward holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from minjing.kernel.identity.queries import MandateRow
from minjing.kernel.papers.queries import Card
from minjing.portals.api.shapes import Shape, TextOut, Typed

FIRST, LAST = date(2000, 1, 1), date(2200, 1, 1)  # far from the ends of what a calendar can say
Day = Annotated[date, Field(ge=FIRST, le=LAST)]


class MandateOut(Shape):
    """A mandate as its two parties read it.

    `state`: offered, confirming (an officer looks at papers), in_force, to_come, over, revoked, refused. `giver_id`
    and `id` are what a draft for a person or a firm is begun with.
    """

    id: UUID
    kind: str
    giver_id: UUID
    giver_name: str
    taker_name: str
    firm_name: str
    uscc: str
    services: list[str]
    since: datetime
    until: datetime
    state: str

    @staticmethod
    def of(row: MandateRow) -> MandateOut:
        return MandateOut.model_validate(row)


class MandatesOut(Shape):
    """What one has given, and what one was given or is offered."""

    given: list[MandateOut]
    taken: list[MandateOut]


class OfferIn(Shape):
    """Whom one lets act, in which services, until which day; for a firm its credit code and its name."""

    name: Typed = Field(max_length=100)
    id_number: Typed = Field(max_length=40)
    services: list[Annotated[str, Field(max_length=20)]] = Field(max_length=400)
    until: Day
    since: Day | None = None
    uscc: Typed = Field("", max_length=40)
    firm_name: Typed = Field("", max_length=100)


class GuardianIn(Shape):
    """The minor whose guardian one says to be."""

    name: Typed = Field(max_length=100)
    id_number: Typed = Field(max_length=40)


class GuardianOut(Shape):
    """What became of it: `waits` for an officer who looks at the papers, or it holds now."""

    id: UUID
    waits: bool


class AnswerIn(Shape):
    accept: bool


class PaperOut(Shape):
    """A certificate in a list: all but its contents."""

    id: UUID
    number: str
    code: str
    title: TextOut
    state: str
    issued_at: datetime
    valid_until: datetime | None

    @staticmethod
    def of(card: Card) -> PaperOut:
        said: dict[str, Any] = {"title": TextOut(**card.title)}
        names = ("id", "number", "code", "state", "issued_at", "valid_until")
        return PaperOut(**said, **{name: getattr(card, name) for name in names})
