"""From the open fee to the money in the books, however the message comes."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.pay import plugs
from minjing.kernel.pay.actions import attempts, orders, refunds, upkeep
from minjing.kernel.pay.errors import ChannelRefused, ChannelSilent, KeyReused, NotOpen, TooManyAttempts, Unknown
from minjing.kernel.pay.models import Attempt, Capture, Difference, Order, Refund, Request
from minjing.kernel.pay.providers import Refused, Told, Unavailable
from minjing.kernel.pay.rules.numbers import is_bill_number
from minjing.kernel.pay.tests.conftest import (
    DAY,
    HALF,
    MINUTE,
    NOW,
    PASSPORT,
    REMARK,
    City,
    asked,
    balance,
    begun,
    books_close,
    fee,
    state_of,
)
from minjing.kernel.pay.tests.simulated import House

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(Outbox.objects.filter(kind__startswith="pay:").order_by("id").values_list("kind", flat=True))


def test_an_order_has_a_bill_number_items_and_waivers_that_add_up(city: City):
    order = fee(city, items=(PASSPORT, REMARK), waivers=(HALF,))
    order.refresh_from_db()
    assert is_bill_number(order.bill_no)
    assert order.bill_no.startswith("4403002600000001")
    assert (order.total_fen, order.waived_fen, order.due_fen) == (14_001, 7_001, 7_000)
    assert {w.name: w.fen for w in order.waivers.all()} == {"hardship": 7_001}
    books_close()
    assert kinds() == ["pay:order:opened"]


def test_a_subject_owes_once(city: City):
    subject = new_id()
    assert fee(city, subject=subject).id == fee(city, subject=subject).id


def test_what_is_waived_whole_is_settled_without_money(city: City):
    from dataclasses import replace

    order = fee(city, waivers=(replace(HALF, percent=100),))
    books_close()
    assert (order.state, balance(order)) == ("settled", (0, 0, 0))


def test_a_payment_that_is_notified_settles_the_order_and_what_hangs_on_it(city: City, house: House):
    seen = []
    plugs.on_settled(lambda order, by, now: seen.append(order.bill_no))
    order = fee(city)
    attempt = begun(city, order)
    assert attempt.begun["url"].endswith(attempt.number)
    told = house.pay(attempt.number)
    attempts.take(attempt.id, told, source="notification", now=NOW + MINUTE)
    books_close()
    assert (state_of(order), balance(order)) == ("settled", (12_000, 12_000, 0))
    assert seen == [order.bill_no]
    assert kinds() == ["pay:order:opened", "pay:attempt:begun", "pay:capture:recorded", "pay:order:settled"]


def test_a_payment_told_five_times_is_taken_once(city: City, house: House):
    order = fee(city)
    attempt = begun(city, order)
    told = house.pay(attempt.number)
    for _ in range(5):
        attempts.take(attempt.id, told, source="notification", now=NOW + MINUTE)
    attempts.take(attempt.id, Told(attempt.number, "open"), source="ask", now=NOW + 2 * MINUTE)  # an older answer
    assert balance(order) == (12_000, 12_000, 0)
    assert not Refund.objects.exists()


def test_a_payment_whose_notification_is_lost_is_found_by_asking(city: City, house: House):
    order = fee(city)
    attempt = begun(city, order)
    assert asked(attempt, NOW + MINUTE) == "open"
    house.pay(attempt.number)
    assert asked(attempt, NOW + 2 * MINUTE) == "captured"
    assert (state_of(order), balance(order)) == ("settled", (12_000, 12_000, 0))


def test_failed_is_not_final(city: City, house: House):
    """The gateway took the order but its answer was lost; the payer pays all the same."""

    def lose(when: str, what: str) -> None:
        if (when, what) == ("after", "begin"):
            raise Unavailable("timeout")

    order = fee(city)
    house.trouble = lose
    with pytest.raises(ChannelSilent):
        begun(city, order)
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.fault) == ("failed", "timeout")
    house.pay(attempt.number)
    assert asked(attempt, NOW + MINUTE) == "captured"
    assert state_of(order) == "settled"


def test_what_the_gateway_refuses_for_certain_is_closed_at_once(city: City, house: House):
    def refuse(when: str, what: str) -> None:
        raise Refused("no_such_merchant")

    house.trouble = refuse
    order = fee(city)
    with pytest.raises(ChannelRefused):
        begun(city, order)
    assert state_of(Attempt.objects.get()) == "closed"
    assert state_of(order) == "open"


def test_a_number_that_the_gateway_never_heard_of_is_closed_only_after_its_time(city: City, house: House):
    def lose(when: str, what: str) -> None:
        if what == "begin":
            raise Unavailable("timeout")

    house.trouble = lose
    order = fee(city)
    with pytest.raises(ChannelSilent):
        begun(city, order)
    attempt = Attempt.objects.get()
    assert asked(attempt, NOW + MINUTE) == "failed"
    assert asked(attempt, NOW + 31 * MINUTE) == "failed"
    assert asked(attempt, NOW + 46 * MINUTE) == "closed"


def test_paid_twice_by_two_channels_goes_back_once_by_itself(city: City, house: House):
    order = fee(city)
    first, second = begun(city, order), begun(city, order, "alipay_wap")
    assert first.number != second.number
    house.pay(first.number)
    house.pay(second.number)
    asked(first, NOW + MINUTE)
    assert asked(second, NOW + MINUTE) == "captured"
    refund = Refund.objects.get()
    assert (refund.cause, refund.fen, refund.state) == ("double", 12_000, "due")
    assert refunds.send(refund.id, now=NOW + MINUTE) == "done"
    books_close()
    assert (state_of(order), balance(order)) == ("settled", (12_000, 24_000, 12_000))
    assert house.kept_fen() == 12_000


def test_the_other_attempts_are_closed_when_one_has_paid(city: City, house: House):
    order = fee(city)
    first, second = begun(city, order), begun(city, order, "alipay_wap")
    house.pay(first.number)
    asked(first, NOW + MINUTE)
    assert attempts.ask(second.id, now=NOW + MINUTE) == "closed"
    assert house.pay(second.number).state == "closed"


def test_an_expired_order_gives_late_money_back(city: City, house: House):
    """Even if the gateway had said closed: money that comes is money."""
    order = fee(city, expires_at=NOW + 20 * MINUTE)
    attempt = begun(city, order)
    late = NOW + 21 * MINUTE
    assert not orders.expire(order.id, now=late)  # the gateway is asked first
    assert attempts.ask(attempt.id, now=late) == "closed"
    assert orders.expire(order.id, now=late)
    told = Told(attempt.number, "paid", 12_000, "SIM-LATE", NOW + 19 * MINUTE)
    assert attempts.take(attempt.id, told, source="notification", now=late + MINUTE) == "captured"
    assert state_of(order) == "expired"
    assert Refund.objects.get().cause == "late"


def test_an_order_that_was_paid_in_the_last_minute_does_not_expire(city: City, house: House):
    order = fee(city, expires_at=NOW + 20 * MINUTE)
    attempt = begun(city, order)
    house.at(NOW + 19 * MINUTE)
    house.pay(attempt.number)
    late = NOW + 21 * MINUTE
    assert not orders.expire(order.id, now=late)
    assert attempts.ask(attempt.id, now=late) == "captured"
    assert state_of(order) == "settled"
    assert not orders.expire(order.id, now=late)


def test_an_order_waits_while_its_gateway_is_silent(city: City, house: House):
    order = fee(city, expires_at=NOW + 20 * MINUTE)
    attempt = begun(city, order)

    def silent(when: str, what: str) -> None:
        raise Unavailable("timeout")

    house.trouble = silent
    for minutes in (21, 40, 600):
        assert asked(attempt, NOW + minutes * MINUTE) == "open"
        assert not orders.expire(order.id, now=NOW + minutes * MINUTE)


@pytest.mark.parametrize("fen", [1, 11_999, 12_001, 1_200_000])
def test_another_amount_settles_nothing_and_goes_back(city: City, house: House, fen: int):
    order = fee(city)
    attempt = begun(city, order)
    house.pay(attempt.number, fen)
    assert asked(attempt, NOW + MINUTE) == "captured"
    refund = Refund.objects.get()
    assert (refund.cause, refund.fen) == ("wrong_amount", fen)
    assert state_of(order) == "open"
    assert Difference.objects.get().kind == "captured_amount"
    again = begun(city, order)
    house.pay(again.number)
    asked(again, NOW + 2 * MINUTE)
    refunds.send(refund.id, now=NOW + 2 * MINUTE)
    books_close()
    assert (state_of(order), balance(order)) == ("settled", (12_000, 12_000 + fen, fen))


def test_the_same_request_twice_is_one_attempt_and_another_under_its_key_is_refused(city: City):
    order, other = fee(city), fee(city)
    key = str(new_id())
    first = attempts.begin(order.id, "wechat_h5", by=city.lin, now=NOW, key=key)
    assert attempts.begin(order.id, "wechat_h5", by=city.lin, now=NOW + MINUTE, key=key).id == first.id
    with pytest.raises(KeyReused):
        attempts.begin(other.id, "wechat_h5", by=city.lin, now=NOW, key=key)
    with pytest.raises(KeyReused):
        attempts.begin(order.id, "alipay_wap", by=city.lin, now=NOW, key=key)
    assert Request.objects.get(key=key).asked == {"order": str(order.id), "channel": "wechat_h5"}


def test_the_same_channel_again_is_the_same_attempt_while_it_lives(city: City):
    order = fee(city)
    first = begun(city, order)
    assert begun(city, order, now=NOW + MINUTE).id == first.id
    assert begun(city, order, now=NOW + 29 * MINUTE).id != first.id


def test_nobody_tries_without_end(city: City, house: House):
    def lose(when: str, what: str) -> None:
        if what == "begin":
            raise Unavailable("timeout")

    house.trouble = lose
    order = fee(city)
    for _ in range(attempts.TRIES_MAX):
        with pytest.raises(ChannelSilent):
            begun(city, order)
    with pytest.raises(TooManyAttempts):
        begun(city, order)


def test_somebody_elses_order_is_not_there(city: City):
    order = fee(city)
    with pytest.raises(Unknown):
        attempts.begin(order.id, "wechat_h5", by=city.chen, now=NOW, key="k")


def test_a_settled_order_takes_no_more_attempts(city: City, house: House):
    order = fee(city)
    house.pay(begun(city, order).number)
    asked(Attempt.objects.get(), NOW + MINUTE)
    with pytest.raises(NotOpen):
        begun(city, order, "alipay_wap", now=NOW + MINUTE)


def test_what_follows_stands_or_falls_with_the_capture(city: City, house: House):
    """If the matter cannot move on, the payment is not recorded either, and is found again."""

    def stumble(order: Order, *, by: object, now: object) -> None:
        raise RuntimeError("the matter is locked")

    plugs.on_settled(stumble)
    order = fee(city)
    attempt = begun(city, order)
    told = house.pay(attempt.number)
    with pytest.raises(RuntimeError), transaction.atomic():
        attempts.take(attempt.id, told, source="notification", now=NOW)
    assert balance(order) == (12_000, 0, 0)
    plugs.SETTLED.clear()
    assert asked(attempt, NOW + MINUTE) == "captured"


def test_the_sweep_finds_what_lost_its_job(city: City, house: House):
    order = fee(city, expires_at=NOW + 20 * MINUTE)
    begun(city, order)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
        assert upkeep.sweep(NOW + 2 * MINUTE) == 1
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert cursor.fetchall() == [("pay.ask",)]


# ---- amount paid = sum of captures only, kept by the database itself ------------------------------------------


def refused(statement: str, *params: object) -> None:
    def tried() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, params)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError):
        tried()


def paid(city: City, house: House) -> Order:
    order = fee(city)
    attempt = begun(city, order)
    house.pay(attempt.number)
    asked(attempt, NOW + MINUTE)
    return order


def test_no_column_says_what_was_paid_beside_the_captures(city: City):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_name IN ('pay_order', 'pay_attempt', 'pay_item', 'pay_waiver')"
            " AND (column_name LIKE '%%paid%%' OR column_name LIKE '%%capture%%')"
        )
        assert cursor.fetchall() == []


def test_a_capture_cannot_be_altered_or_taken_away(city: City, house: House):
    paid(city, house)
    refused("UPDATE pay_capture SET fen = 1")
    refused("UPDATE pay_capture SET gateway_no = 'x'")
    refused("DELETE FROM pay_capture")


def test_an_order_is_not_settled_without_a_capture(city: City, house: House):
    order = fee(city)
    books_close()
    refused("UPDATE pay_order SET state = 'settled', closed_at = now() WHERE id = %s", order.id)
    refused("UPDATE pay_order SET waived_fen = total_fen WHERE id = %s", order.id)
    refused("UPDATE pay_order SET total_fen = 0 WHERE id = %s", order.id)
    refused("DELETE FROM pay_order WHERE id = %s", order.id)


def test_states_go_no_way_that_the_graph_has_not(city: City, house: House):
    order = paid(city, house)
    refused("UPDATE pay_order SET state = 'open', closed_at = NULL WHERE id = %s", order.id)
    refused("UPDATE pay_order SET state = 'expired' WHERE id = %s", order.id)
    refused("UPDATE pay_attempt SET state = 'closed' WHERE order_id = %s", order.id)


def test_an_unfinished_attempt_has_a_time_at_which_it_is_asked_about(city: City):
    begun(city, fee(city))
    refused("UPDATE pay_attempt SET next_at = NULL")


def test_an_order_is_settled_by_one_capture(city: City, house: House):
    order = paid(city, house)
    capture = Capture.objects.get(order_id=order.id)
    second = begun(city, fee(city))
    with pytest.raises(IntegrityError), transaction.atomic():
        Capture.objects.create(
            org_id=0, order_id=order.id, attempt_id=second.id, house="simulated", channel="x", gateway_no="other",
            fen=12_000, at=NOW, day=NOW.date(), recorded_at=NOW, source="ask", role=capture.role,
        )  # fmt: skip


def test_the_next_question_comes_later_each_time_but_not_after_the_end(city: City, house: House):
    attempt = begun(city, fee(city))
    waits = []
    now = NOW
    for _ in range(7):
        now = Attempt.objects.values_list("next_at", flat=True).get(id=attempt.id)
        house.at(now)
        attempts.ask(attempt.id, now=now)
        waits.append(Attempt.objects.values_list("next_at", flat=True).get(id=attempt.id) - now)
    assert waits[:4] == [timedelta(seconds=s) for s in (10, 20, 30, 60)]
    assert now <= attempt.expires_at
    assert asked(attempt, NOW + DAY) == "closed"


def test_a_page_that_is_reloaded_asks_the_gateway_once_in_a_few_seconds(city: City, house: House):
    attempt = begun(city, fee(city))
    back = NOW + MINUTE
    Attempt.objects.filter(id=attempt.id).update(next_at=back + HALF_HOUR)
    attempts.came_back(attempt.number, now=back)
    assert next_at(attempt) == back  # asked at once
    Attempt.objects.filter(id=attempt.id).update(next_at=back + HALF_HOUR)  # it was, and knew nothing
    attempts.came_back(attempt.number, now=back + timedelta(seconds=2))
    assert next_at(attempt) == back + HALF_HOUR
    attempts.came_back(attempt.number, now=back + timedelta(seconds=6))
    assert next_at(attempt) == back + timedelta(seconds=6)


HALF_HOUR = timedelta(minutes=30)


def next_at(attempt):
    return Attempt.objects.get(id=attempt.id).next_at
