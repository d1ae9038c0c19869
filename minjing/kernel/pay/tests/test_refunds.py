"""Money back: never beyond the capture, decided by two, sent until it is certain what became of it."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from minjing.kernel.pay.actions import attempts, refunds, waivers
from minjing.kernel.pay.errors import BeyondCapture, KeyReused, NotAllowed, NotOpen, Stale, Wrong
from minjing.kernel.pay.models import Capture, Difference, Order, Refund
from minjing.kernel.pay.providers import RefundTold, Refused, Unavailable
from minjing.kernel.pay.tests.conftest import (
    MINUTE,
    NOW,
    City,
    asked,
    balance,
    begun,
    books_close,
    fee,
    state_of,
)
from minjing.kernel.pay.tests.simulated import HOUSE, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(city: City, house: House) -> Order:
    order = fee(city)
    house.pay(begun(city, order).number)
    asked(order.attempts.get(), NOW + MINUTE)
    return order


def proposed(city: City, order: Order, fen: int, key: str = "k") -> Refund:
    return refunds.propose(order.id, fen, "重复申请。", by=city.chen, now=NOW + MINUTE, key=key)


def sent(refund: Refund, minutes: int = 2) -> str:
    now = NOW + minutes * MINUTE
    Refund.objects.filter(id=refund.id, next_at__isnull=False).update(next_at=now)
    HOUSE.at(now)
    return refunds.send(refund.id, now=now)


def test_one_officer_proposes_and_another_grants(city: City, paid: Order):
    refund = proposed(city, paid, 5_000)
    assert sent(refund) == "proposed"
    with pytest.raises(NotAllowed):
        refunds.decide(refund.id, True, by=city.chen, now=NOW)
    refunds.decide(refund.id, True, by=city.luo, now=NOW)
    assert sent(refund) == "done"
    books_close()
    assert balance(paid) == (12_000, 12_000, 5_000)
    with pytest.raises(Stale):
        refunds.decide(refund.id, False, by=city.luo, now=NOW)


def test_whoever_proposed_does_not_grant_even_with_the_post_for_it(city: City, paid: Order):
    from dataclasses import replace

    both = replace(city.chen, holdings=city.chen.holdings + city.luo.holdings)
    refund = refunds.propose(paid.id, 100, "多收。", by=both, now=NOW, key="k")
    with pytest.raises(NotAllowed, match="Another person"):
        refunds.decide(refund.id, True, by=both, now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Refund.objects.filter(id=refund.id).update(state="due", decided_by=F("asked_by"), next_at=NOW)


def test_parts_go_back_but_never_more_than_was_taken(city: City, paid: Order):
    first = proposed(city, paid, 7_000, "a")
    with pytest.raises(BeyondCapture) as refused:
        proposed(city, paid, 5_001, "b")
    assert refused.value.left_fen == 5_000
    second = proposed(city, paid, 5_000, "c")
    refunds.decide(first.id, True, by=city.luo, now=NOW)
    refunds.decide(second.id, False, by=city.luo, now=NOW)
    proposed(city, paid, 5_000, "d")  # what was rejected may be asked for again
    books_close()
    assert Capture.objects.get().refunding_fen == 12_000


def test_the_database_refuses_a_claim_beyond_the_capture_and_one_without_a_refund(paid: Order):
    def claim(fen: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE pay_capture SET refunding_fen = %s", [fen])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    for fen in (12_001, 500):
        with pytest.raises(DatabaseError):
            claim(fen)


def test_parts_of_several_orders_go_back_at_once_or_not_at_all(city: City, paid: Order):
    (refund,) = refunds.refund_parts({paid.subject_id: 2_000}, by=city.lin, now=NOW)
    assert (refund.fen, refund.seq, refund.state, refund.order.title) == (2_000, 1, "due", paid.title)
    (again,) = refunds.refund_parts({paid.subject_id: 1}, by=city.lin, now=NOW)
    assert (again.seq, again.number[:-8]) == (2, f"{paid.bill_no}R02")
    with pytest.raises(BeyondCapture), transaction.atomic():
        refunds.refund_parts({paid.subject_id: paid.total_fen}, by=city.lin, now=NOW)
    assert Capture.objects.get(order_id=paid.id).refunding_fen == 2_001
    with connection.cursor() as cursor:
        cursor.execute("SELECT args->>'id' FROM procrastinate_jobs WHERE task_name = 'pay.send_refund' ORDER BY id")
        assert [pk for (pk,) in cursor.fetchall()] == [str(refund.id), str(again.id)]


def test_everything_back_returns_the_order(city: City, paid: Order):
    (refund,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    assert refunds.refund_all(paid.subject_id, by=city.lin, now=NOW) == []
    assert sent(refund) == "done"
    books_close()
    assert (state_of(paid), HOUSE.kept_fen()) == ("returned", 0)


def test_a_refund_whose_answer_was_lost_is_not_paid_twice(city: City, paid: Order):
    lost = []

    def lose(when: str, what: str) -> None:
        if (when, what) == ("after", "refund") and len(lost) < 3:
            lost.append(what)
            raise Unavailable("timeout")

    HOUSE.trouble = lose
    (refund,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    assert [sent(refund, m) for m in (2, 4, 6, 8)] == ["due", "due", "due", "done"]
    assert HOUSE.kept_fen() == 0


def test_a_refund_on_its_way_is_asked_about(city: City, paid: Order):
    HOUSE.refund_state = "pending"
    (refund,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    assert sent(refund) == "pending"
    assert sent(refund, 10) == "done"


def test_a_refund_that_the_gateway_forgot_is_sent_again_under_its_number(city: City, paid: Order):
    (refund,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    refunds.take(refund.id, RefundTold(refund.number, "pending"), now=NOW)
    assert sent(refund) == "due"
    assert sent(refund, 4) == "done"


def test_a_failed_refund_lets_go_of_its_claim_and_becomes_somebodys_business(city: City, paid: Order):
    def refuse(when: str, what: str) -> None:
        if what == "refund":
            raise Refused("account_closed")

    HOUSE.trouble = refuse
    (refund,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    assert sent(refund) == "failed"
    books_close()
    difference = Difference.objects.get()
    assert (difference.kind, difference.owner_id) == ("refund_failed", city.zhao.account_id)
    HOUSE.trouble = lambda when, what: None
    (again,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    assert again.number != refund.number
    assert sent(again) == "done"


def test_a_refund_needs_a_reason_and_something_to_give_back(city: City, paid: Order):
    with pytest.raises(Wrong):
        refunds.propose(paid.id, 100, " ", by=city.chen, now=NOW, key="k1")
    with pytest.raises(Wrong):
        refunds.propose(paid.id, 0, "多收。", by=city.chen, now=NOW, key="k2")
    with pytest.raises(NotAllowed):
        refunds.propose(paid.id, 100, "多收。", by=city.lin, now=NOW, key="k3")
    with pytest.raises(NotOpen):
        refunds.propose(fee(city).id, 100, "多收。", by=city.chen, now=NOW, key="k4")


def test_the_same_proposal_twice_is_one(city: City, paid: Order):
    assert proposed(city, paid, 100).id == proposed(city, paid, 100).id
    with pytest.raises(KeyReused):
        proposed(city, paid, 200)


# ---- waivers ----------------------------------------------------------------------------------------------


def test_a_waiver_takes_two_officers_and_settles_what_owes_nothing_more(city: City):
    order = fee(city)
    waiver = waivers.propose(order.id, 12_000, "低保家庭。", by=city.chen, now=NOW, key="k")
    with pytest.raises(NotAllowed):
        waivers.decide(waiver.id, True, by=city.chen, now=NOW)
    waivers.decide(waiver.id, True, by=city.luo, now=NOW)
    books_close()
    assert (state_of(order), balance(order)) == ("settled", (0, 0, 0))


def test_a_refused_waiver_changes_nothing(city: City):
    order = fee(city)
    waiver = waivers.propose(order.id, 2_000, "困难。", by=city.chen, now=NOW, key="k")
    waivers.decide(waiver.id, False, by=city.luo, now=NOW)
    assert balance(order) == (12_000, 0, 0)


def test_who_pays_the_old_amount_while_a_waiver_is_granted_gets_the_rest_back(city: City, house: House):
    order = fee(city)
    attempt = begun(city, order)
    told = house.pay(attempt.number)
    waiver = waivers.propose(order.id, 2_000, "困难。", by=city.chen, now=NOW, key="k")
    waivers.decide(waiver.id, True, by=city.luo, now=NOW)
    attempts.take(attempt.id, told, source="notification", now=NOW)
    books_close()
    refund = Refund.objects.get()
    assert (state_of(order), refund.cause, refund.fen) == ("settled", "overpaid", 2_000)


@pytest.mark.parametrize("fen", [0, -1, 12_001])
def test_no_more_is_waived_than_is_due(city: City, fen: int):
    with pytest.raises(Wrong):
        waivers.propose(fee(city).id, fen, "困难。", by=city.chen, now=NOW, key="k")
