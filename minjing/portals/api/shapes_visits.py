"""The shapes of booking: places and what is free there, visits, waiting lists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from minjing.kernel.booking import queries
from minjing.kernel.booking.models import Visit, Wait
from minjing.kernel.booking.queries import DayFree
from minjing.kernel.booking.rules import PlaceFacts
from minjing.portals.api.shapes import Shape, TextOut

# Far from the ends of the calendar: there the reckoning in days and in China's time leaves what Python can say.
FIRST, LAST = date(2000, 1, 1), date(2200, 1, 1)
BookingDay = Annotated[date, Field(ge=FIRST, le=LAST)]
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Services = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]


class OfferOut(Shape):
    """A service that a place offers, and its minutes at the counter."""

    service: str
    title: TextOut
    minutes: int


class PlaceOut(Shape):
    """A place; where services were named also its first free time, how full it is, and how far away."""

    code: str
    kind: str
    name: TextOut
    address: TextOut
    lon: float | None
    lat: float | None
    hours: list[tuple[str, str]]
    demo: bool
    offers: list[OfferOut]
    first_free: datetime | None = None
    full_percent: int | None = None
    km: float | None = None

    @staticmethod
    def of(
        place: PlaceFacts, first_free: datetime | None = None, full: int | None = None, km: float | None = None
    ) -> PlaceOut:
        return PlaceOut(
            code=place.code,
            kind=place.kind,
            name=TextOut(**place.name),
            address=TextOut(**place.address),
            lon=place.lon,
            lat=place.lat,
            hours=list(place.hours),
            demo=place.demo,
            offers=[OfferOut.model_validate(offer) for offer in place.offers.values()],
            first_free=first_free,
            full_percent=full,
            km=km,
        )


class DayOut(Shape):
    """A day of a place: at how many times a visit may begin, how full it is, and why it is closed."""

    day: date
    starts: int
    full_percent: int
    is_open: bool
    closed_why: TextOut | None

    @staticmethod
    def of(day: DayFree) -> DayOut:
        why = TextOut(**day.closed_why) if day.closed_why else None
        return DayOut(
            day=day.day, starts=day.starts, full_percent=day.full_percent, is_open=day.is_open, closed_why=why
        )


class TimeOut(Shape):
    """A time at which a visit may begin, and how many such visits still fit."""

    starts_at: datetime
    ends_at: datetime
    visits: int


class VisitOut(Shape):
    """A visit as who comes sees it; `code` is what the slip's QR code carries, `ver` what a change has to name."""

    id: UUID
    place: str
    services: list[str]
    state: str
    ver: int
    starts_at: datetime
    ends_at: datetime
    minutes: int
    code: str
    held_until: datetime | None
    report_from: datetime
    subject_id: UUID | None
    ticket: str

    @staticmethod
    def of(visit: Visit) -> VisitOut:
        return VisitOut(
            place=queries.place_by_id(visit.place_id).code,
            report_from=queries.may_report_from(visit),
            **{
                name: getattr(visit, name)
                for name in (
                    "id", "services", "state", "ver", "starts_at", "ends_at", "minutes", "code", "held_until",
                    "subject_id", "ticket",
                )
            },
        )  # fmt: skip


class WaitOut(Shape):
    """A place on the waiting list of a day; `visit_id` is what is offered and waits to be confirmed."""

    id: UUID
    place: str
    day: date
    services: list[str]
    state: str
    since: datetime
    visit_id: UUID | None

    @staticmethod
    def of(wait: Wait) -> WaitOut:
        return WaitOut(
            id=wait.id,
            place=queries.place_by_id(wait.place_id).code,
            day=wait.day,
            services=wait.services,
            state=wait.state,
            since=wait.since,
            visit_id=wait.visit_id,
        )


class MissesOut(Shape):
    """The missed visits that count, and until when booking online therefore rests."""

    counted: list[datetime]
    until: datetime | None


class BookIn(Shape):
    """A visit to be booked. The same `request_id` twice gives the same visit."""

    place: str = Field(max_length=30)
    services: Services
    starts_at: Instant
    request_id: UUID


class HoldIn(BookIn):
    """A time to be kept for some minutes; `subject_id` is the own draft, or matter that waits for a visit."""

    subject_id: UUID | None = None


class MoveIn(Shape):
    """Another time for a visit; place and services stay where they are not named. `ver` is the version seen."""

    starts_at: Instant
    ver: Version
    request_id: UUID
    place: str = Field("", max_length=30)
    services: Services = []


class CancelIn(Shape):
    """A visit to be given up: `ver` is the version the asker has seen."""

    ver: Version
    request_id: UUID


class WaitIn(Shape):
    """A day to wait for; twice is once."""

    place: str = Field(max_length=30)
    day: BookingDay
    services: Services
    subject_id: UUID | None = None


class ChallengeIn(Shape):
    """Why a missed visit should not count."""

    words: str = Field(max_length=2000)
