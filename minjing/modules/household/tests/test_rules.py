"""The pure rules: relations, successors, numbers."""

from datetime import date
from uuid import UUID

import pytest

from minjing.base import idnumber
from minjing.modules.household import rules
from minjing.modules.household.rules import Standing

MALE, FEMALE = rules.MALE, rules.FEMALE


@pytest.mark.parametrize(
    ("old", "new_head", "sex", "new_head_sex", "becomes"),
    [
        ("02", "12", MALE, FEMALE, "11"),  # the wife becomes head: the old head is her husband
        ("20", "12", MALE, FEMALE, "20"),  # and their son stays the son
        ("51", "12", MALE, FEMALE, "53"),  # his father is her father-in-law (公公)
        ("52", "11", FEMALE, MALE, "56"),  # her mother is his mother-in-law (岳母)
        ("02", "20", MALE, MALE, "51"),  # the son becomes head: the old head is his father
        ("12", "20", FEMALE, MALE, "52"),
        ("30", "20", FEMALE, MALE, "79"),  # his sister
        ("41", "20", MALE, MALE, "97"),  # the old head's grandson: his own son or a nephew, codes cannot tell
        ("38", "20", FEMALE, MALE, "97"),  # his wife, or his brother's
        ("99", "20", MALE, MALE, "99"),
    ],
)  # fmt: skip
def test_what_everybody_is_of_the_new_head(old, new_head, sex, new_head_sex, becomes):
    assert rules.relation_after(old, new_head, sex, new_head_sex) == becomes


@pytest.mark.parametrize(
    ("said", "sex", "code"),
    [("spouse", FEMALE, "12"), ("妻", FEMALE, "12"), ("儿子", MALE, "20"), ("独生女", FEMALE, "31"),
     ("27", MALE, "27"),
     ("邻居", MALE, "97"), ("岳母", FEMALE, "56"), ("孙女", FEMALE, "42")],
)  # fmt: skip
def test_relations_are_read_as_people_write_them(said, sex, code):
    assert rules.relation_code(said, sex) == code


def test_a_newborn_of_the_heads_daughter_is_a_grandchild():
    assert rules.child_relation("30", FEMALE) == "42"
    assert rules.child_relation("12", MALE) == "20"


def standing(order, relation, birth):
    return Standing(UUID(int=order), relation, date.fromisoformat(birth), MALE)


def test_the_spouse_follows_then_the_eldest_adult_then_the_eldest():
    spouse, adult, child = (
        standing(1, "12", "1980-01-01"),
        standing(2, "51", "1950-01-01"),
        standing(3, "20", "2015-01-01"),
    )
    today = date(2026, 9, 14)
    assert rules.successor([child, adult, spouse], today) == spouse
    assert rules.successor([child, adult], today) == adult
    assert rules.successor([child, standing(4, "30", "2017-01-01")], today) == child
    assert rules.successor([], today) is None


def test_numbers_of_a_day_are_valid_and_of_the_right_parity():
    numbers = list(rules.numbers_for("440304", date(2026, 8, 20), FEMALE))
    assert len(numbers) == len(set(numbers)) == 499
    assert not any(idnumber.parse(number).is_male for number in numbers)


def test_a_birth_in_the_future_is_refused():
    with pytest.raises(rules.Refusal, match="birth_in_future"):
        rules.birth_allowed(date(2026, 9, 15), date(2026, 9, 14))


def test_a_minor_cannot_be_head():
    with pytest.raises(rules.Refusal, match="head_is_minor"):
        rules.must_be_adult(date(2008, 9, 15), date(2026, 9, 14))
    rules.must_be_adult(date(2008, 9, 14), date(2026, 9, 14))
