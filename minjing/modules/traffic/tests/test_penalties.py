"""From the camera to the refund: recorded, reviewed, decided, paid, struck, and what follows for later ones."""

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import OFFICER, SYSTEM, Actor, Holding
from minjing.kernel.notify.models import Message
from minjing.kernel.pay import plugs as pay
from minjing.kernel.pay.actions import attempts, refunds
from minjing.kernel.pay.models import Attempt, Order, Refund
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.modules.traffic.actions import deciding, money, penalties, points, registers, violations
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Charge, Outcome, Strike, Violation
from minjing.modules.traffic.queries import histories
from minjing.modules.traffic.queries import points as points_of
from minjing.modules.traffic.queries import violations as seen_by

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BEFORE = datetime(2020, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def house(settings):
    """Let money move in memory, and only what traffic hangs into pay follow it."""
    settings.PAY_PROVIDERS = ["minjing.kernel.pay.tests.simulated"]
    HOUSE.reset()
    HOUSE.at(NOW)
    kept = (list(pay.SETTLED), list(pay.EXPIRED))
    pay.SETTLED[:], pay.EXPIRED[:] = [money.settled], [money.expired]
    yield HOUSE
    pay.SETTLED[:], pay.EXPIRED[:] = kept


def officer(number, name="周警官", person_id=None):
    holding = Holding("traffic_reviewer", 1, "1.", "bureau", 0, frozenset({"review_violations"}))
    return Actor(UUID(int=number), OFFICER, person_id, name, holdings=(holding,))


ZHOU, QIAN = officer(7), officer(8, "钱警官")


@pytest.fixture
def lin(db, person):
    """Return a resident with an account."""
    known = person(1)
    account = identity.open_account(phone="13800000001", person_id=known, level=3, now=NOW)
    return people.actor_of(account.pk, NOW)


@pytest.fixture
def car(lin, vehicle):
    return vehicle(lin.person_id, at=BEFORE)


@pytest.fixture
def driver(lin, licence):
    return licence(lin.person_id, at=BEFORE)


def recorded(car, at, conduct="SZP01", **facts):
    said = {"org_id": 1, "violated_at": at, "conduct": conduct, "place": f"深南大道 {at:%H%M}", "plate": car.plate}
    return violations.record(said | facts, by=SYSTEM, now=NOW - 5 * DAY)


def published(car, at, conduct="SZP01", **facts):
    return violations.review(recorded(car, at, conduct, **facts).pk, by=ZHOU, now=NOW - 4 * DAY)


def red_lights(car, count=3):
    """Return red lights, a month from one to the next; the last is recent."""
    return [published(car, NOW - (30 * (count - n) + 10) * DAY) for n in range(count)]


def paid(violation, lin, now=NOW):
    """Decide and pay; return the order."""
    decision = deciding.decide(violation.pk, by=lin, now=now)
    for charge in decision.charges.all():
        order = money.order_of(charge.pk, by=lin, now=now)
        pay_it(order, lin, now)
    return Order.objects.get(pk=decision.charges.get().order_id)


def pay_it(order, lin, now=NOW):
    attempt = attempts.begin(order.id, "wechat_h5", by=lin, now=now, key=f"pay{order.id}")
    HOUSE.pay(attempt.number)
    asked(attempt, now + MINUTE)


def asked(attempt, now):
    Attempt.objects.filter(pk=attempt.pk, next_at__isnull=False).update(next_at=now)
    HOUSE.at(now)
    attempts.ask(attempt.pk, now=now)


def sums(violation):
    violation.refresh_from_db()
    return violation.kind, violation.fine_fen, violation.points


def told(lin):
    rows = Message.objects.filter(account_id=lin.account_id, channel="in_app")
    return Counter(rows.values_list("template", flat=True))


def test_the_driver_sees_what_an_officer_has_published_with_its_reasons(lin, car):
    one = recorded(car, NOW - 10 * DAY)
    assert seen_by.mine(by=lin) == []
    violations.review(one.pk, by=ZHOU, now=NOW)
    (row,) = seen_by.mine(by=lin)
    seen = seen_by.one(row.pk, by=lin, now=NOW)
    assert sums(row) == ("warned", 0, 0)
    assert [reason["rule"] for reason in seen.reasons] == ["SZP01", "JF22", "FIRST"]
    assert row.held_since_date == date(2020, 6, 1)
    assert told(lin) == {"violation_published": 1}


def test_a_strike_recomputes_the_later_ones_tells_and_records_before_and_after(lin, car):
    first, second, third, fourth = red_lights(car, 4)
    assert [sums(v)[1] for v in (first, second, third, fourth)] == [0, 50000, 100000, 100000]
    struck = penalties.strike(first.pk, "made_way", {"mission": "A7"}, by=ZHOU, now=NOW)
    assert [sums(v)[:2] for v in (first, second, third, fourth)] == [
        ("removed", 0), ("warned", 0), ("charged", 50000), ("charged", 100000),
    ]  # fmt: skip
    changed = {d["number"]: (d["before"]["fine_fen"], d["after"]["fine_fen"]) for d in struck.differences}
    assert changed == {first.number: (0, 0), second.number: (50000, 0), third.number: (100000, 50000)}
    assert [o.cause for o in Outcome.objects.filter(violation=third).order_by("seq")] == ["initial", "cascade"]
    assert told(lin)["violation_changed"] == 2
    assert told(lin)["violation_struck"] == 1


def test_a_history_is_read_into_the_fields_it_is_of(lin, car, driver):
    first, second = red_lights(car, 2)
    decision = deciding.decide(second.pk, by=lin, now=NOW)
    one, two = histories.history_of(first, histories.judge_of(NOW))
    for found, row in ((one, first), (two, Violation.objects.get(pk=second.pk))):
        assert {name: getattr(found.row, name) for name in histories.COLUMNS} == {
            name: getattr(row, name) for name in histories.COLUMNS
        }
        assert (found.owner_person_id, found.strike_id, found.withheld_from) == (lin.person_id, None, None)
    assert (one.decided, list(one.charges)) == (False, [])
    assert (two.decided, list(two.charges)) == (True, [charge.pk for charge in decision.charges.all()])


def test_a_strike_takes_the_same_few_statements_however_many_it_changes(lin, car, driver, django_assert_num_queries):
    rows = red_lights(car, 4)
    with django_assert_num_queries(8 + 2):  # and the savepoint that a transaction of its own is within a test
        penalties.strike(rows[0].pk, "made_way", {}, by=ZHOU, now=NOW)


def test_a_strike_is_done_once(lin, car):
    first, second = red_lights(car, 2)
    one = penalties.strike(first.pk, "stolen", {}, by=ZHOU, now=NOW)
    assert penalties.strike(first.pk, "cloned", {}, by=QIAN, now=NOW + DAY) == one
    assert Outcome.objects.filter(violation=second).count() == 2


def test_what_was_paid_above_the_new_fine_comes_back(lin, car, driver):
    first, second, _third = red_lights(car)
    order = paid(second, lin)
    assert Violation.objects.get(pk=second.pk).state == "paid"
    struck = penalties.strike(first.pk, "made_way", {}, by=ZHOU, now=NOW + DAY)
    (refund,) = Refund.objects.filter(order_id=order.id)
    assert (refund.fen, refund.state) == (50000, "due")
    assert next(d["back_fen"] for d in struck.differences if d["number"] == second.number) == 50000
    HOUSE.at(NOW + DAY)
    assert refunds.send(refund.id, now=NOW + DAY) == "done"
    assert told(lin)["pay_returned"] == 1


def test_a_surcharge_comes_back_with_its_share_of_the_fine(lin, car, driver):
    first, _second, third = red_lights(car)
    decision = deciding.decide(third.pk, by=lin, now=NOW)
    late = NOW + 25 * DAY
    HOUSE.at(late)
    order = money.order_of(decision.charges.get().pk, by=lin, now=late)
    assert order.total_fen == 100000 + 30000  # ten days late
    pay_it(order, lin, late)
    penalties.strike(first.pk, "made_way", {}, by=ZHOU, now=late + DAY)
    assert sums(third)[1] == 50000
    assert Refund.objects.get(order_id=order.id).fen == 50000 + 15000


def test_a_surcharge_is_never_more_than_the_fine(lin, car, driver):
    second = red_lights(car, 2)[1]
    decision = deciding.decide(second.pk, by=lin, now=NOW)
    order = money.order_of(decision.charges.get().pk, by=lin, now=NOW + 400 * DAY)
    assert order.total_fen == 100000


def test_a_payment_that_arrives_after_the_strike_goes_back(lin, car, driver):
    _first, second = red_lights(car, 2)
    decision = deciding.decide(second.pk, by=lin, now=NOW)
    order = money.order_of(decision.charges.get().pk, by=lin, now=NOW)
    attempt = attempts.begin(order.id, "wechat_h5", by=lin, now=NOW, key="late")
    penalties.strike(second.pk, "cloned", {}, by=ZHOU, now=NOW + MINUTE)
    HOUSE.pay(attempt.number)
    asked(attempt, NOW + 2 * MINUTE)
    assert Refund.objects.get(order_id=order.id).fen == 50000
    assert Charge.objects.get().state == "dropped"
    assert Violation.objects.get(pk=second.pk).state == "struck"


def test_parts_that_are_not_paid_are_let_go_first(lin, car, driver):
    first, _second, third = red_lights(car)
    decision = deciding.decide(third.pk, instalments=2, by=lin, now=NOW)
    one, _two = decision.charges.order_by("seq")
    pay_it(money.order_of(one.pk, by=lin, now=NOW), lin)
    penalties.strike(first.pk, "made_way", {}, by=ZHOU, now=NOW + DAY)
    assert [c.state for c in decision.charges.order_by("seq")] == ["paid", "dropped"]
    assert not Refund.objects.exists()
    assert Violation.objects.get(pk=third.pk).state == "paid"


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda car, lin: published(car, NOW - 10 * DAY, accident=True), "licence"),
        (lambda car, lin: red_lights(car, 5)[4], "suspension"),
    ],
)
def test_some_violations_cannot_be_decided_online(make, key, lin, car):
    one = make(car, lin)
    with pytest.raises(Refused) as refused:
        deciding.decide(one.pk, by=lin, now=NOW)
    assert refused.value.key == key


def test_twelve_points_cannot_be_reached_online_and_another_citys_count(lin, car, driver):
    points.from_elsewhere(lin.person_id, 6, "guangzhou", "GZ1", NOW - 30 * DAY, by=SYSTEM, now=NOW)
    points.from_elsewhere(lin.person_id, 6, "guangzhou", "GZ1", NOW - 30 * DAY, by=SYSTEM, now=NOW)  # told twice
    one = red_lights(car, 2)[1]
    with pytest.raises(Refused) as refused:
        deciding.decide(one.pk, by=lin, now=NOW)
    assert refused.value.key == "full_points"


def test_points_beyond_twelve_of_another_city_withhold_the_licence(lin, driver):
    points.from_elsewhere(lin.person_id, 9, "guangzhou", "GZ1", NOW - 30 * DAY, by=SYSTEM, now=NOW)
    points.from_elsewhere(lin.person_id, 6, "huizhou", "HZ1", NOW - 20 * DAY, by=SYSTEM, now=NOW)
    driver.refresh_from_db()
    standing = points_of.standing_of(driver, NOW)
    assert (standing.points, standing.full, standing.left, driver.status) == (15, True, 0, "full_points")


def test_study_takes_off_at_most_six_points_a_cycle(lin, driver):
    points.from_elsewhere(lin.person_id, 9, "guangzhou", "GZ1", NOW - 30 * DAY, by=SYSTEM, now=NOW)
    for n in range(6):
        points.reduce(lin.person_id, 1, f"study{n}", by=SYSTEM, now=NOW)
    with pytest.raises(Refused):
        points.reduce(lin.person_id, 1, "study7", by=SYSTEM, now=NOW)
    assert points_of.standing_of(driver, NOW).points == 3


def test_an_officer_does_not_decide_on_an_own_vehicle(lin, car):
    one = recorded(car, NOW - 10 * DAY)
    for own in (officer(9, person_id=lin.person_id), officer(10, name="林建夫")):
        with pytest.raises(Refused) as refused:
            violations.review(one.pk, by=own, now=NOW)
        assert refused.value.key == "own_car"
        with pytest.raises(Refused):
            penalties.strike(one.pk, "unclear", {}, by=own, now=NOW)
    assert Violation.objects.get(pk=one.pk).state == "recorded"


def test_without_the_post_nothing_is_reviewed(lin, car):
    one = recorded(car, NOW - 10 * DAY)
    with pytest.raises(Refused):
        violations.review(one.pk, by=lin, now=NOW)


def test_another_drivers_violation_is_not_to_be_seen(lin, car, person):
    one = published(car, NOW - 10 * DAY)
    account = identity.open_account(phone="13800000002", person_id=person(2), level=3, now=NOW)
    chen = people.actor_of(account.pk, NOW)
    with pytest.raises(Refused):
        seen_by.one(one.pk, by=chen, now=NOW)
    with pytest.raises(Refused):
        deciding.decide(one.pk, by=chen, now=NOW)


def test_an_older_one_published_late_changes_those_nobody_has_decided(lin, car):
    later = published(car, NOW - 10 * DAY)
    assert sums(later)[0] == "warned"
    published(car, NOW - 40 * DAY)
    assert sums(later) == ("charged", 50000, 6)


def test_the_facts_are_those_of_the_time_of_the_violation(lin, car, person):
    registers.change_vehicle(car.pk, {"owner_person_id": person(2)}, "transferred", by=SYSTEM, now=NOW - 100 * DAY)
    old, new = recorded(car, NOW - 200 * DAY), recorded(car, NOW - 10 * DAY)
    assert old.held_since_date == date(2020, 6, 1)
    assert new.held_since_date == (NOW - 100 * DAY).date()


def test_what_an_evaluation_came_to_cannot_be_altered(lin, car):
    published(car, NOW - 10 * DAY)
    with pytest.raises(DatabaseError), transaction.atomic():
        Outcome.objects.update(fine_fen=1)


@pytest.mark.django_db(transaction=True)
def test_two_strikes_at_once_are_one_after_the_other(lin, car):
    first, second, third, fourth = red_lights(car, 4)
    failed = []

    def strike(violation):
        try:
            penalties.strike(violation.pk, "made_way", {}, by=ZHOU, now=NOW)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=strike, args=[v]) for v in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [sums(v)[:2] for v in (third, fourth)] == [("warned", 0), ("charged", 50000)]
    assert Strike.objects.count() == 2
