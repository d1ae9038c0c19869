"""A model of a matter against the engine: random people, steps and instants; both must say the same at each step."""

import os
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from minjing.base.clock import CHINA, local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, publishing, queries, rules
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.matters.models import Matter, MatterEvent
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan  # noqa: F401 - the small world
from minjing.kernel.notify.models import Message
from minjing.kernel.papers import queries as papers

PEOPLE = (
    world.LIN, world.STRANGER, world.CHEN, world.ZHOU, world.HEAD, world.ELSEWHERE, world.LUO, world.MA,
    world.CHECKER, SYSTEM,
)  # fmt: skip
ACTIONS = sorted({name for state in world.BODY.flow.states.values() for name in state.actions} | {"explode"})
STRANGERS = (world.STRANGER, world.ELSEWHERE)
# By day a failure is not made smaller: that takes minutes on a real database.
NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "night"
PHASES = tuple(Phase) if NIGHT else (Phase.generate,)
RARE = {"explode", "confirm_originals"}  # no action at all; of a station that this city has not switched on
ENDS = {"release", "withdraw", "lapse", "refuse_to_accept", "ask_extension"}  # lead nowhere: rarer
OFTEN = {"claim", "release", "ask_supplement", "supplement", "recommend", "approve", "return", "withdraw"}
LIKELY = ("claim", "ask_supplement", "supplement", "recommend", "approve", "refuse", "return", "ask_extension")


def work_between(start: datetime, end: datetime) -> int:
    """Return the office seconds between two instants, day by day as one would count on paper."""
    total, day = 0, local_day(start)
    while day <= local_day(end):
        if (day.weekday() < 5 and day not in world.DAYS_OFF) or day in world.MADE_UP:
            for opens, closes in ((9, 12), (14, 18)):
                since = max(start, datetime(day.year, day.month, day.day, opens, tzinfo=CHINA))
                until = min(end, datetime(day.year, day.month, day.day, closes, tzinfo=CHINA))
                total += max(0, int((until - since).total_seconds()))
        day += timedelta(days=1)
    return total


def plain(matter: Snapshot) -> dict[str, Any]:
    """Return a matter with its lists as lists: JSON knows no others."""
    return matter.but(asked=list(matter.asked))._asdict()


class MatterMachine(RuleBasedStateMachine):
    """One matter in the engine, its twin in memory."""

    sheets: dict[UUID, UUID] = {}
    done: set[str] = set()  # over all examples: what has been tried at all

    @initialize(day=st.integers(0, 40), minute=st.integers(0, 24 * 60 - 1))
    def submit(self, day: int, minute: int) -> None:
        self.now = datetime(2026, 9, 1, tzinfo=CHINA) + timedelta(days=day, minutes=minute)
        sheet = {"marriage_certificate": [self.sheet(world.LIN)]}
        stored = actions.submit_whole(
            "HZ9901", ANSWERS, by=world.LIN, now=self.now, request_id=new_id(), materials=sheet
        )
        self.id = stored.id
        expected = world.submitted(at=self.now)
        assert (stored.state, stored.post, stored.due_at, stored.yellow_at) == (
            expected.state, expected.post, expected.due_at, expected.yellow_at,
        )  # fmt: skip
        self.twin: Snapshot = stored
        self.first_due, self.paused_s, self.due_was_set = stored.due_at, 0, False
        self.requests: list[tuple[UUID, dict[str, Any]]] = []
        self.issued = 0

    def sheet(self, by: Actor) -> UUID:
        """Return a picture that `by` has sent in, the same each time: reading pictures is not what is tried here."""
        if by.account_id not in self.sheets:
            self.sheets[by.account_id] = scan(by)
        return self.sheets[by.account_id]

    @rule(
        action=st.one_of(st.sampled_from(LIKELY), st.sampled_from(ACTIONS)),
        by=st.one_of(st.sampled_from((world.CHEN, world.LUO, world.LIN)), st.sampled_from(PEOPLE)),
        minutes=st.one_of(st.integers(0, 600), st.integers(0, 12 * 24 * 60)),
        note=st.sampled_from(["请补充。", "", " "]),
        reason=st.sampled_from(["conditions", "", "no such reason"]),
        wanted=st.sampled_from([("marriage_certificate",), (), ("no_such_paper",)]),
        days=st.sampled_from([5, 0, 10, 11]),
        brings=st.booleans(),
        corrects=st.booleans(),
    )
    def step(
        self, action: str, by: Actor, minutes: int, note: str, reason: str, wanted: tuple[str, ...], days: int,
        brings: bool, corrects: bool,
    ) -> None:  # fmt: skip
        """Take a step, foreseen by the twin."""
        self.now += timedelta(minutes=minutes)
        files = {"marriage_certificate": [self.sheet(world.LIN)]} if brings and by == world.LIN else {}
        ask: dict[str, Any] = {
            "note": note, "reason": reason, "materials": wanted, "days": days, "files": files,
            "corrections": {"married_on": "2018-05-20"} if corrects else {},
        }  # fmt: skip
        foreseen = self.foresee(action, by, ask)
        request_id = new_id()
        try:
            came = actions.act(self.id, action, ver=self.twin.ver, by=by, now=self.now, request_id=request_id, **ask)
        except MatterError as refused:
            came = refused
        if isinstance(foreseen, MatterError):
            assert isinstance(came, MatterError), f"{action} by {by.name} was done but is not allowed: {foreseen.key}"
            assert (type(came), came.key) == (type(foreseen), foreseen.key)
            return
        assert plain(came) == plain(foreseen.after), f"{action} by {by.name}"
        self.follow(foreseen)
        self.requests.append((request_id, {"action": action, "by": by, "ver": self.twin.ver - 1}))

    @rule(pick=st.integers(0, 2**32), minutes=st.integers(0, 5 * 24 * 60))
    def allowed_step(self, pick: int, minutes: int) -> None:
        """Take one of the steps that are open now, with all that it needs, so that matters come to their ends."""
        self.go_on(pick, minutes)

    @rule(pick=st.integers(0, 2**32), minutes=st.integers(0, 5 * 24 * 60))
    def two_allowed_steps(self, pick: int, minutes: int) -> None:
        """Take two of them."""
        self.go_on(pick, minutes)
        self.go_on(pick // 2, minutes // 3)

    def go_on(self, pick: int, minutes: int) -> None:
        whole = {
            "note": "说明。", "reason": "conditions", "materials": ("marriage_certificate",), "days": 5,
            "files": {"marriage_certificate": [self.sheet(world.LIN)]}, "corrections": {"married_on": "2018-05-20"},
        }  # fmt: skip
        chance = Random(pick)  # even: Hypothesis likes small numbers
        who_may: dict[str, list[Actor]] = {}
        for action in ACTIONS:
            may = [by for by in PEOPLE if isinstance(self.foresee(action, by, whole), rules.Change)]
            if may:
                who_may[action] = may
        if who_may:
            names = sorted(who_may)
            (action,) = chance.choices(names, [0.3 if name in ENDS else 1.5 for name in names])
            by = chance.choice(who_may[action])
            files = by == world.LIN
            self.step(action, by, minutes, "说明。", "conditions", ("marriage_certificate",), 5, files, True)

    def foresee(self, action: str, by: Actor, ask: dict[str, Any]) -> rules.Change | MatterError:
        """Return what the rules say, without any database."""
        if by in STRANGERS:
            return Unknown()
        asked = rules.Ask(ask["note"].strip(), ask["reason"], ask["materials"], ask["days"])
        try:
            change = rules.decide(
                world.BODY, self.twin, action, asked, by=by, place=world.PLACE, calendar=world.CALENDAR, now=self.now
            )
        except (NotAllowed, Wrong) as refused:
            return refused
        if action == "supplement" and not set(self.twin.asked) <= set(ask["files"]):
            return Wrong({})
        if action == "ask_correction" and not ask["corrections"]:
            return Wrong({})
        return change

    def follow(self, change: rules.Change) -> None:
        """Move the twin, and count by hand what a pause or an extension is to do to the due date."""
        before, after = self.twin, change.after
        if before.paused_since is not None and after.paused_since is None:
            self.paused_s += work_between(before.paused_since, self.now)
        if change.action == "grant_extension" or before.closed_at is not None:
            self.due_was_set = True  # moved by an act that may move it: what is taken up again has its limit anew
        self.issued += change.runs_effect
        self.done.add(change.action)
        self.twin = after

    @rule(behind=st.integers(1, 3), by=st.sampled_from((world.CHEN, world.LUO, world.LIN)))
    def act_on_a_stale_page(self, behind: int, by: Actor) -> None:
        """A page that shows an older version changes nothing."""
        if self.twin.ver <= behind:
            return
        with pytest.raises(Stale) as raised:
            actions.act(self.id, "claim", ver=self.twin.ver - behind, by=by, now=self.now, request_id=new_id())
        assert raised.value.snapshot.ver == self.twin.ver

    @rule(pick=st.randoms(use_true_random=False))
    def send_a_request_again(self, pick: Any) -> None:
        """The same request twice is answered, and done once."""
        if not self.requests:
            return
        request_id, sent = pick.choice(self.requests)
        again = actions.act(
            self.id, sent["action"], ver=sent["ver"], by=sent["by"], now=self.now, request_id=request_id
        )
        assert again.ver == self.twin.ver

    @invariant()
    def the_stored_matter_is_the_twin(self) -> None:
        stored = queries.snapshot(Matter.objects.defer("answers_sealed").get(id=self.id))
        assert plain(stored) == plain(self.twin)
        assert queries.refold(stored) == {}

    @invariant()
    def every_step_has_its_event_and_entry_and_nothing_else_has(self) -> None:
        events = list(MatterEvent.objects.filter(matter_id=self.id).order_by("seq").values_list("seq", "entry_id"))
        assert [seq for seq, _ in events] == list(range(1, self.twin.ver + 1))
        own = Outbox.objects.filter(kind__startswith="matters:matter:", object_id=self.id)
        assert sorted(row.id for row in own) == sorted(entry_id for _, entry_id in events)

    @invariant()
    def the_due_date_moved_by_the_paused_working_time_alone(self) -> None:
        if self.due_was_set or max(self.first_due, self.twin.due_at).year > 2026:
            return
        assert self.twin.due_at >= self.first_due
        assert work_between(self.first_due, self.twin.due_at) == self.paused_s

    @invariant()
    def the_clock_replayed_from_history_is_the_stored_one(self) -> None:
        assert publishing.replay_clock(self.twin, queries.events(self.twin), queries.calendar()) == self.twin

    @invariant()
    def each_effect_has_its_paper_and_only_one_is_valid(self) -> None:
        issued = papers.of_matter(self.id, now=self.now)
        assert len(issued) == self.issued
        assert len([p for p in issued if p.state != "revoked"]) <= 1

    @invariant()
    def nobody_is_told_twice(self) -> None:
        told = list(Message.objects.filter(matter_id=self.id).values_list("dedupe", flat=True))
        assert len(told) == len(set(told))


@pytest.mark.django_db
def test_the_engine_and_the_model_say_the_same(city):  # noqa: F811 - the fixture
    MatterMachine.sheets = {}
    MatterMachine.done = set()
    examples = 1000 if NIGHT else 70
    run_state_machine_as_test(MatterMachine, settings=settings(max_examples=examples, phases=PHASES))
    assert (set(ACTIONS) - RARE if NIGHT else OFTEN) <= MatterMachine.done
