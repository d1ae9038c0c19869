"""Bookings: the engine takes the place with the submission; here it becomes a row of a register, and a slip."""

from __future__ import annotations

from collections.abc import Callable

from minjing.base.clock import CHINA
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as halls
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.rules import parse_code
from minjing.kernel.identity.actor import RESIDENT, Actor
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.plugs import EffectRefused
from minjing.kernel.matters.schema import Text
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.case import Case, Facts, refused, text
from minjing.modules.traffic.actions.effects.licences import learner_of
from minjing.modules.traffic.models import TestBooking
from minjing.modules.traffic.queries import withholding
from minjing.modules.traffic.rules import licences as rules

PLACE, WHEN, CODE = text("地点", "Place"), text("到场时间", "Day and time"), text("预约码", "Booking code")
SUBJECTS = {"book_test_one": "1", "book_test_two": "2", "book_test_three": "3", "book_test_four": "4",
            "book_full_points": "points"}  # fmt: skip

BOOKED = ("book_inspection", "book_ceremony", "book_violation", "book_release", "book_claim", "book_collection",
          "book_coast")  # fmt: skip


def slip(case: Case) -> tuple[Visit, Facts]:
    """Return the visit held for the application and what its slip says. Raises EffectRefused where there is none."""
    visit = matters.visit_of(case.matter.id)
    if visit is None:
        raise refused("还没有选时间，民警会联系另约。", "No time was chosen; an officer will settle one.")
    place = halls.place_by_id(visit.place_id)
    at = visit.starts_at.astimezone(CHINA)
    return visit, [(PLACE, place.name["zh"]), (WHEN, f"{at:%Y-%m-%d %H:%M}"), (CODE, visit.code), *case.told()]


def booked(why: str) -> Callable[[Case], Facts]:
    """Return the effect of a booking that is no test: an entry on the file, and the slip."""

    def run(case: Case) -> Facts:
        visit, said = slip(case)
        case.enter(why, subject=visit.code, until=visit.starts_at.astimezone(CHINA).date())
        return said

    return run


def test(subject: str) -> Callable[[Case], Facts]:
    """Return the effect of a booked test: a row of the register of tests."""

    def run(case: Case) -> Facts:
        visit, said = slip(case)
        learner = learner_of(case.person, case.today)
        wanted = str(case.licence.classes) if subject == "points" else _class_of(case)
        day = visit.starts_at.astimezone(CHINA).date()
        if learner is not None and day < rules.first_test_day(
            subject, wanted, learner.since_at.astimezone(CHINA).date()
        ):
            raise refused(
                "学习时间还没有满，请约晚一些。", "The days of learning are not over by then; book a later day."
            )
        full = withholding.open_full(case.person) if subject == withholding.RETEST else None
        again = withholding.retest_from(case.person, full.reached_at) if full else None
        if again is not None and day < again:
            raise refused(
                f"上次不合格，{again} 起可以再考，请约那天或以后。",
                f"The last test was failed; the next one may be taken from {again}: book that day or later.",
            )
        if TestBooking.objects.filter(person_id=case.person, subject=subject, status="booked").exists():
            raise refused("这个科目已有预约。", "A test of this subject is booked already.")
        made = TestBooking.objects.create(
            org_id=case.matter.org_id, person_id=case.person, subject=subject, classes=wanted[:10],
            place=halls.place_by_id(visit.place_id).code, test_at=visit.starts_at, since_at=case.now,
            visit_id=visit.pk, matter_id=case.matter.id,
        )  # fmt: skip
        case.note(events.TEST_BOOKED, case.person, test=made.pk, subject=subject)
        return said

    return run


def _class_of(case: Case) -> str:
    from minjing.modules.traffic.queries.files import said

    row = learner_of(case.person, case.today)
    return str(said(row).get("class", "C1")) if row else "C1"


def cancelled(case: Case) -> Facts:
    """Give up the applicant's booking with this code; the place is free again."""
    account = Actor(case.matter.account_id, RESIDENT, case.person, level=2)
    code = parse_code(case.text("booking_code"))
    visit = next((v for v in halls.my_visits(account) if code and v.code == code), None)
    if visit is None or visit.state != "booked":
        raise refused("没有查到这个预约码的有效预约。", "There is no booking with this code.")
    try:
        booking.cancel(visit.pk, ver=visit.ver, by=account, now=case.now, request_id=case.matter.id)
    except BookingError as error:
        raise EffectRefused(Text(**error.text), error.key) from None
    for kind in BOOKED:
        case.end(kind, person_id=case.person, subject=visit.code)
    for row in TestBooking.objects.select_for_update().filter(visit_id=visit.pk, status="booked"):
        row.status, row.since_at = TestBooking.CANCELLED, case.now
        row.save(update_fields=["status", "since_at"])
        case.note(events.TEST_CANCELLED, case.person, test=row.pk)
    return [(CODE, visit.code), (text("结果", "Result"), "已取消，名额退回"), *case.told("booking_code")]


RUNS: dict[str, Callable[[Case], Facts]] = {
    **{name: test(subject) for name, subject in SUBJECTS.items()},
    **{name: booked(name) for name in BOOKED},
    "cancel_test": cancelled, "cancel_handling": cancelled, "cancel_coast": cancelled,
}  # fmt: skip
