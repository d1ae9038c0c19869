"""Guides say conditions, limits and fees in words, in both languages."""

import pytest

from minjing.kernel.matters.schema import Limit
from minjing.kernel.matters.tests import world
from minjing.portals.frame.kinds import kind_in_words
from minjing.portals.open import words


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (0, "workday", "当场办结", "on the spot"),
        (1, "workday", "1 个工作日", "1 working day"),
        (20, "workday", "20 个工作日", "20 working days"),
        (30, "day", "30 天", "30 days"),
        (2, "hour", "2 小时", "2 hours"),
    ],
)
def test_limits(value, unit, zh, en):
    said = words.limit(Limit(value=value, unit=unit))
    assert (said.zh, said.en) == (zh, en)


def test_fees():
    assert words.fee(0).zh == "不收费"
    assert words.fee(2000).en == "¥20.00"


def test_no_condition_is_always():
    assert words.condition(None, world.BODY) is None
    assert words.condition({}, world.BODY) is None


@pytest.mark.parametrize(
    ("condition", "zh", "en"),
    [
        ({"has_children": True}, "「有无子女随迁」为是", "“Children along?” is yes"),
        (
            {"delivery": ["post", "electronic"]},
            "「领取方式」为「邮寄」或「电子证照」",
            "“How” is “By post” or “Electronic”",
        ),
        ({"not": {"has_children": True}}, "不属于「「有无子女随迁」为是」", "not (“Children along?” is yes)"),
        (
            {"any": [{"has_children": True}, {"delivery": "post"}]},
            "「有无子女随迁」为是，或者「领取方式」为「邮寄」",
            "“Children along?” is yes or “How” is “By post”",
        ),
        (
            {"has_children": True, "delivery": "post"},
            "「有无子女随迁」为是，并且「领取方式」为「邮寄」",
            "“Children along?” is yes and “How” is “By post”",
        ),
        ({"children": {"given": True}}, "填写了「随迁子女」", "“Children” is given"),
        ({"married_on": {"before": "today"}}, "「结婚日期」早于 今天", "“Date of marriage” before today"),
        ({"gone_field": "x"}, "「gone_field」为x", "“gone field” is x"),
    ],
)
def test_conditions(condition, zh, en):
    said = words.condition(condition, world.BODY)
    assert (said.zh, said.en) == (zh, en)


@pytest.mark.parametrize("kind", ["papers:paper:issued", "matters:matter:unheard_of", "moon:rock:landed"])
def test_every_kind_of_entry_has_words(kind):
    assert set(kind_in_words(kind)) == {"zh", "en"}
