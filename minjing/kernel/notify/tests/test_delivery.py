"""From the outbox to the phone: once, in the reader's language, in spite of trouble."""

import json
import logging
import time
from datetime import timedelta

import httpx
import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.models import Account, PersonKey
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.sealing import forget
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify import actions, queries
from minjing.kernel.notify.actions import delivery
from minjing.kernel.notify.actions.carrying import hold
from minjing.kernel.notify.actions.sending import letter_of
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.rules import BACK_OFF, LEASE, LOST_AFTER
from minjing.kernel.notify.tests.conftest import CHEN_PHONE, KEY, LIN_PHONE, NOW

TEXT = {"zh": "您的办件需要补充一份材料。", "en": "Your matter needs one more document."}
BOTH = ("in_app", "sms")


def told(*accounts, about="1", channels=BOTH):
    actions.announce(
        [a.account_id for a in accounts], template="asked", text=TEXT, about=about, channels=channels, now=NOW
    )
    return list(Message.objects.filter(channel="sms").order_by("id"))


def jobs():
    with connection.cursor() as cursor:
        cursor.execute("SELECT args->>'message_id' FROM procrastinate_jobs WHERE task_name = 'notify.deliver'")
        return sorted(row[0] for row in cursor.fetchall())


def bells():
    """Return the bells that nobody has answered, each with whether it is for later."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scheduled_at IS NOT NULL FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'"
            " ORDER BY id",
            [actions.RING],
        )
        return ["later" if later else "now" for (later,) in cursor.fetchall()]


def answer_bells():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE task_name = %s", [actions.RING])


def test_a_notice_reaches_the_phone_and_the_app(lin, gateway):
    (message,) = told(lin)
    assert bells() == ["now"]
    assert actions.deliver_due(lambda: NOW) == (1, False)
    (received,) = gateway.inbox(LIN_PHONE)
    assert received["text"] == TEXT["zh"]
    (notice,) = queries.inbox(lin.account_id)
    assert (notice.text, notice.read_at) == (TEXT, None)
    message.refresh_from_db()
    assert (message.state, message.sent_at, message.receipt != "") == ("sent", NOW, True)


def test_a_reader_of_english_gets_english(lin, gateway):
    Account.objects.filter(pk=lin.account_id).update(language="en")
    (message,) = told(lin)
    actions.deliver(message.pk, now=NOW)
    assert gateway.inbox(LIN_PHONE)[0]["text"] == TEXT["en"]


def test_the_same_occasion_is_told_once(lin, chen):
    assert actions.announce([lin.account_id], template="asked", text=TEXT, about="m:3", channels=BOTH, now=NOW) == 2
    accounts = [lin.account_id, chen.account_id]
    assert actions.announce(accounts, template="asked", text=TEXT, about="m:3", channels=BOTH, now=NOW) == 2
    assert Message.objects.count() == 4
    assert bells() == ["now"]  # one for all


def test_a_notice_of_an_act_that_did_not_happen_is_not_told(lin):
    with transaction.atomic():
        told(lin)
        transaction.set_rollback(True)
    assert not Message.objects.exists()
    assert bells() == []


def test_who_finds_a_bell_unanswered_rings_no_second_one(lin, chen):
    told(lin)
    told(chen, about="2")
    assert bells() == ["now"]
    answer_bells()
    told(lin, about="3")
    assert bells() == ["now"]


def test_only_a_notice_that_has_no_job_of_its_own_rings(lin, gateway):
    actions.send_code(phone=CHEN_PHONE, code="482910", minutes=5, language="zh-hans", now=NOW)
    actions.announce([lin.account_id], template="asked", text=TEXT, about="1", now=NOW)  # to the app alone
    assert bells() == []


def test_one_that_breaks_stops_no_other_and_is_left_to_the_sweep(lin, chen, gateway, monkeypatch, caplog):
    broken, sound = told(lin, chen)
    send = delivery.send

    def sometimes(message, now):
        if message.pk == broken.pk:
            raise RuntimeError("broken")
        return send(message, now)

    monkeypatch.setattr(delivery, "send", sometimes)
    assert actions.deliver_due(lambda: NOW) == (1, False)
    sound.refresh_from_db()
    assert sound.state == "sent"
    assert str(broken.pk) in caplog.text
    assert actions.deliver_due(lambda: NOW) == (0, False)
    assert actions.sweep(NOW + LEASE + LOST_AFTER) == 1


def test_a_turn_at_the_bell_is_short(lin, chen, gateway, monkeypatch):
    told(lin, chen)
    monkeypatch.setattr(delivery, "TURN_S", 0)
    assert actions.deliver_due(lambda: NOW) == (0, True)
    monkeypatch.undo()
    monkeypatch.setattr(delivery, "TURN_MAX", 1)
    assert actions.deliver_due(lambda: NOW) == (1, True)
    assert actions.deliver_due(lambda: NOW) == (1, False)


def test_one_that_is_put_off_gets_a_job_at_its_time(lin, gateway):
    (message,) = told(lin)
    gateway.tell(fail=503)
    assert actions.deliver_due(lambda: NOW) == (1, False)
    assert jobs() == [str(message.pk)]
    assert actions.deliver_due(lambda: NOW + timedelta(hours=1)) == (0, False)  # that job's affair


def test_a_job_run_twice_sends_once(lin, gateway):
    (message,) = told(lin)
    assert [actions.deliver(message.pk, now=NOW) for _ in range(3)] == ["sent"] * 3
    assert gateway.asked() == 1


@pytest.fixture
def empty_queue(transactional_db):
    """Give a queue without jobs and leave it so: Django does not empty tables that are not its own."""
    connection.cursor().execute("DELETE FROM procrastinate_jobs")
    yield
    connection.cursor().execute("DELETE FROM procrastinate_jobs")


def test_the_worker_finds_the_job_and_puts_it_off_when_the_gateway_fails(empty_queue, gateway):
    lin = identity.open_account(phone=LIN_PHONE, now=clock.now())
    actions.announce([lin.pk], template="asked", text=TEXT, about="1", channels=BOTH, now=clock.now())
    gateway.tell(fail=503)
    work()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, attempts, scheduled_at > now() FROM procrastinate_jobs WHERE task_name = %s",
            [actions.TASK],
        )
        assert cursor.fetchall() == [("todo", 0, True)]
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    Message.objects.filter(channel="sms").update(next_at=clock.now())
    work()
    assert len(gateway.inbox(LIN_PHONE)) == 1
    assert Message.objects.get(channel="sms").state == "sent"


def test_a_notice_whose_bell_was_answered_too_early_is_found_a_moment_later(empty_queue, gateway):
    lin, chen = (identity.open_account(phone=phone, now=clock.now()) for phone in (LIN_PHONE, CHEN_PHONE))
    actions.announce([lin.pk], template="asked", text=TEXT, about="1", channels=BOTH, now=clock.now())
    work()
    assert bells() == ["later"]
    # Another's transaction had found that bell and rung none; it ends only now.
    actions.announce([chen.pk], template="asked", text=TEXT, about="1", channels=BOTH, now=clock.now())
    connection.cursor().execute(
        "DELETE FROM procrastinate_jobs WHERE task_name = %s AND scheduled_at IS NULL", [actions.RING]
    )
    work()
    assert gateway.inbox(CHEN_PHONE) == []
    for _ in range(2):  # the second look finds it and looks once more; the third finds nothing and ends it
        connection.cursor().execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
        work()
    assert len(gateway.inbox(CHEN_PHONE)) == 1
    assert bells() == []


def work():
    with app.replace_connector(app.connector.get_worker_connector()) as worker_app:
        worker_app.run_worker(queues=["notify"], wait=False, install_signal_handlers=False, listen_notify=False)


def test_a_gateway_that_fails_is_tried_again_as_declared(lin, gateway):
    (message,) = told(lin)
    gateway.tell(fail=503, times=2)
    at = NOW
    for wait in BACK_OFF[:2]:
        with pytest.raises(NotDelivered) as trouble:
            actions.deliver(message.pk, now=at)
        assert (trouble.value.fault, trouble.value.retry_at) == ("http_503", at + wait)
        assert actions.deliver(message.pk, now=at + wait / 2) == "waiting"
        at += wait
    assert actions.deliver(message.pk, now=at) == "sent"
    assert len(gateway.inbox(LIN_PHONE)) == 1


def test_a_gateway_that_asks_for_patience_is_given_it(lin, gateway):
    (message,) = told(lin)
    gateway.tell(fail=429, retry_after=600)
    with pytest.raises(NotDelivered) as trouble:
        actions.deliver(message.pk, now=NOW)
    assert trouble.value.retry_at == NOW + timedelta(minutes=10)


def test_a_notice_is_given_up_after_two_days_and_that_is_on_record(lin, gateway):
    (message,) = told(lin)
    gateway.tell(fail=500, times=100)
    at = NOW
    for wait in BACK_OFF:
        with pytest.raises(NotDelivered):
            actions.deliver(message.pk, now=at)
        at += wait
    assert actions.deliver(message.pk, now=at) == "failed"
    message.refresh_from_db()
    assert message.fault == "http_500"
    assert Outbox.objects.filter(kind="notify:message:failed").count() == 1
    assert queries.delivery(NOW).failed_in_a_day == 1


def test_a_gateway_that_loses_its_answer_does_not_make_two_messages(lin, gateway):
    (message,) = told(lin)
    gateway.tell(lose=True)
    assert actions.deliver(message.pk, now=NOW) == "sent"  # it is asked, and says that it has it
    assert (gateway.asked(), len(gateway.inbox(LIN_PHONE))) == (1, 1)


def test_a_worker_killed_between_sending_and_marking_does_not_make_two_messages(lin, gateway):
    (message,) = told(lin)
    taken = delivery.take(message.pk, NOW)
    assert taken is not None
    hold(taken, "house")
    sms.providers()["house"].send(letter_of(taken))  # and here it dies: nothing is marked
    assert actions.deliver(message.pk, now=NOW + timedelta(seconds=30)) == "sending"
    later = NOW + LEASE + LOST_AFTER
    connection.cursor().execute("DELETE FROM procrastinate_jobs")
    assert actions.sweep(later) == 1
    assert jobs() == [str(message.pk)]
    assert actions.deliver(message.pk, now=later) == "sent"
    assert len(gateway.inbox(LIN_PHONE)) == 1


def test_a_slow_worker_does_not_overwrite_what_its_successor_has_marked(lin, gateway):
    (message,) = told(lin)
    slow = delivery.take(message.pk, NOW)
    assert slow is not None
    assert actions.deliver(message.pk, now=NOW + LEASE) == "sent"
    assert delivery.put_off(slow, sms.Unavailable("timeout"), NOW + LEASE) == "sending"
    message.refresh_from_db()
    assert message.state == "sent"


def test_the_sweep_leaves_alone_what_is_not_late_and_asks_once_for_what_is(lin):
    told(lin)
    connection.cursor().execute("DELETE FROM procrastinate_jobs")
    assert actions.sweep(NOW) == 0
    for _ in range(3):
        actions.sweep(NOW + LOST_AFTER)
    assert len(jobs()) == 1


def test_no_gateway_at_all_is_trouble_that_passes(lin, settings):
    settings.SMS_URL = "http://127.0.0.1:9/sms/v1/send"
    (message,) = told(lin)
    with pytest.raises(NotDelivered, match="unreachable"):
        actions.deliver(message.pk, now=NOW)


def test_a_wrong_key_is_refused_by_the_gateway_and_mended_later(lin, gateway, settings):
    (message,) = told(lin)
    settings.SMS_KEY = "another"
    with pytest.raises(NotDelivered, match="http_401") as trouble:
        actions.deliver(message.pk, now=NOW)
    settings.SMS_KEY = KEY
    assert actions.deliver(message.pk, now=trouble.value.retry_at) == "sent"


def test_an_erased_person_is_written_to_no_more(lin, gateway):
    (message,) = told(lin)
    PersonKey.objects.filter(pk=lin.account_id).delete()
    forget(lin.account_id)
    assert actions.deliver(message.pk, now=NOW) == "failed"
    message.refresh_from_db()
    assert message.fault == "no_phone"
    assert gateway.asked() == 0


def test_a_sign_in_code_reaches_a_phone_without_account_and_is_not_kept(db, gateway):
    assert plugs.send_code is actions.send_code
    plugs.send_code(phone=CHEN_PHONE, code="482910", minutes=10, language="zh-hans", now=NOW)
    message = Message.objects.get()
    row = json.dumps([str(v) for v in Message.objects.values_list().get()])
    assert "482910" not in row
    assert CHEN_PHONE not in row
    assert actions.deliver(message.pk, now=NOW) == "sent"
    assert "482910" in gateway.inbox(CHEN_PHONE)[0]["text"]
    message.refresh_from_db()
    assert message.envelope_sealed is None


def test_a_code_that_has_run_out_is_not_sent(db, gateway):
    actions.send_code(phone=CHEN_PHONE, code="482910", minutes=10, language="zh-hans", now=NOW)
    message = Message.objects.get()
    assert actions.deliver(message.pk, now=NOW + timedelta(minutes=10)) == "failed"
    assert gateway.inbox() == []


def test_no_phone_and_no_text_is_logged(lin, gateway, caplog):
    (message,) = told(lin)
    with caplog.at_level(logging.DEBUG):
        actions.deliver(message.pk, now=NOW)
    assert LIN_PHONE not in caplog.text
    assert TEXT["zh"] not in caplog.text
    assert LIN_PHONE not in repr(letter_of(message))


def test_rows_for_a_statement_of_the_engine_fit_the_table(lin, gateway):
    matter_id = new_id()
    notices = actions.rows(template="asked", text=TEXT, matter_id=matter_id, seq=3)
    assert [n["state"] for n in notices] == ["sent", "waiting"]
    for notice in notices:
        Message.objects.create(**notice, account_id=lin.account_id, matter_id=matter_id, next_at=NOW, created_at=NOW)
    assert actions.deliver(notices[1]["id"], now=NOW) == "sent"


def test_the_gateway_checks_the_signature_the_clock_and_the_number(gateway):
    message_id = str(new_id())
    body = json.dumps({"id": message_id, "to": "123", "text": "x", "sender": "y"}).encode()

    def post(stamp, key=KEY):
        said = {
            "Idempotency-Key": message_id,
            "X-Timestamp": stamp,
            "X-Signature": sms.signature(key.encode(), stamp, message_id, body),
        }
        return httpx.post(f"{gateway.url}/sms/v1/send", content=body, headers=said, trust_env=False)

    now = str(int(time.time()))
    assert post(now, "wrong").status_code == 401
    assert post(str(int(now) - 3600)).status_code == 401
    assert (post(now).status_code, post(now).json()) == (422, {"error": "bad_number"})


def test_the_inbox_page_shows_newest_first_with_masked_phones_in_both_languages(lin, chen, gateway):
    for message in told(lin, chen):
        actions.deliver(message.pk, now=NOW)
    page = gateway.page(lang="zh")
    assert LIN_PHONE not in page
    assert page.index("138****0002") < page.index("138****0001")
    assert "演示短信收件箱" in page
    assert "Demo text messages" in gateway.page(lang="en")
    assert "138****0002" not in gateway.page(phone="0001")
    assert "<script" not in gateway.page(phone="<script>")


def test_a_code_goes_before_all_that_waits(lin, gateway):
    told(lin)
    actions.send_code(phone=CHEN_PHONE, code="482910", minutes=5, language="zh-hans", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'message_id' FROM procrastinate_jobs WHERE task_name = 'notify.deliver'"
            " ORDER BY priority DESC, id"
        )
        first = cursor.fetchone()[0]
    assert Message.objects.get(pk=first).template == "sign_in_code"
