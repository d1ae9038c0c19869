"""Alipay's open gateway: a real answer, the true errors, what the browser brings back, and signing in."""

from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from minjing.kernel.pay.providers import Forged, Refused, Unavailable
from minjing.kernel.pay.providers.alipay_login import SCOPE, user_of
from minjing.kernel.pay.providers.alipay_wire import form, node_text
from minjing.kernel.pay.providers.rsa2 import is_signed, private_key, rsa_half
from minjing.kernel.pay.providers.standin import alipay as standin
from minjing.kernel.pay.providers.tests import vectors
from minjing.kernel.pay.providers.tests.conftest import ahead, alipay_wire, attempt, channel, number, paid


def test_an_answer_of_the_real_gateway_verifies():
    key = rsa_half(load_pem_public_key(vectors.ALIPAY_PUBLIC_KEY))
    whole = f'{{"alipay_trade_pay_response":{vectors.ALIPAY_NODE},"sign":"{vectors.ALIPAY_SIGNATURE}"}}'
    node = node_text(whole, "alipay_trade_pay_response")
    assert node == vectors.ALIPAY_NODE
    assert is_signed(key, node.encode(), vectors.ALIPAY_SIGNATURE)
    assert not is_signed(key, node.replace('"0.01"', '"0.02"', 1).encode(), vectors.ALIPAY_SIGNATURE)


def test_a_node_is_found_whatever_its_values_hold():
    text = '{"sign":"x", "a_response": {"code":"1","sub_msg":"a{\\"b\\"}c\\/d"} ,"z":1}'
    assert node_text(text, "a_response") == '{"code":"1","sub_msg":"a{\\"b\\"}c\\/d"}'


def test_a_field_that_is_named_twice_is_no_form():
    with pytest.raises(ValueError):
        form(b"total_amount=1.00&total_amount=2.00")


def test_a_stranger_to_the_gateway_is_told_so(gateways, merchant):
    strange = private_key(gateways["alipay"].folder / "alipay.key")
    one = channel("alipay_wap", gateways, key=strange)
    with pytest.raises(Unavailable, match=r"isv\.invalid-signature"):
        one.ask(attempt(merchant))
    unknown = channel("alipay_wap", gateways, app_id="2021000000000009")
    with pytest.raises(Unavailable, match=r"isv\.invalid-app-id"):
        unknown.ask(attempt(merchant))


def test_an_answer_with_a_wrong_signature_says_nothing(gateways, merchant):
    own = private_key(gateways["alipay"].folder / "merchant_key.pem").public_key()
    with pytest.raises(Unavailable, match=r"TRADE_NOT_EXIST|signature"):
        channel("alipay_wap", gateways, alipay_key=own).ask(attempt(merchant))


def test_a_clock_that_is_a_day_wrong_is_said(gateways, merchant):
    one = channel("alipay_wap", gateways, clock=ahead(2 * 86_400))
    with pytest.raises(Unavailable, match=r"isv\.invalid-timestamp"):
        one.ask(attempt(merchant))


def test_an_address_that_was_changed_leads_to_no_cashier(gateways, merchant, browser):
    begun = channel("alipay_wap", gateways).begin(attempt(merchant))
    page = browser.open(replace(begun, url=begun.url.replace("120.00", "0.01")), gateways["alipay"])
    assert "isv.invalid-signature" in page.text
    assert "确认支付" not in page.text


def test_the_browser_brings_back_a_signed_outcome(gateways, merchant, browser):
    one = channel("alipay_page", gateways)
    asked = attempt(merchant)
    page = browser.press(browser.open(one.begin(asked), gateways["alipay"]), "pay")
    link = (
        page.text.split("href='")[2 if "lang=" in page.text.split("href='")[1] else 1]
        .split("'")[0]
        .replace("&amp;", "&")
    )
    assert link.startswith(asked.return_url + "&")
    said = {k: v for k, v in parse_qsl(urlsplit(link).query) if k != "a"}
    assert (said["out_trade_no"], said["total_amount"]) == (asked.number, "120.00")
    assert one._wire.is_signed(said)
    assert not one._wire.is_signed({**said, "total_amount": "121.00"})


def test_a_notice_for_another_app_or_without_a_time_is_refused(gateways, merchant, browser):
    one = channel("alipay_wap", gateways)
    paid(one, gateways["alipay"], merchant, browser)
    headers, body = merchant.next()
    with pytest.raises(Forged, match="signature"):
        one.read_notification(headers, body.replace(b"total_amount=120", b"total_amount=100"))
    with pytest.raises(Forged, match="signature"):
        one.read_notification(headers, body.replace(b"sign_type=RSA2", b"sign_type=RSA"))


def test_the_answers_are_those_that_alipay_waits_for(gateways):
    one = channel("alipay_wap", gateways)
    assert (one.thanks().status, one.thanks().body) == (200, b"success")
    assert one.sorry("x").body != b"success"


# Signing in.


def consented(gateways, browser, scope=SCOPE, act="agree"):
    asked = {"app_id": standin.APP, "scope": scope, "redirect_uri": "http://127.0.0.1:1/door/alipay", "state": "s1"}
    url = f"{gateways['alipay'].url}/oauth2/publicAppAuthorize.htm"
    page = browser.http.get(url, params=asked)
    assert "授权登录" in page.text
    answer = browser.http.post(page.url, data={"act": act, "user": list(standin.PEOPLE)[1]})
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_who_agrees_is_known_once(gateways, browser):
    said = consented(gateways, browser)
    assert said["state"] == "s1"
    wire = alipay_wire(gateways["alipay"])
    assert user_of(wire, said["auth_code"]) == list(standin.PEOPLE)[1]
    with pytest.raises(Refused, match=r"isv\.code-invalid"):
        user_of(wire, said["auth_code"])
    with pytest.raises(Refused):
        user_of(wire, number())


def test_who_does_not_agree_stays_unknown(gateways, browser):
    assert "auth_code" not in consented(gateways, browser, act="disagree")
