"""The shapes of lists and figures on duty: how a list is narrowed and goes on, extensions asked for, counters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from minjing.kernel.matters import counter_figures, oversight
from minjing.kernel.matters.counter_figures import Line, Report
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.figures import SMALLEST
from minjing.kernel.matters.oversight import Narrowed
from minjing.kernel.matters.queries import SORTS, Wish
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.portals.api.shapes import MatterOut, Shape, TextOut, Typed
from minjing.portals.api.shapes_system import Day
from minjing.portals.api.shapes_visits import Instant

MOST = 200  # matters on one page
MARK = TypeAdapter(tuple[Instant, UUID])
Light = Literal["", "green", "yellow", "red", "paused"]
UnitId = Annotated[int, Field(ge=1, le=2**31 - 1)] | None


class PageWanted(Shape):
    """How many matters of a list are wanted, and after which; `after` comes in the header Link of the page before."""

    limit: int = 50
    after: Typed = Field("", max_length=100)

    @property
    def size(self) -> int:
        """Return how many matters one page takes."""
        return max(1, min(self.limit, MOST))

    @property
    def mark(self) -> tuple[datetime, UUID] | None:
        """Return the place in the list after which it goes on, None for its beginning. Raises Wrong."""
        if not self.after:
            return None
        try:
            return MARK.validate_python(tuple(self.after.split("~")))
        except ValidationError as error:
            said = Text(
                zh="列表位置无法识别，请使用上一页返回的地址。",
                en="No place in a list; use the address of the page before.",
            )
            raise Wrong({"after": said}) from error


def mark_of(matter: Snapshot, sort: str = "due") -> str:
    """Return the place of a matter in a sorted list, as `after` takes it."""
    return f"{getattr(matter, SORTS[sort]).isoformat()}~{matter.id}"


class QueueWanted(PageWanted):
    """How a queue is wanted: of one service, one light, received from a day to a day, in which order."""

    code: Typed = Field("", max_length=40)
    light: Light = ""
    since: Day | None = None
    until: Day | None = None
    sort: Literal["", "due", "received", "step"] = ""
    newest_first: bool = False

    def wish(self, queue: str) -> Wish:
        """Return the wish; what is done comes the newest first."""
        is_done = queue == "done"
        sort = self.sort or ("closed" if is_done else "due")
        return Wish(self.code, self.light, self.since, self.until, sort, self.newest_first or is_done)


class SupervisedWanted(PageWanted):
    """Which matters of a unit are wanted: its own only, of a light, a pause, a step, a cause of delay, an officer."""

    unit_id: UnitId = None
    own: bool = False
    light: Light = ""
    pause: Typed = Field("", max_length=30)
    flow: Typed = Field("", max_length=40)
    state: Typed = Field("", max_length=40)
    why: Literal["", "tasks", "unclaimed", "extension", "long_step"] = ""
    officer: UUID | None = None

    def narrowed(self) -> Narrowed:
        """Return what the list is narrowed down to."""
        return Narrowed(
            own=self.own,
            light=self.light,
            pause=self.pause,
            flow=self.flow,
            state=self.state,
            why=self.why,
            officer=self.officer,
        )


class SupervisedOut(MatterOut):
    """A matter as a supervisor sees it; `why`: what holds it up, "" where it is in time or its clock is paused."""

    why: str

    @staticmethod
    def of_supervised(matter: Snapshot, now: datetime) -> SupervisedOut:
        is_late = matter.paused_since is None and matter.due_at <= now
        return SupervisedOut(
            why=oversight.why_late(matter) if is_late else "", **MatterOut.of(matter, now).model_dump()
        )


class ExtensionOut(MatterOut):
    """A matter for which more time is asked: `asked_days` working days."""

    asked_days: int

    @staticmethod
    def of_asked(matter: Snapshot, now: datetime) -> ExtensionOut:
        return ExtensionOut(asked_days=matter.asked_days, **MatterOut.of(matter, now).model_dump())


class PausedOut(Shape):
    """How many clocks stand still for one reason, the longest since when."""

    reason: str
    count: int
    since: datetime


class CounterLineOut(Shape):
    """The figures of one class at the counters: medians in minutes and km; null: too few cases, or none of it."""

    title: TextOut
    cases: int | None
    elsewhere: int | None
    now_minutes: int | None
    before_minutes: int | None
    way_km: float | None

    @staticmethod
    def of(line: Line) -> CounterLineOut:
        title = TextOut(**line.title.model_dump())
        if not line.is_shown:
            few = None if line.cases else 0
            return CounterLineOut(
                title=title, cases=few, elsewhere=few, now_minutes=None, before_minutes=None, way_km=None
            )
        return CounterLineOut(
            title=title,
            cases=line.cases,
            elsewhere=line.elsewhere,
            now_minutes=_whole(line.after_minutes),
            before_minutes=_whole(line.before_minutes),
            way_km=None if line.way_km is None else round(line.way_km, 1),
        )


def _whole(minutes: float | None) -> int | None:
    return None if minutes is None else round(minutes)


class CounterFiguresOut(Shape):
    """Twelve months at the counters. Now is measured, before a model: the way times `detour` at `speed_kmh`.

    A count below `smallest` is not told, nor anything computed from it.
    """

    all: CounterLineOut
    by_class: list[CounterLineOut]
    detour: float
    speed_kmh: float
    smallest: int

    @staticmethod
    def of(report: Report) -> CounterFiguresOut:
        return CounterFiguresOut(
            all=CounterLineOut.of(report.all),
            by_class=[CounterLineOut.of(line) for line in report.by_class],
            detour=counter_figures.DETOUR,
            speed_kmh=counter_figures.SPEED_KMH,
            smallest=SMALLEST,
        )
