"""A licence is withheld by a decision or by twelve points, its clock runs, and it comes back to its holder."""

import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import OFFICER, SYSTEM, Actor, Holding
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message
from minjing.modules.traffic import events
from minjing.modules.traffic.accepts.asked import Asked
from minjing.modules.traffic.accepts.licences import retest
from minjing.modules.traffic.actions import deciding, penalties, points, results, violations, withholding
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import (
    FileEntry,
    FullPoints,
    Licence,
    LicencePast,
    PointsEntry,
    Study,
    Suspension,
    TestBooking,
    Violation,
)
from minjing.modules.traffic.queries import own, registers
from minjing.modules.traffic.queries import points as counts
from minjing.modules.traffic.queries import withholding as withheld
from minjing.modules.traffic.queries.files import FILE_CONTEXT
from minjing.modules.traffic.rules import withholding as rules
from minjing.modules.traffic.tests.test_races import at_once

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEFORE = datetime(2020, 6, 1, tzinfo=UTC)


def officer(number, name="周警官", person_id=None, act="review_violations"):
    holding = Holding("traffic_reviewer", 1, "1.", "bureau", 0, frozenset({act}))
    return Actor(UUID(int=number), OFFICER, person_id, name, holdings=(holding,))


ZHOU = officer(7)
QIAN = officer(8, "钱警官", act="examine")


@pytest.fixture
def lin(db, person):
    """Return a resident with an account."""
    account = identity.open_account(phone="13800000001", person_id=person(1), level=3, now=NOW)
    return people.actor_of(account.pk, NOW)


@pytest.fixture
def car(lin, vehicle):
    return vehicle(lin.person_id, at=BEFORE)


@pytest.fixture
def driver(lin, licence):
    return licence(lin.person_id, at=BEFORE)


@pytest.fixture
def fifth(car, driver):
    """Return five red lights of a year, published: the fifth means three months."""
    return [published(car, NOW - (20 * (5 - n)) * DAY) for n in range(5)]


def published(car, at, conduct="SZP01"):
    said = {"org_id": 1, "violated_at": at, "conduct": conduct, "place": f"深南大道 {at:%H%M}", "plate": car.plate}
    one = violations.record(said, by=SYSTEM, now=NOW - 5 * DAY)
    return violations.review(one.pk, by=ZHOU, now=NOW - 4 * DAY)


def suspended(violations_, driver):
    """Decide the last one at the counter and return its suspension."""
    deciding.decide_at_counter(violations_[-1].pk, driver.file_number, by=ZHOU, now=NOW)
    return Suspension.objects.get()


def state(driver):
    driver.refresh_from_db()
    return driver.status, driver.suspended_until_date


def told(lin):
    return set(Message.objects.filter(account_id=lin.account_id, channel="in_app").values_list("template", flat=True))


def kinds():
    return set(Outbox.objects.values_list("kind", flat=True))


def full_by_another_city(lin, amount=12):
    points.from_elsewhere(lin.person_id, amount, "guangzhou", f"GZ{amount}", NOW - DAY, by=SYSTEM, now=NOW)
    return FullPoints.objects.get(person_id=lin.person_id, ended_at__isnull=True)


def booked(lin, at=NOW, subject="points"):
    return TestBooking.objects.create(
        org_id=0, person_id=lin.person_id, subject=subject, classes="C1", place="test", test_at=at, since_at=at - DAY
    )


# ---- suspension -----------------------------------------------------------------------------------------


def test_the_fifth_red_light_withholds_the_licence_from_the_decision_on(lin, fifth, driver):
    assert fifth[-1].suspension_months == 3
    row = suspended(fifth, driver)
    assert (row.from_date, row.until_date) == (date(2026, 11, 26), date(2027, 2, 26))
    assert state(driver) == ("suspended", date(2027, 2, 26))
    assert not registers.may_drive(driver, date(2026, 11, 26))
    assert LicencePast.objects.get(licence=driver).status == "valid"
    assert events.SUSPENSION_BEGUN in kinds()
    assert "licence_suspended" in told(lin)


def test_it_is_not_decided_online_and_twice_at_the_counter_is_once(lin, fifth, driver):
    with pytest.raises(Refused) as no:
        deciding.decide(fifth[-1].pk, by=lin, now=NOW)
    assert no.value.key == "suspension"
    first = deciding.decide_at_counter(fifth[-1].pk, driver.file_number, by=ZHOU, now=NOW)
    again = deciding.decide_at_counter(fifth[-1].pk, driver.file_number, by=ZHOU, now=NOW + DAY)
    assert (first.pk, Suspension.objects.count()) == (again.pk, 1)
    assert (first.decided_by, first.account_id) == (ZHOU.account_id, lin.account_id)


@pytest.mark.parametrize(
    ("who", "file_number", "why"),
    [
        (officer(9, "林建夫"), None, "own_car"),
        (officer(9, act="look"), None, "no_post"),
        (ZHOU, "1", "unknown_licence"),
    ],
)
def test_the_counter_refuses_its_own_car_no_post_and_an_unknown_licence(fifth, driver, who, file_number, why):
    with pytest.raises(Refused) as no:
        deciding.decide_at_counter(fifth[-1].pk, file_number or driver.file_number, by=who, now=NOW)
    assert no.value.key == why
    assert not Suspension.objects.exists()


def test_an_officers_own_licence_is_refused_on_anothers_car(car, fifth, licence, person):
    zhou = person(3)
    own_one = licence(zhou, at=BEFORE)
    with pytest.raises(Refused) as no:
        deciding.decide_at_counter(fifth[-1].pk, own_one.file_number, by=officer(7, "周警官", zhou), now=NOW)
    assert no.value.key == "own_licence"
    assert events.VIOLATION_REFUSED in kinds()


@pytest.mark.parametrize(
    ("days", "run", "left", "over"), [(0, 0, 92, False), (10, 10, 82, False), (91, 91, 1, False), (92, 92, 0, True)]
)
def test_the_clock_says_what_has_run_and_what_is_left(days, run, left, over):
    found = rules.clock(date(2026, 11, 26), date(2027, 2, 26), date(2026, 11, 26) + days * DAY)
    assert (found.total, found.run, found.left, found.over) == (92, run, left, over)


def test_a_suspension_ends_where_a_short_month_has_no_such_day():
    assert rules.term(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert rules.term(date(2026, 10, 31), 1) == date(2026, 11, 30)
    assert rules.term(date(2026, 10, 30), 3) == date(2027, 1, 30)
    with pytest.raises(ValueError, match="months"):
        rules.term(date(2026, 11, 30), 0)


def test_the_licence_comes_back_on_the_day_its_days_are_over(lin, fifth, driver):
    suspended(fifth, driver)
    assert withholding.give_back_due(by=SYSTEM, now=NOW + 91 * DAY) == 0
    assert state(driver)[0] == "suspended"
    assert withholding.give_back_due(by=SYSTEM, now=NOW + 92 * DAY) == 1
    assert state(driver) == ("valid", None)
    assert withholding.give_back_due(by=SYSTEM, now=NOW + 93 * DAY) == 0
    assert "licence_returned" in told(lin)
    assert events.SUSPENSION_ENDED in kinds()
    assert registers.licence_on(driver.pk, NOW + 50 * DAY).status == "suspended"


def test_a_strike_of_the_violation_itself_lifts_it(lin, fifth, driver):
    row = suspended(fifth, driver)
    penalties.strike(fifth[-1].pk, "made_way", {}, by=ZHOU, now=NOW + 5 * DAY)
    row.refresh_from_db()
    assert row.lifted_at == NOW + 5 * DAY
    assert state(driver) == ("valid", None)
    assert {"licence_suspended", "licence_returned"} <= told(lin)


def test_a_strike_of_an_earlier_one_lifts_what_rested_on_the_count(fifth, driver):
    suspended(fifth, driver)
    penalties.strike(fifth[0].pk, "made_way", {}, by=ZHOU, now=NOW + 5 * DAY)
    assert state(driver) == ("valid", None)
    assert events.SUSPENSION_LIFTED in kinds()


def test_fewer_months_bring_the_end_forward_and_what_has_run_longer_is_over(fifth, driver):
    row = suspended(fifth, driver)
    withholding.reconsider({fifth[-1].pk: 1}, [driver.person_id], by=SYSTEM, now=NOW + 5 * DAY)
    assert state(driver) == ("suspended", date(2026, 12, 26))
    withholding.reconsider({fifth[-1].pk: 1}, [driver.person_id], by=SYSTEM, now=NOW + 6 * DAY)
    assert Outbox.objects.filter(kind=events.SUSPENSION_SHORTENED).count() == 1
    row.refresh_from_db()
    assert row.until_date == date(2026, 12, 26)


def test_a_second_suspension_waits_for_the_first_and_begins_when_it_falls(car, fifth, driver):
    suspended(fifth, driver)
    sixth = published(car, NOW - 10 * DAY)
    deciding.decide_at_counter(sixth.pk, driver.file_number, by=ZHOU, now=NOW)
    assert state(driver) == ("suspended", date(2027, 5, 26))
    withholding.reconsider({fifth[-1].pk: 0}, [driver.person_id], by=SYSTEM, now=NOW + 10 * DAY)
    (row,) = withheld.open_suspensions(driver.person_id)
    assert (row.from_date, row.until_date) == (date(2026, 12, 6), date(2027, 3, 6))
    assert state(driver) == ("suspended", date(2027, 3, 6))


def test_a_suspension_of_another_register_is_not_given_back_by_a_strike_elsewhere(car, driver):
    until = date(2027, 6, 1)
    change = {"status": "suspended", "suspended_until_date": until}
    from minjing.modules.traffic.actions import registers as acts

    acts.change_licence(driver.pk, change, "taken_over", by=SYSTEM, now=NOW - 30 * DAY)
    one = published(car, NOW - 10 * DAY)
    Violation.objects.filter(pk=one.pk).update(person_id=driver.person_id)
    penalties.strike(one.pk, "made_way", {}, by=ZHOU, now=NOW)
    assert state(driver) == ("suspended", until)
    withholding.give_back_due(by=SYSTEM, now=datetime(2027, 6, 1, 2, tzinfo=UTC))
    assert state(driver) == ("valid", None)


def test_the_licence_page_and_the_code_say_suspended(lin, fifth, driver):
    suspended(fifth, driver)
    found = own.licence(lin, NOW + 10 * DAY)
    ((_, clock),) = found.withheld.suspensions
    assert (found.state, clock.run, clock.left) == ("suspended", 10, 82)
    assert own.shown_code(found, lin, NOW).status == "suspended"


# ---- twelve points --------------------------------------------------------------------------------------


def test_twelve_points_withhold_the_licence_and_take_seven_days_of_study(lin, driver):
    row = full_by_another_city(lin)
    assert (row.points, row.study_days) == (12, 7)
    assert state(driver) == ("full_points", None)
    assert "licence_full_points" in told(lin)


def test_points_beyond_twelve_of_another_city_mean_more_days_and_are_entered_once(lin, driver):
    full_by_another_city(lin)
    for _ in range(2):
        points.from_elsewhere(lin.person_id, 15, "huizhou", "HZ1", NOW - DAY, by=SYSTEM, now=NOW + HOUR)
    row = FullPoints.objects.get()
    assert (row.points, row.study_days) == (27, 14)
    assert state(driver) == ("full_points", None)


def test_points_of_another_citys_past_cycle_do_not_withhold_the_licence(lin, driver):
    points.from_elsewhere(lin.person_id, 12, "guangzhou", "GZ1", NOW - 400 * DAY, by=SYSTEM, now=NOW)
    assert state(driver) == ("valid", None)


def test_points_of_a_driver_whose_licence_is_elsewhere_are_kept(lin):
    points.from_elsewhere(lin.person_id, 12, "guangzhou", "GZ1", NOW - DAY, by=SYSTEM, now=NOW)
    assert PointsEntry.objects.get().points == 12
    assert not FullPoints.objects.exists()


def test_a_passed_retest_gives_the_licence_back_and_clears_the_points(lin, driver):
    full_by_another_city(lin)
    results.enter(booked(lin).pk, 95, by=QIAN, now=NOW + HOUR)
    assert state(driver) == ("valid", None)
    assert counts.standing_of(driver, NOW + HOUR).points == 0
    assert FullPoints.objects.get().ended_by == "passed"
    assert {"test_passed", "licence_returned"} <= told(lin)
    points.from_elsewhere(lin.person_id, 6, "huizhou", "HZ2", NOW, by=SYSTEM, now=NOW + DAY)
    assert counts.standing_of(driver, NOW + DAY).points == 6


def test_a_failed_retest_is_taken_again_after_ten_days(lin, driver):
    full_by_another_city(lin)
    results.enter(booked(lin, NOW + HOUR).pk, 89, by=QIAN, now=NOW + 2 * HOUR)
    assert state(driver) == ("full_points", None)
    assert withheld.of(lin.person_id, NOW + DAY).retest_from == date(2026, 12, 6)
    assert "retest_failed" in told(lin)


def test_a_result_is_entered_once_by_an_examiner_and_never_ones_own(lin, driver):
    full_by_another_city(lin)
    one = booked(lin)
    for who, why in ((ZHOU, "no_examiner"), (officer(9, "林建夫", act="examine"), "own_test")):
        with pytest.raises(Refused) as no:
            results.enter(one.pk, 95, by=who, now=NOW + HOUR)
        assert no.value.key == why
    assert events.TEST_REFUSED in kinds()
    for marks, at, why in ((101, NOW + HOUR, "marks"), (95, NOW - HOUR, "too_early")):
        with pytest.raises(Refused) as no:
            results.enter(one.pk, marks, by=QIAN, now=at)
        assert no.value.key == why
    results.enter(one.pk, None, by=QIAN, now=NOW + HOUR)
    assert results.enter(one.pk, None, by=QIAN, now=NOW + DAY).status == "absent"
    with pytest.raises(Refused) as no:
        results.enter(one.pk, 95, by=QIAN, now=NOW + HOUR)
    assert no.value.key == "result_known"


@pytest.mark.parametrize(
    ("subject", "classes", "marks", "status"),
    [("1", "C1", 90, "passed"), ("2", "C1", 80, "passed"), ("2", "A2", 80, "failed"), ("3", "C1", 89, "failed")],
)
def test_each_subject_has_its_marks(lin, subject, classes, marks, status):
    one = booked(lin, subject=subject)
    TestBooking.objects.filter(pk=one.pk).update(classes=classes, since_at=NOW - HOUR)
    assert results.enter(one.pk, marks, by=QIAN, now=NOW + HOUR).status == status


def test_a_retest_is_booked_when_the_study_is_done(lin, driver):
    asked = Asked(lin.person_id, {"licence_no": "1", "study_ref": "1"}, NOW)
    assert "licence_no" in retest(asked)
    full_by_another_city(lin)
    assert "7 天" in retest(asked)["study_ref"].zh
    Study.objects.create(
        number="XX1", person_id=lin.person_id, kind="full_points", begun_at=NOW, marks=95, passed_at=NOW + 8 * DAY,
        tested_at=NOW + 8 * DAY,
    )  # fmt: skip
    assert retest(asked) == {}


def test_a_strike_below_twelve_gives_the_licence_back(lin, car, driver):
    points.from_elsewhere(lin.person_id, 9, "guangzhou", "GZ9", NOW - 3 * DAY, by=SYSTEM, now=NOW)
    first, second = published(car, NOW - 40 * DAY), published(car, NOW - 20 * DAY)
    deciding.decide_at_counter(second.pk, driver.file_number, by=ZHOU, now=NOW)
    assert (state(driver)[0], second.points, first.points) == ("full_points", 6, 0)
    penalties.strike(second.pk, "cloned", {}, by=ZHOU, now=NOW + DAY)
    assert state(driver) == ("valid", None)
    assert FullPoints.objects.get().ended_by == "dropped"


def test_twelve_points_outlast_a_suspension_and_a_past_cycle(lin, fifth, driver):
    suspended(fifth, driver)
    full_by_another_city(lin)
    assert state(driver)[0] == "suspended"
    withholding.give_back_due(by=SYSTEM, now=NOW + 92 * DAY)
    assert state(driver) == ("full_points", None)
    other = Violation.objects.filter(pk=fifth[0].pk).first()
    Violation.objects.filter(pk=other.pk).update(person_id=lin.person_id)
    penalties.strike(other.pk, "made_way", {}, by=ZHOU, now=NOW + 200 * DAY)  # in the next cycle
    assert state(driver) == ("full_points", None)


def test_one_more_suspension_runs_after_that_of_another_register(fifth, driver):
    from minjing.modules.traffic.actions import registers as acts

    change = {"status": "suspended", "suspended_until_date": date(2027, 6, 1)}
    acts.change_licence(driver.pk, change, "taken_over", by=SYSTEM, now=NOW - 30 * DAY)
    row = suspended(fifth, driver)
    assert (row.from_date, row.until_date) == (date(2027, 6, 1), date(2027, 9, 1))
    assert state(driver) == ("suspended", date(2027, 9, 1))


def test_a_retest_passed_after_a_strike_took_its_ground_clears_nothing(lin, car, driver):
    points.from_elsewhere(lin.person_id, 9, "guangzhou", "GZ9", NOW - 3 * DAY, by=SYSTEM, now=NOW)
    second = [published(car, NOW - 40 * DAY), published(car, NOW - 20 * DAY)][1]
    deciding.decide_at_counter(second.pk, driver.file_number, by=ZHOU, now=NOW)
    one = booked(lin)
    penalties.strike(second.pk, "cloned", {}, by=ZHOU, now=NOW + HOUR)
    assert results.enter(one.pk, 95, by=QIAN, now=NOW + 2 * HOUR).status == "passed"
    assert counts.standing_of(driver, NOW + 3 * HOUR).points == 9
    assert FullPoints.objects.get().ended_by == "dropped"


def test_points_of_another_city_take_the_post_and_are_never_entered_on_ones_own_licence(lin, driver):
    for who, why in ((QIAN, "no_post"), (officer(9, "林建夫"), "own_licence")):
        with pytest.raises(Refused) as no:
            points.from_elsewhere(lin.person_id, 12, "guangzhou", "GZ1", NOW - DAY, by=who, now=NOW)
        assert no.value.key == why
    assert Outbox.objects.filter(kind=events.VIOLATION_REFUSED).count() == 2
    assert not PointsEntry.objects.exists()


def test_a_cancelled_licence_stays_cancelled_whatever_ends(fifth, driver):
    from minjing.modules.traffic.actions import registers as acts

    suspended(fifth, driver)
    change = {"status": "revoked", "suspended_until_date": None}
    acts.change_licence(driver.pk, change, "revoked", by=SYSTEM, now=NOW + DAY)
    withholding.give_back_due(by=SYSTEM, now=NOW + 92 * DAY)
    assert state(driver) == ("revoked", None)


@pytest.mark.django_db(transaction=True)
def test_two_strikes_at_once_lift_one_suspension_once(lin, fifth, driver):
    suspended(fifth, driver)
    at = NOW + 5 * DAY
    strikes = [
        lambda row=row: penalties.strike(row.pk, "made_way", {}, by=ZHOU, now=at) for row in (fifth[0], fifth[-1])
    ]
    assert at_once(*strikes, lambda: withholding.give_back_due(by=SYSTEM, now=NOW + 92 * DAY)) == []
    row = Suspension.objects.get()
    assert (row.lifted_at is None) != (row.returned_at is None)
    ended = Outbox.objects.filter(kind__in=(events.SUSPENSION_LIFTED, events.SUSPENSION_ENDED))
    assert ended.count() == 1
    assert state(driver) == ("valid", None)
    assert Message.objects.filter(template="licence_returned", channel="in_app").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_strikes_at_once_on_two_vehicles_lift_both_suspensions_of_one_driver(lin, vehicle, fifth, driver):
    suspended(fifth, driver)
    other = vehicle(lin.person_id, "粤B54321", at=BEFORE)
    more = [published(other, NOW - (20 * (5 - n)) * DAY) for n in range(5)]
    deciding.decide_at_counter(more[-1].pk, driver.file_number, by=ZHOU, now=NOW)
    assert state(driver) == ("suspended", date(2027, 5, 26))
    at = NOW + 5 * DAY
    strikes = [
        lambda row=row: penalties.strike(row.pk, "made_way", {}, by=ZHOU, now=at) for row in (fifth[-1], more[-1])
    ]
    assert at_once(*strikes) == []
    assert Suspension.objects.filter(lifted_at=at).count() == 2
    assert state(driver) == ("valid", None)
    assert Message.objects.filter(template="licence_returned", channel="in_app").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_decided_online_at_once_on_two_vehicles_do_not_reach_twelve_points(lin, car, vehicle, driver):
    other = vehicle(lin.person_id, "粤B54321", at=BEFORE)
    seconds = [[published(one, NOW - 40 * DAY), published(one, NOW - 20 * DAY)][1] for one in (car, other)]
    assert [row.points for row in seconds] == [6, 6]
    raised = at_once(*(lambda row=row: deciding.decide(row.pk, by=lin, now=NOW) for row in seconds))
    assert [error.key for error in raised] == ["full_points"]
    assert counts.standing_of(driver, NOW).points == 6


# ---- the ceremony ---------------------------------------------------------------------------------------


def entered(lin, kind, **facts):
    words = json.dumps({"class": "D"})
    return FileEntry.objects.create(
        org_id=0, kind=kind, person_id=lin.person_id, said_sealed=seal(lin.person_id, FILE_CONTEXT, words),
        since_at=NOW - 60 * DAY, **facts,
    )  # fmt: skip


@pytest.mark.parametrize(("first", "classes"), [(True, "D"), (False, "C1,D")])
def test_the_ceremony_issues_the_licence_or_adds_the_class_when_all_tests_are_passed(first, classes, lin, licence):
    if not first:
        licence(lin.person_id, at=BEFORE)
    entered(lin, "learner", until_date=date(2029, 1, 1))
    ceremony = entered(lin, "book_ceremony", until_date=NOW.date())
    with pytest.raises(Refused) as no:
        results.swear(ceremony.pk, by=QIAN, now=NOW)
    assert no.value.key == "tests_missing"
    for subject in ("1", "2", "3", "4"):
        results.enter(booked(lin, subject=subject).pk, 95, by=QIAN, now=NOW + HOUR)
    for who, why in ((ZHOU, "no_examiner"), (officer(9, "林建夫", act="examine"), "own_licence")):
        refusals = Outbox.objects.filter(kind=events.TEST_REFUSED).count()
        with pytest.raises(Refused) as no:
            results.swear(ceremony.pk, by=who, now=NOW + HOUR)
        assert no.value.key == why
        assert Outbox.objects.filter(kind=events.TEST_REFUSED).count() == refusals + 1
    made = results.swear(ceremony.pk, by=QIAN, now=NOW + 2 * HOUR)
    assert results.swear(ceremony.pk, by=QIAN, now=NOW + 3 * HOUR).pk == made.pk
    assert (Licence.objects.get().classes, made.probation_until_date) == (classes, date(2027, 11, 26))
    assert not FileEntry.objects.filter(ended_at__isnull=True).exists()
    assert "licence_issued" in told(lin)


def test_a_ceremony_that_was_cancelled_issues_no_licence(lin, driver):
    entered(lin, "learner", until_date=date(2029, 1, 1))
    ceremony = entered(lin, "book_ceremony", until_date=NOW.date())
    for subject in ("1", "2", "3", "4"):
        results.enter(booked(lin, subject=subject).pk, 95, by=QIAN, now=NOW + HOUR)
    with pytest.raises(Refused) as no:
        results.swear(ceremony.pk, by=QIAN, now=NOW - DAY)
    assert no.value.key == "ceremony_early"
    FileEntry.objects.filter(pk=ceremony.pk).update(ended_at=NOW)
    with pytest.raises(Refused) as no:
        results.swear(ceremony.pk, by=QIAN, now=NOW + 2 * HOUR)
    assert no.value.key == "state"
    assert Licence.objects.get().classes == "C1"
