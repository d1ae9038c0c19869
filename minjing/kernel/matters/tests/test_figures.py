"""The public figures: counted by the month of China, honest about time, silent where few people stand behind them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest

from minjing.base.ids import new_id
from minjing.kernel.matters import figures
from minjing.kernel.matters.models import Matter, MatterEvent, Procedure, Rating
from minjing.kernel.matters.tests import world

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
MONDAY = datetime(2026, 11, 2, 2, tzinfo=UTC)  # 10:00 in China


def make_matter(number, submitted=MONDAY, closed=None, due=None, outcome=""):
    return Matter.objects.create(
        id=new_id(), org_id=4, number=f"HZ0426{number:07d}", procedure=Procedure.objects.first(), code="HZ0301",
        unit_id=4, station_id=27, state="approved" if outcome else "submitted", ver=1, person_id=new_id(),
        account_id=world.LIN.account_id, subject_index=b"x" * 32, answers_sealed=b"x", submitted_at=submitted,
        due_at=due or submitted + timedelta(days=30), yellow_at=submitted, step_since=submitted,
        outcome=outcome, closed_at=closed,
    )  # fmt: skip


def ask_supplement(matter, at=None):
    MatterEvent.objects.create(
        matter_id=matter.id, seq=2, at=at or matter.submitted_at, org_id=4, action="ask_supplement",
        to_state="supplement",
        from_state="submitted", actor_kind="officer", actor_id=new_id(), request_id=new_id(), entry_id=new_id(),
    )  # fmt: skip


@pytest.fixture
def fresh(city):
    figures.forget_kept()
    yield
    figures.forget_kept()


def november(now=NOW):
    return next(m for m in figures.by_month(now) if m.month == date(2026, 11, 1))


def test_a_month_counts_what_came_and_what_was_decided(fresh):
    for number, days in enumerate((1, 1, 2, 3, 4, 8)):
        matter = make_matter(number, closed=MONDAY + timedelta(days=days), outcome="approved")
        if days >= 3:
            ask_supplement(matter)
    make_matter(7, closed=MONDAY + timedelta(days=1), due=MONDAY + timedelta(hours=1), outcome="refused")
    make_matter(8, closed=MONDAY, outcome="withdrawn")
    make_matter(9)
    month = november()
    assert (month.received, month.decided) == (9, 7)
    assert month.in_time == 86  # six of seven
    assert month.approved == 86
    assert month.supplemented == 43  # three of seven
    assert month.median_days == 2  # 1, 1, 1, 2, 3, 4 and 6: the eighth day is a Tuesday after a weekend


def test_midnight_is_china_s(fresh):
    for number in range(5):
        make_matter(number, submitted=datetime(2026, 10, 31, 16, 30, tzinfo=UTC))  # 00:30 on 1 November
    assert november().received == 5


def test_four_are_too_few_to_show(fresh):
    for number in range(4):
        make_matter(number, closed=MONDAY + timedelta(days=1), outcome="approved")
    month = november()
    assert month.received is None
    assert (month.decided, month.in_time, month.median_days, month.stars) == (None, None, None, None)


def test_stars_are_averaged_over_enough_ratings(fresh):
    for stars in (5, 5, 4, 5, 3):
        Rating.objects.create(matter_id=new_id(), org_id=4, unit_id=4, code="HZ0301", stars=stars, at=MONDAY)
    month = november()
    assert (month.ratings, month.stars) == (5, 4.4)


def test_an_empty_city_has_twelve_months_of_nothing(fresh):
    months = figures.by_month(NOW)
    assert [m.month for m in months][:2] == [date(2026, 11, 1), date(2026, 10, 1)]
    assert len(months) == 12
    assert {(m.received, m.decided, m.in_time) for m in months} == {(0, 0, None)}


def test_figures_are_kept_for_a_while_and_counted_anew_when_told(fresh):
    figures.by_month(NOW)
    for number in range(5):
        make_matter(number)
    assert november().received == 0
    figures.forget_kept()
    assert november().received == 5


def test_papers_are_asked_for_after_the_first_of_the_decided_came(fresh):
    """Older events belong to no matter that is counted: no month before it need be read."""
    for number in range(5):
        ask_supplement(make_matter(number, closed=MONDAY + timedelta(days=1), outcome="approved"))
    for number in range(5, 10):
        matter = make_matter(number, closed=MONDAY + timedelta(days=1), outcome="approved")
        ask_supplement(matter, at=MONDAY - timedelta(seconds=1))
    assert november().supplemented == 50


def test_several_visitors_at_once_cost_one_count(fresh, monkeypatch):
    counted, may_end = [], Event()

    def read(today):
        counted.append(today)
        may_end.wait(5)
        return []

    monkeypatch.setattr(figures, "_read", read)
    monkeypatch.setattr(figures.Calendar.objects, "exists", lambda: True)  # the threads share no transaction
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(figures.by_month, NOW) for _ in range(4)]
        time.sleep(0.2)  # all four have asked
        may_end.set()
        assert [one.result() for one in asked] == [[]] * 4
    assert len(counted) == 1
