"""UnionPay 5.1.0: a notification of the real test environment, whose certificate counts, and the true codes."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest
from cryptography import x509

from minjing.kernel.pay.providers import Forged, Told, Unavailable
from minjing.kernel.pay.providers.standin import keys as making
from minjing.kernel.pay.providers.tests import vectors
from minjing.kernel.pay.providers.tests.conftest import ahead, attempt, channel, paid, unionpay_wire
from minjing.kernel.pay.providers.unionpay import UnionPayChannel, when
from minjing.kernel.pay.providers.unionpay_wire import digest, read_answer


@pytest.fixture
def real(gateways):
    """Our client as the merchant of that notification, in its year."""
    root, middle = (x509.load_pem_x509_certificate(c) for c in (vectors.UNIONPAY_ROOT, vectors.UNIONPAY_MIDDLE))
    wire = unionpay_wire(gateways["unionpay"], number="777290058167151", root=root, middle=middle)
    wire.clock = lambda: datetime(2022, 9, 8, 5, 23, tzinfo=UTC)
    return UnionPayChannel(wire)


def test_a_notification_of_the_real_test_environment_is_read(real):
    told = real.read_notification({}, urlencode(vectors.UNIONPAY_NOTICE).encode())
    at = datetime(2022, 9, 8, 5, 22, 6, tzinfo=UTC)
    assert told == Told("yansongda20220908132206", "paid", 1, "782209081322060674028", at)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"txnAmt": "2"}, "signature"),
        ({"signature": ""}, "signature"),
        ({"signPubKeyCert": ""}, "certificate"),
        ({"signMethod": "11"}, "algorithm"),
        ({"version": "5.0.0"}, "algorithm"),
    ],
)
def test_that_notification_changed_is_forged(change, fault, real):
    with pytest.raises(Forged, match=fault):
        real.read_notification({}, urlencode({**vectors.UNIONPAY_NOTICE, **change}).encode())


def test_its_certificate_is_good_only_while_it_is_in_force(real):
    real._wire.clock = lambda: datetime(2026, 11, 27, tzinfo=UTC)
    with pytest.raises(Forged, match="certificate_expired"):
        real.read_notification({}, urlencode(vectors.UNIONPAY_NOTICE).encode())


def test_a_certificate_under_another_authority_is_refused(gateways, merchant, browser):
    one = channel("unionpay", gateways)
    gateways["unionpay"].tell(strange_certificate=True)
    paid(one, gateways["unionpay"], merchant, browser)
    with pytest.raises(Forged, match="certificate"):
        one.read_notification(*merchant.next())
    with pytest.raises(Unavailable, match="answer_certificate"):
        one.ask(attempt(merchant))


def test_a_merchants_certificate_does_not_make_a_merchant_unionpay(gateways, tmp_path):
    """It stands under the same authorities: only the name in it tells them apart."""
    wire = unionpay_wire(gateways["unionpay"])
    pem = (gateways["unionpay"].folder / "merchant_cert.pem").read_text()
    said = {"version": "5.1.0", "signMethod": "01", "orderId": "12345678", "signPubKeyCert": pem}
    from minjing.kernel.pay.providers.rsa2 import sign

    said["signature"] = sign(wire.merchant.key, digest(said))
    with pytest.raises(Forged, match="certificate_owner"):
        wire.verify(said)


def test_a_middle_certificate_that_is_not_under_our_root_is_refused(gateways, merchant, tmp_path):
    other = making.certificate(
        tmp_path / "root.pem", making.authority_key(tmp_path / "root.key"), "Other", authority=True
    )
    with pytest.raises(Unavailable, match="answer_certificate"):
        channel("unionpay", gateways, root=other).ask(attempt(merchant))


def test_answers_are_taken_apart_as_they_are():
    text = "a=1&b=x=y==&c={d=1&e=2}&f="
    assert read_answer(text) == {"a": "1", "b": "x=y==", "c": "{d=1&e=2}", "f": ""}


def test_a_payment_across_new_year_has_its_own_year():
    assert when({"txnTime": "20261231235959", "traceTime": "0101000003"}) == datetime(
        2026, 12, 31, 16, 0, 3, tzinfo=UTC
    )


def test_a_form_that_was_changed_gets_the_true_code(gateways, merchant, browser):
    begun = channel("unionpay", gateways).begin(attempt(merchant))
    page = browser.open(replace(begun, fields={**begun.fields, "txnAmt": "1"}), gateways["unionpay"])
    assert "11 验证签名失败" in page.text


def test_a_question_that_is_not_ours_gets_the_true_codes(gateways):
    wire = unionpay_wire(gateways["unionpay"])
    said = wire.signed(
        {"bizType": "000201", "txnType": "00", "txnSubType": "00", "orderId": "12345678", "txnTime": "1"}
    )
    for change, code in (({}, "10"), ({"orderId": "87654321"}, "11"), ({"merId": "1"}, "31")):
        answer = httpx.post(
            f"{gateways['unionpay'].url}/gateway/api/queryTrans.do", data={**said, **change}, trust_env=False
        )
        assert read_answer(answer.text)["respCode"] == code


def test_the_payer_comes_back_with_a_signed_form(gateways, merchant, browser):
    one = channel("unionpay", gateways)
    asked = attempt(merchant)
    page = browser.press(browser.open(one.begin(asked), gateways["unionpay"]), "pay")
    assert f"action='{asked.return_url}'".replace("&", "&amp;") in page.text
    assert "name='signPubKeyCert'" in page.text


def test_an_order_of_unionpay_is_closed_only_when_both_clocks_say_that_its_time_is_over(gateways, merchant):
    asked = attempt(merchant, minutes=1)
    assert channel("unionpay", gateways, clock=ahead(900)).close(asked).state == "unknown"
    assert channel("unionpay", gateways).close(attempt(merchant, minutes=-6)).state == "closed"


def test_an_order_of_unionpay_whose_card_was_refused_ends_when_its_time_is_over(gateways, merchant, browser):
    """With the order at UnionPay still open, only its clock (the head's Date) and ours together can end it."""
    asked = attempt(merchant, minutes=1)
    one = channel("unionpay", gateways)
    browser.press(browser.open(one.begin(asked), gateways["unionpay"]), "fail")
    later = channel("unionpay", gateways, clock=ahead(900))
    assert later.close(asked).state == "open"
    gateways["unionpay"].tell(clock_s=900)
    assert later.close(asked).state == "closed"
