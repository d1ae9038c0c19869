"""Answers that may stand, and the sentences for those that may not: a table to read."""

from datetime import date

import pytest

from minjing.kernel.matters import forms
from minjing.kernel.matters.schema import FormField
from minjing.kernel.matters.tests.world import BODY

TODAY = date(2026, 9, 14)
MALE = "440304199001010011"


def field(kind: str, **more) -> FormField:
    options = [{"value": "a", "zh": "甲", "en": "A"}, {"value": "b", "zh": "乙", "en": "B"}]
    extra = {"options": options} if kind in ("choice", "choices") else {}
    return FormField.model_validate(
        {"name": "x", "type": kind, "label": {"zh": "姓名", "en": "Name"}, **extra, **more}
    )


STANDS = [
    ("name", "阿依古丽•买买提", "阿依古丽·买买提"),
    ("name", "𬭎㛃", "𬭎㛃"),
    ("name", " 林晓夫 ", "林晓夫"),
    ("resident_id", "11010519491231002x", "11010519491231002X"),
    ("resident_id", "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
    ("date", "2026年2月28日", "2026-02-28"),
    ("date", "2024/2/29", "2024-02-29"),
    ("datetime", "2026-05-20T08:30", "2026-05-20T08:30"),
    ("yes_no", "yes", True),
    ("number", "1,200", 1200),
    ("money", "12.5", 12.5),
    ("phone", "+86 199 0000 0001", "19900000001"),
    ("uscc", "91350100M000100Y43", "91350100M000100Y43"),
    ("choice", "a", "a"),
    ("choices", ["a", "b"], ["a", "b"]),
]
FALLS = [
    ("name", "王" * 50, "最多 30 个字"),
    ("name", "<script>", "只能含汉字"),
    ("name", "王３", "只能含汉字"),
    ("resident_id", "1234", "18 位"),
    ("resident_id", "110105194912310021", "校验不通过"),
    ("resident_id", "110105194913310025", "校验不通过"),
    ("resident_id", "440304209901010013", "今天以后"),
    ("resident_id", "440304185001010014", "过于久远"),
    ("date", "2026-02-30", "日期不存在"),
    ("date", "昨天", "日期不存在"),
    ("date", "0000-00-00", "日期不存在"),
    ("number", "many", "请填写数字"),
    ("number", "nan", "请填写数字"),
    ("phone", "12345", "11 位"),
    ("uscc", "91350100M000100Y44", "校验不通过"),
    ("choice", "c", "从选项中"),
    ("text", "长" * 121, "最多 120 个字"),
    ("text", "a\x00b", "不能使用"),
    ("people", "not a list", "逐个添加"),
    ("people", [{"name": "", "id_number": ""}], "第 1 人"),
    ("consent", "no", "勾选同意"),
    ("text", "   ", "请填写姓名"),
]


@pytest.mark.parametrize(("kind", "raw", "kept"), STANDS)
def test_an_answer_that_stands_is_kept_in_one_form(kind, raw, kept):
    assert forms.check(field(kind), raw, {}, TODAY) == kept


@pytest.mark.parametrize(("kind", "raw", "words"), FALLS)
def test_an_answer_that_falls_gets_its_sentence(kind, raw, words):
    with pytest.raises(forms.WrongAnswer) as raised:
        forms.check(field(kind), raw, {}, TODAY)
    assert words in raised.value.text.zh
    assert raised.value.text.en


@pytest.mark.parametrize(
    ("kind", "rule", "raw"),
    [
        ("date", {"before": "today"}, "2026-09-14"),
        ("date", {"after": "today-2y"}, "2024-09-14"),
        ("number", {"min": 1}, "0"),
        ("number", {"max": 10}, "11"),
        ("resident_id", {"min_age": 60}, MALE),
        ("resident_id", {"max_age": 18}, MALE),
        ("resident_id", {"sex": "2"}, MALE),
        ("text", {"not_same_as": "other"}, "same"),
    ],
)
def test_rules_of_the_file_are_held(kind, rule, raw):
    with pytest.raises(forms.WrongAnswer):
        forms.check(field(kind, rule=rule), raw, {"other": "same"}, TODAY)


def test_what_is_hidden_is_absent():
    data = {
        "spouse_id": MALE,
        "married_on": "2019-05-20",
        "has_children": "no",
        "children": [{"name": "林小", "id_number": MALE, "relation": "child"}],
        "office": "U27",
        "delivery": "electronic",
        "post_address": "某处",
    }
    checked = forms.check_all(BODY, data, TODAY)
    assert checked.errors == {}
    assert "children" not in checked.clean
    assert "post_address" not in checked.clean


def test_what_becomes_visible_is_required():
    checked = forms.check_all(BODY, {"has_children": "yes", "delivery": "post"}, TODAY)
    assert {"children", "post_address"} <= checked.errors.keys()
    assert [m.name for m in forms.needed_materials(BODY, checked.clean, TODAY)] == [
        "marriage_certificate",
        "birth_certificate",
    ]


def test_a_field_that_is_not_asked_is_refused():
    assert "is_admin" in forms.check_all(BODY, {"is_admin": True}, TODAY).errors
