"""The columns come to what the exact path comes to, on random histories, by the published rules and by drafts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minjing.base.clock import local_day
from minjing.modules.traffic import packs
from minjing.modules.traffic.rules.penalties.cascade import cascade
from minjing.modules.traffic.rules.penalties.columns import EPOCH, KINDS, Columns, held_slot, replay
from minjing.modules.traffic.rules.penalties.evaluate import answered, explained
from minjing.modules.traffic.rules.penalties.history import ordered, walk
from minjing.modules.traffic.rules.penalties.judge import Judge, facts_of
from minjing.modules.traffic.rules.penalties.months import MONTH_US, months_between, slot
from minjing.modules.traffic.rules.penalties.shapes import CHARGES, Record

KNOWN = date(2026, 11, 28)
RULES = packs.in_force()
JUDGE = Judge(RULES, KNOWN)
FIRST = datetime(2021, 11, 1, tzinfo=UTC)
instants = st.one_of(
    st.integers(0, 5 * 365 * 24 * 3600 * 10**6).map(lambda us: FIRST + timedelta(microseconds=us)),
    st.integers(0, 4000).map(lambda s: datetime(2024, 2, 28, 15, 59, tzinfo=UTC) + timedelta(seconds=s)),
    # The same instant of a month: look-backs that are met to the microsecond.
    st.tuples(st.integers(2023, 2025), st.sampled_from([2, 8])).map(lambda ym: datetime(*ym, 28, 4, tzinfo=UTC)),
)
OTHERS = ["SZP22", "JF01", "SZP13"]
conducts = st.sampled_from(
    ["SZP01"] * 5 + ["SZP02", "SZP14", "SZP18", "SZP20", "SZP21", "SZP04", "SZP22", "JF01", "SZP13"]
)
grounds = st.sampled_from([""] * 12 + ["made_way", "cloned", "unclear", "stolen"])


def of_records(records):
    """Return columns of (subject, record) pairs, sorted as they must be."""
    rows = sorted(records, key=lambda pair: (pair[0], pair[1].at, pair[1].key))
    names = {
        name: sorted({getattr(record, name) for _, record in rows})
        for name in ("conduct", "city", "source", "ground")
    }
    numbers = {name: {text: n for n, text in enumerate(names[name])} for name in names}
    numbers |= {name: {"": -1} for name in ("place", "act")}

    def column(name):
        found = numbers[name]
        return np.array([found.setdefault(getattr(r, name), len(found)) for _, r in rows], dtype=np.int64)

    def flags(name):
        return np.array([getattr(record, name) for _, record in rows], dtype=bool)

    return Columns(
        subject=np.array([subject for subject, _ in rows], dtype=np.int64),
        at_us=np.array([(r.at - EPOCH) // timedelta(microseconds=1) for _, r in rows], dtype=np.int64),
        held_slot=np.array([held_slot(record.held_since) for _, record in rows], dtype=np.int64),
        names=names,
        conduct=column("conduct"),
        city=column("city"),
        source=column("source"),
        ground=column("ground"),
        place=column("place"),
        act=column("act"),
        checked=flags("checked"),
        accident=flags("accident"),
        local=flags("local"),
    )


@st.composite
def histories(draw):
    """Return records of one subject."""
    found = []
    for n in range(draw(st.integers(1, 14))):
        near = found and draw(st.integers(0, 3)) == 0
        at = found[-1].at + timedelta(seconds=draw(st.sampled_from([0, 1, 59, 60, 61]))) if near else draw(instants)
        found.append(
            Record(
                key=f"{n:02d}",
                at=at,
                conduct=found[-1].conduct if near and draw(st.booleans()) else draw(conducts),
                place=draw(st.sampled_from(["", "a", "b"])),
                city=draw(st.sampled_from(["shenzhen"] * 6 + ["guangzhou"])),
                act=draw(st.sampled_from(["", "", "", "x", "y"])),
                source=draw(st.sampled_from(["camera", "officer", "citizen"])),
                checked=draw(st.integers(0, 4)) > 0,
                accident=draw(st.integers(0, 5)) == 0,
                local=draw(st.integers(0, 5)) > 0,
                held_since=draw(st.sampled_from([None, date(2015, 3, 1), date(2022, 2, 28), date(2024, 2, 29)])),
                ground=draw(grounds),
            )
        )
    return ordered(found)


def exact(history, judge):
    """Return what each record comes to, and by which rules, by the exact path."""
    found = []
    for step in walk(history, judge):
        answer = answered(step, judge)
        won = {}
        if answer.kind in ("charged", "warned"):
            winners = judge.winners(facts_of(step.record, step.before, judge.rules), local_day(step.record.at))
            won = {name: rule.code for name, rule in winners.items()}
        found.append((answer.sums, won))
    return found


def by_columns(histories_, rules):
    """Return the same by columns, all subjects at once."""
    sums = replay(of_records([(n, one) for n, history in enumerate(histories_) for one in history]), rules, KNOWN)
    found = []
    for row in range(len(sums.kind)):
        kind = KINDS[sums.kind[row]]
        numbers = (int(sums.fine_fen[row]), int(sums.points[row]), int(sums.suspension_months[row]))
        won = {
            name: rules.rules[at[row]].code for name, at in sums.rules.items() if at[row] >= 0 and name != "remove"
        }
        found.append(((kind, *numbers), won if kind in ("charged", "warned") else {}))
    return found


@settings(max_examples=120, deadline=None)
@given(st.lists(histories(), min_size=1, max_size=3), st.sampled_from([24, 12, 6]), st.sampled_from([60, 0, 3600]))
def test_the_columns_come_to_what_the_exact_path_comes_to(found, look_back, window):
    packs_ = {name: dict(pack) for name, pack in packs.sources().items()}
    for name, key, value in (
        ("first_offence", "look_back_months", look_back),
        ("removals", "photo_window_s", window),
    ):
        said = packs_[name]["parameters"]
        packs_[name]["parameters"] = {**said, key: {**said[key], "value": value}}
    rules = packs.checked(packs_)
    assert by_columns(found, rules) == [one for history in found for one in exact(history, Judge(rules, KNOWN))]


@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_the_cascade_comes_to_what_a_full_recompute_comes_to(history, data):
    standing = [one for one in history if not one.ground] or history
    key = data.draw(st.sampled_from([one.key for one in standing]))
    ground = data.draw(st.sampled_from(["made_way", "cloned", "unclear", "court"]))
    now = [replace(one, ground=ground) if one.key == key else one for one in history]
    was = {s.record.key: answered(s, JUDGE).sums for s in walk(history, JUDGE)}
    will = {s.record.key: answered(s, JUDGE).sums for s in walk(now, JUDGE)}
    changed = {d.key: (d.before, d.after.sums) for d in cascade(history, {key: ground}, JUDGE)}
    assert changed == {k: (was[k], will[k]) for k in was if was[k] != will[k]}


@settings(max_examples=60, deadline=None)
@given(histories())
def test_what_would_have_changed_an_answer_does_change_it(history):
    for step in walk(history, JUDGE):
        answer = explained(step, JUDGE)
        assert answer.sums == answered(step, JUDGE).sums
        for change in answer.would_change:
            if "again" in change.facts:
                continue
            facts = facts_of(step.record, step.before, RULES) | dict(change.facts)
            winners = JUDGE.winners(facts, local_day(step.record.at))
            warned = "warning" in winners
            fine, points, months = (0 if warned or s not in winners else winners[s].effect[1] for s in CHARGES)
            assert (fine, points, months, warned) == (
                change.fine_fen, change.points, change.suspension_months, change.warning,
            )  # fmt: skip
            assert (fine, points, months) != answer.sums[1:] or warned != (answer.kind == "warned")


@settings(max_examples=200, deadline=None)
@given(instants, instants)
def test_a_look_back_is_a_subtraction_on_the_calendar_of_31_days(one, other):
    earlier, later = sorted((one, other))
    months = months_between(earlier, later)
    assert (slot(later) - slot(earlier)) // MONTH_US == months


@settings(max_examples=60, deadline=None)
@given(histories(), st.randoms())
def test_the_order_in_which_records_come_in_changes_nothing(history, chance):
    shuffled = list(history)
    chance.shuffle(shuffled)
    assert exact(ordered(shuffled), JUDGE) == exact(history, JUDGE)


def test_no_numpy_is_loaded_with_the_rules():
    import subprocess
    import sys

    code = "import sys, minjing.modules.traffic.rules.penalties.columns; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("count", [0, 1])
def test_no_row_and_one_row_are_columns_too(count):
    one = Record("a", datetime(2026, 3, 1, tzinfo=UTC), "SZP20")
    sums = replay(of_records([(1, one)] * count), RULES, KNOWN)
    assert list(sums.fine_fen) == [100000] * count
