"""The engine on a real database: what is written, once, together, or not at all."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, plugs, publishing, queries, rules
from minjing.kernel.matters.actions import upkeep
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.matters.models import Counter, Draft, Matter, MatterEvent
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import CHECKER, CHEN, ELSEWHERE, LIN, LUO, MONDAY, PUBLISHER, STRANGER, ZHOU
from minjing.kernel.notify.models import Message
from minjing.kernel.papers import queries as papers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def submit(at=MONDAY, request_id=None, **answers):
    return actions.submit_whole(
        "HZ9901",
        {**ANSWERS, **answers},
        by=LIN,
        now=at,
        request_id=request_id or new_id(),
        materials={"marriage_certificate": [scan()]},
    )


def act(matter, action, by, at=MONDAY + HOUR, **more):
    return actions.act(
        matter.id, action, ver=matter.ver, by=by, now=at, request_id=more.pop("request_id", new_id()), **more
    )


def approved():
    matter = act(act(submit(), "claim", CHEN), "recommend", CHEN)
    return act(act(matter, "claim", LUO), "approve", LUO)


def test_a_submission_is_numbered_told_and_in_the_ledger(city):
    matter = submit()
    assert matter.number == "HZ04260000001"
    stored = Matter.objects.get(id=matter.id)
    assert (stored.state, stored.post, stored.unit_id) == ("submitted", "station_clerk", 27)
    event = MatterEvent.objects.get(matter_id=matter.id)
    assert Outbox.objects.get(id=event.entry_id).kind == "matters:matter:submitted"
    told = Message.objects.get(matter_id=matter.id, channel="in_app")
    assert matter.number in told.text_zh
    assert "10月15日" in told.text_zh
    assert b"spouse" not in bytes(stored.answers_sealed)
    assert queries.opened(matter)["spouse_id"] == ANSWERS["spouse_id"]


def test_numbers_count_on_within_a_district_and_year(city):
    assert [submit().number for _ in range(3)] == [f"HZ0426000000{n}" for n in (1, 2, 3)]


def test_the_same_request_twice_makes_one_matter(city):
    request_id = new_id()
    first, second = submit(request_id=request_id), submit(request_id=request_id)
    assert first.id == second.id
    assert Matter.objects.count() == 1
    assert Outbox.objects.filter(kind="matters:matter:submitted").count() == 1


def test_all_that_is_missing_is_said_at_once(city):
    with pytest.raises(Wrong) as raised:
        actions.submit_whole(
            "HZ9901",
            {"spouse_id": "440304199203040025", "married_on": "2019-02-30", "office": "nowhere"},
            by=LIN,
            now=MONDAY,
            request_id=new_id(),
        )
    assert set(raised.value.errors) == {
        "spouse_id", "married_on", "has_children", "delivery", "office", "marriage_certificate",
    }  # fmt: skip
    assert not Matter.objects.exists()


def test_a_transition_is_one_statement(city):
    matter = submit()
    queries.units(), queries.calendar(), queries.body_of(matter)
    with CaptureQueriesContext(connection) as captured:
        claimed = actions.step(matter, "claim", rules.Ask(), by=CHEN, now=MONDAY + HOUR, request_id=new_id())
    statements = [q["sql"] for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]]
    assert len(statements) == 1
    assert claimed.claimed_by == CHEN.account_id


def test_a_submission_is_one_writing_statement(city):
    submit()
    papers_sent = {"marriage_certificate": [scan()]}
    with CaptureQueriesContext(connection) as captured:
        actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials=papers_sent)
    assert len([q for q in captured.captured_queries if "INSERT" in q["sql"]]) == 1


def test_a_stale_version_gets_the_matter_as_it_is(city):
    matter = submit()
    act(matter, "claim", CHEN)
    with pytest.raises(Stale) as raised:
        act(matter, "claim", ZHOU)
    assert raised.value.snapshot.claimed_by == CHEN.account_id
    assert MatterEvent.objects.filter(matter_id=matter.id).count() == 2


def test_the_same_step_sent_twice_is_done_once(city):
    matter, request_id = submit(), new_id()
    first = act(matter, "claim", CHEN, request_id=request_id)
    again = act(matter, "claim", CHEN, request_id=request_id)
    assert first == again
    assert MatterEvent.objects.filter(matter_id=matter.id, action="claim").count() == 1


def test_a_matter_of_others_looks_like_none(city):
    matter = submit()
    for by in (STRANGER, ELSEWHERE):
        with pytest.raises(Unknown):
            queries.matter(matter.id, by, MONDAY)
        with pytest.raises(Unknown):
            queries.matter(matter.number, by, MONDAY)
        with pytest.raises(Unknown):
            act(matter, "claim", by)
    assert queries.matter(matter.number, CHEN, MONDAY).id == matter.id


def test_supplementing_needs_what_was_asked_and_resumes_the_clock(city):
    matter = act(submit(), "claim", CHEN)
    paused = act(matter, "ask_supplement", CHEN, note="结婚证照片不清楚", materials=["marriage_certificate"])
    with pytest.raises(Wrong) as raised:
        act(paused, "supplement", LIN, MONDAY + timedelta(days=1))
    assert set(raised.value.errors) == {"marriage_certificate"}
    assert queries.matter(matter.id, LIN, MONDAY).state == "supplement"  # nothing was half done
    resumed = act(
        paused,
        "supplement",
        LIN,
        MONDAY + timedelta(days=1),
        files={"marriage_certificate": [scan(shade=90)]},
    )
    assert resumed.state == "submitted"
    assert len([m for m in queries.materials(resumed) if m.file_id]) == 2
    assert queries.notes(resumed, LIN, MONDAY)[3]["note"] == "结婚证照片不清楚"


def test_approval_issues_the_paper_in_the_same_transaction(city):
    done = approved()
    (paper,) = papers.of_matter(done.id, now=MONDAY)
    assert papers.check(paper.code, now=MONDAY).state == "valid"
    assert papers.pdf(paper.id).startswith(b"%PDF")
    kinds = set(Outbox.objects.values_list("kind", flat=True))
    assert {"matters:matter:approve", "papers:paper:issued"} <= kinds


@pytest.mark.parametrize(("when", "title"), [("post", "准予迁入证明"), ("electronic", "居民户口簿内页")])
def test_the_paper_is_the_one_that_the_answers_make_due(city, when, title):
    usual = world.service().model_dump(mode="json")["grants"]
    page = {"certificate": "household_page", "title": {"zh": "居民户口簿内页", "en": "Page"}}
    grants = {**usual, "instead": [{**page, "when": {"delivery": when}}]}
    publishing.publish([world.body(grants=grants)], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    (paper,) = papers.of_matter(approved().id, now=MONDAY)
    assert paper.title["zh"] == title
    assert (paper.valid_until is None) == (when == "electronic")


def test_what_the_register_refuses_leaves_everything_as_it_was_but_the_attempt_on_record(city):
    matter = submit(spouse_id="440304199001010038")
    matter = act(act(act(matter, "claim", CHEN), "recommend", CHEN), "claim", LUO)
    before = Outbox.objects.count()
    with pytest.raises(plugs.EffectRefused):
        act(matter, "approve", LUO)
    assert queries.matter(matter.id, LUO, MONDAY).state == "recommended"
    assert papers.of_matter(matter.id, now=MONDAY) == []
    assert Outbox.objects.count() == before + 1
    entry = Outbox.objects.get(kind="matters:step:refused")
    assert entry.what is not None
    assert (entry.what["action"], entry.what["why"]) == ("approve", "register")
    assert (entry.subject_id, entry.actor_id) == (matter.person_id, LUO.account_id)


def test_a_correction_takes_two_people_and_replaces_the_paper(city):
    done = approved()
    with pytest.raises(Wrong):
        act(done, "ask_correction", CHEN, note="日期有误")
    asked = act(done, "ask_correction", CHEN, note="日期有误", corrections={"married_on": "2018-05-20"})
    corrected = act(asked, "approve_correction", LUO)
    states = sorted(p.state for p in papers.of_matter(done.id, now=MONDAY))
    assert states == ["revoked", "valid"]
    assert queries.opened(corrected)["married_on"] == "2018-05-20"
    assert corrected.outcome == "approved"


def test_an_officers_look_stands_in_the_ledger_before_the_form_is_read(city):
    matter = submit()
    queries.answers(matter, CHEN, MONDAY)
    looked = Outbox.objects.get(kind="identity:person:looked")
    assert looked.subject_id == LIN.person_id
    queries.answers(matter, LIN, MONDAY)
    assert Outbox.objects.filter(kind="identity:person:looked").count() == 1


def test_history_refolds_to_the_stored_state(city):
    done = approved()
    assert queries.refold(queries.matter(done.id, LUO, MONDAY)) == {}
    with connection.cursor() as cursor:  # an insider's hand, past every rule but the fold
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE matters_matter SET due_at = due_at + interval '9 days'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert set(queries.refold(queries.matter(done.id, LUO, MONDAY))) == {"due_at"}
    assert [m.id for m, _ in actions.sample_refold(10)] == [done.id]


def test_the_database_refuses_writes_beside_a_transition(city):
    submit()
    from django.db import DatabaseError, transaction

    for statement in (
        "UPDATE matters_matter SET state = 'approved'",
        "UPDATE matters_matter SET ver = ver + 2",
        "UPDATE matters_matter SET ver = ver + 1, number = 'HZ'",
        "UPDATE matters_matter SET ver = ver + 1, person_id = id",
        "DELETE FROM matters_matter",
        "DELETE FROM matters_matterevent",
        "UPDATE matters_matterevent SET action = 'x'",
        "UPDATE matters_procedure SET body = '{}'",
        "DELETE FROM matters_procedure",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_bulk_claims_answer_for_each_matter(city):
    free, taken = submit(), submit()
    act(taken, "claim", ZHOU)
    unknown = uuid4()
    results = actions.act_many(
        [(free.id, 1), (taken.id, 1), (unknown, 1)], "claim", by=CHEN, now=MONDAY, request_id=new_id()
    )
    assert [r.error is None for r in results] == [True, False, False]


def test_the_queue_holds_what_one_may_claim_most_urgent_first(city):
    later, sooner = submit(at=MONDAY + timedelta(days=1)), submit(at=MONDAY)
    assert [m.id for m in queries.queue(CHEN, "to_claim", MONDAY)] == [sooner.id, later.id]
    assert queries.queue(ELSEWHERE, "to_claim", MONDAY) == []
    assert queries.queue(LUO, "to_claim", MONDAY) == []
    act(sooner, "claim", CHEN)
    assert queries.counts(CHEN, MONDAY)["claimed"] == 1


def test_a_parallel_check_holds_the_recommendation_until_it_is_done(city):
    publishing.publish([world.body(checks=["record_check"])], by=PUBLISHER, now=MONDAY)
    matter = act(submit(), "claim", CHEN)
    assert matter.open_tasks == 1
    with pytest.raises(NotAllowed):
        act(matter, "recommend", CHEN)
    (task,) = queries.tasks(matter)
    assert list(queries.open_tasks(CHECKER)) == [task]
    with pytest.raises(NotAllowed):
        actions.finish_task(task.id, "clear", by=CHEN, now=MONDAY, request_id=new_id())
    joined = actions.finish_task(task.id, "clear", by=CHECKER, now=MONDAY, request_id=new_id())
    assert joined.open_tasks == 0
    assert actions.finish_task(task.id, "clear", by=CHECKER, now=MONDAY, request_id=new_id()).ver == joined.ver
    with pytest.raises(NotAllowed):  # the other result would be taken for entered
        actions.finish_task(task.id, "found", by=CHECKER, now=MONDAY, request_id=new_id())
    assert queries.tasks(matter)[0].result == "clear"
    assert act(joined, "recommend", CHEN).state == "recommended"


@pytest.mark.parametrize(("result", "opened"), [(None, 1), ("clear", 1), ("found", 2)])
def test_a_return_opens_a_check_again_only_where_something_was_found(city, result, opened):
    publishing.publish([world.body(checks=["record_check"])], by=PUBLISHER, now=MONDAY)
    matter = act(submit(), "claim", CHEN)
    if result:
        (task,) = queries.tasks(matter)
        matter = actions.finish_task(task.id, result, by=CHECKER, now=MONDAY, request_id=new_id())
    for day in range(1, 4):  # three supplements, the check still open, done clear, or done and found again
        at = MONDAY + timedelta(days=day)
        paused = act(matter, "ask_supplement", CHEN, at, note="看不清", materials=["marriage_certificate"])
        back = act(paused, "supplement", LIN, at + HOUR, files={"marriage_certificate": [scan(shade=day)]})
        matter = act(back, "claim", CHEN, at + 2 * HOUR)
    assert len(queries.tasks(matter)) == opened
    assert matter.open_tasks == len([t for t in queries.tasks(matter) if t.done_at is None])
    assert queries.refold(queries.matter(matter.id, CHEN, MONDAY)) == {}
    for task in list(queries.open_tasks(CHECKER)):
        matter = actions.finish_task(task.id, "clear", by=CHECKER, now=MONDAY, request_id=new_id())
    assert act(matter, "recommend", CHEN, MONDAY + timedelta(days=5)).state == "recommended"


def test_a_check_finished_by_a_used_request_is_answered_and_leaves_nothing(city):
    publishing.publish([world.body(checks=["record_check"])], by=PUBLISHER, now=MONDAY)
    used = new_id()
    matter = act(submit(), "claim", CHEN, request_id=used)
    (task,) = queries.tasks(matter)
    with pytest.raises(MatterError) as refused:
        actions.finish_task(task.id, "clear", by=CHECKER, now=MONDAY, request_id=used)
    assert refused.value.key == "request_reused"
    assert queries.tasks(matter)[0].done_at is None
    assert queries.matter(matter.id, LIN, MONDAY).open_tasks == 1


def test_one_matter_that_cannot_lapse_keeps_no_other_from_it(city, monkeypatch, caplog):
    asked = {"note": "x", "materials": ["marriage_certificate"]}
    first, second = (act(act(submit(), "claim", CHEN), "ask_supplement", CHEN, **asked) for _ in range(2))
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    real = upkeep.step

    def breaking(matter, *args, **more):
        if matter.id == first.id:
            raise RuntimeError("its visit could not be cancelled")
        return real(matter, *args, **more)

    monkeypatch.setattr(upkeep, "step", breaking)
    assert actions.sweep(max(second.lapses_at, draft.expires_at + HOUR)) == 1
    assert queries.matter(second.id, LIN, MONDAY).outcome == "lapsed"
    assert str(first.id) in caplog.text
    assert not Draft.objects.exists()


def test_lapsed_supplements_close_by_themselves(city):
    matter = act(submit(), "claim", CHEN)
    paused = act(matter, "ask_supplement", CHEN, note="x", materials=["marriage_certificate"])
    assert actions.sweep(paused.lapses_at - timedelta(seconds=1)) == 0
    assert actions.sweep(paused.lapses_at) == 1
    assert queries.matter(matter.id, LIN, MONDAY).outcome == "lapsed"
    assert actions.sweep(paused.lapses_at) == 0


def test_duplicates_are_seen_by_both_sides(city):
    first, second = submit(), submit()
    for by in (LIN, CHEN):
        assert [m.id for m in queries.duplicates(second, by)] == [first.id]
    assert queries.duplicates(second, ELSEWHERE) == []
    act(first, "withdraw", LIN)
    assert queries.duplicates(second, CHEN) == []


def test_a_draft_is_saved_page_by_page_and_submitted_once(city):
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    assert actions.draft("HZ9901", by=LIN, now=MONDAY).id == draft.id
    errors = actions.save_page(
        draft.id,
        "spouse",
        {"spouse_id": "44030419920304002X", "married_on": "2019-05-20", "has_children": "no"},
        by=LIN,
        now=MONDAY,
    )
    assert set(errors) == {"spouse_id"}
    assert queries.draft_answers(Draft.objects.get(id=draft.id))["married_on"] == "2019-05-20"
    actions.save_page(
        draft.id,
        "spouse",
        {"spouse_id": ANSWERS["spouse_id"], "married_on": "2019-05-20", "has_children": "no"},
        by=LIN,
        now=MONDAY,
    )
    actions.save_page(draft.id, "office", {"office": "U27"}, by=LIN, now=MONDAY)
    actions.save_page(draft.id, "delivery", {"delivery": "electronic"}, by=LIN, now=MONDAY)
    actions.attach(draft.id, "marriage_certificate", scan(), by=LIN, now=MONDAY)
    matter = actions.submit(draft.id, by=LIN, now=MONDAY, request_id=new_id())
    again = actions.submit(draft.id, by=LIN, now=MONDAY, request_id=new_id())
    assert matter.id == again.id
    assert len(queries.materials(matter)) == 1
    with pytest.raises(NotAllowed):
        actions.save_page(draft.id, "office", {"office": "U31"}, by=LIN, now=MONDAY)


def test_a_stranger_does_not_reach_a_draft(city):
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    with pytest.raises(Unknown):
        actions.save_page(draft.id, "office", {"office": "U27"}, by=STRANGER, now=MONDAY)


def test_somebody_elses_file_cannot_be_sent_in(city):
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    with pytest.raises(Unknown):
        actions.attach(draft.id, "marriage_certificate", scan(STRANGER), by=LIN, now=MONDAY)


@pytest.mark.parametrize("whose", ["a stranger's", "nobody's"])
def test_a_whole_application_that_names_a_file_not_ones_own_leaves_nothing(city, whose):
    named = scan(STRANGER) if whose == "a stranger's" else uuid4()
    sheets = {"marriage_certificate": [scan(), named]}
    before = set(Counter.objects.values_list("org_id", "year", "last"))
    with pytest.raises(Unknown):
        actions.submit_whole("HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials=sheets)
    assert not Matter.objects.exists()
    assert not Outbox.objects.filter(kind="matters:matter:submitted").exists()
    assert set(Counter.objects.values_list("org_id", "year", "last")) == before


def test_a_page_posted_after_the_session_ended_waits_for_its_owner(city):
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    assert actions.stash(draft.id, "spouse", {"spouse_id": "440304"}, now=MONDAY)
    row = queries.draft(draft.id, LIN, MONDAY)
    assert queries.stashed(row, "spouse") == {"spouse_id": "440304"}
    assert queries.stashed(row, "office") is None
    assert "spouse_id" not in queries.draft_answers(row)
    actions.save_page(draft.id, "office", {"office": "U27"}, by=LIN, now=MONDAY)
    assert queries.stashed(queries.draft(draft.id, LIN, MONDAY), "spouse") is None
    assert not actions.stash(new_id(), "spouse", {}, now=MONDAY)


def test_only_the_applicant_rates_and_only_once(city):
    done = approved()
    with pytest.raises(NotAllowed):
        actions.rate(done.id, 5, by=CHEN, now=MONDAY)
    actions.rate(done.id, 4, words="很快", by=LIN, now=MONDAY)
    actions.rate(done.id, 1, by=LIN, now=MONDAY)
    rating = queries.rating(done)
    assert rating is not None
    assert rating.stars == 4
