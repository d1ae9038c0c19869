"""How one is told, through the API: topics, quiet hours, addresses confirmed, given and ended."""

import re

import pytest

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Door, PersonKey
from minjing.kernel.identity.sealing import new_key
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, STRANGER
from minjing.kernel.notify import addresses
from minjing.kernel.notify.models import Address, Message, Wishes
from minjing.kernel.notify.wording import topics
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
LETTER = {"name": "林晓夫", "address": "福田区莲花路 1 号\n3 栋 502"}


@pytest.fixture
def lin(as_):  # noqa: F811 - the fixture
    """Lin, whose account has the key that a phone's first sign-in makes."""
    PersonKey.objects.create(owner_id=LIN.account_id, wrapped=new_key(LIN.account_id), created_at=now())
    return as_(LIN)


def put(client, path, **body):
    return client.put(path, body, content_type="application/json")


def token_mailed() -> str:
    message = Message.objects.filter(template="email_confirm").latest("created_at")
    _, words = addresses.open_envelope(message.pk, bytes(message.envelope_sealed))
    return re.search(r"token=([\w-]+)", words)[1]


def bound(client) -> dict[str, str]:
    return {one["channel"]: one["id"] for one in client.get("/api/me/ways").json()["bound"]}


def test_a_mailed_link_confirms_an_address_once(lin, as_):  # noqa: F811 - the fixture
    asked = post(lin, "/api/me/ways/email", address="lin@example.com")
    assert (asked.status_code, asked.json()["waiting_email"]) == (202, "l***@example.com")
    assert bound(lin) == {}
    token = token_mailed()
    confirmed = post(lin, "/api/me/ways/email/confirm", token=token)
    assert [one["channel"] for one in confirmed.json()["bound"]] == ["email"]
    stale = post(lin, "/api/me/ways/email/confirm", token=token)
    assert (stale.status_code, stale.json()["key"]) == (410, "stale_link")
    assert bound(as_(STRANGER)) == {}


def test_topics_and_quiet_hours_are_kept_and_what_is_not_set_up_begins_as_the_city_has_it(lin):
    kept = put(lin, "/api/me/ways/topics", topics={}, quiet="22:00-07:00")
    assert (kept.status_code, kept.json()["quiet"]) == (200, "22:00-07:00")
    wishes = Wishes.objects.get(pk=LIN.account_id)
    topic = next(topic for topic in topics().values() if "wechat" in topic.channels)
    assert "wechat" in wishes.channels[topic.name], "it was not set up, so it could not be chosen"
    assert Outbox.objects.filter(kind="notify:wishes:set").count() == 1
    assert put(lin, "/api/me/ways/topics", topics={}, quiet="none").json()["quiet"] == "none"


@pytest.mark.parametrize("quiet", ["22:00-22:00", "25:00-08:00", "22-8", "\x00", 5, None, "none-none"])
def test_hours_that_are_none_are_refused(lin, quiet):
    assert put(lin, "/api/me/ways/topics", topics={}, quiet=quiet).status_code == 422
    assert not Wishes.objects.exists()


def test_letters_go_where_they_were_told_to_and_the_same_again_changes_nothing(lin):
    assert put(lin, "/api/me/ways/letter", **LETTER).status_code == 200
    assert put(lin, "/api/me/ways/letter", **LETTER).status_code == 200
    assert Address.objects.filter(channel="letter").count() == 1
    refused = put(lin, "/api/me/ways/letter", name="", address="x")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["letter"])


def test_only_ones_own_address_is_ended(lin, as_):  # noqa: F811 - the fixture
    put(lin, "/api/me/ways/letter", **LETTER)
    address = f"/api/me/ways/addresses/{bound(lin)['letter']}"
    assert as_(STRANGER).delete(address).json() == {"ended": False}
    assert Address.objects.get(channel="letter").ended_at is None
    assert lin.delete(address).json() == {"ended": True}
    assert lin.delete(address).json() == {"ended": False}
    assert lin.delete(f"/api/me/ways/addresses/{new_id()}").json() == {"ended": False}
    assert bound(lin) == {}


def test_alipay_opens_the_account_no_more(lin, as_):  # noqa: F811 - the fixture
    for number, actor in enumerate((LIN, STRANGER)):
        Door.objects.create(
            account_id=actor.account_id, kind="alipay", subject_index=bytes([number]) * 32, bound_at=now()
        )
    assert lin.get("/api/me/ways").json()["doors"] == ["alipay"]
    assert lin.delete("/api/me/ways/doors/alipay").json() == {"ended": True}
    assert lin.delete("/api/me/ways/doors/alipay").json() == {"ended": False}
    assert Door.objects.get().account_id == STRANGER.account_id
    assert lin.delete("/api/me/ways/doors/phone").status_code == 422


def test_a_code_for_wechat_is_given_and_the_one_before_is_void(lin):
    codes = [post(lin, "/api/me/ways/wechat").json()["code"] for _ in range(2)]
    assert len(set(codes)) == 2
    assert Address.objects.filter(channel="wechat").count() == 1


@pytest.mark.parametrize("odd", ["x", "\x00@example.com", "a@b", "９" * 300, None, ["a@example.com"]])
def test_what_is_no_address_is_refused(lin, odd):
    assert post(lin, "/api/me/ways/email", address=odd).status_code == 422
    assert not Address.objects.exists()


def test_mail_is_not_sent_without_end(lin):
    answers = [post(lin, "/api/me/ways/email", address=f"a{n}@example.com").status_code for n in range(6)]
    assert answers == [202] * 5 + [429]


def test_officers_have_no_such_ways(as_):  # noqa: F811 - the fixture
    chen = as_(CHEN)
    for answer in (chen.get("/api/me/ways"), put(chen, "/api/me/ways/letter", **LETTER)):
        assert (answer.status_code, answer.json()["key"]) == (403, "not_resident")
