"""What a card's two sides say against each other, without any engine."""

from dataclasses import replace
from datetime import date

import pytest

from minjing.base import idnumber
from minjing.kernel.identity.rules import card, card_text
from minjing.kernel.identity.rules.card import Field
from minjing.kernel.identity.rules.card_text import Line

TODAY = date(2026, 11, 27)
NUMBER = idnumber.compose("440399", date(1990, 8, 15), 2)


def fields(**other):
    """Return what the card of Su Wanqing says, each field read well."""
    said = {
        "name": "苏晚晴", "sex": "女", "birth_date": "1990-08-15", "address": "广东省深圳市福田区民安路1号",
        "id_number": NUMBER, "issuer": "深圳市公安局福田分局", "valid_from": "2020-05-01", "valid_to": "2040-05-01",
    }  # fmt: skip
    said.update(other)
    return {name: Field(value, 0.98) for name, value in said.items() if value is not None}


def keys(reading):
    return {remark.key for remark in reading.remarks}


def test_a_good_card_needs_no_confirmation():
    reading = card.judge(fields(), TODAY)
    assert reading.usable
    assert reading.confirm == ()
    assert reading.remarks == ()
    assert reading.fields["id_number"].borne_out


def test_a_misread_digit_is_set_right_and_shown():
    wrong = NUMBER[:7] + ("6" if NUMBER[7] == "9" else "0") + NUMBER[8:]
    reading = card.judge(fields(id_number=wrong), TODAY)
    assert reading.value("id_number") == NUMBER
    assert "number_repaired" in keys(reading)
    assert "id_number" in reading.confirm


def test_a_number_whose_check_digit_fails_beyond_repair_is_shown():
    wrong = NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2")
    reading = card.judge(fields(id_number=wrong, birth_date=None, sex=None), TODAY)
    assert "number_check" in keys(reading)
    assert "id_number" in reading.confirm


@pytest.mark.parametrize(("name", "value"), [("birth_date", "1990-08-16"), ("sex", "男")])
def test_a_field_that_contradicts_the_number_stops_the_card(name, value):
    reading = card.judge(fields(**{name: value}), TODAY)
    assert f"{name}_differs" in keys(reading)
    assert {name, "id_number"} <= set(reading.confirm)
    assert not reading.usable


def test_an_expired_card_says_what_to_do():
    reading = card.judge(fields(valid_from="2000-05-01", valid_to="2020-05-01", birth_date=None), TODAY)
    assert "expired" in keys(reading)
    assert not reading.usable
    assert "换领" in reading.remarks[0].zh


@pytest.mark.parametrize(
    ("born", "issued", "end", "lawful"),
    [
        (2015, "2020-05-01", "2025-05-01", True),
        (2015, "2020-05-01", "2030-05-01", False),
        (2000, "2020-05-01", "2030-05-01", True),
        (1990, "2020-05-01", "2040-05-01", True),
        (1990, "2020-05-01", card.LONG_TERM, False),
        (1960, "2020-05-01", card.LONG_TERM, True),
        (1960, "2020-05-01", "2040-05-01", False),
        (1989, "2016-02-29", "2036-02-29", True),
        (1990, "2016-02-29", "2036-02-29", False),
    ],
)
def test_the_period_follows_the_age_at_issue(born, issued, end, lawful):
    number = idnumber.compose("440399", date(born, 3, 1), 2)
    said = fields(id_number=number, birth_date=f"{born}-03-01", valid_from=issued, valid_to=end)
    assert ("period_unlawful" not in keys(card.judge(said, date(2021, 1, 1)))) is lawful


def test_an_issuer_of_another_place_is_shown_but_does_not_stop():
    reading = card.judge(fields(issuer="祁东县公安局"), TODAY)
    assert "issuer" in reading.confirm
    assert reading.usable


def test_a_weak_name_is_confirmed():
    weak = fields()
    weak["name"] = replace(weak["name"], confidence=0.8)
    assert card.judge(weak, TODAY).confirm == ("name",)


def test_what_was_not_read_is_named():
    reading = card.judge(fields(address=None), TODAY)
    assert "missing" in keys(reading)
    assert "住址" in reading.remarks[-1].zh
    assert not reading.usable


def lines(*rows):
    """Return lines of text one below the other; each row is (text, left) or several of them."""
    return [
        Line(text, 0.99, left, 0.1 + at * 0.08, left + 0.02 * len(text), 0.14 + at * 0.08)
        for at, row in enumerate(rows)
        for text, left in row
    ]


FRONT = lines(
    [("姓名", 0.06), ("苏晚晴", 0.17)],
    [("性别", 0.06), ("女", 0.17), ("民族", 0.27), ("维吾尔", 0.35)],
    [("出生", 0.06), ("1990年8月15日", 0.17)],
    [("住址", 0.06), ("广东省深圳市福田区民安", 0.17)],
    [("路1号翠景花园", 0.17)],
    [("公民身份号码", 0.06), (NUMBER, 0.33)],
)
BACK = lines(
    [("中华人民共和国", 0.3)],
    [("居民身份证", 0.3)],
    [("签发机关", 0.2), ("深圳市公安局福田分局", 0.4)],
    [("有效期限", 0.2), ("2020.05.01-2040.05.01", 0.4)],
)


def test_both_sides_are_told_apart():
    assert card_text.side_of(FRONT) == "front"
    assert card_text.side_of(BACK) == "back"
    assert card_text.side_of(lines([("发票", 0.1)])) == ""


def test_fields_stand_where_the_card_has_them():
    reading = card_text.read(FRONT, BACK, TODAY)
    assert {n: f.value for n, f in reading.fields.items()} == {
        **{n: f.value for n, f in fields().items()},
        "address": "广东省深圳市福田区民安路1号翠景花园",
    }


def test_nothing_of_a_persons_origin_is_kept():
    assert "维吾尔" not in repr(card_text.read(FRONT, BACK, TODAY))
    joined = lines([("姓名苏晚晴", 0.06)], [("性别女民族维吾尔", 0.06)], [("出生1990年8月15日", 0.06)])
    assert "维吾尔" not in repr(card_text.read_front(joined))


def test_labels_run_together_with_their_values_are_parted():
    found = card_text.read_front(
        lines(
            [("姓名苏晚晴", 0.06)],
            [("性别女民族汉", 0.06)],
            [("出生1990年8月15日", 0.06)],
            [("住址广东省深圳市福田区", 0.06)],
            [(f"公民身份号码{NUMBER}", 0.06)],
        )
    )
    assert {n: f.value for n, f in found.items()} == {
        "name": "苏晚晴", "sex": "女", "birth_date": "1990-08-15", "address": "广东省深圳市福田区",
        "id_number": NUMBER,
    }  # fmt: skip


def test_a_long_name_with_dots_is_whole():
    found = card_text.read_front(lines([("姓名", 0.06), ("阿依古丽·买买提", 0.17)], [("性别", 0.06), ("女", 0.17)]))
    assert found["name"].value == "阿依古丽·买买提"


def test_a_card_for_life_is_read():
    back = lines([("签发机关", 0.2), ("祁东县公安局", 0.4)], [("有效期限", 0.2), ("2015.10.08-长期", 0.4)])
    assert card_text.read_back(back)["valid_to"].value == card.LONG_TERM
