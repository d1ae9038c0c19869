"""One's own documents through the API: what stands there, declaring one lost once, and nobody else's."""

from typing import Any

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger.models import Outbox
from minjing.modules.exit_entry import events
from minjing.modules.exit_entry.models import Document
from minjing.modules.exit_entry.tests.world import (
    CLERK,
    HOUR,
    LIN,
    MAKER,
    NOW,
    OLD,
    SU,
    act,
    apply,
    document,
    granted,
    made,
)
from minjing.portals.api import views as _  # noqa: F401 - the API is built whole before a part of it is named
from minjing.portals.api.tests.test_api import post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("office")]
MINE = "/api/exit-entry/mine"


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """Let the API be asked on the day of the tests' world."""
    monkeypatch.setattr("minjing.modules.exit_entry.views.api.now", lambda: NOW + HOUR)


def as_(actor: Actor) -> Client:
    token = identity.token_for(Account.objects.get(id=actor.account_id), clock.now())
    return Client(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_HOST="localhost")


def lose(client: Client, lost: Document, **said: Any) -> Any:
    return post(client, f"/api/exit-entry/documents/{lost.id}/loss", **{"reason": "stolen", **said})


def test_ones_documents_say_what_can_be_done_next_and_hide_their_numbers():
    answer = as_(LIN.actor).get(MINE)
    found = {one["kind"]: one for one in answer.json()["documents"]}
    assert found.keys() == {"passport", "hk_macao"}
    assert [way["code"] for way in found["passport"]["next_steps"]] == ["EX0003"]
    assert "EX0008" in [way["code"] for way in found["hk_macao"]["next_steps"]]
    assert found["hk_macao"]["endorsements"][0]["destination"].keys() == {"zh", "en"}
    assert [way["code"] for way in answer.json()["first_ones"]] == ["EX0009"]
    assert "EZ0000001" not in answer.content.decode()
    assert "****" in found["passport"]["number"]


def test_somebody_without_documents_is_led_to_the_first_ones():
    said = as_(SU.actor).get(MINE).json()
    assert said["documents"] == said["parcels"] == said["boxes"] == []
    assert [way["code"] for way in said["first_ones"]] == ["EX0002", "EX0006", "EX0009"]


def test_a_document_is_declared_lost_once():
    LIN.prove()
    passport, client = document(LIN, "passport"), as_(LIN.actor)
    first, again = lose(client, passport), lose(client, passport, reason="lost")
    assert (first.status_code, first.json()["state"]) == (200, "lost")
    assert [way["code"] for way in first.json()["next_steps"]] == ["EX0004"]
    assert first.json() == again.json()
    passport.refresh_from_db()
    assert passport.state == Document.LOST
    assert Outbox.objects.filter(kind=events.LOST).count() == 1


def test_what_has_run_out_or_is_being_made_is_not_declared_lost():
    for someone in (OLD, LIN):
        someone.prove()
    over = Document.objects.filter(person_id=OLD.person_id, kind="passport").get()
    assert lose(as_(OLD.actor), over).status_code == 404
    granted(apply("EX0003", LIN, reason="expiring"))
    assert lose(as_(LIN.actor), document(LIN, "passport", Document.BEING_MADE)).status_code == 404
    assert not Outbox.objects.filter(kind=events.LOST).exists()


def test_nobody_declares_or_sees_somebody_elses_document():
    SU.prove()
    passport = document(LIN, "passport")
    assert lose(as_(SU.actor), passport).status_code == 404
    for path in (MINE, f"/api/exit-entry/documents/{passport.id}/loss"):
        assert as_(CLERK).get(MINE).status_code == 403, path
    assert lose(as_(CLERK), passport).status_code == 403
    nobody = Client(HTTP_HOST="localhost")
    assert nobody.get(MINE).status_code == 401
    assert lose(nobody, passport).status_code == 401
    passport.refresh_from_db()
    assert passport.state == Document.VALID


def test_the_code_of_the_box_is_its_holders_alone():
    matter = made(granted(apply("EX0003", LIN, reason="expiring", delivery_mode="cabinet", now=NOW)))
    act(matter, "to_cabinet", MAKER, now=NOW)
    assert as_(LIN.actor).get(MINE).json()["boxes"][0]["code"] == "", "a name and a number open no box"
    LIN.prove()
    (box,) = as_(LIN.actor).get(MINE).json()["boxes"]
    assert box["code"].isdigit()
    assert as_(SU.actor).get(MINE).json()["boxes"] == []


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "burnt", "", -1, None, [], {"a": 1}])
def test_odd_reasons_get_an_answer_and_no_fault(odd: Any):
    LIN.prove()
    passport, client = document(LIN, "passport"), as_(LIN.actor)
    assert lose(client, passport, reason=odd).status_code == 422
    assert post(client, f"/api/exit-entry/documents/{new_id()}/loss", reason="lost").status_code == 404
    passport.refresh_from_db()
    assert passport.state == Document.VALID
