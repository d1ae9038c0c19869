"""The page "how we tell you", as a browser without script uses it."""

import json
import os

import pytest
from django.test import Client

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify import actions, queries
from minjing.kernel.notify.models import Address, Message, Wishes
from minjing.kernel.notify.tests.conftest import CHEN_PHONE, NOW, Browser, sign_in

WAYS = "/messages/ways/"


@pytest.fixture
def page(lin, client):
    sign_in(client, lin)
    return client


def said(client):
    return client.get(WAYS).content.decode()


def test_a_stranger_is_sent_to_the_sign_in_and_back():
    for path in ("", "topics", "email", "wechat", "push", "letter", "end"):
        answer = Client().post(WAYS + path) if path else Client().get(WAYS)
        assert answer["Location"].startswith("/sign-in/?next=%2Fmessages%2Fways%2F"), path


def test_what_is_wished_is_kept_and_one_way_stays(page, lin):
    answer = page.post(WAYS + "topics", {"quiet": "own", "since": "21:00", "until": "07:00"})
    assert answer["Location"] == WAYS
    wishes = Wishes.objects.get()
    assert wishes.quiet == "21:00-07:00"
    choices = {c.topic.name: list(c.on) for c in queries.wanted(lin.account_id, NOW).choices}
    assert (choices["matters"], choices["visits"]) == (["sms"], [])
    assert Outbox.objects.filter(kind="notify:wishes:set").count() == 1


def test_a_channel_that_is_bound_later_begins_switched_on(page, lin):
    page.post(WAYS + "topics", {"topic-matters": ["sms"], "quiet": ""})
    actions.bind_wechat(by=lin, openid="oSomebody", now=NOW)
    choices = {c.topic.name: list(c.on) for c in queries.wanted(lin.account_id, NOW).choices}
    assert choices["matters"] == ["sms", "wechat"]


@pytest.mark.parametrize("hours", [("21:00", "21:00"), ("x", "08:00"), ("", "")])
def test_hours_that_are_none_are_said_at_the_field(page, hours):
    answer = page.post(WAYS + "topics", {"quiet": "own", "since": hours[0], "until": hours[1]})
    assert (answer.status_code, "请选择两个不同的时刻" in answer.content.decode()) == (422, True)
    assert not Wishes.objects.exists()


def test_a_wrong_address_is_said_at_the_field_and_kept_for_mending(page):
    answer = page.post(WAYS + "email", {"email": "lin@nowhere"})
    text = answer.content.decode()
    assert (answer.status_code, 'value="lin@nowhere"' in text, "邮件地址不对" in text) == (422, True, True)
    answer = page.post(WAYS + "letter", {"name": "林晓", "address": "短"})
    assert (answer.status_code, 'value="林晓"' in answer.content.decode()) == (422, True)


def test_an_address_waits_for_its_link_and_shows_masked(page):
    page.post(WAYS + "email", {"email": "lin@example.com"})
    text = said(page)
    assert ("等待确认：" in text, "l***@example.com" in text, "lin@example.com" in text) == (True, True, False)


def test_the_code_for_wechat_is_shown_once(page):
    text = page.post(WAYS + "wechat").content.decode()
    assert "10 分钟内" in text
    assert Address.objects.get().confirm_hash is not None


def test_ending_is_for_ones_own_only(page, lin, chen):
    actions.set_postal(by=chen, name="陈", address="深圳市南山区科苑路 2 号", now=NOW)
    actions.set_postal(by=lin, name="林", address="深圳市福田区福中三路 1 号", now=NOW)
    theirs, mine = Address.objects.get(account_id=chen.account_id), Address.objects.get(account_id=lin.account_id)
    page.post(WAYS + "end", {"id": theirs.pk})
    page.post(WAYS + "end", {"id": "no-uuid"})
    page.post(WAYS + "end", {"id": mine.pk})
    theirs.refresh_from_db()
    mine.refresh_from_db()
    assert (theirs.ended_at, mine.ended_why) == (None, "own")


def test_unbinding_wechat_closes_its_door(page, lin):
    actions.bind_wechat(by=lin, openid="oSomebody", now=NOW)
    page.post(WAYS + "end", {"id": Address.objects.get().pk})
    from minjing.kernel.identity import queries as people

    assert people.account_by_door("wechat", "oSomebody") is None


def test_a_browser_subscribes_by_script_and_nonsense_is_refused(page, push_world):
    good = json.dumps(Browser(push_world, "b").subscription())
    assert page.post(WAYS + "push", good, "application/json").json() == {"new": True}
    for wrong in ("", "[]", '{"endpoint": 1}', "{" * 10):
        assert page.post(WAYS + "push", wrong, "application/json").status_code == 422
    worker = page.get("/push-worker.js")
    assert worker["Content-Type"].startswith("text/javascript")


def test_notices_show_how_they_went(page, lin, gateway):
    actions.announce(
        [lin.account_id], template="submitted", text={"zh": "已收到", "en": "Received"}, about="1",
        channels=("in_app", "sms"), now=clock.now(),
    )  # fmt: skip
    message = Message.objects.get(channel="sms")
    assert "短信发送中" in page.get("/messages/").content.decode()
    actions.deliver(message.pk, now=clock.now())
    assert "短信已发出" in page.get("/messages/").content.decode()
    actions.reported(message.pk, carrier="house", delivered=True, now=clock.now())
    assert "短信已送达" in page.get("/messages/").content.decode()


# The long run of `make faults` asks a thousand times.
REQUESTS = int(os.environ.get("CODE_REQUESTS") or 100)


def test_a_flood_of_requests_for_codes_to_one_phone_becomes_thirty_messages_at_most(db):
    sent = refused = 0
    for number in range(REQUESTS):
        try:
            identity.send_code(CHEN_PHONE, NOW, address=f"10.0.{number // 250}.{number % 250}")
            sent += 1
        except TooMany:
            refused += 1
    assert (sent + refused, sent <= 30, Message.objects.filter(template="sign_in_code").count()) == (
        REQUESTS,
        True,
        sent,
    )
