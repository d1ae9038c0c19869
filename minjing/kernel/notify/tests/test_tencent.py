"""Tencent Cloud's dialect: its signature, its errors inside a 200, and an unclear end that stays with it."""

import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.test import Client

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify import actions
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.providers import tencent as protocol
from minjing.kernel.notify.tests.conftest import KEY, LIN_PHONE
from minjing.kernel.notify.tests.test_carriers import TEXT, told

TODAY = datetime.now(UTC)


def test_the_signature_is_that_of_tencents_own_example():
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    said = protocol.authorization(
        "cvm.tencentcloudapi.com", "cvm", body, key_id="AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        key="Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", at=1551113065,
    )  # fmt: skip
    assert said == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


def test_a_message_goes_out_and_its_report_comes_back_by_the_serial_number(lin, tencent):
    message = told(lin, now=TODAY)
    assert actions.deliver(message.pk, now=TODAY) == "sent"
    (taken,) = tencent.gateway.inbox.taken.values()
    assert (taken.to, taken.text, taken.id) == (LIN_PHONE, TEXT["zh"], str(message.pk))
    message.refresh_from_db()
    assert (message.carrier, message.receipt) == ("tencent", taken.receipt)
    report = json.dumps([{"sid": taken.receipt, "report_status": "SUCCESS", "errmsg": "DELIVRD"}])
    guess = Client().post("/notify/reports/tencent/guess", report, "application/json")
    assert (guess.status_code, Outbox.objects.filter(kind="notify:report:refused").count()) == (403, 1)
    address = f"/notify/reports/tencent/{protocol.report_token(KEY)}"
    assert Client().post(address, report, "application/json").json() == {"result": 0, "errmsg": "OK"}
    message.refresh_from_db()
    assert message.report == "delivered"


def test_the_stand_in_takes_nothing_that_is_signed_with_another_key_or_changed_on_its_way(tencent):
    body = b'{"SmsSdkAppId": "1400000001"}'
    at, host = int(time.time()), tencent.url.removeprefix("http://")

    def asked(sent: bytes, key: str, stamp: int = at) -> str:
        signed = protocol.authorization(host, "sms", body, key_id="AKIDtest", key=key, at=stamp)
        headers = {
            "Content-Type": protocol.CONTENT_TYPE, "X-TC-Action": "SendSms", "X-TC-Version": protocol.VERSION,
            "X-TC-Timestamp": str(stamp), "Authorization": signed,
        }  # fmt: skip
        said = httpx.post(f"{tencent.url}/", content=sent, headers=headers, trust_env=False).json()["Response"]
        return str(said.get("Error", {}).get("Code", "taken"))

    assert asked(body, "wrong") == "AuthFailure.SignatureFailure"
    assert asked(body.replace(b"14", b"15"), KEY) == "AuthFailure.SignatureFailure"
    assert asked(body, KEY, at - 600) == "AuthFailure.SignatureExpire"
    assert asked(body, KEY) == "taken"


def test_a_wrong_number_is_refused_and_a_template_that_is_not_approved_is_tried_elsewhere(lin, tencent, settings):
    one = sms.providers()["tencent"]
    with pytest.raises(sms.Refused, match="incorrectphonenumber"):
        one.send(sms.Letter(told(lin).pk, "123", "x", TODAY))
    settings.SMS_C_TEMPLATE = "9"
    with pytest.raises(sms.Unavailable, match="templateincorrectorunapproved") as trouble:
        sms.providers()["tencent"].send(sms.Letter(told(lin, "2").pk, LIN_PHONE, "x", TODAY))
    assert not isinstance(trouble.value, sms.Unclear), "certainly not taken: the next one may have it"


def test_an_unclear_end_stays_with_it_until_it_lists_the_message_and_nobody_sends_again(lin, tencent, gateway):
    tencent.tell(lose=True, report="lost")
    message = told(lin, now=TODAY)
    at = TODAY
    for _ in range(2):  # unclear; then asked about, and not listed yet
        with pytest.raises(NotDelivered) as trouble:
            actions.deliver(message.pk, now=at)
        assert trouble.value.retry_at >= at + timedelta(seconds=30)
        at = trouble.value.retry_at
    (taken,) = tencent.gateway.inbox.taken.values()
    assert gateway.asked() == 0
    tencent.listed.add(taken.receipt)
    assert actions.deliver(message.pk, now=at) == "sent"
    assert (len(tencent.gateway.inbox.taken), gateway.asked()) == (1, 0)
