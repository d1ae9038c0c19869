"""The watch through the API: alarms for officers, a note for who is on duty, and refusals in words."""

import pytest

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Account, Post
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO
from minjing.kernel.watch import actions, queries
from minjing.kernel.watch.actions import Finding
from minjing.kernel.watch.errors import Closed
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture
from minjing.portals.api.tests.test_insider import supervisor  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
WORDS = {"zh": "第 7 条的私有记录被改动。", "en": "Entry 7 has a private record that was altered."}


@pytest.fixture
def alarm():
    return actions.raise_alarms([Finding("row", "bundle 0|7", WORDS, clock.now(), 7)], now=clock.now())[0]


def test_who_is_on_duty_takes_note_and_only_once(supervisor, alarm):  # noqa: F811 - the fixture
    Post.objects.filter(code="supervisor").update(acts=["supervise", "watch"])
    (told,) = supervisor.get("/api/watch/alarms").json()["alarms"]
    assert (told["id"], told["index"], told["text"], told["acknowledged_at"]) == (str(alarm), 7, WORDS, None)
    assert post(supervisor, f"/api/watch/alarms/{alarm}/note", note="正在核查").status_code == 200
    assert queries.alarm_counts() == (1, 0)
    again = post(supervisor, f"/api/watch/alarms/{alarm}/note")
    assert (again.status_code, again.json()["key"]) == (409, "no_alarm")
    assert post(supervisor, f"/api/watch/alarms/{new_id()}/note").status_code == 409


def test_others_may_not(as_, alarm):  # noqa: F811 - the fixture
    refused = post(as_(CHEN), f"/api/watch/alarms/{alarm}/note")
    assert (refused.status_code, refused.json()["key"]) == (403, "no_post")
    assert "岗位" in refused.json()["message"]["zh"]
    assert as_(CHEN).get("/api/watch/alarms").status_code == 200
    assert as_(LIN).get("/api/watch/alarms").status_code == 403


# ---- break-glass ----------------------------------------------------------------------------------------

PASSWORD, WHY = "evening-tide-on-the-bay", "110 警情：走失儿童，需核对监护人"


@pytest.fixture
def behind():
    """The ledger lies more than an hour behind."""
    queries.forget()
    actions.beat(lag_s=4000.0, size=10, checked=10, now=clock.now())
    yield
    queries.forget()


@pytest.fixture
def two(as_, behind):  # noqa: F811 - the fixture
    """A clerk and an approver, with their own passwords."""
    Post.objects.filter(code="branch_approver").update(acts=["decide", "look"])
    for actor in (CHEN, LUO):
        account = Account.objects.get(pk=actor.account_id)
        account.set_password(PASSWORD)
        account.save()
    return as_(CHEN), as_(LUO)


def asked(client, **more):
    return post(client, "/api/watch/glasses", **{"reason": WHY, "password": PASSWORD, **more})


def test_two_people_open_the_record_for_one_of_them_each_with_their_own_password(two):
    clerk, approver = two
    made = asked(clerk)
    assert made.status_code == 201
    assert asked(clerk).json() == made.json(), "asked twice it waits once"
    glass = f"/api/watch/glasses/{made.json()['id']}/confirm"
    own = post(clerk, glass, password=PASSWORD)
    assert (own.status_code, own.json()["key"]) == (403, "same_person")
    guessed = post(approver, glass, password="guessed")
    assert (guessed.status_code, list(guessed.json()["errors"])) == (422, ["password"])
    assert [row["may_confirm"] for row in approver.get("/api/watch/glasses").json()] == [True]
    with pytest.raises(Closed):
        queries.reads_open(CHEN.account_id, clock.now())
    opened = post(approver, glass, password=PASSWORD)
    assert (opened.status_code, list(opened.json())) == (200, ["until"])
    assert str(queries.reads_open(CHEN.account_id, clock.now())) == made.json()["id"]
    again = post(approver, glass, password=PASSWORD)
    assert (again.status_code, again.json()["key"]) == (409, "confirmed")
    kinds = Outbox.objects.filter(kind__startswith="watch:glass:").values_list("kind", flat=True)
    assert sorted(kinds) == ["watch:glass:asked", "watch:glass:confirmed"]


def test_a_token_without_the_password_opens_nothing(two):
    clerk, _ = two
    for password in ("", "not-mine", "\x00", None, 5):
        assert asked(clerk, password=password).status_code == 422
    assert post(clerk, "/api/watch/glasses", reason=WHY).status_code == 422
    assert queries.glasses(clock.now()) == []


def test_passwords_are_not_guessed_without_end(two):
    clerk, _ = two
    for _ in range(11):
        asked(clerk, password="guessed")
    assert asked(clerk).status_code == 422, "a pause, as at the door"


def test_without_need_or_reason_or_post_there_is_no_glass(two, as_):  # noqa: F811 - the fixture
    clerk, _ = two
    for reason in ("", "x", "长" * 2000):
        wrong = asked(clerk, reason=reason)
        assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["reason"])
    assert asked(as_(LIN)).json()["key"] == "not_officer"
    assert as_(LIN).get("/api/watch/glasses").status_code == 403
    assert post(clerk, f"/api/watch/glasses/{new_id()}/confirm", password=PASSWORD).status_code == 409
    queries.forget()
    actions.beat(lag_s=0.5, size=10, checked=10, now=clock.now())
    needless = asked(clerk)
    assert (needless.status_code, needless.json()["key"]) == (409, "not_closed")
