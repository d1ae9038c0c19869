"""WeChat and Alipay as doors: one person, one account, whichever door; bound twice has a plain answer."""

from datetime import timedelta

import pytest
from django.test import Client

from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Wrong
from minjing.kernel.identity.models import Door
from minjing.kernel.identity.tests.conftest import NOW, SignIn
from minjing.kernel.ledger.models import Outbox

OPENID = "oX3k9-LinXiaoman"


@pytest.fixture
def lins(sign_in: SignIn) -> Actor:
    return queries.actor_of(sign_in("13800138000").pk, NOW)


@pytest.fixture
def other(sign_in: SignIn) -> Actor:
    return queries.actor_of(sign_in("13800138001").pk, NOW)


def refusals() -> list[str]:
    return list(Outbox.objects.filter(kind="identity:door:refused").values_list("payload", flat=True))


def test_an_openid_opens_the_account_it_was_bound_to(lins: Actor) -> None:
    assert actions.bind_door(by=lins, kind="wechat", subject=OPENID, now=NOW)
    assert not actions.bind_door(by=lins, kind="wechat", subject=OPENID, now=NOW + timedelta(hours=1))
    found = queries.account_by_door("wechat", OPENID)
    assert found is not None
    assert found.pk == lins.account_id
    assert queries.account_by_door("alipay", OPENID) is None


def test_an_openid_bound_twice_is_refused_and_the_refusal_is_on_record(lins: Actor, other: Actor) -> None:
    actions.bind_door(by=lins, kind="wechat", subject=OPENID, now=NOW)
    with pytest.raises(NotAllowed) as refused:
        actions.bind_door(by=other, kind="wechat", subject=OPENID, now=NOW)
    assert refused.value.key == "door_bound_elsewhere"
    with pytest.raises(NotAllowed) as refused:
        actions.bind_door(by=lins, kind="wechat", subject="another", now=NOW)
    assert refused.value.key == "door_bound_already"
    assert len(refusals()) == 2
    found = queries.account_by_door("wechat", OPENID)
    assert found is not None
    assert found.pk == lins.account_id


def test_a_door_that_is_closed_opens_nothing_and_may_be_bound_elsewhere(lins: Actor, other: Actor) -> None:
    actions.bind_door(by=lins, kind="wechat", subject=OPENID, now=NOW)
    assert actions.unbind_door(by=lins, kind="wechat", now=NOW)
    assert queries.account_by_door("wechat", OPENID) is None
    assert actions.bind_door(by=other, kind="wechat", subject=OPENID, now=NOW)


def test_the_database_keeps_no_openid_in_the_clear(lins: Actor) -> None:
    actions.bind_door(by=lins, kind="wechat", subject=OPENID, now=NOW)
    row = Door.objects.get()
    assert OPENID.encode() not in bytes(row.subject_index)


def test_an_unknown_kind_of_door_is_refused(lins: Actor) -> None:
    with pytest.raises(Wrong):
        actions.bind_door(by=lins, kind="carrier_pigeon", subject="x", now=NOW)


def test_a_visitor_is_led_to_the_sign_in_before_any_level(db: None) -> None:
    assert Client().get("/identity/raise/?to=3").headers["Location"].startswith("/sign-in/")
