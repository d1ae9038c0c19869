"""A hostile insider and a careless program against the engine: nothing is taken for done that was not."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from minjing.base.ids import new_id
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.errors import MatterError, NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import Matter, MatterEvent, Task
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.test_actions import HOUR, act, approved, submit
from minjing.kernel.matters.tests.world import CHECKER, CHEN, LIN, LUO, MONDAY, PUBLISHER, ZHOU

pytestmark = pytest.mark.django_db


# ---- one request, one act --------------------------------------------------------------------------------


def test_a_request_used_for_one_step_is_not_taken_for_another(city):
    request_id = new_id()
    claimed = act(submit(), "claim", CHEN, request_id=request_id)
    for ver in (claimed.ver, claimed.ver - 1):
        with pytest.raises(MatterError) as raised:
            act(claimed.but(ver=ver), "recommend", CHEN, request_id=request_id)
        assert raised.value.key == "request_reused"
    assert queries.matter(claimed.id, CHEN, MONDAY).state == "submitted"


def test_a_colleagues_request_is_not_taken_for_ones_own(city):
    request_id = new_id()
    matter = submit()
    act(matter, "claim", CHEN, request_id=request_id)
    with pytest.raises(MatterError):
        act(matter, "claim", ZHOU, request_id=request_id)


def test_a_bulk_sent_again_with_another_step_says_that_nothing_was_done(city):
    matter, request_id = submit(), new_id()
    actions.act_many([(matter.id, 1)], "claim", by=CHEN, now=MONDAY + HOUR, request_id=request_id)
    (second,) = actions.act_many([(matter.id, 2)], "recommend", by=CHEN, now=MONDAY + HOUR, request_id=request_id)
    assert second.error is not None
    assert queries.matter(matter.id, CHEN, MONDAY).state == "submitted"


def test_a_request_used_for_one_application_is_not_taken_for_another(city):
    request_id = new_id()
    submit(request_id=request_id)
    with pytest.raises(MatterError) as raised:
        submit(request_id=request_id, married_on="2011-01-01")
    assert raised.value.key == "request_reused"
    assert Matter.objects.count() == 1


# ---- two people mean two people --------------------------------------------------------------------------


def standing_in(by, principal):
    """Return `by` as the deputy of `principal` in the principal's post."""
    return replace(by, holdings=tuple(replace(h, deputy_for=principal.account_id) for h in principal.holdings))


def test_nobody_approves_what_their_own_deputy_recommended(city):
    head = replace(LUO, holdings=(*LUO.holdings, *CHEN.holdings))  # approves at the branch, clerk at the station
    deputy = standing_in(ZHOU, replace(LUO, holdings=CHEN.holdings))
    matter = act(act(submit(), "claim", deputy), "recommend", deputy)
    with pytest.raises(NotAllowed) as raised:
        act(matter, "claim", head)
    assert raised.value.key == "same_person"


def test_who_checked_the_record_does_not_recommend(city):
    publishing.publish([world.body(code="HZ9903", checks=["record_check"])], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    both = replace(CHECKER, holdings=(*CHECKER.holdings, *CHEN.holdings))
    matter = actions.submit_whole(
        "HZ9903", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials={"marriage_certificate": [scan()]}
    )
    task = Task.objects.get(matter_id=matter.id)
    checked = actions.finish_task(task.id, "clear", by=both, now=MONDAY + HOUR, request_id=new_id())
    claimed = act(checked, "claim", both)
    with pytest.raises(NotAllowed) as raised:
        act(claimed, "recommend", both)
    assert raised.value.key == "same_person"


def test_no_check_goes_on_in_a_matter_that_is_closed(city):
    publishing.publish([world.body(code="HZ9903", checks=["record_check"])], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    matter = actions.submit_whole(
        "HZ9903", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials={"marriage_certificate": [scan()]}
    )
    task = Task.objects.get(matter_id=matter.id)
    gone = act(matter, "withdraw", LIN)
    assert list(queries.open_tasks(CHECKER)) == []
    with pytest.raises(NotAllowed):
        actions.finish_task(task.id, "clear", by=CHECKER, now=MONDAY + HOUR, request_id=new_id())
    assert queries.matter(matter.id, LIN, MONDAY).ver == gone.ver


def test_the_deputy_of_one_service_does_not_see_the_others(city):
    matter = submit()
    scoped = replace(ZHOU, holdings=tuple(replace(h, scope=("HZ0301",)) for h in ZHOU.holdings))
    with pytest.raises(Unknown):
        queries.matter(matter.id, scoped, MONDAY)
    assert queries.queue(scoped, "waiting", MONDAY) == []


# ---- what is not asked for is not kept -------------------------------------------------------------------


def test_words_in_places_the_step_does_not_ask_for_are_kept_nowhere(city):
    matter = submit()
    act(matter, "withdraw", LIN, reason="林晓夫 13800138000", materials=["林晓夫"], days=9)
    event = MatterEvent.objects.get(matter_id=matter.id, action="withdraw")
    entry = Outbox.objects.get(id=event.entry_id)
    assert "林晓夫" not in str(event.detail)
    assert "林晓夫".encode() not in bytes(entry.payload)
    assert Matter.objects.get(id=matter.id).asked == []


# ---- corrections -----------------------------------------------------------------------------------------


def test_a_correction_of_nothing_that_the_form_knows_is_refused(city):
    with pytest.raises(Wrong):
        act(approved(), "ask_correction", CHEN, note="日期有误", corrections={"is_admin": True})


def test_a_correction_that_calls_for_another_answer_needs_it_too(city):
    with pytest.raises(Wrong) as raised:
        act(approved(), "ask_correction", CHEN, note="改为邮寄", corrections={"delivery": "post"})
    assert "post_address" in raised.value.errors


def test_a_corrected_id_number_is_the_one_that_the_matter_is_found_by(city):
    publishing.publish([world.body(code="HZ9904", about="spouse_id")], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    matter = actions.submit_whole(
        "HZ9904", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials={"marriage_certificate": [scan()]}
    )
    matter = act(act(matter, "claim", CHEN), "recommend", CHEN)
    done = act(act(matter, "claim", LUO), "approve", LUO)
    right = "440304199001010011"
    asked = act(done, "ask_correction", CHEN, note="号码有误", corrections={"spouse_id": right})
    act(asked, "approve_correction", LUO)
    assert bytes(Matter.objects.get(id=matter.id).subject_index) == blind_index("id_number", right)


# ---- ids that are none -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ref", ["HZ²²00000001", "HZ04\x0000001", "", "HZ", "\ud800", "0" * 5000])
def test_what_is_no_number_of_a_matter_is_unknown(city, ref):
    with pytest.raises(Unknown):
        queries.matter(ref, CHEN, MONDAY)


# ---- reading ---------------------------------------------------------------------------------------------


def test_a_supervisor_reads_no_form_no_note_and_no_paper(city):
    matter = submit()
    supervisor = world.officer(41, "supervisor", "1.", ("supervise",))
    file_id = queries.materials(matter)[0].file_id
    assert isinstance(file_id, UUID)
    before = Outbox.objects.count()
    for read in (queries.answers, queries.notes):
        with pytest.raises((MatterError, IdentityError)):
            read(matter, supervisor, MONDAY)
    assert not queries.may_open_file(file_id, supervisor, MONDAY)
    assert Outbox.objects.count() == before


def test_a_paper_is_opened_by_its_id_only_by_who_has_the_matter_in_hand(city):
    matter = submit()
    file_id = queries.materials(matter)[0].file_id
    assert not queries.may_open_file(file_id, CHEN, MONDAY)
    claimed = act(matter, "claim", CHEN, MONDAY + timedelta(minutes=5))
    assert queries.may_open_file(file_id, CHEN, MONDAY)
    assert not queries.may_open_file(file_id, ZHOU, MONDAY)
    assert claimed.claimed_by == CHEN.account_id


def test_a_draft_of_a_service_begun_twice_at_once_is_one(city):
    first = actions.draft("HZ9901", by=LIN, now=MONDAY)
    assert actions.draft("HZ9901", by=LIN, now=MONDAY).id == first.id
    actions.submit_whole(
        "HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials={"marriage_certificate": [scan()]}
    )
    assert actions.draft("HZ9901", by=LIN, now=MONDAY).id == first.id


def test_an_expired_draft_is_neither_saved_nor_submitted(city):
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    late = MONDAY + actions.DRAFT_LIVES + HOUR
    with pytest.raises(Unknown):
        actions.save_page(draft.id, "spouse", {}, by=LIN, now=late)
    with pytest.raises(Unknown):
        actions.submit(draft.id, by=LIN, now=late, request_id=new_id())
    assert not actions.stash(draft.id, "spouse", {"spouse_id": "x"}, now=late)
    actions.sweep(late)
    with pytest.raises(Unknown):
        queries.draft(draft.id, LIN, MONDAY)


def test_a_decision_refused_by_the_register_may_be_sent_again_with_the_same_request(city):
    from minjing.kernel.matters import plugs

    matter = submit(spouse_id="440304199001010038")
    matter = act(act(act(matter, "claim", CHEN), "recommend", CHEN), "claim", LUO)
    request_id = new_id()
    with pytest.raises(plugs.EffectRefused):
        act(matter, "approve", LUO, request_id=request_id)
    plugs.effect("test.effect", lambda *, matter, answers, by, now: plugs.Outcome([], matter.person_id), None)
    assert act(matter, "approve", LUO, request_id=request_id).state == "approved"


def test_who_asked_for_more_time_does_not_grant_it_in_another_post(city):
    both = replace(CHEN, holdings=(*CHEN.holdings, *LUO.holdings))
    asked = act(act(submit(), "claim", both), "ask_extension", both, note="材料待核", days=5)
    with pytest.raises(NotAllowed) as raised:
        act(asked, "grant_extension", both)
    assert raised.value.key == "same_person"


def test_who_proposed_a_correction_or_a_reopening_does_not_approve_it_in_another_post(city):
    both = replace(CHEN, holdings=(*CHEN.holdings, *LUO.holdings))
    asked = act(approved(), "ask_correction", both, note="日期有误", corrections={"married_on": "2018-05-20"})
    for action in ("approve_correction", "refuse_correction"):
        with pytest.raises(NotAllowed):
            act(asked, action, both, note="x")
