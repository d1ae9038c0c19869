"""What holds for each of the six channels, over real HTTP to its gateway: from the order to the money and back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from minjing.kernel.pay.providers import Forged, NotForUs, NotReady, Refused, Unavailable
from minjing.kernel.pay.providers.tests.conftest import (
    CHANNELS,
    ahead,
    attempt,
    channel,
    paid,
    refund_of,
    wait_for,
)

every_channel = pytest.mark.parametrize("name", CHANNELS)
one_of_each_house = pytest.mark.parametrize("name", ["wechat_h5", "alipay_wap", "unionpay"])
CHINA = timedelta(hours=8)


def today() -> object:
    return (datetime.now(UTC) + CHINA).date()


@every_channel
def test_a_payer_pays_and_both_ways_of_knowing_say_the_same(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = attempt(merchant)
    page = browser.open(one.begin(asked), gateways[one.house])
    assert "¥120.00" in page.text
    assert "演示收银台，不会扣款" in page.text
    assert one.ask(asked).state in ("open", "unknown")
    page = browser.press(page, "pay")
    assert "支付成功" in page.text
    told = one.read_notification(*merchant.next())
    assert (told.number, told.state, told.fen) == (asked.number, "paid", 12_000)
    assert abs(datetime.now(UTC) - told.at) < timedelta(seconds=10)
    assert one.ask(asked) == told
    assert merchant.has_nothing(), "a notice that was taken is not repeated"


@every_channel
def test_a_refused_card_leaves_the_order_open(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = attempt(merchant)
    page = browser.press(browser.open(one.begin(asked), gateways[one.house]), "fail")
    assert "余额不足" in page.text
    assert one.ask(asked).state == "open"
    assert merchant.has_nothing()
    browser.press(page, "pay")
    assert one.ask(asked).state == "paid", "failed is not final"


@every_channel
def test_who_does_not_pay_goes_back_to_the_merchant(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = attempt(merchant)
    page = browser.open(one.begin(asked), gateways[one.house])
    if name == "wechat_native":  # on another device there is nothing to go back to
        assert "不付了" not in page.text
        return
    answer = browser.press(page, "leave")
    assert answer.headers["Location"] == asked.return_url
    assert one.ask(asked).state == ("unknown" if name == "unionpay" else "open")


@every_channel
def test_beginning_twice_does_no_harm(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = attempt(merchant)
    first, second = one.begin(asked), one.begin(asked)
    browser.press(browser.open(first, gateways[one.house]), "pay")
    page = browser.open(second, gateways[one.house])
    assert "确认支付" not in page.text, "what is paid cannot be paid again"
    assert one.ask(asked).fen == 12_000


@one_of_each_house
def test_an_order_that_was_never_begun_is_unknown_until_its_end_has_passed(name, gateways, merchant):
    one, late = channel(name, gateways), channel(name, gateways, clock=ahead(0))
    assert one.ask(attempt(merchant)).state == "unknown"
    assert one.close(attempt(merchant)).state == "unknown", "whoever holds the address may still pay"
    assert late.close(attempt(merchant, minutes=-20)).state == "closed"


@one_of_each_house
def test_a_clock_of_ours_that_runs_ahead_closes_nothing(name, gateways, merchant, browser):
    fast = channel(name, gateways, clock=ahead(240))
    asked = attempt(merchant, minutes=0.05)
    browser.open(fast.begin(asked), gateways[fast.house])
    told = channel(name, gateways, clock=ahead(3600 if name != "wechat_h5" else 240)).close(
        replace(asked, number=asked.number[::-1])
    )
    assert told.state == "unknown"


@pytest.mark.parametrize("name", ["wechat_h5", "alipay_wap"])
def test_a_closed_order_cannot_be_paid(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = attempt(merchant)
    page = browser.open(one.begin(asked), gateways[one.house])
    assert one.close(asked).state == "closed"
    assert "订单已关闭" in browser.press(page, "pay").text
    assert one.ask(asked).state == "closed"
    assert one.close(asked).state == "closed"


@every_channel
def test_closing_what_was_paid_says_that_it_was_paid(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    assert one.close(asked).state == "paid"


@pytest.mark.parametrize("name", ["wechat_h5", "alipay_wap"])
def test_money_taken_after_closed_was_said_is_told(name, gateways, merchant, browser):
    one = channel(name, gateways)
    gateways[one.house].tell(trouble="capture_late", value=0.1)
    asked = attempt(merchant)
    browser.open(one.begin(asked), gateways[one.house])
    assert one.close(asked).state == "closed"
    assert one.read_notification(*merchant.next()).state == "paid"
    assert one.ask(asked).state == "paid"


@one_of_each_house
def test_an_order_whose_time_has_passed_cannot_be_paid(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = attempt(merchant, minutes=0.02)
    page = browser.open(one.begin(asked), gateways[one.house])
    wait_for(lambda: datetime.now(UTC) > asked.expires_at + timedelta(seconds=0.1))
    assert "订单已关闭" in browser.press(page, "pay").text
    assert one.ask(asked).state != "paid"


# Refunds.


@one_of_each_house
def test_a_refund_goes_back_and_is_told(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    told = one.read_notification(*merchant.next())
    refund = refund_of(asked, told.gateway_no, 5_000)
    answer = one.refund(refund)
    assert answer.state in ("pending", "done")
    wait_for(lambda: one.ask_refund(refund).state == "done")
    done = one.ask_refund(refund)
    assert (done.number, done.fen) == (refund.number, 5_000)
    said = one.read_notification(*merchant.next())
    if one.house == "alipay":  # it speaks of the trade: the money is asked for by the refund's number
        assert (said.number, said.state) == (asked.number, "paid")
    else:
        assert (said.number, said.state, said.fen) == (refund.number, "done", 5_000)
    assert one.ask(asked).state == "paid", "money given back does not make it unpaid"


@one_of_each_house
def test_the_same_refund_twice_moves_money_once(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    refund = refund_of(asked, one.ask(asked).gateway_no, 5_000)
    one.refund(refund)
    assert one.refund(refund).state in ("done", "pending")
    assert [r["fen"] for r in gateways[one.house].state()["refunds"] if r["trade_no"] == asked.number] == [5_000]


@one_of_each_house
def test_a_refund_beyond_the_payment_is_refused(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    gateway_no = one.ask(asked).gateway_no
    one.refund(refund_of(asked, gateway_no, 7_000))
    too_much = refund_of(asked, gateway_no, 5_001)
    with pytest.raises(Refused):
        one.refund(too_much)
    assert one.ask_refund(too_much).state == "unknown"


@one_of_each_house
def test_all_of_it_given_back_is_still_a_payment(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    told = one.ask(asked)
    one.refund(refund_of(asked, told.gateway_no, asked.fen))
    assert one.ask(asked) == told


@one_of_each_house
def test_a_refund_may_fail_after_it_was_accepted(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    gateways[one.house].tell(trouble="fail_refund")
    refund = refund_of(asked, one.ask(asked).gateway_no, 100)
    assert one.refund(refund).state == "pending"
    wait_for(
        lambda: (
            next(r for r in gateways[one.house].state()["refunds"] if r["no"] == refund.number)["state"] == "failed"
        )
    )
    assert one.ask_refund(refund).state == ("pending" if one.house == "alipay" else "failed")


# Trouble.


@one_of_each_house
def test_a_gateway_that_is_down_leaves_everything_unsure(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    gateways[one.house].tell(trouble="down", times=-1)
    refund = refund_of(asked, "1", 100)
    for ask in (
        lambda: one.ask(asked),
        lambda: one.close(asked),
        lambda: one.refund(refund),
        lambda: one.ask_refund(refund),
    ):
        with pytest.raises(Unavailable):
            ask()
    with pytest.raises(Unavailable):
        list(one.statement(today()))


@one_of_each_house
def test_a_lost_answer_to_a_refund_is_found_by_asking(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    refund = refund_of(asked, one.ask(asked).gateway_no, 100)
    gateways[one.house].tell(trouble="lose_answer")
    with pytest.raises(Unavailable):
        one.refund(refund)
    assert one.ask_refund(refund).state == "done"


@one_of_each_house
def test_a_notice_that_is_not_taken_is_repeated_until_it_is(name, gateways, merchant, browser):
    one = channel(name, gateways)
    merchant.answer = (500, b"no")
    asked = paid(one, gateways[one.house], merchant, browser)
    first = one.read_notification(*merchant.next())
    merchant.answer = (one.thanks().status, one.thanks().body)
    again = one.read_notification(*merchant.next())
    assert first == again
    assert again.number == asked.number
    assert merchant.has_nothing()


@one_of_each_house
def test_notices_are_lost_repeated_and_say_wrong_amounts_when_told_to(name, gateways, merchant, browser):
    one = channel(name, gateways)
    gateways[one.house].tell(trouble="lose_notice")
    gateways[one.house].tell(trouble="repeat_notice", value=2)
    gateways[one.house].tell(trouble="wrong_fen", value=1)
    asked = paid(one, gateways[one.house], merchant, browser)
    said = [one.read_notification(*merchant.next()).fen for _ in range(3)]
    assert sorted(said) == [12_000, 12_000, 12_001]
    assert one.ask(asked).fen == 12_000, "asking tells the truth"


@one_of_each_house
def test_a_forged_notice_is_not_believed(name, gateways, merchant, browser):
    one = channel(name, gateways)
    gateways[one.house].tell(trouble="forge_notice")
    paid(one, gateways[one.house], merchant, browser)
    with pytest.raises(Forged):
        one.read_notification(*merchant.next())
    headers, body = merchant.next()
    assert one.read_notification(headers, body).state == "paid"
    with pytest.raises(Forged):
        one.read_notification(headers, body + b" ")
    with pytest.raises(Forged):
        one.read_notification({}, b"\xff")
    with pytest.raises(Forged):
        one.read_notification({}, b"")


@one_of_each_house
def test_a_notice_for_somebody_else_is_not_ours(name, gateways, merchant, browser):
    one = channel(name, gateways)
    paid(one, gateways[one.house], merchant, browser)
    headers, body = merchant.next()
    other = {
        "wechat": {"mchid": "1900000002"}, "alipay": {"seller_id": "2088000000000002"},
        "unionpay": {"number": "777290000000002"},
    }[one.house]  # fmt: skip
    one.read_notification(headers, body)
    one._wire.merchant = one._wire.app = replace(who(one), **other)
    with pytest.raises(NotForUs):
        one.read_notification(headers, body)


@pytest.mark.parametrize(("name", "age_s"), [("wechat_h5", 301), ("alipay_wap", 27 * 3600)])
def test_an_old_notice_is_not_believed(name, age_s, gateways, merchant, browser):
    one = channel(name, gateways)
    paid(one, gateways[one.house], merchant, browser)
    headers, body = merchant.next()
    one.read_notification(headers, body)
    from minjing.kernel.pay.providers.tests import conftest

    gateways[one.house].tell(clock_s=0)
    late = conftest.channel(name, gateways, clock=ahead(0))
    late.read_notification(headers, body)  # its keys are known now
    late._wire.clock = ahead(age_s)
    with pytest.raises(Forged, match="expired"):
        late.read_notification(headers, body)


@one_of_each_house
def test_a_strange_amount_that_was_really_taken_is_said_by_all(name, gateways, merchant, browser):
    one = channel(name, gateways)
    gateways[one.house].tell(trouble="capture_fen", value=30)
    asked = paid(one, gateways[one.house], merchant, browser)
    assert one.read_notification(*merchant.next()).fen == one.ask(asked).fen == 12_030


# Statements.


@one_of_each_house
def test_the_statement_lists_what_was_paid_and_given_back(name, gateways, merchant, browser):
    one = channel(name, gateways)
    asked = paid(one, gateways[one.house], merchant, browser)
    told = one.ask(asked)
    refund = refund_of(asked, told.gateway_no, 700)
    one.refund(refund)
    day = settlement_day(one.house)
    with pytest.raises(NotReady):
        list(one.statement(day))
    gateways[one.house].tell(statements="now")
    rows = {(r.kind, r.number): r for r in one.statement(day)}
    row = rows["paid", asked.number]
    assert (row.fen, row.gateway_no, row.at) == (told.fen, told.gateway_no, told.at)
    assert rows["refunded", refund.number].fen == 700


@one_of_each_house
@pytest.mark.parametrize("trouble", ["extra_bill_row", "drop_bill_row", "wrong_bill_fen"])
def test_a_statement_with_a_wrong_row_is_read_as_it_is(name, trouble, gateways, merchant, browser):
    one = channel(name, gateways)
    paid(one, gateways[one.house], merchant, browser)
    day = settlement_day(one.house)
    gateways[one.house].tell(statements="now")
    right = list(one.statement(day))
    gateways[one.house].tell(trouble=trouble)
    wrong = list(one.statement(day))
    assert len(wrong) - len(right) == {"extra_bill_row": 1, "drop_bill_row": -1}.get(trouble, 0)
    assert sum(r.fen for r in wrong) != sum(r.fen for r in right)


@pytest.mark.parametrize(("name", "trouble"), [
    ("wechat_h5", "bad_bill_total"), ("wechat_h5", "bad_bill_hash"), ("alipay_wap", "bad_bill_total"),
])  # fmt: skip
def test_a_statement_that_does_not_hold_yields_not_one_row(name, trouble, gateways, merchant, browser):
    one = channel(name, gateways)
    paid(one, gateways[one.house], merchant, browser)
    gateways[one.house].tell(statements="now")
    gateways[one.house].tell(trouble=trouble)
    with pytest.raises(ValueError, match=r"hold|hash"):
        next(iter(one.statement(settlement_day(one.house))))


@one_of_each_house
def test_a_day_on_which_nothing_happened_has_no_rows(name, gateways):
    one = channel(name, gateways)
    assert list(one.statement(settlement_day(one.house) - timedelta(days=3))) == []


def who(one):
    return one._wire.app if one.house == "alipay" else one._wire.merchant


def settlement_day(house: str) -> object:
    """The day in whose bill a payment of this moment stands."""
    return (datetime.now(UTC) + CHINA + timedelta(hours=1 if house == "unionpay" else 0)).date()
