"""The shapes of the system administrator: units, posts, versions of services, calendars; the auditor's ledger."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from minjing.kernel.identity.models import Post
from minjing.kernel.identity.queries import Audited, Look
from minjing.kernel.ledger.queries import Report
from minjing.kernel.matters.administering import Versions
from minjing.kernel.matters.models import Calendar, Procedure
from minjing.kernel.matters.queries import UnitFacts
from minjing.portals.api.shapes import Shape, TextOut, Typed

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1))]
Days = Annotated[list[Day], Field(max_length=800)]


class UnitOut(Shape):
    """A unit in the tree, and how many hold a post in it."""

    id: int
    code: str
    path: str
    level: str
    name: TextOut
    holders: int

    @staticmethod
    def of(unit: UnitFacts, holders: int) -> UnitOut:
        name = TextOut.model_validate(unit.name)
        return UnitOut(id=unit.id, code=unit.code, path=unit.path, level=unit.level, name=name, holders=holders)


class PostOut(Shape):
    """A post: the level it exists at, and what its holders may do."""

    code: str
    name: TextOut
    level: str
    acts: list[str]

    @staticmethod
    def of(post: Post) -> PostOut:
        return PostOut(code=post.code, name=TextOut(**post.name), level=post.level, acts=list(post.acts))


class CatalogueOut(Shape):
    """The services that the files hold in another form than is published, and what speaks against publishing them."""

    waiting: list[str]
    wrong: list[str]


class VersionOut(Shape):
    """A published version, and how many open matters run on it."""

    version: int
    valid_from: datetime
    valid_to: datetime | None
    sha256: str
    running: int

    @staticmethod
    def of(row: Procedure, running: int) -> VersionOut:
        names = ("version", "valid_from", "valid_to", "sha256")
        return VersionOut(running=running, **{name: getattr(row, name) for name in names})


class VersionsOut(Shape):
    """The versions of a service; what differs between `old` and `new`, in words. `file`: what waits in the files."""

    versions: list[VersionOut]
    choices: list[str]
    old: str
    new: str
    compared: bool
    differences: list[TextOut]

    @staticmethod
    def of(found: Versions) -> VersionsOut:
        return VersionsOut(
            versions=[VersionOut.of(row, found.running.get(row.id, 0)) for row in found.rows],
            choices=found.names,
            old=found.old,
            new=found.new,
            compared=found.compared,
            differences=[TextOut.model_validate(said) for said in found.differences],
        )


class PublishIn(Shape):
    """Which service to publish from the files; "" for all that wait."""

    code: Typed = Field("", max_length=40)


class PublishedOut(Shape):
    """A version that came into force."""

    code: str
    version: int


class CalendarOut(Shape):
    """A revision of the working-day calendar."""

    revision: int
    known_until: date
    days_off: list[date]
    made_up: list[date]
    source: str
    published_at: datetime

    @staticmethod
    def of(row: Calendar) -> CalendarOut:
        return CalendarOut.model_validate(row)


class CalendarsOut(Shape):
    """The revisions, newest first, and how many due dates rest on days not announced yet."""

    revisions: list[CalendarOut]
    provisional: int


class DaysIn(Shape):
    """What a notice announces: days off and made-up working days, until when the calendar is known by it."""

    known_until: Day
    days_off: Days = []
    made_up: Days = []
    source: Typed = Field("", max_length=400)


class AnnouncedOut(Shape):
    """The revision that was published, and how many due dates were computed anew."""

    calendar: CalendarOut
    moved: int


class EntryOut(Shape):
    """An entry of the ledger as the auditor reads it: who did what, by ids; not whose data it was about."""

    id: UUID
    index: int | None
    kind: str
    org_id: int
    at: datetime
    by: UUID | None
    said: dict[str, Any]

    @staticmethod
    def of(row: Audited) -> EntryOut:
        names = ("id", "index", "kind", "org_id", "at")
        facts = {name: getattr(row.entry, name) for name in names}
        return EntryOut(by=row.by, said=dict(row.said), **facts)


class FaultOut(Shape):
    """What does not fit, and where."""

    index: int | None
    what: str
    entry_id: UUID | None


class ReportOut(Shape):
    """The outcome of verifying the whole ledger."""

    ok: bool
    size: int
    checkpoints: int
    payloads: int
    erased: int
    found: int
    faults: list[FaultOut]

    @staticmethod
    def of(report: Report) -> ReportOut:
        return ReportOut.model_validate(report)


class BareLookOut(Shape):
    """A look that no open matter stands behind: by whom and why, not whom at."""

    at: datetime
    police_number: str
    by_unit: TextOut
    by_post: TextOut
    reason: TextOut
    fields: list[TextOut]
    entry_id: UUID

    @staticmethod
    def of(look: Look) -> BareLookOut:
        return BareLookOut(
            at=look.at,
            police_number=look.police_number,
            by_unit=TextOut(**look.by_unit),
            by_post=TextOut(**look.by_post),
            reason=TextOut(**look.reason),
            fields=[TextOut(**title) for title in look.fields],
            entry_id=look.entry_id,
        )


class RecheckOut(Shape):
    """The lot drawn again over a span: looks, drawn ones, and those asked about wrongly or not at all, by entry."""

    looks: int
    drawn: int
    not_asked: list[UUID]
    asked_undrawn: list[UUID]
