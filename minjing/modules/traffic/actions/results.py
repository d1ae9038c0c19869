"""How a booked test went, entered by an examiner once: marks, or that nobody came.

A passed retest gives the licence back. Nobody enters a result of their own; the attempt stands in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import withholding
from minjing.modules.traffic.actions.guarding import is_own
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import TestBooking
from minjing.modules.traffic.queries.withholding import RETEST
from minjing.modules.traffic.rules import licences
from minjing.modules.traffic.rules.study import RETEST_DAYS

ACT = "examine"
INSTANT = timedelta(microseconds=1)


def enter(booking_id: UUID, marks: int | None, *, by: Actor, now: datetime) -> TestBooking:
    """Enter the marks of a test (0 to 100), or None: nobody came. The same result again changes nothing.

    Raises Refused: no post, the own test, before it has begun, another result already, marks that are none.
    """
    if not any(ACT in holding.acts for holding in by.holdings):
        _refused(None, "no_examiner", by, now)
    found = TestBooking.objects.filter(pk=booking_id).first()
    if found is None:
        raise Refused("not_yours")
    if is_own(found.person_id, by):
        _refused(found, "own_test", by, now)
    if marks is not None and not 0 <= marks <= licences.MARKS_MOST:
        raise Refused("marks")
    with transaction.atomic():
        return _entered(booking_id, marks, by, now)


def _entered(booking_id: UUID, marks: int | None, by: Actor, now: datetime) -> TestBooking:
    row = TestBooking.objects.select_for_update().get(pk=booking_id)
    status = TestBooking.ABSENT
    if marks is not None:
        passed = marks >= licences.pass_marks(row.subject, row.classes)
        status = TestBooking.PASSED if passed else TestBooking.FAILED
    if (row.status, row.marks) == (status, marks):
        return row
    if row.status != TestBooking.BOOKED:
        raise Refused("result_known")
    if row.test_at > now:
        raise Refused("too_early")
    row.status, row.marks = status, marks
    row.since_at = max(now, row.since_at + INSTANT)
    row.save(update_fields=["status", "marks", "since_at"])
    said = {"test": row.pk, "subject": row.subject, "status": status, "marks": marks, "by": by.account_id}
    ledger.append(ledger.entry(events.TEST_MARKED, said, at=now, org_id=row.org_id, subject_id=row.person_id))
    if row.subject == RETEST and status == TestBooking.PASSED:
        withholding.passed(row, by=by, now=now)
    _tell(row, now)
    return row


def _tell(row: TestBooking, now: datetime) -> None:
    account_id = people.account_of_person(row.person_id)
    if account_id is None:
        return
    template = f"test_{row.status}"
    said: dict[str, object] = {"subject": licences.SUBJECT_WORDS[row.subject]}
    if row.marks is not None:
        said["marks"] = row.marks
    if row.status == TestBooking.FAILED and row.subject == RETEST:
        template, said["from"] = "retest_failed", f"{local_day(row.test_at) + timedelta(days=RETEST_DAYS)}"
    notify.tell(account_id, template, said, dedupe=f"{template}:{row.pk}", now=now, org_id=row.org_id)


def _refused(row: TestBooking | None, why: str, by: Actor, now: datetime) -> None:
    said: Mapping[str, object] = {"test": row.pk if row else None, "why": why, "by": by.account_id}
    with transaction.atomic():
        ledger.append(ledger.entry(events.TEST_REFUSED, dict(said), at=now, org_id=row.org_id if row else 0))
    raise Refused(why)
