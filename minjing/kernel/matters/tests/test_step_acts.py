"""What a module does beside a step or a submission stands or falls with it; keys that say nothing change no bytes."""

import pytest

from minjing.base.ids import new_id
from minjing.kernel.matters import actions, catalog, plugs, publishing, queries
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import CHEN, LIN, MONDAY, PUBLISHER

pytestmark = pytest.mark.django_db


def with_acts(on_submit: str = "", does: str = "") -> Body:
    """Return the small service whose claim carries an act of a module."""
    body = world.body(on_submit=on_submit)
    start = body.flow.states["submitted"]
    claim = start.actions["claim"].model_copy(update={"does": does})
    state = start.model_copy(update={"actions": {**start.actions, "claim": claim}})
    return body.model_copy(
        update={"flow": body.flow.model_copy(update={"states": {**body.flow.states, "submitted": state}})}
    )


def submit():
    sheets = {"marriage_certificate": [scan()]}
    return actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials=sheets)


def test_the_acts_of_submission_and_step_are_called_with_the_matter_as_it_is_then(city, monkeypatch):
    called = []
    monkeypatch.setitem(plugs.STEP_ACTS, "test.lost", lambda **said: called.append(("lost", said)))
    monkeypatch.setitem(plugs.STEP_ACTS, "test.made", lambda **said: called.append(("made", said)))
    publishing.publish([with_acts("test.lost", "test.made")], by=PUBLISHER, now=MONDAY)
    matter = submit()
    actions.act(matter.id, "claim", ver=1, by=CHEN, now=MONDAY, request_id=new_id())
    assert [name for name, _ in called] == ["lost", "made"]
    assert called[0][1]["matter"].number == matter.number
    assert called[1][1]["matter"].claimed_by == CHEN.account_id
    assert called[1][1]["answers"]["spouse_id"] == ANSWERS["spouse_id"]


def test_a_step_whose_act_is_refused_is_not_taken(city, monkeypatch):
    def refuse(**_):
        raise plugs.EffectRefused(Text(zh="证件还没做好。", en="The document is not made yet."))

    monkeypatch.setitem(plugs.STEP_ACTS, "test.made", refuse)
    publishing.publish([with_acts(does="test.made")], by=PUBLISHER, now=MONDAY)
    matter = submit()
    with pytest.raises(plugs.EffectRefused):
        actions.act(matter.id, "claim", ver=1, by=CHEN, now=MONDAY, request_id=new_id())
    assert Matter.objects.get(id=matter.id).claimed_by is None


def test_a_key_that_says_nothing_is_not_in_the_body_and_one_that_says_something_is():
    plain, used = world.body().model_dump(mode="json"), with_acts("test.lost", "test.made").model_dump(mode="json")
    assert "on_submit" not in plain["service"]
    assert "does" not in plain["flow"]["states"]["submitted"]["actions"]["claim"]
    assert used["service"]["on_submit"] == "test.lost"
    assert used["flow"]["states"]["submitted"]["actions"]["claim"]["does"] == "test.made"
    assert Body.model_validate(used) == with_acts("test.lost", "test.made")


def test_an_act_nobody_offers_is_found_before_publishing():
    assert any("'test.nobody'" in said for said in catalog.lint([with_acts(does="test.nobody")]))


def test_a_special_record_stands_beside_its_own_services_only(city, monkeypatch):
    row = (Text(zh="证件", en="Document"), "", Text(zh="护照", en="Passport"))
    monkeypatch.setitem(plugs.SPECIAL_RECORD, "HZ", ("test.documents", lambda person_id, seen: [row]))
    monkeypatch.setitem(plugs.SPECIAL_RECORD, "EX", ("test.other", lambda person_id, seen: [row, row]))
    matter = submit()
    assert queries.register_of(matter, LIN, MONDAY).count(row) == 1
