"""One's own sessions and wishes through the API: listed, ended, chosen; nobody else's."""

import json

import pytest
from django.test import Client

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries
from minjing.kernel.identity.models import Account, Session
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, STRANGER
from minjing.portals.api.tests.test_api import as_  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
SESSIONS = "/api/me/sessions"


def token_client(actor) -> Client:
    token = identity.token_for(actor.account_id, now())
    return Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {token}")


def of(actor) -> int:
    return Session.objects.filter(account_id=actor.account_id).count()


def test_a_browser_ends_the_others_and_stays(as_):  # noqa: F811 - the fixture
    here, there = signed_in(LIN), signed_in(LIN)
    listed = here.get(SESSIONS).json()
    assert sorted(row["this"] for row in listed) == [False, True]
    assert here.delete(SESSIONS).json() == {"ended": 1}
    assert here.get(SESSIONS).status_code == 200
    assert there.get(SESSIONS).status_code == 401
    assert Outbox.objects.filter(kind="identity:session:ended").count() == 1


def test_a_token_sits_nowhere_and_ends_them_all(as_):  # noqa: F811 - the fixture
    browser, token = signed_in(LIN), as_(LIN)
    signed_in(STRANGER)
    assert [row["this"] for row in token.get(SESSIONS).json()] == [False]
    token.cookies = browser.cookies  # even beside a browser's cookie
    assert [row["this"] for row in token.get(SESSIONS).json()] == [False]
    assert token.delete(SESSIONS).json() == {"ended": 1}
    assert (of(LIN), of(STRANGER)) == (0, 1)


def test_one_is_ended_by_its_ref_and_a_strangers_is_not_there(as_):  # noqa: F811 - the fixture
    signed_in(LIN)
    lin = as_(LIN)
    ref = lin.get(SESSIONS).json()[0]["ref"]
    assert as_(STRANGER).delete(f"{SESSIONS}/{ref}").status_code == 404
    assert of(LIN) == 1
    assert lin.delete(f"{SESSIONS}/{ref}").json() == {"ended": True}
    assert lin.delete(f"{SESSIONS}/{ref}").status_code == 404
    assert lin.delete(f"{SESSIONS}/{new_id()}").status_code == 404
    assert of(LIN) == 0


def test_tokens_are_listed_and_ended_by_their_holder(as_):  # noqa: F811 - the fixture
    tokens = "/api/me/tokens"
    browser, lin, other = signed_in(LIN), as_(LIN), token_client(LIN)
    rows = browser.get(tokens).json()
    assert len(rows) == 2
    assert {"ref", "made_at", "expires_at"} == rows[0].keys()
    assert as_(STRANGER).delete(f"{tokens}/{rows[0]['ref']}").status_code == 404
    assert lin.delete(SESSIONS).json() == {"ended": 2}, "the browser and the other token; not the one that asks"
    assert (other.get(tokens).status_code, browser.get(tokens).status_code) == (401, 401)
    (row,) = lin.get(tokens).json()
    assert lin.delete(f"{tokens}/{row['ref']}").json() == {"ended": True}
    assert lin.get(tokens).status_code == 401


def test_the_page_ends_a_token_and_all_of_them(as_):  # noqa: F811 - the fixture
    page = "/sessions/"
    browser, one, two = signed_in(LIN), token_client(LIN), token_client(LIN)
    assert browser.get(page).content.decode().count('name="token"') == 2
    newest = queries.tokens_of(LIN.account_id, now())[0].ref
    browser.post(page, {"token": str(newest)})
    assert [c.get(SESSIONS).status_code for c in (one, two)] == [200, 401]
    browser.post(page, {"others": "1"})
    assert (one.get(SESSIONS).status_code, browser.get(page).status_code) == (401, 200)


def test_a_resident_chooses_language_and_large_type_by_the_api_too(as_):  # noqa: F811
    lin = as_(LIN)
    for path, body in (("/api/me/language", {"language": "en"}), ("/api/me/elder-mode", {"wanted": True})):
        assert lin.put(path, json.dumps(body), content_type="application/json").status_code == 204
    account = Account.objects.get(pk=LIN.account_id)
    assert (account.language, account.elder_mode) == ("en", True)
    wrong = lin.put("/api/me/language", json.dumps({"language": "fr"}), content_type="application/json")
    assert wrong.status_code == 422
    officer = as_(CHEN).put("/api/me/elder-mode", json.dumps({"wanted": True}), content_type="application/json")
    assert officer.status_code == 403
