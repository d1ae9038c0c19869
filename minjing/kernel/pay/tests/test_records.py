"""The monitor replays captures against the ledger, both ways."""

import pytest
from django.db import connection, transaction

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.pay.models import Capture
from minjing.kernel.pay.records import CAPTURES
from minjing.kernel.pay.tests.conftest import MINUTE, NOW, City, asked, begun, fee
from minjing.kernel.pay.tests.simulated import House
from minjing.kernel.watch.replay import check, entries_of, newest

pytestmark = pytest.mark.django_db


def past_the_house(sql: str, *params: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the house itself wrote holds before
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.fixture
def capture(city: City, house: House) -> Capture:
    order = fee(city)
    attempt = begun(city, order)
    house.pay(attempt.number)
    asked(attempt, NOW + MINUTE)
    return Capture.objects.get()


def found() -> list[str]:
    return [f.text["en"] for f in check(CAPTURES, newest(CAPTURES, 50), [], NOW)]


def test_a_capture_that_came_as_it_should_agrees(capture: Capture):
    assert Outbox.objects.get(kind="pay:capture:recorded").id == capture.entry_id
    assert found() == []


def test_another_amount_than_the_ledger_states_is_named(capture: Capture):
    past_the_house("UPDATE pay_capture SET fen = fen + 1 WHERE id = %s", capture.pk)
    assert found() == [f"pay_capture {capture.pk} differs from its ledger entry in fen."]


def test_a_capture_past_the_ledger_and_one_that_is_gone_are_named(capture: Capture):
    stated = list(entries_of([capture.entry_id]).values())
    past_the_house("DELETE FROM ledger_outbox WHERE id = %s", capture.entry_id)
    assert "has no ledger entry" in found()[0]
    past_the_house("DELETE FROM pay_capture WHERE id = %s", capture.pk)
    assert any("its record is gone" in f.text["en"] for f in check(CAPTURES, [], stated, NOW))


def test_an_order_set_back_past_the_payment_is_named(capture: Capture):
    past_the_house("UPDATE pay_order SET state = 'open', closed_at = NULL WHERE id = %s", capture.order_id)
    assert found() == [f"pay_order {capture.order_id} is not what its captures say: changed past the payment."]
