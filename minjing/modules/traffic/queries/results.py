"""Tests that have begun and wait for their result, as the examiner's desk takes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from minjing.base.clock import local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.schema import Text
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import FileEntry, TestBooking
from minjing.modules.traffic.queries.files import latest
from minjing.modules.traffic.rules import licences

ACT = "examine"
LISTED = 20
SUBJECTS = ("1", "2", "3", "4")
REASON = "counter"  # who is tested is there


@dataclass(frozen=True, slots=True)
class Waiting:
    """One test without a result, with the name that the examiner compares with the identity card."""

    row: TestBooking
    name: str
    subject: Text
    pass_marks: int


def waiting(by: Actor, now: datetime, limit: int = LISTED) -> list[Waiting]:
    """Return the tests that have begun and have no result, the oldest first; the look is recorded for each.

    Raises Refused: no post.
    """
    _require(by)
    rows = list(
        TestBooking.objects.filter(status=TestBooking.BOOKED, test_at__lte=now).order_by("test_at", "id")[:limit]
    )
    names = identity.look(by, [row.person_id for row in rows], ["name"], reason=REASON, now=now) if rows else {}
    return [
        Waiting(
            row,
            names.get(row.person_id, {}).get("name", ""),
            Text(**licences.SUBJECT_WORDS[row.subject]),
            licences.pass_marks(row.subject, row.classes),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Ceremony:
    """Somebody who has booked the ceremony of today, and whether every test is passed."""

    entry: FileEntry
    name: str
    ready: bool


def all_passed(learner: FileEntry) -> bool:
    """Say whether the four tests are passed since the learner's certificate was issued."""
    rows = TestBooking.objects.filter(
        person_id=learner.person_id, status=TestBooking.PASSED, test_at__gte=learner.since_at
    )
    return set(SUBJECTS) <= set(rows.values_list("subject", flat=True))


def ceremonies(by: Actor, now: datetime, limit: int = LISTED) -> list[Ceremony]:
    """Return who is to be sworn in by today; the look is recorded for each. Raises Refused: no post."""
    _require(by)
    due = FileEntry.objects.filter(kind="book_ceremony", ended_at__isnull=True, until_date__lte=local_day(now))
    rows = list(due.order_by("until_date", "id")[:limit])
    names = identity.look(by, [row.person_id for row in rows], ["name"], reason=REASON, now=now) if rows else {}
    found = []
    for row in rows:
        learner = latest("learner", row.person_id)
        ready = learner is not None and all_passed(learner)
        found.append(Ceremony(row, names.get(row.person_id, {}).get("name", ""), ready))
    return found


def count(now: datetime) -> int:
    """Return how many tests wait for their result."""
    return TestBooking.objects.filter(status=TestBooking.BOOKED, test_at__lte=now).count()


def _require(by: Actor) -> None:
    if not any(ACT in holding.acts for holding in by.holdings):
        raise Refused("no_examiner")
