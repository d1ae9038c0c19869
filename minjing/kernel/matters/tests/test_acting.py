"""Somebody acts for somebody else: on record for both, asked anew at every step, nothing lost when it ends."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Mandate
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.models import Matter, MatterEvent
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import CHEN, LIN, MONDAY, STRANGER

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
AGENT = STRANGER  # no stranger any more: Lin lets them act


@pytest.fixture
def mandate(city):
    """Lin's mandate to the agent for the small service."""
    return Mandate.objects.create(
        kind="relative",
        giver_id=LIN.person_id,
        taker_id=AGENT.person_id,
        taker_index=blind_index("id_number", "x"),
        services=["HZ9901"],
        names_sealed=seal(
            LIN.person_id, "identity_mandate.names", json.dumps({"giver": "林晓夫", "taker": "王雨桐"})
        ),
        source="giver",
        offered_by_id=LIN.account_id,
        offered_at=MONDAY - HOUR,
        since=MONDAY - HOUR,
        until=MONDAY + timedelta(days=100),
        answered_at=MONDAY - HOUR,
        accepted=True,
    )


def filled(at=MONDAY):
    draft = actions.draft("HZ9901", by=AGENT, now=at, for_person=LIN.person_id)
    for page, names in (("spouse", ("spouse_id", "married_on", "has_children")), ("delivery", ("delivery",))):
        assert not actions.save_page(draft.id, page, {n: ANSWERS[n] for n in names}, by=AGENT, now=at)
    actions.save_page(draft.id, "office", {"office": "U27"}, by=AGENT, now=at)
    actions.attach(draft.id, "marriage_certificate", scan(by=AGENT), by=AGENT, now=at)
    return draft


def submitted():
    return actions.submit(filled().id, by=AGENT, now=MONDAY, request_id=new_id())


def revoke(mandate):
    identity.revoke(mandate.pk, by=LIN, now=MONDAY + HOUR / 2)


def test_the_matter_is_the_persons_and_event_ledger_and_looks_say_who_acted_for_whom(mandate):
    matter = submitted()
    row = Matter.objects.get(id=matter.id)
    assert (row.person_id, row.account_id, row.mandate_id) == (LIN.person_id, AGENT.account_id, mandate.pk)
    event = MatterEvent.objects.get(matter_id=matter.id, seq=1)
    assert (event.detail["mandate"], event.detail["for"]) == (str(mandate.pk), str(LIN.person_id))
    entry = Outbox.objects.get(id=event.entry_id)
    assert entry.subject_id == LIN.person_id
    assert str(mandate.pk).encode() in bytes(entry.payload)
    (look,) = people.looks_at(LIN.person_id, timezone.now())
    assert (look.by, look.reason["en"]) == (AGENT.account_id, "Acting for the person by mandate or as guardian")
    assert not queries.refold(queries.matter(matter.id, LIN, MONDAY))


def test_without_a_mandate_nobody_begins_for_another(city):
    with pytest.raises(NotAllowed) as refused:
        actions.draft("HZ9901", by=AGENT, now=MONDAY, for_person=LIN.person_id)
    assert refused.value.key == "mandate_ended"


def test_revoked_in_the_middle_of_a_form_nothing_goes_on_and_nothing_is_lost(mandate):
    draft = filled()
    revoke(mandate)
    for act in (
        lambda: actions.save_page(draft.id, "delivery", {"delivery": "post"}, by=AGENT, now=MONDAY + HOUR),
        lambda: actions.submit(draft.id, by=AGENT, now=MONDAY + HOUR, request_id=new_id()),
        lambda: queries.draft(draft.id, AGENT, MONDAY + HOUR),
    ):
        with pytest.raises(NotAllowed) as refused:
            act()
        assert refused.value.key == "mandate_ended"
    Mandate.objects.filter(pk=mandate.pk).update(revoked_at=None, revoked_by=None)  # given anew
    assert actions.submit(draft.id, by=AGENT, now=MONDAY + 2 * HOUR, request_id=new_id()).number


def test_revoked_in_the_middle_of_a_matter_the_person_goes_on_and_the_other_is_told_why_not(mandate):
    matter = submitted()
    revoke(mandate)
    with pytest.raises(NotAllowed) as refused:
        queries.matter(matter.id, AGENT, MONDAY + HOUR)
    assert refused.value.key == "mandate_ended"
    with pytest.raises(NotAllowed):
        actions.act(matter.id, "withdraw", ver=1, by=AGENT, now=MONDAY + HOUR, request_id=new_id())
    assert [m.id for m in queries.mine(LIN)] == [matter.id]
    assert [s.action for s in queries.steps(matter, LIN, MONDAY + HOUR) if s.allowed] == ["withdraw"]
    claimed = actions.act(matter.id, "claim", ver=1, by=CHEN, now=MONDAY + HOUR, request_id=new_id())  # as before
    done = actions.act(matter.id, "withdraw", ver=claimed.ver, by=LIN, now=MONDAY + HOUR, request_id=new_id())
    assert done.outcome == "withdrawn"


def test_a_service_outside_the_mandate_is_refused(mandate):
    Mandate.objects.filter(pk=mandate.pk).update(services=["HZ0301"])
    with pytest.raises(NotAllowed):
        actions.draft("HZ9901", by=AGENT, now=MONDAY, for_person=LIN.person_id)


def test_a_mandate_that_has_lapsed_is_refused(mandate):
    with pytest.raises(NotAllowed):
        actions.draft("HZ9901", by=AGENT, now=MONDAY + timedelta(days=101), for_person=LIN.person_id)


def test_ones_own_draft_and_that_for_another_are_two(mandate):
    own = actions.draft("HZ9901", by=AGENT, now=MONDAY)
    other = actions.draft("HZ9901", by=AGENT, now=MONDAY, for_person=LIN.person_id)
    assert own.id != other.id
    assert actions.draft("HZ9901", by=AGENT, now=MONDAY, for_person=LIN.person_id).id == other.id


def test_a_mandate_of_lin_opens_nothing_else_of_lin(mandate):
    matter = actions.submit_whole(
        "HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials={"marriage_certificate": [scan()]}
    )
    with pytest.raises(Unknown):
        queries.matter(matter.id, AGENT, MONDAY)


def test_ones_own_list_does_not_read_the_matters_of_the_city(mandate):
    submitted()
    with CaptureQueriesContext(connection) as asked:
        queries.mine(LIN)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows are read whole otherwise
        cursor.execute("EXPLAIN " + asked.captured_queries[-1]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "matter_mine" in plan
    assert "matter_by_mandate" in plan
    assert "Seq Scan on matters_matter" not in plan
