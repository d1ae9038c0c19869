"""A token that asks too often waits; another does not, and nothing is asked of the database for the counting."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.portals.api import rate
from minjing.portals.api.rate import AskedTooOften, Counter
from minjing.portals.api.tests.test_api import as_  # noqa: F401 - the fixture


@pytest.fixture(autouse=True)
def _three_a_minute(settings):
    settings.API_PER_MINUTE = 3
    rate.requests.forget()
    yield
    rate.requests.forget()


@pytest.mark.django_db
def test_the_fourth_request_of_a_minute_waits_and_another_token_does_not(as_):  # noqa: F811
    lin, chen = as_(LIN), as_(CHEN)
    assert [lin.get("/api/me").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = lin.get("/api/me")
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["key"] == "too_many"
    assert "每分钟最多 3 次请求" in refused.json()["message"]["zh"]
    assert "3 times a minute" in refused.json()["message"]["en"]
    assert chen.get("/api/me").status_code == 200


@pytest.mark.django_db
def test_a_refused_request_asks_the_database_nothing_and_an_allowed_one_nothing_more(as_, settings):  # noqa: F811
    lin = as_(LIN)
    with CaptureQueriesContext(connection) as counted:
        lin.get("/api/me")
    settings.API_PER_MINUTE = 0
    with CaptureQueriesContext(connection) as lifted:
        lin.get("/api/me")
    assert len(counted) == len(lifted)
    settings.API_PER_MINUTE = 1
    with CaptureQueriesContext(connection) as refused:
        assert lin.get("/api/me").status_code == 429
    assert len(refused) == 0


@pytest.mark.django_db
def test_zero_lifts_the_limit(as_, settings):  # noqa: F811
    settings.API_PER_MINUTE = 0
    lin = as_(LIN)
    assert {lin.get("/api/me").status_code for _ in range(10)} == {200}


def test_the_minute_begins_with_the_first_request():
    counter = Counter()
    for at in (0.0, 30.0, 59.9):
        counter.count("a", 3, at)
    with pytest.raises(AskedTooOften) as refused:
        counter.count("a", 3, 59.95)
    assert refused.value.wait_s == 1
    counter.count("a", 3, 60.0)


def test_trying_on_does_not_make_the_wait_longer():
    counter = Counter()
    for _ in range(3):
        counter.count("a", 3, 0.0)
    for at in (10.0, 20.0, 59.0):
        with pytest.raises(AskedTooOften):
            counter.count("a", 3, at)
    counter.count("a", 3, 60.0)


def test_only_so_many_tokens_are_remembered():
    counter = Counter(most=2)
    for token in ("a", "b", "c"):
        counter.count(token, 1, 0.0)
    counter.count("a", 1, 1.0)  # the one that had not asked for longest was forgotten
    with pytest.raises(AskedTooOften):
        counter.count("c", 1, 1.0)
