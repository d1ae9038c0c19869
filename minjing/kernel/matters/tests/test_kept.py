"""Figures that many ask for: nobody waits for a count but the first, and no figure is counted twice at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from minjing.kernel.matters.queries import kept
from minjing.kernel.matters.queries.kept import Figures, Kept

pytestmark = pytest.mark.django_db
KEPT_S = 10.0


class Counted:
    """A count that takes as long as the test lets it, and knows how often it was asked for."""

    def __init__(self):
        self.times, self.may_end = 0, Event()
        self.may_end.set()

    def __call__(self):
        self.times += 1
        self.may_end.wait(5)
        return self.times


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(kept, "time", made)
    return made


def until(holds):
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to hold")


def test_a_young_figure_is_not_counted_again(clock):
    figures, count = Figures(), Counted()
    assert [figures.get("red", KEPT_S, count) for _ in range(3)] == [1, 1, 1]


def test_an_old_figure_is_given_at_once_and_counted_anew_by_one_thread(clock):
    figures, count = Figures(), Counted()
    figures.get("red", KEPT_S, count)
    clock.now += KEPT_S + 1
    count.may_end.clear()  # the new count takes long
    assert [figures.get("red", KEPT_S, count) for _ in range(5)] == [1] * 5
    until(lambda: count.times == 2)
    count.may_end.set()
    until(lambda: figures.get("red", KEPT_S, count) == 2)
    assert count.times == 2


def test_of_many_who_find_none_one_counts(clock):
    figures, count = Figures(), Counted()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: figures.get("red", KEPT_S, count), range(8))) == {1}
    assert count.times == 1


def test_a_figure_that_is_dear_to_count_is_kept_longer(clock):
    figures, count = Figures(), Counted()

    def dear():
        clock.now += 1  # a second, so a hundred are kept
        return count()

    figures.get("red", KEPT_S, dear)
    clock.now += 90
    assert figures.get("red", KEPT_S, dear) == 1
    clock.now += 20
    figures.get("red", KEPT_S, dear)
    until(lambda: count.times == 2)


def test_a_figure_nobody_asked_for_in_long_is_not_shown(clock):
    figures, count = Figures(), Counted()
    figures.get("red", KEPT_S, count)
    clock.now += KEPT_S * kept.TOO_OLD + 1
    assert figures.get("red", KEPT_S, count) == 2


def test_a_count_that_fails_leaves_the_last_figure_and_is_tried_again(clock, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # the test means it
    figures, count = Figures(), Counted()
    figures.get("red", KEPT_S, count)
    clock.now += KEPT_S + 1

    def broken():
        raise ConnectionError

    assert figures.get("red", KEPT_S, broken) == 1
    until(lambda: not figures._counting["red"].locked())
    assert figures.get("red", KEPT_S, count) == 1
    until(lambda: figures.get("red", KEPT_S, count) == 2)


def test_a_value_that_has_not_changed_stays_the_same_object(clock):
    known = [{"bureau"}, {"bureau"}, {"bureau", "branch"}]
    read = Kept(lambda: known.pop(0), KEPT_S)
    first = read.get()
    assert read.get() is first
    clock.now += KEPT_S + 1
    assert read.get() is first
    assert len(known) == 1  # it was read again
    clock.now += KEPT_S + 1
    assert read.get() == {"bureau", "branch"}
