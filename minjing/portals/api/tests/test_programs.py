"""A program's request goes past the layers of the pages, and is answered as if it had gone through them."""

import re
from operator import attrgetter

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.models import Account
from minjing.kernel.matters.tests.conftest import city, lasting_city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import LIN
from minjing.portals.api.programs import Programs, by_first_word, found
from minjing.portals.api.tests.test_api import as_, submitted  # noqa: F401 - the fixture
from minjing.portals.api.urls import urlpatterns

BROWSER = {"HTTP_COOKIE": "colour=blue"}  # with a cookie, whatever it is, a request goes the pages' way
SAMPLES = {"uuidstr": str(new_id()), "uuid": str(new_id()), "int": "7", "str": "HZ0601"}


def _sample(pattern: str) -> str:
    """Return an address that fits a pattern."""
    return re.sub(r"<(?:(\w+):)?\w+>", lambda named: SAMPLES.get(named[1] or "str", "2026-11-29"), pattern)


def test_every_address_is_found_by_its_first_word_as_django_finds_it():
    addresses = by_first_word()
    paths = [f"/api/{_sample(str(address.pattern))}" for address in urlpatterns[0].url_patterns]
    assert len(paths) > 250
    for path in paths:
        ours, djangos = found(path, addresses), resolve(path)
        assert ours.func is djangos.func, path
        said = attrgetter("args", "kwargs", "view_name", "route")
        assert said(ours) == said(djangos)


@pytest.mark.parametrize(
    ("headers", "path", "passes"),
    [
        ({"HTTP_AUTHORIZATION": "Bearer x"}, "/api/me", False),
        ({"HTTP_AUTHORIZATION": "Bearer x", **BROWSER}, "/api/me", True),
        ({}, "/api/me", True),
        ({"HTTP_AUTHORIZATION": "Bearer x"}, "/officer/", True),
        ({"HTTP_AUTHORIZATION": "Bearer x"}, "/apiary", True),
    ],
)
def test_only_a_token_without_a_cookie_goes_past_the_pages_layers(headers, path, passes):
    came = []
    door = Programs(lambda request: came.append(request) or HttpResponse("page"))
    door.addresses = {
        word: type("Found", (), {"resolve": lambda self, path: _match()})() for word in ("me", "officer", "apiary")
    }
    answer = door(RequestFactory().get(path, **headers))
    assert bool(came) is passes
    assert answer.content == (b"page" if passes else b"api")


def _match():
    return type("Match", (), {"func": staticmethod(lambda request: HttpResponse("api")), "args": (), "kwargs": {}})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/me", 200),
        ("get", "/api/matters", 200),
        ("get", "/api/services/HZ9901", 200),
        ("get", "/api/matters/HZ99010000000", 404),
        ("get", "/api/drafts/not-an-id", 405),
        ("delete", "/api/me", 405),
        ("post", "/api/matters", 422),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_program_is_answered_as_by_the_pages_way(as_, method, path, status, language):  # noqa: F811
    lin = as_(LIN)
    said = {"content_type": "application/json", "data": "{}"} if method == "post" else {}
    ways = [getattr(lin, method)(path, **said, **more, HTTP_ACCEPT_LANGUAGE=language) for more in ({}, BROWSER)]
    straight, around = (_shown(answer) for answer in ways)
    assert straight[0] == status
    assert straight == around


def _shown(answer):
    """Return all of an answer but the token of the forms on a page, which is another each time."""
    content = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", answer.content)
    return answer.status_code, {**answer.headers, "Content-Length": len(content)}, content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/no-such-address", "/api/me/no-such-address", "/api/", "/api/fees/7/7/7"])
def test_an_address_that_is_none_is_said_to_a_program_in_json(as_, path):  # noqa: F811
    answer = as_(LIN).get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["message"]["zh"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/me?x=%00", "/api/matters/%00"])
def test_a_nul_in_an_address_is_said_to_a_program_in_json(as_, path):  # noqa: F811
    answer = as_(LIN).get(path)
    assert (answer.status_code, answer.json()["key"]) == (400, "malformed")


@pytest.mark.django_db
def test_a_stranger_with_a_wrong_token_and_a_wrong_host_are_turned_away(city):  # noqa: F811
    wrong = Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION="Bearer wrong", enforce_csrf_checks=True)
    assert wrong.get("/api/matters").status_code == 401
    assert wrong.post("/api/matters", "{}", content_type="application/json").status_code == 403
    assert Client(HTTP_HOST="evil.example", HTTP_AUTHORIZATION="Bearer x").get("/api/matters").status_code == 400


def test_an_act_of_a_program_carries_its_promise(lasting_city):  # noqa: F811
    token = identity.token_for(Account.objects.get(id=LIN.account_id), clock.now())
    made = submitted(Client(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_HOST="localhost"))
    assert made.status_code == 201
    assert made["Ledger-Promise"]
    assert made["X-Frame-Options"] == "DENY"
    assert made["Content-Length"] == str(len(made.content))
