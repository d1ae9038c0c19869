"""The engine's decisions, one sentence each."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import rules
from minjing.kernel.matters.errors import NotAllowed, Wrong
from minjing.kernel.matters.tests.world import (
    BODY,
    CALENDAR,
    CHEN,
    ELSEWHERE,
    HEAD,
    LIN,
    LUO,
    MA,
    MONDAY,
    STRANGER,
    ZHOU,
    body,
    decide,
    officer,
    submitted,
)

HOUR = timedelta(hours=1)


def claimed(by=CHEN, matter=None):
    return decide(matter or submitted(), "claim", by, MONDAY + HOUR).after


def recommended():
    return decide(claimed(), "recommend", CHEN, MONDAY + 2 * HOUR).after


def key_of(raised) -> str:
    return raised.value.key


def test_twenty_working_days_count_from_the_next_one_and_skip_the_holiday():
    # 14 September + 20 working days, with 20 September and 10 October worked and 1-7 October closed
    assert submitted().due_at == datetime(2026, 10, 15, 18, 0, tzinfo=CHINA)


def test_a_claim_keeps_others_out():
    matter = claimed()
    assert matter.claimed_by == CHEN.account_id
    with pytest.raises(NotAllowed) as raised:
        decide(matter, "claim", ZHOU, MONDAY + 2 * HOUR)
    assert key_of(raised) == "claimed"
    with pytest.raises(NotAllowed) as raised:
        decide(matter, "recommend", ZHOU, MONDAY + 2 * HOUR)
    assert key_of(raised) == "claimed"


def test_nobody_acts_without_a_claim():
    with pytest.raises(NotAllowed) as raised:
        decide(submitted(), "recommend", CHEN, MONDAY)
    assert key_of(raised) == "unclaimed"


@pytest.mark.parametrize(("who", "key"), [(ELSEWHERE, "other_unit"), (LUO, "no_post"), (STRANGER, "not_officer")])
def test_the_wrong_unit_post_or_person_is_refused(who, key):
    with pytest.raises(NotAllowed) as raised:
        decide(submitted(), "claim", who, MONDAY)
    assert key_of(raised) == key


def test_a_supplement_moves_the_due_date_by_exactly_the_paused_working_time():
    paused_at = datetime(2026, 9, 29, 10, 30, tzinfo=CHINA)  # Tuesday before the holiday
    resumed_at = datetime(2026, 10, 9, 15, 0, tzinfo=CHINA)  # Friday after it
    matter = claimed()
    paused = decide(
        matter, "ask_supplement", CHEN, paused_at, note="缺原件", materials=("marriage_certificate",)
    ).after
    assert paused.state == "supplement"
    assert paused.post == ""
    assert rules.light(paused, paused_at) == "paused"
    assert paused.asked == ["marriage_certificate"]
    resumed = decide(paused, "supplement", LIN, resumed_at).after
    passed = CALENDAR.to_work(resumed_at) - CALENDAR.to_work(paused_at)
    # Tuesday 10:30-12 and 14-18, Wednesday 7 h, Thursday 8 Oct 7 h, Friday 9-12 and 14-15
    assert passed == (90 + 240 + 420 + 420 + 240) * 60
    assert CALENDAR.to_work(resumed.due_at) - CALENDAR.to_work(matter.due_at) == passed
    assert resumed.state == "submitted"
    assert resumed.paused_since is None
    assert resumed.lapses_at is None


def test_a_pause_outside_office_hours_moves_nothing():
    matter = claimed()
    evening = datetime(2026, 9, 15, 19, 0, tzinfo=CHINA)
    paused = decide(matter, "ask_supplement", CHEN, evening, note="x", materials=("marriage_certificate",)).after
    resumed = decide(paused, "supplement", LIN, evening + timedelta(hours=8)).after
    assert resumed.due_at == matter.due_at


def test_who_recommended_does_not_decide_even_with_the_post():
    both = replace(LUO, account_id=CHEN.account_id)
    with pytest.raises(NotAllowed) as raised:
        decide(recommended(), "claim", both, MONDAY + 3 * HOUR)
    assert key_of(raised) == "same_person"


def test_a_deputy_of_who_recommended_does_not_decide():
    deputy = officer(30, "branch_approver", "1.4.", deputy_for=CHEN.account_id)
    with pytest.raises(NotAllowed) as raised:
        decide(recommended(), "claim", deputy, MONDAY + 3 * HOUR)
    assert key_of(raised) == "same_person"


def test_a_deputy_acts_only_on_the_services_in_scope():
    deputy = officer(30, "branch_approver", "1.4.", deputy_for=MA.account_id, scope=("HZ0101",))
    with pytest.raises(NotAllowed) as raised:
        decide(recommended(), "claim", deputy, MONDAY + 3 * HOUR)
    assert key_of(raised) == "out_of_scope"


def test_approval_closes_and_runs_the_effect():
    matter = decide(recommended(), "claim", LUO, MONDAY + 3 * HOUR).after
    change = decide(matter, "approve", LUO, MONDAY + 4 * HOUR)
    assert change.runs_effect
    assert change.tells == "approved"
    assert change.after.outcome == "approved"
    assert change.after.closed_at == MONDAY + 4 * HOUR
    assert change.after.post == ""


def test_refusal_needs_a_reason_of_the_law_and_words():
    matter = decide(recommended(), "claim", LUO, MONDAY + 3 * HOUR).after
    with pytest.raises(Wrong) as raised:
        decide(matter, "refuse", LUO, MONDAY + 4 * HOUR, reason="because")
    assert set(raised.value.errors) == {"reason", "note"}
    refused = decide(matter, "refuse", LUO, MONDAY + 4 * HOUR, reason="conditions", note="结婚未满两年")
    assert refused.after.outcome == "refused"
    assert refused.detail({})["reason"] == "conditions"


def test_open_child_tasks_hold_the_join():
    with pytest.raises(NotAllowed) as raised:
        decide(claimed().but(open_tasks=1), "recommend", CHEN, MONDAY + 2 * HOUR)
    assert key_of(raised) == "tasks_open"


def test_an_extension_is_granted_by_another_person_and_moves_the_due_day():
    asked = decide(claimed(), "ask_extension", CHEN, MONDAY + 2 * HOUR, note="需外调", days=5).after
    granted = decide(asked, "grant_extension", LUO, MONDAY + 3 * HOUR).after
    assert granted.extension_days == 5
    assert granted.due_at.date() == CALENDAR.add(asked.due_at.date(), 5)
    with pytest.raises(NotAllowed):
        decide(granted, "grant_extension", LUO, MONDAY + 4 * HOUR)
    with pytest.raises(Wrong):
        decide(granted, "ask_extension", CHEN, MONDAY + 4 * HOUR, note="x", days=11)


def test_all_extensions_together_keep_to_the_ceiling_of_the_law():
    matter = claimed()
    for days in (6, 4):
        asked = decide(matter, "ask_extension", CHEN, MONDAY + 2 * HOUR, note="需外调", days=days).after
        matter = decide(asked, "grant_extension", LUO, MONDAY + 3 * HOUR).after
        if days == 6:
            with pytest.raises(Wrong) as raised:
                decide(matter, "ask_extension", CHEN, MONDAY + 4 * HOUR, note="x", days=5)
            assert "还可以延长 1 至 4 个工作日" in raised.value.errors["days"].zh
    assert (matter.extension_days, rules.extension_left(matter)) == (10, 0)
    with pytest.raises(NotAllowed) as refused:
        decide(matter, "ask_extension", CHEN, MONDAY + 4 * HOUR, note="x", days=1)
    assert key_of(refused) == "extended_fully"
    with pytest.raises(NotAllowed) as refused:  # asked for before there was a ceiling
        decide(matter.but(asked_days=10), "grant_extension", LUO, MONDAY + 4 * HOUR)
    assert key_of(refused) == "extended_fully"


def test_a_limit_that_runs_anew_has_not_been_extended():
    asked = decide(claimed(), "ask_extension", CHEN, MONDAY + 2 * HOUR, note="需外调", days=10).after
    granted = decide(asked, "grant_extension", LUO, MONDAY + 3 * HOUR).after
    words = {"reason": "conditions", "note": "x"}
    closed = decide(granted, "refuse_to_accept", CHEN, MONDAY + 4 * HOUR, **words).after
    assert closed.extension_days == 10
    later = MONDAY + timedelta(days=2)
    taken_up = decide(closed, "ask_reopening", CHEN, later, note="新证据").after
    assert (taken_up.extension_days, taken_up.due_at) == (0, CALENDAR.due(later, 20, "workday"))


def test_a_due_date_beyond_the_published_calendar_is_provisional():
    late = submitted(at=datetime(2026, 12, 21, 10, 0, tzinfo=CHINA))
    assert late.due_provisional
    assert not submitted().due_provisional


def test_the_applicant_withdraws_and_nobody_else_does():
    assert decide(submitted(), "withdraw", LIN, MONDAY).after.outcome == "withdrawn"
    with pytest.raises(NotAllowed):
        decide(submitted(), "withdraw", STRANGER, MONDAY)


def test_what_is_not_supplemented_in_time_lapses_by_the_system_alone():
    paused = decide(claimed(), "ask_supplement", CHEN, MONDAY, note="x", materials=("marriage_certificate",)).after
    with pytest.raises(NotAllowed):
        decide(paused, "lapse", CHEN, MONDAY)
    assert decide(paused, "lapse", SYSTEM, MONDAY).after.outcome == "lapsed"


def test_a_colleague_who_is_away_can_be_relieved_of_a_claim_by_who_supervises():
    with pytest.raises(NotAllowed):
        decide(claimed(), "release", ZHOU, MONDAY + 2 * HOUR)
    assert decide(claimed(), "release", HEAD, MONDAY + 2 * HOUR).after.claimed_by is None


def test_reopening_takes_two_people_and_starts_the_limit_anew():
    matter = decide(recommended(), "claim", LUO, MONDAY + 3 * HOUR).after
    refused = decide(matter, "refuse", LUO, MONDAY + 4 * HOUR, reason="conditions", note="x").after
    later = MONDAY + timedelta(days=2)
    asked = decide(refused, "ask_reopening", CHEN, later, note="新证据").after
    assert asked.closed_at is None
    reopened = decide(asked, "approve_reopening", MA, later + HOUR).after
    assert reopened.state == "submitted"
    assert reopened.outcome == ""
    assert reopened.due_at == CALENDAR.due(later, 20, "workday")


@pytest.mark.parametrize("flow", ["reviewed", "counter", "instant"])
@pytest.mark.parametrize("decision", ["refused", "not_accepted"])
def test_who_keeps_the_decision_leaves_it_as_it_was(flow, decision):
    procedure = body(flow, **({} if flow == "reviewed" else {"decides": "station"}))
    decides, reviews = (LUO, MA) if flow == "reviewed" else (CHEN, HEAD)
    matter = decide(submitted(procedure), "claim", CHEN, MONDAY + HOUR, procedure).after
    words = {"reason": "conditions", "note": "x"}
    if decision == "not_accepted":
        closed = decide(matter, "refuse_to_accept", CHEN, MONDAY + 2 * HOUR, procedure, **words).after
    else:
        if flow == "reviewed":
            matter = decide(matter, "recommend", CHEN, MONDAY + 2 * HOUR, procedure).after
            matter = decide(matter, "claim", decides, MONDAY + 3 * HOUR, procedure).after
        closed = decide(matter, "refuse", decides, MONDAY + 4 * HOUR, procedure, **words).after
    asked = decide(closed, "ask_reopening", CHEN, MONDAY + 5 * HOUR, procedure, note="新证据").after
    assert asked.outcome == ""
    assert [s.key for s in rules.stations(procedure, asked)] == []  # a decision is no station ahead
    kept = decide(asked, "refuse_reopening", reviews, MONDAY + 6 * HOUR, procedure, note="维持").after
    assert (kept.state, kept.outcome, kept.back_to) == (decision, decision, "")
    assert kept.closed_at == MONDAY + 6 * HOUR
    reopened = decide(asked, "approve_reopening", reviews, MONDAY + 6 * HOUR, procedure).after
    assert (reopened.state, reopened.back_to) == ("submitted", "")


def test_originals_are_checked_where_the_city_says_so():
    with_station = body(city={"originals_check": ["HZ9901"]})
    line = [s.key for s in rules.stations(with_station, None)]
    assert line == ["submitted", "originals", "recommended", "approved"]
    assert [s.key for s in rules.stations(BODY, None)] == ["submitted", "recommended", "approved"]


def test_lights_follow_the_stored_instants():
    matter = submitted()
    assert rules.light(matter, MONDAY) == "green"
    assert rules.light(matter, matter.yellow_at) == "yellow"
    assert rules.light(matter, matter.due_at) == "yellow"
    assert rules.light(matter, matter.due_at + timedelta(seconds=1)) == "red"


def test_on_the_spot_is_due_before_closing_time():
    counter = body("counter", decides="station", limit={"value": 0, "unit": "workday"})
    assert submitted(counter).due_at == datetime(2026, 9, 14, 18, 0, tzinfo=CHINA)
    after_hours = submitted(counter, datetime(2026, 9, 18, 20, 0, tzinfo=CHINA))  # Friday evening
    assert after_hours.due_at == datetime(2026, 9, 20, 18, 0, tzinfo=CHINA)  # the Sunday that is worked
