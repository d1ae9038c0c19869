"""The shapes of a hall as its counters and its head see it: visits by their tickets, what a day takes. No names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from minjing.kernel.booking import queries
from minjing.kernel.booking.models import Challenge, Visit
from minjing.kernel.booking.queries import Display
from minjing.kernel.booking.rules import Free, PlaceFacts
from minjing.portals.api.shapes import Shape, TextOut, Words
from minjing.portals.api.shapes_visits import Services, Version

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class HallOut(Shape):
    """A hall at which one serves or which one supervises, and how full it is now."""

    code: str
    name: TextOut
    counters: int
    serves: bool
    supervises: bool
    called: list[str]
    waiting: int
    wait_min: int

    @staticmethod
    def of(place: PlaceFacts, screen: Display, *, serves: bool, supervises: bool) -> HallOut:
        return HallOut(
            code=place.code,
            name=TextOut(**place.name),
            counters=place.counters,
            serves=serves,
            supervises=supervises,
            called=[called.ticket for called in screen.called],
            waiting=screen.waiting,
            wait_min=screen.wait_min,
        )


class HallVisitOut(Shape):
    """A visit as the counter sees it; `ver` is what a step has to name, `late_after` when it may count as missed."""

    id: UUID
    kind: str
    state: str
    ver: int
    ticket: str
    services: list[str]
    minutes: int
    starts_at: datetime
    ends_at: datetime
    late_after: datetime
    arrived_at: datetime | None
    counter: int | None
    calls: int

    @staticmethod
    def of(visit: Visit) -> HallVisitOut:
        names = (
            "id", "kind", "state", "ver", "ticket", "services", "minutes", "starts_at", "ends_at", "arrived_at",
            "counter", "calls",
        )  # fmt: skip
        said = {name: getattr(visit, name) for name in names}
        return HallVisitOut(late_after=queries.late_after(visit), **said)


class HallSlotOut(Shape):
    """A slot of a day: how many minutes of counter time it has, and how many are free."""

    starts_at: datetime
    ends_at: datetime
    capacity_min: int
    free_min: int


class HallDayOut(Shape):
    """What a day of a hall takes, how many visits are booked, and why it is closed."""

    day: date
    booked: int
    slots: list[HallSlotOut]
    closed_why: TextOut | None

    @staticmethod
    def of(day: date, booked: int, slots: list[Free], why: Mapping[str, str] | None) -> HallDayOut:
        return HallDayOut(
            day=day,
            booked=booked,
            slots=[HallSlotOut.model_validate(slot) for slot in slots],
            closed_why=TextOut(zh=why["zh"], en=why["en"]) if why else None,
        )


class WaitingChallengeOut(Shape):
    """A missed visit about which something was said; the words are read one by one, on record."""

    asked_at: datetime
    visit: HallVisitOut


class ChallengeOut(Shape):
    """What was said of a missed visit, and what was decided."""

    visit: HallVisitOut
    words: str
    asked_at: datetime
    decided_at: datetime | None
    excused: bool | None

    @staticmethod
    def of(challenge: Challenge, visit: Visit, words: str) -> ChallengeOut:
        return ChallengeOut(
            visit=HallVisitOut.of(visit),
            words=words,
            asked_at=challenge.asked_at,
            decided_at=challenge.decided_at,
            excused=challenge.excused,
        )


class CallNextIn(Shape):
    """At which counter the next ticket is called. The same `request_id` twice calls one ticket."""

    counter: int = Field(ge=1, le=1000)
    request_id: UUID


class TicketIn(Shape):
    """What somebody who came without a booking has come for."""

    services: Services
    request_id: UUID


class HallReportIn(Shape):
    """The code of a slip, as it was scanned or typed."""

    code: str = Field(max_length=300)
    request_id: UUID


class HallStepIn(Shape):
    """A step at the counter: `ver` is the version the asker has seen."""

    ver: Version
    request_id: UUID


class CapacityIn(Shape):
    """How many counters serve from `since` until `until`: China's time, such as 09:00."""

    since: Clock
    until: Clock
    counters: int = Field(ge=0, le=1000)


class CapacityOut(Shape):
    """The slots of which more is taken already; they keep that much."""

    kept: list[datetime]


class CloseHallDayIn(Shape):
    """Why a day is closed, as those who booked will read it."""

    zh: Words = Field(max_length=2000)
    en: Words = Field("", max_length=2000)


class CalledOffOut(Shape):
    """How many visits were called off."""

    called_off: int


class ExcusedIn(Shape):
    """Whether the missed visit does not count."""

    excused: bool
