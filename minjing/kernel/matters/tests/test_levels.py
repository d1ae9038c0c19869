"""Identity levels step by step: named in the service file, asked when the step comes, kept with its event."""

from dataclasses import replace
from datetime import timedelta

import pytest

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, catalog, publishing, queries
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.models import MatterEvent
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import LIN, MONDAY, PUBLISHER

pytestmark = pytest.mark.django_db
EVIDENCE = new_id()
PROVED = replace(LIN, level=3, evidence=EVIDENCE)
FRESH = replace(LIN, level=4, evidence=EVIDENCE)


@pytest.fixture
def careful(city):
    """The small service as a city might want it: 3 to submit, 4 to withdraw."""
    publishing.publish(
        [world.body(identity={"submit": 3, "withdraw": 4})], by=PUBLISHER, now=MONDAY - timedelta(hours=1)
    )
    queries.forget_kept()


def submit(by):
    return actions.submit_whole(
        "HZ9901",
        ANSWERS,
        by=by,
        now=MONDAY,
        request_id=new_id(),
        materials={"marriage_certificate": [scan()]},
    )


def test_a_form_is_begun_at_level_2_and_sent_at_the_level_that_its_service_names(careful):
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    with pytest.raises(NotAllowed) as refused:
        actions.submit(draft.id, by=LIN, now=MONDAY, request_id=new_id())
    assert (refused.value.key, refused.value.needs) == ("identity_level", "3")
    assert submit(PROVED).number


def test_each_step_asks_for_its_own_level_and_only_when_it_comes(careful):
    matter = submit(PROVED)
    with pytest.raises(NotAllowed) as refused:
        actions.act(matter.id, "withdraw", ver=1, by=PROVED, now=MONDAY, request_id=new_id())
    assert refused.value.needs == "4"
    done = actions.act(matter.id, "withdraw", ver=1, by=FRESH, now=MONDAY, request_id=new_id())
    assert done.outcome == "withdrawn"


def test_the_check_behind_a_step_is_kept_with_its_event_and_its_ledger_entry(careful):
    matter = submit(PROVED)
    event = MatterEvent.objects.get(matter_id=matter.id)
    assert (event.detail["level"], event.detail["evidence"]) == (3, str(EVIDENCE))
    assert str(EVIDENCE) in str(bytes(Outbox.objects.get(id=event.entry_id).payload or b""))
    assert not queries.refold(queries.matter(matter.id, LIN, MONDAY))


def test_a_service_that_names_no_steps_keeps_its_bytes():
    plain = world.body()
    assert '"identity":2' in plain.model_dump_json()
    assert (plain.service.level_for("submit"), plain.service.level_for("withdraw")) == (2, 1)


def test_a_step_that_the_applicant_does_not_take_is_found_before_publishing():
    found = catalog.lint([world.body(identity={"submit": 3, "aprove": 4})])
    assert any("the applicant has no step 'aprove'" in problem for problem in found)
