"""The bills of the houses: matched both ways, every difference with an owner, the day closed by somebody else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from minjing.base.clock import local_day
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.pay.actions import attempts, differences, refunds, statements
from minjing.kernel.pay.errors import NotAllowed, Stale, Wrong
from minjing.kernel.pay.models import Attempt, Difference, Order, Refund, Statement, StatementLine
from minjing.kernel.pay.providers import StatementRow, Told
from minjing.kernel.pay.queries import desk
from minjing.kernel.pay.tests.conftest import DAY, MINUTE, NOW, City, asked, begun, fee, state_of
from minjing.kernel.pay.tests.simulated import HOUSE, House

pytestmark = pytest.mark.django_db
TODAY = local_day(NOW)
MORNING = NOW + DAY + timedelta(hours=1)
Rows = list[StatementRow]


@pytest.fixture
def paid(city: City, house: House) -> Order:
    order = fee(city)
    attempt = begun(city, order)
    house.pay(attempt.number)
    asked(attempt, NOW + MINUTE)
    return order


def read(spoil: Callable[[Rows], Rows] = lambda rows: rows, now=MORNING) -> Statement:
    HOUSE.spoil = spoil
    statements.expect(now)
    row = Statement.objects.get(day=TODAY)
    Statement.objects.filter(id=row.id).update(next_at=now)
    statements.read(row.id, now=now)
    return Statement.objects.get(id=row.id)


def kinds() -> list[str]:
    return sorted(Difference.objects.filter(state="open").values_list("kind", flat=True))


def test_a_bill_that_agrees_opens_nothing(city: City, paid: Order):
    row = read()
    assert (row.state, row.lines, row.paid_fen, kinds()) == ("read", 1, 12_000, [])
    (day,) = [d for d in desk.days(city.zhao, local_day(MORNING)) if d.day == TODAY]
    assert day.agrees


def test_a_bill_is_read_again_until_it_is_there(city: City, paid: Order, house: House):
    house.ready = False
    row = read()
    assert (row.state, row.fault) == ("awaited", "not_ready")
    assert row.next_at == MORNING + statements.AGAIN
    house.ready = True
    assert read().state == "read"


def test_reading_twice_changes_nothing(city: City, paid: Order):
    read()
    row = read()
    assert (row.lines, StatementLine.objects.count(), kinds()) == (1, 1, [])


def test_what_we_have_and_they_have_not(city: City, paid: Order):
    read(lambda rows: [])
    difference = Difference.objects.get()
    assert (difference.kind, difference.our_fen, difference.their_fen) == ("ours_only", 12_000, None)
    assert difference.owner_id == city.zhao.account_id
    assert Outbox.objects.filter(kind="pay:difference:opened").exists()


def test_what_they_booked_a_day_later_closes_itself(city: City, paid: Order):
    read(lambda rows: [])
    HOUSE.spoil = lambda rows: rows
    Statement.objects.create(day=TODAY + DAY, house="simulated", next_at=MORNING)
    late = Statement.objects.get(day=TODAY + DAY)
    trade = next(iter(HOUSE.trades.values()))
    trade.at = NOW + DAY
    statements.read(late.id, now=MORNING + DAY)
    difference = Difference.objects.get()
    assert (difference.state, difference.reason) == ("closed", "matched_later")


def test_one_row_too_many_is_somebodys_to_look_into(city: City, paid: Order):
    stranger = StatementRow("paid", "44030026999999990101ABCDEFGH", 999, "SIM-X", NOW)
    read(lambda rows: [*rows, stranger])
    difference = Difference.objects.get()
    assert (difference.kind, difference.their_fen, difference.order_id) == ("theirs_only", 999, None)


def test_a_row_twice_and_a_row_with_another_amount(city: City, paid: Order):
    read(lambda rows: [*rows, *rows])
    assert kinds() == ["duplicate"]
    read(lambda rows: [replace(rows[0], fen=11_999)])
    assert kinds() == ["amount", "duplicate"]


def test_a_payment_we_never_heard_of_is_found_by_the_bill_and_asked_about(city: City, house: House):
    order = fee(city, expires_at=NOW + 5 * DAY)
    attempt = begun(city, order)
    house.pay(attempt.number)
    row = read()
    assert (row.found, state_of(order), kinds()) == (1, "settled", [])


def test_a_bill_alone_proves_no_payment(city: City, house: House):
    """The row names an attempt of ours, but the gateway says that it is open: nothing is recorded."""
    attempt = begun(city, fee(city, expires_at=NOW + 5 * DAY))
    read(lambda rows: [StatementRow("paid", attempt.number, 12_000, "SIM-X", NOW)])
    assert state_of(attempt) in ("open", "closed")
    assert kinds() == ["theirs_only"]


def test_refunds_are_matched_both_ways_too(city: City, paid: Order):
    (refund,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    refunds.send(refund.id, now=NOW)
    assert read().refunded_fen == 12_000
    assert kinds() == []
    read(lambda rows: rows[:1])
    assert kinds() == ["refund_ours_only"]
    read(lambda rows: [rows[0], replace(rows[1], fen=1)])
    assert kinds() == ["refund_amount"]
    read(lambda rows: [*rows, replace(rows[1], number="44030026999999990R01ABCDEFGH")])
    assert "refund_theirs_only" in kinds()


def test_a_refund_that_the_bill_knows_to_be_done_is_done(city: City, paid: Order):
    HOUSE.refund_state = "pending"
    (refund,) = refunds.refund_all(paid.subject_id, by=city.lin, now=NOW)
    refunds.send(refund.id, now=NOW)
    trade = next(iter(HOUSE.trades.values()))
    trade.back[refund.number] = (12_000, "done", NOW)
    read()
    assert (state_of(Refund.objects.get()), kinds()) == ("done", [])


def test_a_file_that_cannot_be_used_is_a_difference_and_asked_for_again(city: City, paid: Order):
    def broken(rows: Rows) -> Rows:
        raise ValueError("the totals do not hold")

    row = read(broken)
    assert (row.state, row.lines, kinds()) == ("awaited", 0, ["bad_file"])


def test_differences_are_shared_out_among_those_who_reconcile(city: City, paid: Order):
    from minjing.kernel.identity.models import Account, Appointment, Post

    second = Account.objects.create(kind="officer", login="second", created_at=NOW)
    Appointment.objects.create(
        account=second, unit=city.unit, post=Post.objects.get(code="fee_clerk"), since=NOW - DAY
    )
    stranger = StatementRow("paid", "44030026999999990101ABCDEFGH", 999, "SIM-X", NOW)
    read(lambda rows: [replace(stranger, number=f"{stranger.number[:-1]}{n}") for n in "1234"] + rows)
    owners = list(Difference.objects.values_list("owner_id", flat=True))
    assert sorted(owners.count(o) for o in set(owners)) == [2, 2]


def test_a_difference_is_closed_by_its_owner_with_a_reason_and_words(city: City, paid: Order):
    read(lambda rows: [])
    difference = Difference.objects.get()
    with pytest.raises(NotAllowed):
        differences.close(difference.id, "house_error", "已书面确认。", by=city.chen, now=MORNING)
    with pytest.raises(Wrong):
        differences.close(difference.id, "because", "已确认。", by=city.zhao, now=MORNING)
    with pytest.raises(Wrong):
        differences.close(difference.id, "matched_later", "已确认。", by=city.zhao, now=MORNING)
    with pytest.raises(Wrong):
        differences.close(difference.id, "house_error", "", by=city.zhao, now=MORNING)
    differences.close(difference.id, "house_error", "已书面确认。", by=city.zhao, now=MORNING)
    with pytest.raises(Stale):
        differences.close(difference.id, "house_error", "已书面确认。", by=city.zhao, now=MORNING)


def test_a_day_closes_when_nothing_is_open_and_by_somebody_else(city: City, paid: Order):
    read(lambda rows: [])
    with pytest.raises(Wrong, match="still open"):
        statements.close_day("simulated", TODAY, by=city.qian, now=MORNING)
    differences.close(Difference.objects.get().id, "house_error", "已确认。", by=city.zhao, now=MORNING)
    both = replace(city.zhao, holdings=city.zhao.holdings + city.qian.holdings)
    with pytest.raises(NotAllowed):
        statements.close_day("simulated", TODAY, by=both, now=MORNING)
    statements.close_day("simulated", TODAY, by=city.qian, now=MORNING)
    assert Statement.objects.get(day=TODAY).state == "closed"
    with pytest.raises(Stale):
        statements.close_day("simulated", TODAY, by=city.qian, now=MORNING)


def test_money_that_comes_in_after_the_day_was_closed_is_looked_into(city: City, house: House):
    order = fee(city, expires_at=NOW + 5 * DAY)
    attempt = begun(city, order)
    read(lambda rows: [])
    statements.close_day("simulated", TODAY, by=city.qian, now=MORNING)
    attempts.take(attempt.id, Told(attempt.number, "paid", 12_000, "SIM-L", NOW), source="ask", now=MORNING)
    assert kinds() == ["after_close"]
    assert Attempt.objects.get().state == "captured"
