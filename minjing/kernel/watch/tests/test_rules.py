"""The limits of the watch, each a second before, exactly, and a second after."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from minjing.kernel.watch import rules
from minjing.kernel.watch.rules import Beat

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LUO, CHEN = UUID(int=1), UUID(int=2)


class Officer:
    def __init__(self, account_id: UUID, *acts: str) -> None:
        self.account_id = account_id
        self.holdings = [self]
        self.acts = frozenset(acts)


@pytest.mark.parametrize(("lag", "said"), [(59, False), (60, True), (61, True)])
def test_a_minute_behind_is_an_alarm(lag: float, said: bool) -> None:
    assert rules.is_alarm(lag) is said


@pytest.mark.parametrize(("age", "said"), [(899, False), (900, True), (901, True)])
def test_fifteen_minutes_without_a_note_go_to_the_next(age: int, said: bool) -> None:
    assert rules.is_unanswered(NOW, False, NOW + age * SECOND) is said
    assert not rules.is_unanswered(NOW, True, NOW + age * SECOND)


@pytest.mark.parametrize(("lag", "said"), [(3599, False), (3600, True), (3601, True)])
def test_an_hour_behind_closes_the_records(lag: float, said: bool) -> None:
    assert rules.is_closed(lag) is said


@pytest.mark.parametrize(("age", "behind"), [(-1, 5), (0, 5), (1, 6), (3595, 3600)])
def test_a_silent_monitor_counts_as_lag_and_a_clock_put_back_as_nothing(age: int, behind: float) -> None:
    assert rules.behind_s(Beat(NOW, 5.0), NOW + age * SECOND) == behind


def test_a_frozen_clock_does_not_hide_a_silent_monitor() -> None:
    assert rules.behind_s(Beat(NOW, 0.0), NOW, unheard_s=3600.0) == 3600
    assert rules.behind_s(Beat(NOW, 0.0), NOW - timedelta(days=1), unheard_s=3600.0) == 3600


@pytest.mark.parametrize(("age", "why"), [(899, ""), (900, "lapsed"), (901, "lapsed")])
def test_a_wish_waits_fifteen_minutes(age: int, why: str) -> None:
    assert rules.why_not_confirm(LUO, NOW, Officer(CHEN, "watch"), NOW + age * SECOND) == why


def test_the_second_person_is_another_one_with_a_post_that_may() -> None:
    assert rules.why_not_confirm(LUO, NOW, Officer(LUO, "watch", "decide"), NOW) == "same_person"
    assert rules.why_not_confirm(LUO, NOW, Officer(CHEN, "handle", "look"), NOW) == "no_post"
    assert rules.why_not_confirm(LUO, NOW, Officer(CHEN, "decide"), NOW) == ""


@pytest.mark.parametrize(
    ("age", "said"), [(-1, False), (0, True), (1, True), (3599, True), (3600, False), (3601, False)]
)
def test_the_glass_is_open_for_an_hour(age: int, said: bool) -> None:
    assert rules.is_open(NOW, NOW + rules.GLASS_LASTS, NOW + age * SECOND) is said


def test_a_glass_that_nobody_confirmed_is_shut() -> None:
    assert not rules.is_open(None, None, NOW)
