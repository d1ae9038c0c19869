"""The lot, the reviewer, what is no note, how long a look may be hidden: pure, at their boundaries."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from minjing.kernel.identity import reasons
from minjing.kernel.identity.rules import (
    HIDDEN_MAX,
    drawn,
    may_hide,
    months_before,
    names_by_number,
    nonsense,
    pick_reviewer,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(("one_in", "expected"), [(20, 2000), (200, 200)])
def test_the_lot_falls_as_often_as_it_says(one_in: int, expected: int) -> None:
    hits = sum(drawn(KEY, UUID(int=n), one_in) for n in range(40_000))
    assert expected * 0.8 < hits < expected * 1.2


def test_one_in_one_draws_each_and_the_same_entry_always_falls_the_same() -> None:
    ids = [uuid4() for _ in range(500)]
    assert all(drawn(KEY, i, 1) for i in ids)
    assert [drawn(KEY, i, 20) for i in ids] == [drawn(KEY, i, 20) for i in ids]


def test_who_is_drawn_at_a_small_rate_is_drawn_at_every_larger_one() -> None:
    ids = [UUID(int=n) for n in range(4_000)]
    assert {i for i in ids if drawn(KEY, i, 200)} < {i for i in ids if drawn(KEY, i, 20)}


def test_without_the_key_nobody_foresees_the_lot() -> None:
    ids = [UUID(int=n) for n in range(4_000)]
    mine, theirs = ({i for i in ids if drawn(key, i, 20)} for key in (KEY, OTHER_KEY))
    assert len(mine & theirs) < len(mine) / 4


AUTHOR, NEAR, FAR, FARTHER = (UUID(int=n) for n in range(1, 5))


def test_the_reviewer_is_never_the_author_and_of_another_unit_where_there_is_one() -> None:
    peers = [(AUTHOR, 1), (NEAR, 1), (FAR, 2), (FARTHER, 3)]
    picked = {pick_reviewer(KEY, uuid4(), AUTHOR, 1, peers) for _ in range(300)}
    assert picked == {FAR, FARTHER}


def test_who_serves_in_the_authors_unit_as_well_is_no_stranger() -> None:
    assert pick_reviewer(KEY, uuid4(), AUTHOR, 1, [(NEAR, 1), (NEAR, 2), (FAR, 3)]) == FAR


def test_a_colleague_of_the_unit_reviews_where_there_is_no_other_and_nobody_where_there_is_none() -> None:
    assert pick_reviewer(KEY, uuid4(), AUTHOR, 1, [(AUTHOR, 1), (AUTHOR, 2), (NEAR, 1)]) == NEAR
    assert pick_reviewer(KEY, uuid4(), AUTHOR, 1, [(AUTHOR, 1), (AUTHOR, 2)]) is None


def test_the_reviewer_of_an_entry_can_be_rechecked() -> None:
    entry, peers = uuid4(), [(FAR, 2), (FARTHER, 3)]
    assert pick_reviewer(KEY, entry, AUTHOR, 1, peers) == pick_reviewer(KEY, entry, AUTHOR, 1, peers[::-1])


@pytest.mark.parametrize(
    ("note", "why"),
    [
        ("居民来窗口补办户口簿", ""),
        ("核对迁入人原户籍地址", ""),
        ("She asked at the counter for her booklet", ""),
        ("一二三四五六七", "too_short"),  # seven
        ("一二三四五六七八", ""),  # eight
        ("一二三四五六七。。。。", "too_short"),
        ("", "too_short"),
        ("哈哈哈哈哈哈哈哈哈", "repeated"),
        ("asdfasdfasdf", "repeated"),
        ("甲乙丙甲乙丙甲乙丙", "repeated"),
        ("好好好好一二三四", "repeated"),  # half of it
        ("好好好一二三四五", ""),  # three of eight
        ("办案需要", "empty_phrase"),
        ("Mickey Mouse", "empty_phrase"),
        ("工 作 需 要！", "empty_phrase"),
        ("核" * 501, "too_long"),
        ("电话 138-0013-8000 来询问", "long_number"),
        ("号码 1234567890 来询问进度", ""),  # ten digits
    ],
)
def test_what_is_no_note(note: str, why: str) -> None:
    assert nonsense(note, reasons.tastes()) == why


def test_a_long_run_of_digits_is_seen_through_spaces_and_dashes() -> None:
    assert names_by_number("440304 19900308 0215")
    assert names_by_number("１３８００１３８０００")
    assert not names_by_number("2026-11-24 办件 HZ0426")


@pytest.mark.parametrize(
    ("length", "why"),
    [
        (timedelta(0), "ends_before_start"),
        (timedelta(seconds=1), ""),
        (HIDDEN_MAX, ""),
        (HIDDEN_MAX + timedelta(seconds=1), "hidden_too_long"),
    ],
)
def test_looks_are_hidden_for_twelve_months_at_most(length: timedelta, why: str) -> None:
    assert may_hide(NOW, NOW + length).reason_key == why


def test_the_months_before_a_day_are_full_ones() -> None:
    assert months_before(date(2026, 2, 1), 3) == [date(2026, 1, 1), date(2025, 12, 1), date(2025, 11, 1)]
    assert months_before(date(2026, 3, 31), 1) == [date(2026, 2, 1)]


def test_every_reason_and_ground_names_its_law() -> None:
    for listed in (reasons.reasons(), reasons.assigned(), reasons.hidden_bases()):
        for reason in listed.values():
            assert reason.basis is not None
            assert reason.basis.confidence in "ABC"
            assert reason.title["zh"]
            assert reason.title["en"]
    assert list(reasons.reasons().values())[-1].needs_text
    assert not set(reasons.assigned()) & set(reasons.reasons())


def test_the_rates_are_those_of_the_issue() -> None:
    assert (reasons.lot().bound_one_in, reasons.lot().unbound_one_in) == (200, 20)
