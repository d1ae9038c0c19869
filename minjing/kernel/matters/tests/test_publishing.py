"""Versions: what is pinned, what moves and moves back, what a new calendar changes."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from minjing.base.clock import CHINA
from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, publishing, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.models import Matter, MatterEvent, Migration, Procedure
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.test_actions import act, submit
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MONDAY, PUBLISHER

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(days=1)


def second_version():
    """Publish a version whose first state is called `review`, and return its body."""
    states = dict(world.BODY.flow.states)
    states["review"] = states.pop("submitted")
    for name, state in states.items():
        changed = {
            key: spec.model_copy(update={"to": "review"}) if spec.to == "submitted" else spec
            for key, spec in state.actions.items()
        }
        states[name] = state.model_copy(update={"actions": changed})
    flow = world.BODY.flow.model_copy(update={"states": states, "start": "review"})
    body = world.BODY.model_copy(update={"flow": flow})
    publishing.publish([body], by=PUBLISHER, now=LATER)
    queries.forget_kept()
    return body


def test_the_same_body_is_not_published_twice(city):
    assert publishing.publish([world.BODY], by=PUBLISHER, now=LATER) == []
    changed = world.body(limit={"value": 10, "unit": "workday"})
    assert publishing.publish([changed], by=PUBLISHER, now=LATER) == [publishing.Published("HZ9901", 2)]
    old, new = Procedure.objects.order_by("version")
    assert old.valid_to == new.valid_from == LATER


def test_a_running_matter_keeps_its_version(city):
    before = submit()
    second_version()
    assert queries.body_of(queries.matter(before.id, LIN, LATER)).flow.start == "submitted"
    assert submit(at=LATER).state == "review"
    assert act(before, "claim", CHEN, at=LATER).claimed_by == CHEN.account_id


def test_a_dry_run_says_what_would_happen_and_writes_nothing(city):
    matter = submit()
    second_version()
    report = publishing.migrate("HZ9901", 1, 2, {}, by=PUBLISHER, now=LATER, dry_run=True)
    assert report.unmapped == {"submitted": 1}
    report = publishing.migrate("HZ9901", 1, 2, {"submitted": "review"}, by=PUBLISHER, now=LATER, dry_run=True)
    assert report.moves == {("submitted", "review"): 1}
    assert Matter.objects.get(id=matter.id).ver == 1


def test_nothing_moves_while_a_state_has_no_counterpart(city):
    submit()
    second_version()
    with pytest.raises(NotAllowed):
        publishing.migrate("HZ9901", 1, 2, {}, by=PUBLISHER, now=LATER, dry_run=False)
    assert MatterEvent.objects.filter(action="migrate").count() == 0


def test_a_migration_moves_each_with_its_record_and_undo_brings_back_who_stood_still(city):
    still, moving, closed = submit(), submit(), submit()
    act(closed, "withdraw", LIN)
    claimed = act(moving, "claim", CHEN)
    body = second_version()
    report = publishing.migrate("HZ9901", 1, 2, {"submitted": "review"}, by=PUBLISHER, now=LATER, dry_run=False)
    assert report.total == 2
    moved = queries.matter(moving.id, LIN, LATER)
    assert (moved.state, moved.claimed_by, moved.due_at) == ("review", CHEN.account_id, claimed.due_at)
    assert queries.body_of(moved).flow.start == body.flow.start
    assert queries.refold(moved) == {}
    assert Outbox.objects.filter(kind="matters:matter:migrate").count() == 2
    act(moved, "recommend", CHEN, at=LATER)
    back = publishing.undo(report.migration_id, by=PUBLISHER, now=LATER)
    assert (back.total, back.moved_meanwhile) == (1, 1)
    assert queries.matter(still.id, LIN, LATER).state == "submitted"
    assert queries.matter(moving.id, LIN, LATER).state == "recommended"
    assert queries.refold(queries.matter(still.id, LIN, LATER)) == {}
    assert undone() == [1]


def test_an_undo_tells_the_ledger_what_it_moved_and_once(city, monkeypatch):
    still, taken = submit(), submit()
    second_version()
    report = publishing.migrate("HZ9901", 1, 2, {"submitted": "review"}, by=PUBLISHER, now=LATER, dry_run=False)
    write = publishing._write_batch

    def after_somebody(moves, *rest):
        """Somebody acts in a matter, and undoes the migration too, between the reading and the writing."""
        monkeypatch.setattr(publishing, "_write_batch", write)
        act(queries.matter(taken.id, CHEN, LATER), "claim", CHEN, at=LATER)
        publishing.undo(report.migration_id, by=PUBLISHER, now=LATER)
        return write(moves, *rest)

    monkeypatch.setattr(publishing, "_write_batch", after_somebody)
    again = publishing.undo(report.migration_id, by=PUBLISHER, now=LATER)
    assert queries.matter(still.id, LIN, LATER).state == "submitted"
    assert again.moved_meanwhile == 2
    assert undone() == [1]


def paused():
    """Return a matter that waits for a paper and will go back to the first state."""
    return act(act(submit(), "claim", CHEN), "ask_supplement", CHEN, note="x", materials=["marriage_certificate"])


def test_a_matter_that_waits_goes_back_to_the_counterpart_and_an_undo_brings_its_way_back_too(city):
    matter, still = paused(), paused()
    second_version()
    mapping = {"submitted": "review"}
    assert publishing.migrate("HZ9901", 1, 2, {}, by=PUBLISHER, now=LATER, dry_run=True).unmapped == {"submitted": 2}
    with pytest.raises(NotAllowed) as refused:
        publishing.migrate("HZ9901", 1, 2, {}, by=PUBLISHER, now=LATER, dry_run=False)
    assert refused.value.key == "unmapped"
    report = publishing.migrate("HZ9901", 1, 2, mapping, by=PUBLISHER, now=LATER, dry_run=False)
    moved = queries.matter(matter.id, LIN, LATER)
    assert (moved.state, moved.back_to, moved.paused_since) == ("supplement", "review", matter.paused_since)
    assert queries.refold(moved) == {}
    brought = {"files": {"marriage_certificate": [scan(shade=50)]}}
    assert act(moved, "supplement", LIN, LATER, **brought).state == "review"
    publishing.undo(report.migration_id, by=PUBLISHER, now=LATER)
    back = queries.matter(still.id, LIN, LATER)
    assert (back.state, back.back_to) == ("supplement", "submitted")
    assert queries.refold(back) == {}
    assert act(back, "supplement", LIN, LATER, **brought).state == "submitted"


@pytest.mark.parametrize(
    ("mapping", "key"),
    [
        ({"submitted": "withdrawn"}, "final_state"),
        ({"submitted": "review", "withdrawn": "review"}, "final_state"),
        ({"submitted": "review", "withdrawn": "lapsed"}, "final_state"),
        ({"submitted": "supplement"}, "pause_differs"),
        ({"submitted": "review", "supplement": "review"}, "pause_differs"),
        ({"submitted": "review", "nonsense": "review"}, "no_state"),
        ({"submitted": "nowhere"}, "no_state"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_mapping_that_would_change_what_a_matter_is_is_refused_before_anything_is_written(
    city, mapping, key, dry_run
):
    submit(), paused()
    second_version()
    with pytest.raises(NotAllowed) as refused:
        publishing.migrate("HZ9901", 1, 2, mapping, by=PUBLISHER, now=LATER, dry_run=dry_run)
    assert refused.value.key == key
    assert not Migration.objects.exists()
    assert not MatterEvent.objects.filter(action="migrate").exists()


def test_a_matter_that_does_not_know_where_it_came_from_is_not_moved_to_where_it_would_go_back(city):
    closed = act(act(submit(), "claim", CHEN), "refuse_to_accept", CHEN, reason="conditions", note="x")
    asked = act(closed, "ask_reopening", CHEN, note="x")
    with connection.cursor() as cursor:  # as one that was taken up before the way back was kept
        cursor.execute("UPDATE matters_matter SET back_to = '', ver = ver + 1 WHERE id = %s", [asked.id])
    second_version()
    with pytest.raises(NotAllowed) as refused:
        publishing.migrate("HZ9901", 1, 2, {}, by=PUBLISHER, now=LATER, dry_run=False)
    assert refused.value.key == "no_way_back"


def test_a_migration_is_undone_once_and_what_is_none_is_said_to_be_none(city):
    submit()
    second_version()
    report = publishing.migrate("HZ9901", 1, 2, {"submitted": "review"}, by=PUBLISHER, now=LATER, dry_run=False)
    publishing.undo(report.migration_id, by=PUBLISHER, now=LATER)
    with pytest.raises(NotAllowed) as again:
        publishing.undo(report.migration_id, by=PUBLISHER, now=LATER)
    assert again.value.key == "undone"
    with pytest.raises(Unknown) as none:
        publishing.undo(new_id(), by=PUBLISHER, now=LATER)
    assert "迁移" in none.value.text.zh


def undone():
    """How many matters the ledger says that undoing moved, by entry."""
    payloads = Outbox.objects.filter(kind="matters:migration:undone").values_list("payload", flat=True)
    return [json.loads(bytes(payload))["moved"] for payload in payloads]


def test_next_years_holidays_move_provisional_due_dates_and_nothing_else(city):
    december = datetime(2026, 12, 14, 10, 0, tzinfo=CHINA)
    firm, guess = submit(), submit(at=december)
    assert guess.due_provisional
    claimed = act(guess, "claim", CHEN, at=december)
    asked = {"note": "x", "materials": ["marriage_certificate"]}
    paused = act(claimed, "ask_supplement", CHEN, at=december + timedelta(days=1), **asked)
    files = {"marriage_certificate": [scan(shade=50)]}
    resumed = act(paused, "supplement", LIN, at=december + timedelta(days=3), files=files)
    publishing.publish_calendar(
        known_until=date(2027, 12, 31),
        days_off=[*world.DAYS_OFF, date(2027, 1, 1)],
        made_up=[*world.MADE_UP, date(2027, 1, 3)],
        source="test",
        by=PUBLISHER,
        now=december,
    )
    queries.forget_kept()
    assert publishing.recompute_provisional(by=PUBLISHER, now=december) == 1
    moved = queries.matter(guess.id, LIN, december)
    assert not moved.due_provisional
    calendar = queries.calendar()
    start = calendar.due(december, 20, "workday")
    rest = calendar.to_work(december + timedelta(days=3)) - calendar.to_work(december + timedelta(days=1))
    assert calendar.to_work(moved.due_at) == calendar.to_work(start) + rest
    assert moved.ver == resumed.ver + 1
    assert queries.matter(firm.id, LIN, december).due_at == firm.due_at
    assert queries.refold(moved) == {}


def test_a_draft_of_a_retired_version_is_submitted_under_it(city):
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    second_version()
    assert queries.is_retired(draft.procedure_id)
    pages = {"spouse": ("spouse_id", "married_on", "has_children"), "office": ("office",), "delivery": ("delivery",)}
    for page, names in pages.items():
        actions.save_page(draft.id, page, {n: ANSWERS[n] for n in names}, by=LIN, now=LATER)
    actions.attach(draft.id, "marriage_certificate", scan(), by=LIN, now=LATER)
    assert actions.submit(draft.id, by=LIN, now=LATER, request_id=new_id()).state == "submitted"


ASKED = {"note": "x", "materials": ["marriage_certificate"]}
EXTENDED = [("ask_extension", CHEN, {"note": "外调", "days": 5}), ("grant_extension", LUO, {})]
PAUSED = [("ask_supplement", CHEN, ASKED), ("supplement", LIN, {})]
REFUSED = [("refuse_to_accept", CHEN, {"reason": "conditions", "note": "x"}), ("ask_reopening", CHEN, {"note": "x"})]
APPROVED = [("recommend", CHEN, {}), ("claim", LUO, {}), ("approve", LUO, {})]
CORRECTING = [("ask_correction", CHEN, {"note": "x", "corrections": {"married_on": "2018-05-20"}})]
CLAIM = ("claim", CHEN, {})


@pytest.mark.parametrize(
    "life",
    [
        EXTENDED,
        [*PAUSED, CLAIM, *EXTENDED, *PAUSED],
        REFUSED,
        [*EXTENDED, *REFUSED, ("refuse_reopening", LUO, {"note": "x"})],
        [*EXTENDED, *REFUSED, ("approve_reopening", LUO, {}), CLAIM, *PAUSED, CLAIM, *EXTENDED],
        [*APPROVED, *CORRECTING],
        [*APPROVED, *CORRECTING, ("approve_correction", LUO, {})],
        [*PAUSED, CLAIM, *APPROVED, *CORRECTING, ("refuse_correction", LUO, {"note": "x"}), *CORRECTING],
    ],
)
@pytest.mark.parametrize("begun", [MONDAY, datetime(2026, 12, 7, 16, 0, tzinfo=CHINA)])
def test_a_replayed_clock_equals_the_stored_one(city, life, begun):
    matter, at = submit(at=begun), begun
    for step, by, more in [CLAIM, *life]:
        at += timedelta(days=1, hours=3)
        sent = {"files": {"marriage_certificate": [scan(shade=50)]}} if step == "supplement" else {}
        matter = act(matter, step, by, at, **more, **sent)
    assert publishing.replay_clock(matter, queries.events(matter), queries.calendar()) == matter


def test_a_replayed_clock_is_that_of_the_version_under_which_it_ran(city):
    waits = paused()
    publishing.publish([world.body(limit={"value": 10, "unit": "workday"})], by=PUBLISHER, now=LATER)
    publishing.migrate("HZ9901", 1, 2, {}, by=PUBLISHER, now=LATER, dry_run=False)
    moved = queries.matter(waits.id, LIN, LATER)
    resumed = act(
        moved, "supplement", LIN, LATER + timedelta(days=3), files={"marriage_certificate": [scan(shade=50)]}
    )
    assert resumed.due_at > waits.due_at
    assert publishing.replay_clock(resumed, queries.events(resumed), queries.calendar()) == resumed


@pytest.mark.parametrize("by", [world.LUO, world.CHEN, world.LIN, replace(world.PUBLISHER, holdings=())])
def test_nobody_publishes_or_moves_matters_without_the_post(city, by):
    before = Outbox.objects.count()
    acts = [
        lambda: publishing.publish([world.body(title={"zh": "新", "en": "New"})], by=by, now=LATER),
        lambda: publishing.publish_calendar(
            known_until=date(2027, 12, 31), days_off=[], made_up=[], source="x", by=by, now=LATER
        ),
        lambda: publishing.recompute_provisional(by=by, now=LATER),
        lambda: publishing.migrate("HZ9901", 1, 1, {}, by=by, now=LATER, dry_run=True),
        lambda: publishing.undo(new_id(), by=by, now=LATER),
    ]
    for act_ in acts:
        with pytest.raises(NotAllowed) as refused:
            act_()
        assert refused.value.needs in ("manage_catalogue", "manage_calendars")
    assert Outbox.objects.count() == before


def test_who_keeps_calendars_does_not_publish_services(city):
    (held,) = world.PUBLISHER.holdings
    keeper = replace(world.PUBLISHER, holdings=(replace(held, acts=frozenset({"manage_calendars"})),))
    with pytest.raises(NotAllowed):
        publishing.publish([world.BODY], by=keeper, now=LATER)
    assert publishing.recompute_provisional(by=keeper, now=LATER) == 0
