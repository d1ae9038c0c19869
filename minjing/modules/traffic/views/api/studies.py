"""Studying online: lessons whose time counts as it passes, then a test of ten questions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, Field

from minjing.base.clock import now
from minjing.modules.traffic import courses
from minjing.modules.traffic.actions import studies as acts
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import Study
from minjing.modules.traffic.queries import studies as found
from minjing.modules.traffic.views.api.door import known
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut
from minjing.portals.api.views.door import resident

router = Router(tags=["traffic"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut}


class StudyBeginIn(BaseModel):
    """What is studied for."""

    kind: Literal["reduction", "full_points", "verification", "ebike", "pedestrian"]


class StudyTurnIn(BaseModel):
    """Which lesson is opened, counted from 1; 0 closes the one that is open."""

    lesson: int = Field(ge=0, le=999)


class StudyTestIn(BaseModel):
    """The options that were chosen, in the order of the questions."""

    answers: list[Annotated[str, Field(max_length=80)]] = Field(max_length=100)


class LessonOut(Shape):
    """A lesson: its title and its text."""

    title: TextOut
    text: TextOut


class QuestionOut(Shape):
    """A question of the test, and what may be answered."""

    text: TextOut
    options: list[str]


class StudyOut(Shape):
    """A study: what was spent of what it takes, the open lesson, and the questions once enough was spent."""

    id: UUID
    number: str
    kind: str
    begun_at: datetime
    spent_min: int
    days: int
    wanted_min: int
    wanted_days: int
    within_days: int
    enough: bool
    lesson: int
    lessons: int
    open_lesson: LessonOut | None
    questions: list[QuestionOut]
    marks: int | None
    tested_at: datetime | None
    passed_at: datetime | None
    matter_id: UUID | None

    @staticmethod
    def of(row: Study, at: datetime) -> StudyOut:
        enough = acts.enough(row, at)
        asked = courses.questions() if enough and row.passed_at is None else []
        return StudyOut(
            id=row.pk, number=row.number, kind=row.kind, begun_at=row.begun_at, **found.wanted(row), enough=enough,
            spent_min=sum(row.seconds_by_day.values()) // 60, days=len(row.seconds_by_day), lesson=row.lesson,
            lessons=len(courses.lessons()), open_lesson=_lesson(row.lesson),
            questions=[QuestionOut(text=TextOut(zh=q["zh"], en=q["en"]), options=q["options"]) for q in asked],
            marks=row.marks, tested_at=row.tested_at, passed_at=row.passed_at, matter_id=row.matter_id,
        )  # fmt: skip


def _lesson(number: int) -> LessonOut | None:
    if not number:
        return None
    lessons = courses.lessons()
    said = lessons[(number - 1) % len(lessons)]
    return LessonOut(title=TextOut(zh=said["zh"], en=said["en"]), text=TextOut(**said["text"]))


@router.get("/studies", response=list[StudyOut])
def studies(request: HttpRequest) -> list[StudyOut]:
    """Return one's studies that no matter has used yet."""
    at = now()
    return [StudyOut.of(row, at) for row in found.open_of(resident(request))]


@router.post("/studies", response={201: StudyOut, **REFUSED})
def begin(request: HttpRequest, said: StudyBeginIn) -> Status[StudyOut]:
    """Begin a study; the one of this kind that is open goes on."""
    (by, _), at = known(request), now()
    return Status(201, StudyOut.of(acts.begin(said.kind, by=by, now=at), at))


@router.get("/studies/{uuid:study_id}", response={200: StudyOut, **REFUSED})
def study(request: HttpRequest, study_id: UUID) -> StudyOut:
    """Return one study with its open lesson, and the questions once the time is spent."""
    row = found.own(study_id, resident(request))
    if row is None:
        raise Unknown
    return StudyOut.of(row, now())


@router.post("/studies/{uuid:study_id}/turn", response={200: StudyOut, **REFUSED})
def turn(request: HttpRequest, study_id: UUID, said: StudyTurnIn) -> StudyOut:
    """Open a lesson; the time the last one was open counts, five minutes of it at most."""
    by, at = resident(request), now()
    return StudyOut.of(acts.turn(study_id, said.lesson, by=by, now=at), at)


@router.post("/studies/{uuid:study_id}/test", response={200: StudyOut, **REFUSED})
def test(request: HttpRequest, study_id: UUID, said: StudyTestIn) -> StudyOut:
    """Take the test: ninety of a hundred pass. Before the time is spent, or just after a failed one, it is 409."""
    by, at = resident(request), now()
    return StudyOut.of(acts.test(study_id, dict(enumerate(said.answers)), by=by, now=at), at)
