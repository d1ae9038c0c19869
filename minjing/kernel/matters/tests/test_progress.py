"""Asking by message how one's matters stand: one's own only, and on record before the words go out."""

import pytest

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions
from minjing.kernel.matters.progress import NONE, NOT_YOURS, progress
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import LIN, MONDAY, STRANGER

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(city):
    return actions.submit_whole(
        "HZ9901",
        ANSWERS,
        by=LIN,
        now=MONDAY,
        request_id=new_id(),
        materials={"marriage_certificate": [scan()]},
    ).number


def ask(who, asked=""):
    return progress(account_id=who.account_id, asked=asked, source="wechat", now=MONDAY)


def test_ones_open_matters_are_told_without_names_or_answers(number):
    said = ask(LIN)
    assert number in said["zh"]
    assert number in said["en"]
    assert "答复" in said["zh"]
    assert ANSWERS["spouse_id"] not in str(said)
    assert ask(LIN, number) == said


def test_a_strangers_matter_and_one_that_is_none_look_the_same(number):
    assert ask(STRANGER, number) == ask(STRANGER, "HZ04269999999") == NOT_YOURS
    assert ask(STRANGER) == NONE


def test_each_asking_is_on_record_with_what_was_told(number):
    ask(LIN)
    ask(STRANGER, number)
    own, others = Outbox.objects.filter(kind="matters:progress:asked").order_by("pk")
    assert own.subject_id == LIN.person_id
    assert others.subject_id == STRANGER.person_id
