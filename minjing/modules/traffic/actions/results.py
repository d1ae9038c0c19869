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
from minjing.modules.traffic.actions.registers import change_licence, issue_licence
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import FileEntry, Licence, TestBooking
from minjing.modules.traffic.queries import registers, results
from minjing.modules.traffic.queries.files import latest, said
from minjing.modules.traffic.queries.results import ACT
from minjing.modules.traffic.queries.withholding import RETEST
from minjing.modules.traffic.rules import licences
from minjing.modules.traffic.rules.study import RETEST_DAYS

CEREMONY = "book_ceremony"
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


def swear(entry_id: UUID, *, by: Actor, now: datetime) -> Licence:
    """Issue the licence at the end of the ceremony (驾驶证规定 art. 60): a first one, or one class more.

    Sworn once, it is the same licence. Raises Refused: no post, one's own, a booking that was cancelled, before its
    day, a test not passed.
    """
    if not any(ACT in holding.acts for holding in by.holdings):
        _refused(None, "no_examiner", by, now)
    found = FileEntry.objects.filter(pk=entry_id, kind=CEREMONY).first()
    if found is None:
        raise Refused("not_yours")
    if is_own(found.person_id, by):
        _refused(found, "own_licence", by, now)
    with transaction.atomic():
        return _sworn(entry_id, by, now)


def _sworn(entry_id: UUID, by: Actor, now: datetime) -> Licence:
    entry = FileEntry.objects.select_for_update().get(pk=entry_id)
    held = registers.licence_of(entry.person_id)
    if entry.ended_at is not None:  # with the learner's certificate: sworn; else the booking was cancelled
        learners = FileEntry.objects.filter(person_id=entry.person_id, kind="learner", ended_at=entry.ended_at)
        if held is None or not learners.exists():
            raise Refused("state")
        return held
    if entry.until_date is None or entry.until_date > local_day(now):
        raise Refused("ceremony_early")
    learner = latest("learner", entry.person_id)
    if learner is None or not results.all_passed(learner):
        raise Refused("tests_missing")
    licence = _issued(held, str(said(learner)["class"]), entry, by, now)
    FileEntry.objects.filter(pk__in=[entry.pk, learner.pk]).update(ended_at=now)
    ended = {"kind_of": CEREMONY, "count": 2, "by": by.account_id}
    ledger.append(ledger.entry(events.FILE_ENDED, ended, at=now, org_id=entry.org_id, subject_id=entry.person_id))
    account_id = people.account_of_person(entry.person_id)
    if account_id is not None:
        told = {"classes": licence.classes}
        notify.tell(account_id, "licence_issued", told, dedupe=f"licence_issued:{entry.pk}", now=now)
    return licence


def _issued(held: Licence | None, wanted: str, entry: FileEntry, by: Actor, now: datetime) -> Licence:
    today = local_day(now)
    if held is not None:
        classes = ",".join(dict.fromkeys([*held.classes.split(","), wanted]))
        facts = {"classes": classes, "probation_until_date": licences.year_later(today)}
        return change_licence(held.pk, facts, "class_added", by=by, now=now, matter_id=entry.matter_id)
    return issue_licence(
        {
            "org_id": entry.org_id, "person_id": entry.person_id, "classes": wanted,
            "file_number": f"4403{entry.pk.int % 10**8:08d}", "first_issued_date": today, "valid_from_date": today,
            "valid_until_date": licences.next_term(today, 0), "probation_until_date": licences.year_later(today),
        },
        by=by, now=now, matter_id=entry.matter_id,
    )  # fmt: skip


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
    entry = {"test": row.pk, "subject": row.subject, "status": status, "marks": marks, "by": by.account_id}
    ledger.append(ledger.entry(events.TEST_MARKED, entry, at=now, org_id=row.org_id, subject_id=row.person_id))
    if row.subject == RETEST and status == TestBooking.PASSED:
        withholding.passed(row, by=by, now=now)
    _tell(row, now)
    return row


def _tell(row: TestBooking, now: datetime) -> None:
    account_id = people.account_of_person(row.person_id)
    if account_id is None:
        return
    template = f"test_{row.status}"
    told: dict[str, object] = {"subject": licences.SUBJECT_WORDS[row.subject]}
    if row.marks is not None:
        told["marks"] = row.marks
    if row.status == TestBooking.FAILED and row.subject == RETEST:
        template, told["from"] = "retest_failed", f"{local_day(row.test_at) + timedelta(days=RETEST_DAYS)}"
    notify.tell(account_id, template, told, dedupe=f"{template}:{row.pk}", now=now, org_id=row.org_id)


def _refused(row: TestBooking | FileEntry | None, why: str, by: Actor, now: datetime) -> None:
    entry: Mapping[str, object] = {"test": row.pk if row else None, "why": why, "by": by.account_id}
    with transaction.atomic():
        ledger.append(ledger.entry(events.TEST_REFUSED, dict(entry), at=now, org_id=row.org_id if row else 0))
    raise Refused(why)
