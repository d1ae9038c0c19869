"""Studying: begun, lesson by lesson as time really passes, tested, used by one matter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import courses, events
from minjing.modules.traffic.errors import Refused, Unknown
from minjing.modules.traffic.models import Study
from minjing.modules.traffic.queries import registers, withholding
from minjing.modules.traffic.rules import study as rules


class NotYet(Refused):
    """The time is not spent yet, or a failed test is too fresh."""

    def __init__(self) -> None:
        super().__init__("study_first")


@transaction.atomic
def begin(kind: str, *, by: Actor, now: datetime) -> Study:
    """Begin a study, or go on with the one that is open. Raises Unknown for who is nobody or no such kind."""
    if by.person_id is None or kind not in Study.KINDS:
        raise Unknown
    open_one = Study.objects.select_for_update().filter(person_id=by.person_id, kind=kind, matter_id=None).first()
    if open_one is not None:
        return open_one
    made = Study(person_id=by.person_id, kind=kind, begun_at=now)
    made.number = f"XX{now:%y%m%d}{made.pk.int % 10**8:08d}"
    made.save(force_insert=True)
    _note(events.STUDY_BEGUN, made, by, now)
    return made


@transaction.atomic
def turn(study_id: UUID, lesson: int, *, by: Actor, now: datetime) -> Study:
    """Open a lesson; the time the last one was open counts, five minutes of it at most. A passed study stays so."""
    row = _own(study_id, by)
    if row.passed_at is not None:
        return row
    if row.opened_at is not None:
        day = local_day(now).isoformat()
        spent = rules.counted((now - row.opened_at).total_seconds())
        row.seconds_by_day = {**row.seconds_by_day, day: int(row.seconds_by_day.get(day, 0)) + spent}
    row.lesson, row.opened_at = lesson % (len(courses.lessons()) + 1), now
    row.save(update_fields=["seconds_by_day", "lesson", "opened_at"])
    _note(events.STUDY_TURNED, row, by, now)
    return row


@transaction.atomic
def test(study_id: UUID, answers: Mapping[int, str], *, by: Actor, now: datetime) -> Study:
    """Mark a test of ten questions: ninety of a hundred pass, once. Raises NotYet before the time is spent."""
    row = _own(study_id, by)
    if row.passed_at is not None:
        return row
    if not enough(row, now) or _too_fresh(row, now):
        raise NotYet
    asked = courses.questions()
    right = sum(answers.get(position) == question["right"] for position, question in enumerate(asked))
    row.marks, row.tested_at = 100 * right // len(asked), now
    row.passed_at = now if row.marks >= rules.PASS_MARKS else None
    row.save(update_fields=["marks", "tested_at", "passed_at"])
    _note(events.STUDY_TESTED, row, by, now, passed=row.passed_at is not None)
    return row


def enough(row: Study, now: datetime) -> bool:
    """Say whether the time of a study is spent."""
    licence = registers.licence_of(row.person_id)
    days = withholding.study_days(row.person_id) if row.kind == "full_points" else 0
    course = rules.course_of(row.kind, licence.classes if licence else "", days)
    return rules.is_done(course, row.seconds_by_day, local_day(now))


def _too_fresh(row: Study, now: datetime) -> bool:
    wait = timedelta(days=rules.RETEST_DAYS) if row.kind == "full_points" else timedelta(minutes=10)
    return row.tested_at is not None and now < row.tested_at + wait


def _own(study_id: UUID, by: Actor) -> Study:
    if by.person_id is None:
        raise Unknown
    rows = Study.objects.select_for_update()
    row = rows.filter(pk=study_id, person_id=by.person_id, matter_id=None).first()
    if row is None:
        raise Unknown
    return row


def _note(kind: str, row: Study, by: Actor, now: datetime, **said: object) -> None:
    payload = {"study": row.pk, "kind_of": row.kind, "by": by.account_id, **said}
    ledger.append(ledger.entry(kind, payload, at=now, subject_id=row.person_id))
