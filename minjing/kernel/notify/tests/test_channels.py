"""E-mail, Web Push and letters; wishes, quiet hours, and the way from one channel to the next."""

import re
import shutil
import subprocess
from datetime import date, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from django.test import Client

from minjing.base.clock import CHINA
from minjing.base.idnumber import compose
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.errors import NotAllowed, TooMany
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify import actions, letters, plugs, queries
from minjing.kernel.notify.errors import NotDelivered, WrongAddress
from minjing.kernel.notify.models import Address, Batch, Message
from minjing.kernel.notify.rules import BACK_OFF, after_quiet, quiet_of, routes
from minjing.kernel.notify.tests.conftest import LIN_PHONE, NOW, Browser
from minjing.kernel.notify.wording import topic

TEXT = {"zh": "您申请的「夫妻投靠入户」（HZ04260000001）已批准。", "en": "Your application “Move in” is approved."}
LINK = "http://localhost/messages/ways/email/confirm?token={token}"


def notice(account, about="1", template="approved", now=NOW):
    actions.announce(
        [account.account_id], template=template, text=TEXT, about=about, channels=("in_app", "sms"), now=now
    )
    return Message.objects.get(channel="sms", dedupe__contains=f":{about}:{template}")


def other(channel, template="approved"):
    return Message.objects.get(channel=channel, template=template)


def through(message, at=NOW):
    """Run a notice through all its tries; return its last state."""
    for wait in BACK_OFF:
        try:
            return actions.deliver(message.pk, now=at)
        except NotDelivered:
            at += wait
    return actions.deliver(message.pk, now=at)


# ---- e-mail ---------------------------------------------------------------------------------------------------


def test_an_address_counts_once_its_link_was_opened_and_not_before(lin, gateway, mailbox):
    actions.ask_email(by=lin, address="lin@example.com", link=LINK, now=NOW)
    (message,) = Message.objects.filter(template="email_confirm")
    assert actions.deliver(message.pk, now=NOW) == "sent"
    (mail,) = mailbox.to("lin@example.com")
    assert mail.subject == "请确认您的电子邮件地址"
    actions.deliver(notice(lin).pk, now=NOW)
    assert not Message.objects.filter(channel="email", template="approved").exists()
    token = re.search(r"token=([\w-]+)", mail.text)[1]
    client = Client()
    page = client.get("/messages/ways/email/confirm", {"token": token}).content.decode()
    assert "确认用这个地址" in page  # opening alone does nothing: mail programs open links by themselves
    assert not Address.objects.filter(confirmed_at__isnull=False).exists()
    assert not actions.confirm_email(token, now=NOW + timedelta(hours=25))
    assert actions.confirm_email(token, now=NOW + timedelta(hours=1))
    assert not actions.confirm_email(token, now=NOW + timedelta(hours=1))
    assert client.post("/messages/ways/email/confirm", {"token": token}).status_code == 410
    actions.deliver(notice(lin, "2").pk, now=NOW)
    mine = Message.objects.get(channel="email", template="approved")
    assert actions.deliver(mine.pk, now=NOW) == "sent"
    last = mailbox.to("lin@example.com")[-1]
    assert ("已批准" in last.text, "/messages/ways/" in last.text, last.subject) == (True, True, "办件进度")
    row = str(Address.objects.values_list().get(channel="email"))
    assert "lin@example.com" not in row


def with_email(actor, address="lin@example.com"):
    assert actions.confirm_email(actions.ask_email(by=actor, address=address, link=LINK, now=NOW), now=NOW)


@pytest.mark.parametrize(
    "wrong", ["", "lin", "lin@", "a b@example.com", "x@y", "a@b..com", "x" * 70 + "@example.com"]
)
def test_what_is_no_address_is_refused(lin, wrong):
    with pytest.raises(WrongAddress):
        actions.ask_email(by=lin, address=wrong, link=LINK, now=NOW)


def test_a_strangers_mailbox_is_not_flooded(lin, chen):
    for _ in range(5):
        actions.ask_email(by=lin, address="victim@example.com", link=LINK, now=NOW)
    with pytest.raises(TooMany):
        actions.ask_email(by=lin, address="other@example.com", link=LINK, now=NOW)
    with pytest.raises(TooMany):
        actions.ask_email(by=chen, address="Victim@example.com", link=LINK, now=NOW)


def test_mail_that_bounces_ends_the_address_and_the_notice_goes_on_by_sms(lin, gateway, mailbox):
    with_email(lin, "nobody@example.com")
    actions.set_wishes(by=lin, channels={"matters": ["email"]}, quiet="none", now=NOW)
    message = notice(lin)
    assert actions.deliver(message.pk, now=NOW) == "skipped"
    assert actions.deliver(other("email").pk, now=NOW) == "failed"
    assert Address.objects.get(channel="email").ended_why == "bounced"
    assert actions.deliver(message.pk, now=NOW) == "sent"
    assert gateway.inbox(LIN_PHONE)[0]["text"] == TEXT["zh"]


def test_a_mail_server_that_is_down_is_tried_again_and_the_letter_comes_once(lin, gateway, mailbox):
    with_email(lin)
    actions.deliver(notice(lin).pk, now=NOW)
    mailbox.post.down = True
    with pytest.raises(NotDelivered) as trouble:
        actions.deliver(other("email").pk, now=NOW)
    mailbox.post.down = False
    assert actions.deliver(other("email").pk, now=trouble.value.retry_at) == "sent"
    assert mailbox.post.taken == 1


# ---- Web Push -------------------------------------------------------------------------------------------------


def test_the_browser_alone_can_read_what_is_pushed(lin, gateway, push_world):
    browser = Browser(push_world, "phone")
    assert actions.subscribe(by=lin, subscription=browser.subscription(), device="Chrome · Android", now=NOW)
    assert not actions.subscribe(by=lin, subscription=browser.subscription(), device="Chrome", now=NOW)
    actions.deliver(notice(lin).pk, now=NOW)
    assert actions.deliver(other("push").pk, now=NOW) == "sent"
    (shown,) = browser.shown()
    assert (shown["title"], shown["body"], shown["url"]) == ("办件进度", TEXT["zh"], "/messages/")
    sealed = httpx.get(f"{push_world}/taken.json", params={"of": "phone"}, trust_env=False).text
    assert "夫妻" not in sealed


def test_a_browser_that_is_gone_is_taken_off_and_the_others_get_it(lin, gateway, push_world):
    old, new = Browser(push_world, "old"), Browser(push_world, "new")
    for one in (old, new):
        actions.subscribe(by=lin, subscription=one.subscription(), device=one.name, now=NOW)
    httpx.post(f"{push_world}/admin", json={"gone": ["old"]}, trust_env=False)
    actions.deliver(notice(lin).pk, now=NOW)
    assert actions.deliver(other("push").pk, now=NOW) == "sent"
    assert len(new.shown()) == 1
    assert Address.objects.get(channel="push", ended_at__isnull=False).ended_why == "gone"


def test_a_push_whose_answer_is_lost_replaces_itself(lin, gateway, push_world):
    browser = Browser(push_world, "phone")
    actions.subscribe(by=lin, subscription=browser.subscription(), device="x", now=NOW)
    actions.deliver(notice(lin).pk, now=NOW)
    httpx.post(f"{push_world}/admin", json={"lose": True}, trust_env=False)
    with pytest.raises(NotDelivered) as trouble:
        actions.deliver(other("push").pk, now=NOW)
    assert actions.deliver(other("push").pk, now=trouble.value.retry_at) == "sent"
    assert len(browser.shown()) == 1


@pytest.mark.parametrize(
    "endpoint", ["http://169.254.169.254/latest", "https://evil.example/push", "ftp://127.0.0.1/x", "", "https://"]
)
def test_nothing_but_a_known_push_service_is_called(lin, push_world, endpoint):
    subscription = Browser(push_world, "x").subscription() | {"endpoint": endpoint}
    with pytest.raises(WrongAddress):
        actions.subscribe(by=lin, subscription=subscription, device="x", now=NOW)


def test_a_browser_tells_one_person_only(lin, chen, push_world):
    subscription = Browser(push_world, "shared").subscription()
    actions.subscribe(by=lin, subscription=subscription, device="x", now=NOW)
    actions.subscribe(by=chen, subscription=subscription, device="x", now=NOW)
    open_ones = Address.objects.filter(channel="push", ended_at__isnull=True)
    assert [a.account_id for a in open_ones] == [chen.account_id]


# ---- wishes, quiet hours, the next channel --------------------------------------------------------------------


def test_what_the_law_wants_told_keeps_one_way_that_reaches(lin):
    matters, news = topic("matters"), topic("news")
    assert routes(matters, [], {"sms", "wechat"}) == ["wechat"]
    assert routes(matters, ["push"], {"sms", "push"}) == ["push", "sms"]
    assert routes(matters, ["email"], {"sms"}) == ["sms"]
    assert routes(news, [], {"sms", "wechat"}) == []
    assert routes(matters, None, {"sms", "email"}) == ["sms", "email"]


@pytest.mark.parametrize(
    ("hours", "at", "then"),
    [
        ("22:00-08:00", "21:59", "21:59"),
        ("22:00-08:00", "22:00", "08:00+1"),
        ("22:00-08:00", "03:10", "08:00"),
        ("22:00-08:00", "08:00", "08:00"),
        ("12:00-14:00", "13:00", "14:00"),
        ("12:00-14:00", "14:00", "14:00"),
        ("none", "03:00", "03:00"),
    ],
)
def test_quiet_hours_end_when_they_say(hours, at, then):
    day = datetime(2026, 11, 24, tzinfo=CHINA)
    clock, _, later = then.partition("+")
    wanted = day.replace(hour=int(clock[:2]), minute=int(clock[3:])) + timedelta(days=int(later or 0))
    asked = day.replace(hour=int(at[:2]), minute=int(at[3:]))
    assert after_quiet(quiet_of(hours), asked) == wanted


@pytest.mark.parametrize("hours", ["22:00", "8-9-10", "22:00-22:00", "24:00-25:00", "x"])
def test_hours_that_are_none_are_refused(hours):
    with pytest.raises(ValueError):
        quiet_of(hours)


def test_at_night_the_telephone_stays_still_until_the_morning(lin, gateway, settings):
    settings.NOTIFY_QUIET_HOURS = "22:00-08:00"
    night = datetime(2026, 11, 24, 23, 30, tzinfo=CHINA)
    message = notice(lin, now=night)
    with pytest.raises(NotDelivered, match="quiet_hours") as later:
        actions.deliver(message.pk, now=night)
    assert later.value.retry_at == datetime(2026, 11, 25, 8, tzinfo=CHINA)
    assert queries.unread_count(lin.account_id) == 1  # in the app it is there at once
    assert actions.deliver(message.pk, now=later.value.retry_at) == "sent"
    urgent = notice(lin, "2", "submitted", night)
    assert actions.deliver(urgent.pk, now=night) == "sent"  # answers what the person has just done
    actions.send_code(phone=LIN_PHONE, code="482910", minutes=5, language="zh", now=night)
    code = Message.objects.get(template="sign_in_code")
    assert actions.deliver(code.pk, now=night) == "sent"


def test_when_sms_has_failed_for_48_hours_a_letter_is_written(lin, gateway):
    actions.set_postal(by=lin, name="林晓", address="深圳市福田区福中三路 1 号\n3 栋 502", now=NOW)
    gateway.tell(fail=500, times=100)
    message = notice(lin)
    assert through(message) == "failed"
    assert other("letter").state == "waiting"
    gateway.tell(reset=True)


def test_an_undelivered_report_goes_on_by_the_next_channel_and_never_comes_back(lin, gateway, mailbox):
    with_email(lin)
    actions.set_wishes(by=lin, channels={"matters": ["sms"]}, quiet="none", now=NOW)
    message = notice(lin)
    actions.deliver(message.pk, now=NOW)
    assert actions.reported(message.pk, carrier="house", delivered=False, fault="no_such_number", now=NOW)
    assert actions.deliver(other("email").pk, now=NOW) == "sent"
    assert len(gateway.inbox(LIN_PHONE)) == 1
    assert Outbox.objects.filter(kind="notify:message:undelivered").count() == 1


def test_news_that_nobody_must_hear_is_given_up_quietly(lin, gateway, monkeypatch):
    monkeypatch.setattr("minjing.kernel.notify.wording._kinds", lambda: {"tip": news_kind()})
    gateway.tell(fail=422)
    actions.set_wishes(by=lin, channels={"news": ["sms"]}, quiet="none", now=NOW)
    assert actions.deliver(notice(lin, template="tip").pk, now=NOW) == "failed"
    assert not Message.objects.filter(channel="letter").exists()


def news_kind():
    from minjing.kernel.notify.wording import Kind

    return Kind("news")


# ---- letters --------------------------------------------------------------------------------------------------

CLERK = Actor(
    UUID(int=7),
    "officer",
    holdings=(Holding("desk_operator", 1, "1.", "bureau", 0, frozenset({"post_letters"})),),
)


@pytest.fixture
def letter(lin, gateway):
    actions.set_postal(by=lin, name="林晓", address="深圳市福田区福中三路 1 号\n3 栋 502", now=NOW)
    gateway.tell(fail=422)
    actions.deliver(notice(lin).pk, now=NOW)
    return other("letter")


def test_the_letters_of_a_day_are_one_pdf_with_a_list_first(letter):
    batch_id = actions.make_batch(by=CLERK, now=NOW)
    assert actions.make_batch(by=CLERK, now=NOW) is None
    batch = Batch.objects.get()
    assert (batch.number, batch.letters) == ("20261124-1", 1)
    actions.downloaded(batch_id, by=CLERK, now=NOW)
    made = letters.typeset(batch_id, sender="深圳市公安局", now=NOW)
    assert made.startswith(b"%PDF")
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-", "-"], input=made, capture_output=True, check=True).stdout.decode()
        first, second, *rest = ("".join(page.split()) for page in text.split("\f"))
        assert ("1封" in first, "20261124-1-001" in first, "林晓" in first) == (True, True, True)
        assert ("福中三路" in second, "已批准" in second, "approved" in second) == (True, True, True)
        assert rest == [""]
    assert Outbox.objects.filter(kind="notify:batch:downloaded").count() == 1


def test_a_batch_is_printed_posted_and_a_letter_may_come_back(letter):
    batch_id = actions.make_batch(by=CLERK, now=NOW)
    assert actions.mark_printed(batch_id, by=CLERK, now=NOW)
    assert not actions.mark_printed(batch_id, by=CLERK, now=NOW)
    assert actions.mark_posted(batch_id, by=CLERK, now=NOW)
    letter.refresh_from_db()
    assert (letter.state, letter.receipt, letter.envelope_sealed) == ("sent", "20261124-1", None)
    assert actions.mark_returned(letter.pk, by=CLERK, now=NOW)
    assert not actions.mark_returned(letter.pk, by=CLERK, now=NOW)
    assert queries.unreached(NOW - timedelta(days=1)) == 1
    kinds = set(Outbox.objects.filter(kind__startswith="notify:batch").values_list("kind", flat=True))
    assert kinds == {"notify:batch:made", "notify:batch:printed", "notify:batch:posted"}


def test_letters_are_for_who_holds_the_post(letter, chen):
    batch_id = actions.make_batch(by=CLERK, now=NOW)
    for act in (actions.mark_printed, actions.mark_posted, actions.downloaded):
        with pytest.raises(NotAllowed):
            act(batch_id, by=chen, now=NOW)


def test_without_an_address_the_register_is_asked(lin, gateway, monkeypatch):
    monkeypatch.setattr(plugs.plugs, "home", lambda person_id: "林晓\n深圳市南山区科苑路 2 号")
    person_id = identity.ensure_person(name="林晓", id_number=compose("440304", date(1990, 1, 1), 1), now=NOW)
    Account.objects.filter(pk=lin.account_id).update(person_id=person_id)
    gateway.tell(fail=422)
    actions.deliver(notice(lin).pk, now=NOW)
    assert other("letter").state == "waiting"
