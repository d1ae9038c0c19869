"""The examiners' desk: tests that wait for their result, and who is to be sworn in."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from minjing.base.clock import now
from minjing.modules.traffic.actions import results
from minjing.modules.traffic.models import Licence, TestBooking
from minjing.modules.traffic.queries import results as queries
from minjing.portals.api.shapes import Shape, TextOut
from minjing.portals.api.views.door import asker

router = Router(tags=["traffic"])


class WaitingTestOut(BaseModel):
    """A test without a result, with the name that is compared with the identity card."""

    id: UUID
    name: str
    subject: TextOut
    classes: str
    test_at: datetime
    pass_marks: int


class CeremonyOut(BaseModel):
    """Who is to be sworn in, and whether every test is passed."""

    id: UUID
    name: str
    day: date | None
    ready: bool


class ExaminersDeskOut(BaseModel):
    """What waits at the desk."""

    count: int
    tests: list[WaitingTestOut]
    ceremonies: list[CeremonyOut]


class TestResultIn(BaseModel):
    """Marks from 0 to 100; null: nobody came."""

    marks: int | None


class TestResultOut(Shape):
    """A test with its result: entered again, it is the same."""

    id: UUID
    status: str
    marks: int | None


class SwornLicenceOut(Shape):
    """The licence that was issued: sworn again, it is the same."""

    file_number: str
    classes: str
    first_issued_date: date
    valid_until_date: date


@router.get("/tests", response=ExaminersDeskOut)
def waiting(request: HttpRequest) -> ExaminersDeskOut:
    """Return the tests that have begun and have no result, and the ceremonies; each look is on record before."""
    by, at = asker(request), now()
    tests = [
        WaitingTestOut(
            id=one.row.pk, name=one.name, subject=TextOut(**one.subject.model_dump()), classes=one.row.classes,
            test_at=one.row.test_at, pass_marks=one.pass_marks,
        )
        for one in queries.waiting(by, at)
    ]  # fmt: skip
    ceremonies = [
        CeremonyOut(id=one.entry.pk, name=one.name, day=one.entry.until_date, ready=one.ready)
        for one in queries.ceremonies(by, at)
    ]
    return ExaminersDeskOut(count=queries.count(at), tests=tests, ceremonies=ceremonies)


@router.post("/tests/{uuid:booking_id}", response=TestResultOut)
def enter(request: HttpRequest, booking_id: UUID, said: TestResultIn) -> TestBooking:
    """Enter the marks of a test, or that nobody came; another result than the one on record is 409."""
    return results.enter(booking_id, said.marks, by=asker(request), now=now())


@router.post("/ceremonies/{uuid:entry_id}", response=SwornLicenceOut)
def swear(request: HttpRequest, entry_id: UUID) -> Licence:
    """Issue the licence of somebody who has been sworn in."""
    return results.swear(entry_id, by=asker(request), now=now())
