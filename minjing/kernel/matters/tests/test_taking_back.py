"""Taking back a paper of a closed matter: by whom, with what on record, and who is told."""

import pytest

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.errors import NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.matters.models import MatterEvent
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.test_actions import HOUR, act, approved, submit
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, HEAD, LIN, LUO, MA, MONDAY, PUBLISHER, officer
from minjing.kernel.notify.models import Message
from minjing.kernel.papers import queries as papers
from minjing.kernel.papers.rules import REASONS

pytestmark = pytest.mark.django_db


def paper_of(matter):
    return papers.of_matter(matter.id, now=MONDAY)[0]


def take_back(matter, by=MA, reason="issued_in_error", note="签错了人。", **more):
    asked = {"ver": matter.ver, "request_id": new_id(), **more}
    return actions.take_back(
        matter.id, paper_of(matter).id, reason=reason, note=note, by=by, now=MONDAY + HOUR, **asked
    )


def test_an_approver_who_did_not_issue_it_takes_a_paper_back_and_the_holder_is_told(city):
    done = approved()
    after = take_back(done, reason="decision_revoked")
    found = papers.check(paper_of(done).code, now=MONDAY)
    assert (found.state, found.reason) == ("revoked", REASONS["decision_revoked"])
    assert (after.state, after.outcome, after.closed_at, after.ver) == (
        done.state, "approved", done.closed_at, done.ver + 1,
    )  # fmt: skip
    assert queries.refold(after) == {}
    event = MatterEvent.objects.get(matter_id=done.id, action="take_back_paper")
    assert (event.post, event.detail["reason"], event.actor_id) == (
        "branch_approver",
        "decision_revoked",
        MA.account_id,
    )
    assert queries.notes(after, MA, MONDAY, "register_upkeep")[event.seq]["note"] == "签错了人。"
    for kind in ("matters:matter:take_back_paper", "papers:paper:revoked"):
        entry = Outbox.objects.get(kind=kind)
        assert (entry.actor_id, entry.subject_id, entry.what["reason"]) == (
            MA.account_id, LIN.person_id, "decision_revoked",
        )  # fmt: skip
    (told,) = Message.objects.filter(account_id=LIN.account_id, template="paper_taken_back", channel="in_app")
    assert paper_of(done).number in told.text_zh
    assert "原决定已撤销" in told.text_zh
    assert "行政复议" in told.text_zh
    assert "was revoked" in told.text_en


@pytest.mark.parametrize(
    ("by", "why"),
    [(LUO, "same_person"), (CHEN, "no_post"), (HEAD, "no_post"), (officer(28, "branch_approver", "1.4.27."), None)],
)
def test_whoever_issued_it_or_may_approve_no_correction_takes_nothing_back(city, by, why):
    done = approved()
    if why is None:
        assert queries.may_take_back(done, paper_of(done), by)
        return
    assert not queries.may_take_back(done, paper_of(done), by)
    with pytest.raises(NotAllowed) as no:
        take_back(done, by)
    assert no.value.key == why
    assert paper_of(done).state == "valid"


def test_a_deputy_does_not_take_back_what_they_issued_for_another(city):
    deputy = officer(29, "branch_approver", "1.4.", deputy_for=MA.account_id)
    matter = act(act(submit(), "claim", CHEN), "recommend", CHEN)
    done = act(act(matter, "claim", deputy), "approve", deputy)
    with pytest.raises(NotAllowed) as no:
        take_back(done, MA)
    assert no.value.key == "same_person"
    assert take_back(done, LUO).ver == done.ver + 1


def test_only_a_paper_of_a_closed_matter_of_theirs_is_taken_back_once_and_for_a_reason_of_the_list(city):
    done = approved()
    for reason, note, field in (("corrected", "x", "reason"), ("", "x", "reason"), ("issued_in_error", " ", "note")):
        with pytest.raises(Wrong) as wrong:
            take_back(done, reason=reason, note=note)
        assert set(wrong.value.errors) == {field}
    with pytest.raises(Unknown):
        take_back(done, ELSEWHERE)
    with pytest.raises(Unknown):
        actions.take_back(
            done.id,
            new_id(),
            ver=done.ver,
            reason="issued_in_error",
            note="x",
            by=MA,
            now=MONDAY,
            request_id=new_id(),
        )
    asked = act(done, "ask_correction", CHEN, note="日期有误", corrections={"married_on": "2018-05-20"})
    with pytest.raises(NotAllowed) as no:
        take_back(asked)
    assert no.value.key == "not_closed"
    kept = act(asked, "refuse_correction", MA, note="无误")
    request_id = new_id()
    after = take_back(kept, request_id=request_id)
    assert take_back(kept, request_id=request_id) == after
    with pytest.raises(Stale):
        take_back(kept)
    with pytest.raises(NotAllowed) as no:
        take_back(after)
    assert no.value.key == "already_revoked"
    assert Message.objects.filter(template="paper_taken_back", channel="in_app").count() == 1


def test_where_the_flow_corrects_nothing_whoever_decides_there_takes_back(city):
    plain = world.body("instant", code="HZ9902", effect="test.effect")
    without = plain.model_copy(update={"flow": plain.flow.model_copy(update={"states": {
        name: state.model_copy(update={"actions": {n: a for n, a in state.actions.items() if not a.reverses}})
        for name, state in plain.flow.states.items()
    }})})  # fmt: skip
    publishing.publish([without], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    sheets = {"marriage_certificate": [scan()]}
    matter = actions.submit_whole("HZ9902", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials=sheets)
    done = act(act(matter, "claim", CHEN), "approve", CHEN)
    assert not queries.may_take_back(done, paper_of(done), officer(12, "station_clerk", "1.4.27."))
    assert queries.may_take_back(done, paper_of(done), officer(13, "station_approver", "1.4.27.", ("decide", "look")))
