"""Texts as files: whole, in both languages, filled with what they are given and nothing else."""

import pytest

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify import actions, queries, wording
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.tests.conftest import LIN_PHONE, NOW


def test_all_texts_of_the_house_are_whole():
    assert wording.faults() == []


def test_a_text_says_what_it_is_given_in_both_languages(lin, gateway):
    params = {"channel": {"zh": "微信", "en": "WeChat"}, "label": "o***x"}
    assert actions.tell(lin.account_id, "channel_bound", params, dedupe="a", now=NOW) == 2
    assert actions.tell(lin.account_id, "channel_bound", params, dedupe="a", now=NOW) == 0
    (notice,) = queries.inbox(lin.account_id)
    assert notice.text["zh"].startswith("微信已绑定到您的账号：o***x。")
    assert notice.text["en"].startswith("WeChat is now bound to your account: o***x.")
    assert actions.deliver(Message.objects.get(channel="sms").pk, now=NOW) == "sent"
    assert gateway.inbox(LIN_PHONE)[0]["text"] == notice.text["zh"]


def test_the_parts_of_an_act_tell_together(lin, django_assert_num_queries):
    params = {"channel": {"zh": "微信", "en": "WeChat"}, "label": "o***x"}
    assert actions.tell(lin.account_id, "channel_bound", params, dedupe="a", now=NOW) == 2
    with django_assert_num_queries(2), actions.together(now=NOW):  # the notices, and the entry of the new one
        for occasion in ("a", "b"):
            assert actions.tell(lin.account_id, "channel_bound", params, dedupe=occasion, now=NOW) == 0
    assert Message.objects.filter(channel="in_app").count() == 2
    assert Outbox.objects.filter(kind="notify:message:told").count() == 2


def test_what_is_told_in_an_act_that_fails_is_told_to_nobody(lin):
    def act():
        with actions.together(now=NOW):
            params = {"channel": {"zh": "微信", "en": "WeChat"}, "label": "o***x"}
            actions.tell(lin.account_id, "channel_bound", params, dedupe="a", now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Message.objects.exists()


@pytest.mark.parametrize(("template", "params"), [("no_such_text", {}), ("channel_bound", {"label": "x"})])
def test_a_text_that_is_missing_or_lacks_a_value_is_not_sent(lin, template, params):
    with pytest.raises(wording.WrongText):
        actions.tell(lin.account_id, template, params, dedupe="a", now=NOW)
    assert not Message.objects.exists()
