"""The WeChat official account: its callback, its door, its messages; real HTTP and signatures both ways."""

import time
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import limits
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.models import Session
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify import actions, arrivals, menu, plugs
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.models import Address, Heard, Message
from minjing.kernel.notify.providers import wechat, wechat_crypto
from minjing.kernel.notify.providers.standin.wechat_people import openid_of
from minjing.kernel.notify.tests.conftest import NOW, sign_in

LIN, CHEN = openid_of("lin"), openid_of("chen")
TEXT = {"zh": "您申请的「夫妻投靠入户」（HZ04260000001）已批准。", "en": "Your application “Move in” is approved."}


@pytest.fixture
def push(settings):
    """Push as WeChat does, sealed by wechatpy: an independent reading of the format."""

    def push(said, *, token=None, app_id=None, stamp=None, query=None, again=None):
        stamp, nonce = str(int(time.time()) if stamp is None else stamp), "n0nce"
        crypto = WeChatCrypto(
            token or settings.WECHAT_TOKEN, settings.WECHAT_AES_KEY, app_id or settings.WECHAT_APP_ID
        )
        plain = "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in said.items()) + "</xml>"
        body = crypto.encrypt_message(plain, nonce, stamp)
        signer = WeChatSigner()
        signer.add_data(token or settings.WECHAT_TOKEN, stamp, nonce)
        asked = {
            "signature": signer.signature,
            "timestamp": stamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0],
            **(query or {}),
        }
        address = "/wechat/callback?" + "&".join(f"{k}={v}" for k, v in asked.items())
        answer = Client().post(address, body, "text/xml")
        if answer.status_code != 200 or answer.content == b"success":
            return answer.status_code, ""
        text = answer.content.decode()
        part = lambda tag: text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]  # noqa: E731
        opened = crypto.decrypt_message(text, part("MsgSignature"), part("TimeStamp"), part("Nonce"))
        return 200, opened.split("<Content>")[1].split("</Content>")[0]

    return push


def text(content, openid=LIN, number="1"):
    return {
        "FromUserName": openid,
        "ToUserName": "gh",
        "CreateTime": "1",
        "MsgType": "text",
        "Content": content,
        "MsgId": number,
    }


def event(name, openid=LIN, **more):
    return {
        "FromUserName": openid,
        "ToUserName": "gh",
        "CreateTime": str(time.time()),
        "MsgType": "event",
        "Event": name,
        **more,
    }


def test_our_sealing_is_wechatpys(settings):
    theirs = WeChatCrypto("t", settings.WECHAT_AES_KEY, "wx1")
    sealed = wechat_crypto.wrap(settings.WECHAT_AES_KEY, "你好，微信", "wx1")
    mark = wechat_crypto.signature("t", "1", "n", sealed)
    assert theirs.decrypt_message(f"<xml><Encrypt>{sealed}</Encrypt></xml>", mark, "1", "n") == "你好，微信"
    with pytest.raises(wechat_crypto.Forged):
        wechat_crypto.unwrap(settings.WECHAT_AES_KEY, sealed, "wx2")
    with pytest.raises(wechat_crypto.Forged):
        wechat_crypto.unwrap(settings.WECHAT_AES_KEY, "QUJD", "wx1")


def test_the_address_is_confirmed_to_wechat_and_to_nobody_else(db, client, settings):
    stamp = str(int(time.time()))
    mark = wechat_crypto.signature(settings.WECHAT_TOKEN, stamp, "n")
    good = client.get("/wechat/callback", {"signature": mark, "timestamp": stamp, "nonce": "n", "echostr": "hello"})
    bad = client.get("/wechat/callback", {"signature": "x", "timestamp": stamp, "nonce": "n", "echostr": "hello"})
    assert (good.content, bad.status_code) == (b"hello", 403)


def test_forged_stale_open_and_foreign_calls_are_refused_and_that_is_on_record(db, push):
    assert push(text("进度"), token="wrong")[0] == 403
    assert push(text("进度"), stamp=int(time.time()) - 3600)[0] == 403
    assert push(text("进度"), query={"encrypt_type": "raw"})[0] == 403
    assert push(text("进度"), query={"msg_signature": "0" * 40})[0] == 403
    assert push(text("进度"), app_id="wx-another")[0] == 403
    assert Outbox.objects.filter(kind="notify:callback:refused").count() == 5
    assert not Heard.objects.exists()


@pytest.mark.parametrize(("mark", "stamp"), [("é", ""), ("汉", "1"), ("x", "²")], ids=["latin", "han", "squared"])
def test_what_is_no_ascii_is_refused_and_breaks_nothing(db, client, settings, mark, stamp):
    said = {"signature": mark, "timestamp": stamp, "nonce": "n"}
    assert client.get("/wechat/callback", said).status_code == 403
    right = wechat_crypto.signature(settings.WECHAT_TOKEN, stamp, "n")
    assert client.get("/wechat/callback", {**said, "signature": right}).status_code == 403
    client.get("/door/wechat")
    assert client.get("/door/wechat/back", {"state": mark, "code": "c"}).status_code == 400
    headers = {"HTTP_X_TIMESTAMP": stamp, "HTTP_X_SIGNATURE": "é"}
    assert client.post("/notify/reports/house", b"{}", "application/json", **headers).status_code == 403


def test_rubbish_without_end_does_not_fill_the_ledger(db, client):
    for n in range(70):
        assert client.get("/wechat/callback", {"signature": str(n)}).status_code == 403
        assert client.post("/notify/reports/aliyun/guess", b"[]", "application/json").status_code == 403
    kinds = [e.kind for e in Outbox.objects.filter(kind__endswith=":refused")]
    assert (kinds.count("notify:callback:refused"), kinds.count("notify:report:refused")) == (60, 60)


def test_one_address_begins_so_many_ways_to_wechat_and_no_more(db, client, monkeypatch):
    monkeypatch.setattr(limits, "DOOR", limits.Limit(2, timedelta(hours=1)))
    assert [Client(HTTP_HOST="localhost").get("/door/wechat").status_code for _ in range(3)] == [302, 302, 429]
    assert Session.objects.count() == 2


def test_entities_in_the_xml_are_not_read(db, settings):
    stamp = str(int(time.time()))
    mark = wechat_crypto.signature(settings.WECHAT_TOKEN, stamp, "n")
    body = '<!DOCTYPE x [<!ENTITY e "aaaa">]><xml><Encrypt>&e;</Encrypt></xml>'
    address = f"/wechat/callback?signature={mark}&timestamp={stamp}&nonce=n&encrypt_type=aes&msg_signature=x"
    assert Client().post(address, body, "text/xml").status_code == 403


def test_a_stranger_learns_nothing_and_is_told_how_to_bind(db, push):
    status, said = push(text("进度"))
    assert (status, "还没有绑定" in said, "/door/wechat" in said) == (200, True, True)
    assert Outbox.objects.filter(kind="notify:progress:refused").count() == 1


def test_the_code_from_the_page_binds_the_wechat_that_sends_it(lin, push):
    code = actions.give_code(by=lin, now=clock.now())
    assert "绑定成功" in push(text(f"绑定 {code.lower()}"))[1]
    assert people.account_by_door("wechat", LIN).pk == lin.account_id
    assert Address.objects.get(channel="wechat", ended_at=None).label == "oD***lin"
    assert "不对或已过期" in push(text(f"绑定 {code}", number="2"))[1]  # once
    assert Message.objects.filter(template="channel_bound", channel="in_app", account_id=lin.account_id).count() == 1


def test_a_code_that_has_run_out_binds_nothing(lin, push):
    code = actions.give_code(by=lin, now=clock.now() - timedelta(minutes=11))
    assert "不对或已过期" in push(text(code))[1]
    assert people.account_by_door("wechat", LIN) is None


def test_codes_cannot_be_guessed_without_end(db, push):
    said = [push(text("AAAAAAA3", number=str(n)))[1] for n in range(12)]
    assert ("不对或已过期" in said[9], "太频繁" in said[10]) == (True, True)


def test_one_wechat_opens_one_account_and_the_second_gets_a_clear_answer(lin, chen, push):
    actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    assert not actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    with pytest.raises(NotAllowed, match="door_bound_elsewhere"):
        actions.bind_wechat(by=chen, openid=LIN, now=NOW)
    with pytest.raises(NotAllowed, match="door_bound_already"):
        actions.bind_wechat(by=lin, openid=CHEN, now=NOW)
    code = actions.give_code(by=chen, now=clock.now())
    assert "已绑定另一个账号" in push(text(code))[1]
    assert Outbox.objects.filter(kind="identity:door:refused").count() == 3
    assert Address.objects.filter(channel="wechat", confirmed_at__isnull=False).count() == 1


def test_a_replayed_call_gets_the_same_answer_and_does_nothing(lin, push, monkeypatch):
    asked = []

    def progress(*, account_id, asked: str, source, now, log=asked):
        log.append(asked)
        return {"zh": f"第 {len(log)} 次", "en": "x"}

    monkeypatch.setattr(plugs.plugs, "progress", progress)
    actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    call = text("进度", number="77")
    assert [push(call)[1] for _ in range(3)] == ["第 1 次"] * 3
    assert push(text("HZ04260000001", number="78"))[1] == "第 2 次"
    assert asked == ["", "HZ04260000001"]
    assert "第".encode() not in bytes(Heard.objects.get(pk="wechat|77").answer_sealed)


def test_who_unfollows_gets_sms_again_and_who_follows_again_gets_wechat(lin, push):
    actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    push(event("unsubscribe"))
    assert not Address.objects.filter(ended_at=None, channel="wechat").exists()
    assert people.account_by_door("wechat", LIN).pk == lin.account_id  # the door stays
    assert "您好" in push(event("subscribe"))[1]
    assert Address.objects.get(ended_at=None, channel="wechat").account_id == lin.account_id


# ---- with the stand-in: API, messages, OAuth -----------------------------------------------------------------


def notice(account, about="1"):
    actions.announce(
        [account.account_id], template="approved", text=TEXT, about=about, channels=("in_app", "sms"), now=NOW
    )
    return Message.objects.get(channel="sms", template="approved", dedupe__contains=f":{about}:")


def test_a_bound_follower_gets_a_template_message_beside_the_sms(lin, gateway, wechat_phone):
    actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    wechat_phone.follow("lin")
    message = notice(lin)
    assert actions.deliver(message.pk, now=NOW) == "sent"
    mine = Message.objects.get(channel="wechat", template="approved")
    assert actions.deliver(mine.pk, now=NOW) == "sent"
    card = wechat_phone.lines("lin")[-1]["card"]
    assert (card["事项"], card["进展"]) == ("夫妻投靠入户", "已批准，点开查看证照")
    assert card["时间"] == "2026-11-24 10:00"


def test_who_does_not_follow_is_told_by_sms_only_and_the_address_ends(lin, gateway, wechat_phone):
    actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    actions.deliver(notice(lin).pk, now=NOW)
    mine = Message.objects.get(channel="wechat", template="approved")
    assert actions.deliver(mine.pk, now=NOW) == "failed"
    assert Address.objects.get(channel="wechat").ended_why == "unfollowed"


def test_a_lost_answer_of_wechat_does_not_make_two_messages(lin, gateway, wechat_phone):
    actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    wechat_phone.follow("lin")
    actions.deliver(notice(lin).pk, now=NOW)
    mine = Message.objects.get(channel="wechat", template="approved")
    wechat_phone.tell(lose=True)
    with pytest.raises(NotDelivered) as trouble:
        actions.deliver(mine.pk, now=NOW)
    assert actions.deliver(mine.pk, now=trouble.value.retry_at) == "sent"
    assert len([line for line in wechat_phone.lines("lin") if line["card"]]) == 1


def test_when_wechat_fails_for_good_what_the_law_wants_told_goes_by_sms(lin, gateway, wechat_phone, settings):
    actions.set_wishes(by=lin, channels={"matters": ["wechat"]}, quiet="none", now=NOW)
    actions.bind_wechat(by=lin, openid=LIN, now=NOW)
    wechat_phone.follow("lin")
    message = notice(lin)
    assert actions.deliver(message.pk, now=NOW) == "skipped"
    wechat_phone.tell(fail=40037)
    mine = Message.objects.get(channel="wechat", template="approved")
    assert actions.deliver(mine.pk, now=NOW) == "failed"
    assert actions.deliver(message.pk, now=NOW) == "sent"


def test_a_token_that_ran_out_is_fetched_anew(wechat_phone):
    account = wechat.account()
    assert account.follower(LIN).follows is False
    wechat_phone.tell(expire_tokens=True)
    wechat_phone.follow("lin")
    assert account.follower(LIN).follows is True


def test_the_menu_is_put_up_once(wechat_phone):
    assert (menu.keep(), menu.keep()) == (True, False)
    assert [b["name"] for b in wechat.account().menu()["button"]] == ["办事", "查进度", "我的"]


def through(client, wechat_phone, person, where="/door/wechat?next=/messages/"):
    """Walk a browser through the door as the WeChat of a person, and return the answer that it comes back to."""
    out = client.get(where)
    there = httpx.get(f"{out['Location']}".replace("#wechat_redirect", f"&as={person}"), trust_env=False)
    back = urlsplit(there.headers["Location"])
    return client.get(f"{back.path}?{back.query}")


def test_a_wechat_bound_to_nobody_signs_in_by_phone_first_and_binds_then(lin, client, wechat_phone):
    answer = through(client, wechat_phone, "lin")
    assert answer["Location"].startswith("/sign-in/?next=%2Fdoor%2Fwechat")
    sign_in(client, lin)
    page = through(client, wechat_phone, "lin")
    assert "绑定到您的账号" in page.content.decode()
    done = client.post("/door/wechat/bind", {"answer": "yes", "next": "/messages/"})
    assert done["Location"] == "/messages/"
    assert people.account_by_door("wechat", LIN).pk == lin.account_id
    fresh = Client()
    assert through(fresh, wechat_phone, "lin")["Location"] == "/messages/"
    assert fresh.get("/messages/").status_code == 200
    assert through(fresh, wechat_phone, "chen").status_code == 200  # another WeChat: asked about, not let in


def test_a_state_of_another_browser_and_a_used_code_open_nothing(lin, client, wechat_phone):
    identity.bind_door(by=lin, kind="wechat", subject=LIN, now=NOW)
    out = client.get("/door/wechat")
    there = httpx.get(out["Location"].replace("#wechat_redirect", "&as=lin"), trust_env=False)
    back = urlsplit(there.headers["Location"])
    stranger = Client()
    assert stranger.get(f"{back.path}?{back.query}").status_code == 400
    assert client.get(f"{back.path}?{back.query}").status_code == 302
    again = client.get("/door/wechat")
    state = parse_qs(urlsplit(again["Location"]).query)["state"][0]
    used = client.get(back.path, {"code": parse_qs(back.query)["code"][0], "state": state})
    assert used.status_code == 503


def test_after_a_sign_in_the_door_is_a_page_because_browsers_stop_a_forms_redirects(lin, client, wechat_phone):
    answer = through(client, wechat_phone, "lin")
    wanted = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    sign_in(client, lin)
    page = client.get(wanted)
    assert page.status_code == 200
    assert 'http-equiv="refresh"' in page.content.decode()


def test_for_a_payment_wechat_only_says_whose_it_is_and_nobody_is_signed_in_or_bound(lin, client, wechat_phone):
    sign_in(client, lin)
    answer = through(client, wechat_phone, "chen", "/door/wechat?for=pay&next=/pay/")
    assert (answer.status_code, answer["Location"]) == (302, "/pay/")
    request = SimpleNamespace(session=client.session)
    assert arrivals.here(request, "wechat") == CHEN
    assert CHEN not in str(dict(client.session)), "sealed in the session"
    assert arrivals.here(request, "alipay") == ""
    assert people.account_by_door("wechat", CHEN) is None
    wechat_phone.tell(down=True)
    assert through(client, wechat_phone, "lin", "/door/wechat?for=pay&next=/pay/")["Location"] == "/pay/"
