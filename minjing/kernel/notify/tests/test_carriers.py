"""Two SMS providers: one takes over when the other is down, and nobody gets a message twice."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify import actions
from minjing.kernel.notify.actions import carrying, delivery
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.models import Carrier, Message
from minjing.kernel.notify.providers import aliyun as protocol
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.tests.conftest import KEY, LIN_PHONE, NOW

TEXT = {"zh": "您的办件需要补充一份材料。", "en": "Your matter needs one more document."}
TODAY = datetime.now(UTC)


def told(account, about="1", now=NOW):
    actions.announce(
        [account.account_id], template="asked", text=TEXT, about=about, channels=("in_app", "sms"), now=now
    )
    return Message.objects.filter(channel="sms").order_by("id").last()


def test_the_signature_is_that_of_alibabas_own_example():
    signed = protocol.signed(
        "https://ecs.cn-shanghai.aliyuncs.com/",
        "RunInstances",
        {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"},
        key_id="YourAccessKeyId",
        key="YourAccessKeySecret",
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
        version="2014-05-26",
    )
    assert signed["Authorization"].endswith("06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


def test_when_the_first_is_down_the_second_has_it_within_a_second(lin, gateway, aliyun):
    gateway.tell(down=True)
    message = told(lin)
    began = time.monotonic()
    assert actions.deliver(message.pk, now=NOW) == "sent"
    assert time.monotonic() - began < 1
    message.refresh_from_db()
    assert (message.carrier, message.attempts) == ("aliyun", 1)
    assert [(s.text, s.to) for s in aliyun.gateway.inbox.taken.values()] == [(TEXT["zh"], LIN_PHONE)]
    gateway.tell(reset=True)


def test_a_provider_in_trouble_is_given_less_and_gets_it_back(lin, gateway, aliyun, settings):
    settings.SMS_SHARES = {"house": 100, "aliyun": 100}
    gateway.tell(down=True)
    many = 40  # whom to ask first is drawn: with few, nobody may have drawn the one in trouble
    for number in range(many):
        actions.deliver(told(lin, str(number)).pk, now=NOW)
    house = Carrier.objects.get(pk="house")
    asked = gateway.asked()
    assert (house.share < 30, asked < many / 2, house.fault) == (True, True, "http_503")
    assert len(aliyun.gateway.inbox.taken) == many
    gateway.tell(reset=True)
    for minute in range(1, 13):
        actions.sweep(NOW + timedelta(minutes=minute, seconds=1))
    house.refresh_from_db()
    assert (house.share, house.faults) == (100, 0)


def test_both_down_is_trouble_that_passes_and_nothing_comes_twice(lin, gateway, aliyun):
    gateway.tell(down=True)
    aliyun.tell(down=True)
    message = told(lin)
    with pytest.raises(NotDelivered) as trouble:
        actions.deliver(message.pk, now=NOW)
    gateway.tell(reset=True)
    aliyun.tell(reset=True)
    assert actions.deliver(message.pk, now=trouble.value.retry_at) == "sent"
    assert len(gateway.inbox(LIN_PHONE)) + len(aliyun.gateway.inbox.taken) == 1


def test_an_answer_lost_by_the_one_without_idempotency_keys_is_asked_about_not_sent_again(
    lin, gateway, aliyun, settings
):
    settings.SMS_SHARES = {"house": 0, "aliyun": 100}
    aliyun.tell(lose=True)
    message = told(lin, now=TODAY)
    with pytest.raises(NotDelivered) as trouble:
        actions.deliver(message.pk, now=TODAY)
    assert trouble.value.retry_at >= TODAY + timedelta(seconds=30)  # its list is believed after a while only
    assert gateway.asked() == 0  # and nobody else is given it meanwhile
    assert actions.deliver(message.pk, now=trouble.value.retry_at) == "sent"
    assert (len(aliyun.gateway.inbox.taken), gateway.asked()) == (1, 0)


def test_what_never_arrived_there_is_sent_by_somebody_else_once_that_is_known(lin, gateway, aliyun, settings):
    settings.SMS_SHARES = {"house": 0, "aliyun": 100}
    aliyun.tell(fail=500, times=1)
    message = told(lin, now=TODAY)
    with pytest.raises(NotDelivered) as trouble:
        actions.deliver(message.pk, now=TODAY)
    aliyun.tell(down=True)
    with pytest.raises(NotDelivered) as still:
        actions.deliver(message.pk, now=trouble.value.retry_at)
    assert gateway.asked() == 0
    aliyun.tell(reset=True)
    assert actions.deliver(message.pk, now=still.value.retry_at) == "sent"
    assert len(aliyun.gateway.inbox.taken) + len(gateway.inbox(LIN_PHONE)) == 1


@pytest.mark.parametrize("name", ["house", "aliyun"])
def test_a_worker_killed_after_sending_does_not_make_two_messages(lin, gateway, aliyun, settings, name):
    settings.SMS_SHARES = {"house": 0, "aliyun": 0, name: 100}
    message = told(lin, now=TODAY)
    taken = delivery.take(message.pk, TODAY)
    carrying.hold(taken, name)
    sms.providers()[name].send(sms.Letter(message.pk, LIN_PHONE, TEXT["zh"], TODAY))  # and here it dies
    assert actions.deliver(message.pk, now=TODAY + timedelta(minutes=3)) == "sent"
    assert len(aliyun.gateway.inbox.taken) + len(gateway.inbox(LIN_PHONE)) == 1


def test_a_worker_that_lost_its_lease_sends_nothing(lin, gateway, aliyun):
    message = told(lin)
    slow = delivery.take(message.pk, NOW)
    assert actions.deliver(message.pk, now=NOW + timedelta(minutes=3)) == "sent"
    with pytest.raises(carrying.TakenOver):
        carrying.carry(slow, sms.Letter(message.pk, LIN_PHONE, "x"), NOW)
    assert gateway.asked() == 1


def test_a_wrong_number_is_refused_by_either_and_not_tried_elsewhere(lin, gateway, aliyun, settings):
    settings.SMS_SHARES = {"house": 0, "aliyun": 100}
    with pytest.raises(sms.Refused, match="mobile_number_illegal"):
        sms.providers()["aliyun"].send(sms.Letter(told(lin).pk, "123", "x", TODAY))


def test_reports_are_kept_once_and_only_from_who_has_the_message(lin, gateway, aliyun):
    message = told(lin)
    actions.deliver(message.pk, now=NOW)
    assert not actions.reported(message.pk, carrier="aliyun", delivered=True, now=NOW)
    assert actions.reported(message.pk, carrier="house", delivered=True, now=NOW)
    assert not actions.reported(message.pk, carrier="house", delivered=False, now=NOW)
    message.refresh_from_db()
    assert message.report == "delivered"


def test_reports_come_signed_or_are_refused_and_that_is_on_record(lin, gateway, aliyun):
    message = told(lin)
    actions.deliver(message.pk, now=NOW)
    body = json.dumps({"id": str(message.pk), "status": "delivered"}).encode()
    stamp = str(int(time.time()))

    def post(key: str, at: str = stamp) -> int:
        mark = sms.signature(key.encode(), at, str(message.pk), body)
        headers = {"HTTP_X_TIMESTAMP": at, "HTTP_X_SIGNATURE": mark}
        return Client().post("/notify/reports/house", body, "application/json", **headers).status_code

    assert (post("wrong"), post(KEY, str(int(stamp) - 3600)), post(KEY)) == (403, 403, 200)
    assert Outbox.objects.filter(kind="notify:report:refused").count() == 2
    assert Client().post("/notify/reports/aliyun/guess", b"[]", "application/json").status_code == 403
    address = f"/notify/reports/aliyun/{protocol.report_token(KEY)}"
    one = [{"out_id": str(message.pk), "success": True}]
    answer = Client().post(address, json.dumps(one), "application/json")
    assert answer.json() == {"code": 0, "msg": "成功"}
    message.refresh_from_db()
    assert message.report == "delivered"
