"""The security administrator through the API: accounts, posts, sessions, factors; erasures take two people."""

from datetime import timedelta

import pytest

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.models import Account, Appointment, Erasure, Person, PersonKey, Post, Session
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import NUMBERS, city, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, ZHOU
from minjing.portals.api.tests.administrators import AUDIT, SECURITY, administrators  # noqa: F401 - the fixture
from minjing.portals.api.tests.test_api import as_, post, submitted  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
ACCOUNTS, ERASURES = "/api/admin/accounts", "/api/admin/erasures"
NEW = {"login": "zhao.min", "password": "evening-tide-on-the-bay", "name": "赵敏", "police_number": "030077"}


@pytest.fixture
def security(administrators):  # noqa: F811 - the fixture
    return administrators[1]


def appointed(client, whom, **more):
    body = {"post": "station_clerk", "unit_id": 27, "since": now(), **more}
    return post(client, f"{ACCOUNTS}/{whom}/posts", **body)


def test_an_account_is_opened_found_and_given_a_post(security):
    made = post(security, ACCOUNTS, **NEW)
    assert made.status_code == 201
    whom = made.json()["id"]
    assert "password" not in made.json()
    again = post(security, ACCOUNTS, **NEW)
    assert (again.status_code, list(again.json()["errors"])) == (422, ["login"])
    (found,) = security.get(f"{ACCOUNTS}?q=zhao").json()
    assert (found["id"], found["name"], found["active"]) == (whom, "赵敏", True)
    first = appointed(security, whom)
    assert first.status_code == 201
    assert appointed(security, whom).json() == first.json(), "what is held already is not given twice"
    assert Appointment.objects.filter(account_id=whom).count() == 1
    (held,) = security.get(f"{ACCOUNTS}/{whom}").json()["current"]
    assert (held["id"], held["post"], held["unit_id"]) == (first.json()["id"], "station_clerk", 27)
    assert security.delete(f"{ACCOUNTS}/posts/{held['id']}").json() == {"ended": True}
    assert security.delete(f"{ACCOUNTS}/posts/{held['id']}").status_code == 404
    assert security.get(f"{ACCOUNTS}/{whom}").json()["current"] == []


def test_a_post_begins_now_at_the_earliest(security):
    made = appointed(security, ZHOU.account_id, post="record_checker", since=now() - timedelta(days=90))
    assert made.status_code == 201
    assert Appointment.objects.get(pk=made.json()["id"]).since > now() - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("more", "status", "key"),
    [
        ({"post": "branch_approver"}, 422, "wrong_level"),
        ({"post": "security_admin", "unit_id": 1}, 403, "administrators_by_command"),
        ({"post": "nothing"}, 404, "unknown"),
        ({"unit_id": 99}, 404, "unknown"),
        ({"until": "2001-01-01T00:00:00Z"}, 422, "ends_before_start"),
    ],
)
def test_what_cannot_be_held_is_refused(security, more, status, key):
    Post.objects.filter(code="branch_approver").update(level="branch")
    before = Appointment.objects.count()
    refused = appointed(security, CHEN.account_id, **more)
    assert (refused.status_code, refused.json()["key"]) == (status, key)
    assert Appointment.objects.count() == before


def test_nobody_appoints_or_resets_themselves(security):
    assert appointed(security, SECURITY.account_id).status_code == 403
    assert security.post(f"{ACCOUNTS}/{SECURITY.account_id}/reset-factors").json()["key"] == "own_factors"
    refused = security.post(f"{ACCOUNTS}/{AUDIT.account_id}/reset-factors")
    assert refused.json()["key"] == "administrators_by_command"


def test_shut_an_account_is_out_at_once_and_may_be_opened_again(security, as_):  # noqa: F811 - the fixture
    zhou, browser = as_(ZHOU), signed_in(ZHOU)
    assert zhou.get("/api/me").status_code == 200
    shut = security.post(f"{ACCOUNTS}/{ZHOU.account_id}/disable").json()
    assert (shut["active"], shut["sessions"]) == (False, [])
    assert zhou.get("/api/me").status_code == 401
    assert browser.get("/api/me").status_code == 401
    assert security.post(f"{ACCOUNTS}/{ZHOU.account_id}/enable").json()["active"] is True
    assert Account.objects.get(pk=ZHOU.account_id).is_active
    kinds = Outbox.objects.filter(kind__startswith="identity:account:").values_list("kind", flat=True)
    assert {"identity:account:disabled", "identity:account:enabled"} <= set(kinds)


def test_a_session_is_cut_and_a_lost_phone_is_answered(security):
    signed_in(ZHOU)
    (session,) = security.get(f"{ACCOUNTS}/{ZHOU.account_id}").json()["sessions"]
    assert security.delete(f"{ACCOUNTS}/sessions/{session['ref']}").json() == {"ended": True}
    assert security.delete(f"{ACCOUNTS}/sessions/{session['ref']}").status_code == 404
    signed_in(ZHOU)
    assert security.post(f"{ACCOUNTS}/{ZHOU.account_id}/reset-factors").json()["sessions"] == []
    assert Outbox.objects.filter(kind="identity:factor:reset").count() == 1


def test_others_do_none_of_it(administrators, as_):  # noqa: F811 - the fixtures
    signed_in(ZHOU)
    ref = Session.objects.get(account_id=ZHOU.account_id).ref
    whom, held = f"{ACCOUNTS}/{ZHOU.account_id}", Appointment.objects.filter(account_id=ZHOU.account_id).first()
    before = Appointment.objects.count(), Account.objects.count()
    for client in (administrators[0], administrators[2], as_(CHEN), as_(LIN)):
        for answer in (
            client.get(ACCOUNTS),
            client.get(whom),
            post(client, ACCOUNTS, **NEW),
            appointed(client, ZHOU.account_id),
            client.delete(f"{ACCOUNTS}/posts/{held.pk}"),
            *(client.post(f"{whom}/{what}") for what in ("disable", "enable", "reset-factors")),
        ):
            assert answer.status_code == 403, answer.content
        assert client.delete(f"{ACCOUNTS}/sessions/{ref}").status_code == 404
    assert (Appointment.objects.count(), Account.objects.count()) == before
    assert Session.objects.filter(ref=ref).exists()


@pytest.mark.parametrize("odd", ["", " ", "\x00", "９" * 300, None, 5, ["x"], "<script>" * 20])
def test_nonsense_opens_no_account(security, odd):
    for field in NEW:
        if (field, odd) != ("password", "<script>" * 20):  # which is a good one
            assert post(security, ACCOUNTS, **{**NEW, field: odd}).status_code == 422
    for field in ("post", "unit_id", "since"):
        assert 400 <= appointed(security, ZHOU.account_id, **{field: odd}).status_code < 500
    assert not Account.objects.filter(login="zhao.min").exists()
    assert security.get(f"{ACCOUNTS}/{new_id()}").status_code == 404
    assert security.post(f"{ACCOUNTS}/{new_id()}/disable").status_code == 404


# ---- erasures -------------------------------------------------------------------------------------------

NUMBER = "440304199203040024"
WISH = {"id_number": NUMBER, "ground": "purpose_ended"}


@pytest.fixture
def person(city):  # noqa: F811 - the fixture
    return identity.ensure_person(name="吴若溪", id_number=NUMBER, now=now())


def test_one_asks_and_another_confirms(administrators, person):  # noqa: F811 - the fixture
    _, security, audit = administrators
    assert WISH["ground"] in [ground["key"] for ground in security.get(f"{ERASURES}/grounds").json()]
    asked = post(security, ERASURES, **WISH)
    assert asked.status_code == 201
    assert post(security, ERASURES, **WISH).json() == asked.json(), "asked twice it waits once"
    (waits,) = audit.get(ERASURES).json()
    assert (waits["id"], waits["asked_by"]) == (asked.json()["id"], str(SECURITY.account_id))
    assert NUMBER not in str(waits)
    own = security.post(f"{ERASURES}/{waits['id']}/confirm")
    assert (own.status_code, own.json()["key"]) == (403, "no_post")
    assert PersonKey.objects.filter(pk=person).exists()
    assert audit.post(f"{ERASURES}/{waits['id']}/confirm").json() == {"erased": True}
    assert not PersonKey.objects.filter(pk=person).exists()
    assert Person.objects.get(pk=person).erased_at is not None
    assert audit.post(f"{ERASURES}/{waits['id']}/confirm").status_code == 404


def test_who_asked_does_not_confirm_even_with_both_posts(administrators, person):  # noqa: F811 - the fixture
    _, security, _ = administrators
    asked = post(security, ERASURES, **WISH).json()["id"]
    Post.objects.filter(code="security_admin").update(acts=["ask_erasure", "confirm_erasure"])
    refused = security.post(f"{ERASURES}/{asked}/confirm")
    assert (refused.status_code, refused.json()["key"]) == (403, "same_person")
    assert PersonKey.objects.filter(pk=person).exists()


def test_others_learn_not_even_whether_somebody_is_known(administrators, as_, person):  # noqa: F811 - the fixtures
    for client in (administrators[0], administrators[2], as_(CHEN), as_(LIN)):
        answers = [post(client, ERASURES, **{**WISH, "id_number": n}) for n in (NUMBER, "440304199203040999", "1")]
        assert {(answer.status_code, answer.json()["key"]) for answer in answers} == {(403, "no_post")}
    assert administrators[0].get(ERASURES).status_code == 403
    assert not Erasure.objects.exists()


def test_nobody_is_erased_while_a_matter_is_open(administrators, as_):  # noqa: F811 - the fixtures
    submitted(as_(LIN))
    refused = post(administrators[1], ERASURES, **{**WISH, "id_number": NUMBERS[LIN.person_id]})
    assert (refused.status_code, refused.json()["key"]) == (409, "not_now")


@pytest.mark.parametrize("odd", ["", "\x00", "1" * 30, None, 5, "440304199203049999"])
def test_nonsense_is_refused_per_field(administrators, person, odd):  # noqa: F811 - the fixture
    for field in WISH:
        assert post(administrators[1], ERASURES, **{**WISH, field: odd}).status_code == 422
    assert not Erasure.objects.exists()
