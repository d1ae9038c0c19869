"""WeChat Pay API v3: published vectors, others' client, certificates that change, and the true errors."""

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from minjing.kernel.pay.providers import Forged, Refused, Unavailable
from minjing.kernel.pay.providers.rsa2 import is_signed, rsa_half, sign
from minjing.kernel.pay.providers.standin import wechat as standin
from minjing.kernel.pay.providers.standin import wechat_seal
from minjing.kernel.pay.providers.tests import vectors
from minjing.kernel.pay.providers.tests.conftest import ahead, attempt, channel, number, paid, refund_of, wechat_wire
from minjing.kernel.pay.providers.wechat_wire import Wire, decrypt


def test_the_published_signature_is_ours():
    key = load_pem_private_key(vectors.WECHAT_KEY, None)
    assert sign(key, b"source") == vectors.WECHAT_SIGNATURE
    theirs = rsa_half(load_pem_x509_certificate(vectors.WECHAT_CERTIFICATE).public_key())
    assert is_signed(theirs, b"source", vectors.WECHAT_SIGNATURE)
    assert not is_signed(theirs, b"wrong source", vectors.WECHAT_SIGNATURE)
    assert not is_signed(theirs, b"source", "no base64!")


def test_the_published_ciphertext_opens():
    key, nonce, about, ciphertext, text = vectors.WECHAT_SEALED
    assert decrypt(key, nonce, ciphertext, about) == text
    for bad in ("invalid cipher", "SGVsbG8gV29ybGQK"):
        with pytest.raises(ValueError):
            decrypt(key, nonce, bad, about)


# The foreign check: the library `wechatpayv3` as a client of our gateway, and its verifier on our gateway's notices.


@pytest.fixture
def library(gateways, monkeypatch):
    pytest.importorskip("wechatpayv3")
    from wechatpayv3 import WeChatPay, WeChatPayType
    from wechatpayv3.core import Core

    gateway = gateways["wechat"]
    monkeypatch.setenv("NO_PROXY", "*")

    def make(**more):
        build = Core.__init__

        def elsewhere(self, *args, **kwargs):
            monkeypatch.setattr(self.__class__, "_init_certificates", lambda core: None)
            build(self, *args, **kwargs)
            self._gate_way = gateway.url

        monkeypatch.setattr(Core, "__init__", elsewhere)
        return WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE, mchid=wechat_seal.MERCHANT, appid=standin.APP,
            private_key=(gateway.folder / "merchant_key.pem").read_text(),
            cert_serial_no=(gateway.folder / "merchant_serial").read_text(),
            apiv3_key=(gateway.folder / "api_v3_key").read_text(), **more,
        )  # fmt: skip

    return make


def test_others_client_is_satisfied_by_our_gateway(library, gateways, merchant):
    other, mine = library(), number()
    code, said = other.pay(
        description="普通护照工本费", out_trade_no=mine, amount={"total": 100}, notify_url=f"{merchant.url}/n"
    )
    assert (code, json.loads(said)["code_url"][:10]) == (200, "weixin://w")
    gateways["wechat"].tell(pay=mine)
    headers, body = merchant.next()
    told = other.callback({_title(k): v for k, v in headers.items()}, body)
    assert told["event_type"] == "TRANSACTION.SUCCESS"
    assert (told["resource"]["out_trade_no"], told["resource"]["amount"]["total"]) == (mine, 100)
    assert json.loads(other.query(out_trade_no=mine)[1])["trade_state"] == "SUCCESS"
    code, said = other.refund(
        out_refund_no="R" + mine[1:], amount={"refund": 40, "total": 100, "currency": "CNY"}, out_trade_no=mine,
        notify_url=f"{merchant.url}/n",
    )  # fmt: skip
    assert (code, json.loads(said)["status"]) == (200, "PROCESSING")
    headers, body = merchant.next()
    refunded = other.callback({_title(k): v for k, v in headers.items()}, body)
    assert refunded["resource"]["refund_status"] == "SUCCESS"
    assert json.loads(other.query_refund("R" + mine[1:])[1])["status"] == "SUCCESS"


def test_others_client_is_satisfied_in_public_key_mode_and_closes(library, gateways, merchant):
    folder = gateways["wechat"].folder
    other = library(
        public_key=(folder / "wechatpay_pub.pem").read_text(), public_key_id=(folder / "public_key_id").read_text()
    )
    mine = number()
    assert (
        other.pay(description="演示", out_trade_no=mine, amount={"total": 1}, notify_url="http://127.0.0.1:1/n")[0]
        == 200
    )
    assert other.close(mine)[0] == 204
    assert json.loads(other.query(out_trade_no=mine)[1])["trade_state"] == "CLOSED"


def test_others_verifier_refuses_a_forged_notice(library, gateways, merchant):
    other, mine = library(), number()
    other.pay(description="演示", out_trade_no=mine, amount={"total": 1}, notify_url=f"{merchant.url}/n")
    gateways["wechat"].tell(trouble="forge_notice")
    gateways["wechat"].tell(pay=mine)
    headers, body = merchant.next()
    assert other.callback({_title(k): v for k, v in headers.items()}, body) is None


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


# Certificates and keys.


def test_a_new_platform_certificate_is_fetched_when_it_first_signs(gateways, merchant, browser):
    one = channel("wechat_h5", gateways)
    paid(one, gateways["wechat"], merchant, browser)
    headers, body = merchant.next()
    one.read_notification(headers, body)
    one._wire._asked_at = one._wire.clock().replace(year=2000)
    serial = gateways["wechat"].tell(rotate=True)["serial"]
    assert headers["wechatpay-serial"] != serial
    paid(one, gateways["wechat"], merchant, browser)
    fresh = merchant.next()
    assert fresh[0]["wechatpay-serial"] == serial
    assert one.read_notification(*fresh).state == "paid"
    assert one.read_notification(headers, body).state == "paid", "the old one still holds"


def test_a_notice_with_an_invented_serial_does_not_make_us_ask_each_time(gateways, merchant, browser):
    one = channel("wechat_h5", gateways)
    paid(one, gateways["wechat"], merchant, browser)
    headers, body = merchant.next()
    one.read_notification(headers, body)
    before = gateways["wechat"].state()["asked"]
    for n in range(5):
        with pytest.raises(Forged, match="serial"):
            one.read_notification({**headers, "wechatpay-serial": f"{n:040X}"}, body)
    assert gateways["wechat"].state()["asked"] == before


def test_the_public_key_mode_works_for_answers_and_notices(gateways, merchant, browser):
    one = channel("wechat_native", gateways, by_public_key=True)
    gateways["wechat"].tell(sign_with="public_key")
    asked = paid(one, gateways["wechat"], merchant, browser)
    headers, body = merchant.next()
    assert headers["wechatpay-serial"] == wechat_seal.PUBLIC_KEY_ID
    assert one.read_notification(headers, body).number == asked.number
    with pytest.raises(Forged, match="signature"):
        one.read_notification({**headers, "wechatpay-nonce": "1"}, body)


def test_an_answer_with_a_wrong_signature_says_nothing(gateways, merchant):
    one = channel("wechat_h5", gateways, by_public_key=True)
    own = rsa_half(
        load_pem_x509_certificate((gateways["wechat"].folder / "merchant_cert.pem").read_bytes()).public_key()
    )
    one._wire.merchant = replace(one._wire.merchant, public_key=own)
    with pytest.raises(Unavailable, match="answer_signature"):
        one.ask(attempt(merchant))


@pytest.mark.parametrize(("seconds", "fault"), [(400, "SIGN_ERROR"), (-400, "SIGN_ERROR")])
def test_a_clock_of_ours_that_is_wrong_is_said(seconds, fault, gateways, merchant):
    one = channel("wechat_h5", gateways, by_public_key=True, clock=ahead(seconds))
    with pytest.raises(Unavailable, match=fault):
        one.begin(attempt(merchant))


def test_a_gateway_whose_clock_runs_away_is_not_believed(gateways, merchant):
    one = channel("wechat_h5", gateways, by_public_key=True)
    gateways["wechat"].tell(clock_s=400)
    with pytest.raises(Unavailable):
        one.begin(attempt(merchant))


# The true errors.


def test_a_wrong_signature_gets_the_true_error(gateways):
    own = wechat_wire(gateways["wechat"])
    request = own._request("POST", f"{own.merchant.url}/v3/pay/transactions/native", b'{"a":1}')
    answer = httpx.post(str(request.url), headers=request.headers, content=b'{"a":2}', trust_env=False)
    assert answer.status_code == 401
    said = answer.json()
    assert said["code"] == "SIGN_ERROR"
    assert said["detail"]["detail"]["issue"] == "sign not match"
    assert said["detail"]["sign_information"]["truncated_sign_message"].startswith(
        "POST\n/v3/pay/transactions/native\n"
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fen": 0}, "PARAM_ERROR"),
        ({"number": "短"}, "PARAM_ERROR"),
        ({"payer_ip": ""}, "PARAM_ERROR"),
        ({"minutes": -1}, "INVALID_REQUEST"),
    ],
)
def test_a_wrong_order_is_refused_with_the_true_code(change, code, gateways, merchant):
    with pytest.raises(Refused, match=code):
        channel("wechat_h5", gateways).begin(attempt(merchant, **change))


def test_a_number_cannot_be_used_for_another_order(gateways, merchant, browser):
    one = channel("wechat_h5", gateways)
    asked = attempt(merchant)
    one.begin(asked)
    with pytest.raises(Refused, match="OUT_TRADE_NO_USED"):
        one.begin(replace(asked, fen=1))
    one.close(asked)
    with pytest.raises(Refused, match="ORDER_CLOSED"):
        one.begin(asked)


def test_jsapi_parameters_that_were_changed_are_refused(gateways, merchant, browser):
    begun = channel("wechat_jsapi", gateways).begin(attempt(merchant))
    assert set(begun.fields) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    changed = replace(begun, fields={**begun.fields, "timeStamp": "1"})
    assert browser.open(changed, gateways["wechat"]).status_code == 403
    another = replace(begun, fields={**begun.fields, "openid": "oSomebodyElse"})  # another's WeChat is open
    assert "支付账号不一致" in browser.open(another, gateways["wechat"]).text
    assert browser.http.get(begun.url, follow_redirects=True).status_code == 200, "a link does it too"
    assert browser.open(begun, gateways["wechat"]).status_code == 200


def test_an_h5_address_names_the_way_back_and_ends_after_five_minutes(gateways, merchant, browser):
    asked = attempt(merchant)
    begun = channel("wechat_h5", gateways).begin(asked)
    assert parse_qs(urlsplit(begun.url).query)["redirect_url"] == [asked.return_url]
    gateways["wechat"].tell(clock_s=301)
    answer = browser.open(begun, gateways["wechat"])
    assert (answer.status_code, "已过期" in answer.text) == (400, True)


def test_the_cashier_speaks_english_and_knows_no_strangers(gateways, merchant, browser):
    begun = channel("wechat_h5", gateways).begin(attempt(merchant))
    page = browser.http.get(begun.url, headers={"Accept-Language": "en-US"}).text
    assert "Demo cashier: no money is moved" in page
    assert not re.search(r"[\u4e00-\u9fff]", page.replace("普通护照工本费", "").replace("中文", ""))
    assert browser.http.get(f"{gateways['wechat'].url}/cashier/none").status_code == 404


def test_a_refund_knows_whose_it_is(gateways, merchant, browser):
    one = channel("wechat_native", gateways)
    asked = paid(one, gateways["wechat"], merchant, browser)
    refund = refund_of(asked, one.ask(asked).gateway_no, 100)
    one.refund(refund)
    with pytest.raises(Refused, match="INVALID_REQUEST"):
        one.refund(replace(refund, fen=200))
    with pytest.raises(Unavailable, match="another_refund"):
        one.ask_refund(replace(refund, attempt_number=number()))


def test_a_bill_at_a_strange_address_is_not_fetched(gateways, merchant, monkeypatch):
    one = channel("wechat_h5", gateways)
    monkeypatch.setattr(Wire, "call", lambda *a, **k: {"download_url": "http://192.0.2.1/x", "hash_type": "SHA1"})
    with pytest.raises(ValueError, match="another address"):
        list(one.statement(attempt(merchant).begun_at.date()))
