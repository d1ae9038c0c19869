"""What anybody reads of the watch: how often the glass was broken, and that records are shut meanwhile."""

from datetime import timedelta

import pytest
from django.test import Client

from minjing.base import clock
from minjing.kernel.watch import actions, queries
from minjing.kernel.watch.tests.conftest import CLERK, HEAD

pytestmark = pytest.mark.django_db
PAGE = "/open/ledger/"


@pytest.fixture(autouse=True)
def nothing_kept():
    queries.forget()
    yield
    queries.forget()


def test_the_number_of_times_is_public_and_counts_only_what_was_confirmed():
    now = clock.now()
    page = Client().get(PAGE).content.decode()
    assert "<strong>0</strong>" in page
    assert "不能查看任何人的信息" not in page
    actions.beat(lag_s=4000.0, size=0, checked=0, now=now)
    queries.forget()
    asked = [
        actions.ask_glass("110 警情：走失儿童，需核对监护人", by=CLERK, now=now - timedelta(seconds=9))
        for _ in range(2)
    ]
    actions.confirm_glass(asked[0], by=HEAD, now=now)
    page = Client().get(PAGE).content.decode()
    assert "<strong>1</strong>" in page
    assert "不能查看任何人的信息" in page
    assert "走失儿童" not in page, "the number is public, the reason is not"
