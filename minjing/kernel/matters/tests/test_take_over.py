"""Matters of an earlier system: in by the batch, each with its events, requests and entries."""

import json
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.actions import Past, PastStep
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.models import Matter, MatterEvent, Request
from minjing.kernel.matters.tests.conftest import ANSWERS
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MONDAY, STRANGER
from minjing.kernel.notify.models import Message

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NOW = MONDAY + timedelta(days=400)
STEPS = (("claim", CHEN), ("recommend", CHEN), ("claim", LUO), ("approve", LUO))


def past(reference, steps=STEPS):
    taken = [PastStep(action, by, MONDAY + HOUR * n) for n, (action, by) in enumerate(steps, 1)]
    return Past(reference, "HZ9901", ANSWERS, LIN, MONDAY, taken)


def take(*pasts):
    return actions.take_over_matters(pasts, source="old", now=NOW)


def test_a_matter_comes_in_as_it_ended_with_all_that_happened(city):
    assert take(past("A1"), past("A2", STEPS[:1])) == 2
    done, open_one = Matter.objects.order_by("number")
    assert (done.number, done.state, done.outcome, done.ver) == ("HZ04260000001", "approved", "approved", 5)
    assert done.closed_at == MONDAY + 4 * HOUR
    assert (open_one.state, open_one.claimed_by) == ("submitted", CHEN.account_id)
    assert queries.opened(queries.snapshot(done)) == ANSWERS
    events = MatterEvent.objects.filter(matter_id=done.id).order_by("seq")
    assert list(events.values_list("action", flat=True)) == ["submit", *(action for action, _ in STEPS)]
    assert actions.sample_refold(10) == []


def test_every_event_has_its_entry_which_says_when_it_happened_and_nobody_is_told(city):
    take(past("A1"))
    events = list(MatterEvent.objects.order_by("seq"))
    entries = Outbox.objects.in_bulk([event.entry_id for event in events])
    assert len(entries) == Request.objects.count() == 5
    for event in events:
        entry = entries[event.entry_id]
        assert entry.at == NOW
        said = json.loads(bytes(entry.payload))
        assert (said["source"], datetime.fromisoformat(said["happened"])) == ("old", event.at)
        assert entry.object_id == event.matter_id
    assert not Message.objects.exists()


def test_what_is_taken_over_is_numbered_on_and_moves_on(city):
    take(past("A1", STEPS[:1]))
    matter = queries.snapshot(Matter.objects.get())
    after = actions.act(matter.id, "recommend", ver=2, by=CHEN, now=NOW, request_id=matter.id)
    assert after.state == "recommended"
    take(past("A2"))
    assert sorted(Matter.objects.values_list("number", flat=True)) == ["HZ04260000001", "HZ04260000002"]


def test_a_matter_comes_in_once_and_nothing_that_the_rules_forbid(city):
    take(past("A1"))
    with pytest.raises(IntegrityError):
        take(past("A0"), past("A1"))
    with pytest.raises(NotAllowed):
        take(past("A3", [("claim", STRANGER)]))
    assert Matter.objects.count() == 1
