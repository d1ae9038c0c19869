"""Codes, numbers and states: the tables."""

from datetime import UTC, datetime, timedelta

import pytest

from minjing.kernel.papers import rules

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


@pytest.mark.parametrize("org", [0, 1, 7, 31, 32, 1023, 32767])
def test_a_code_carries_its_district(org):
    code = rules.new_code(org)
    assert rules.parse_code(code) == code
    assert rules.org_of_code(code) == org


def test_codes_are_not_guessable():
    codes = {rules.new_code(4) for _ in range(2000)}
    assert len(codes) == 2000
    assert 32**rules.RANDOM_CHARACTERS >= 2**128


def test_a_code_is_read_however_it_is_typed():
    code = rules.new_code(4, choice=lambda alphabet: "0")[:-2] + "1A"
    typed = rules.grouped(code).lower().replace("0", "o").replace("1", "l").replace("-", " – ")
    assert rules.parse_code(typed) == code


@pytest.mark.parametrize("text", ["", "ABC", "U" * 32, "0" * 31, "0" * 33, "'; DROP TABLE papers --", "０" * 32])
def test_what_is_no_code_is_none(text):
    assert rules.parse_code(text) is None


def test_a_number_reads_like_an_official_one():
    assert rules.number("深公户", 4, 2026, 123) == "深公户〔2026〕04000123号"


@pytest.mark.parametrize(
    ("stored", "until", "expected"),
    [
        ("valid", None, "valid"),
        ("valid", NOON, "valid"),
        ("valid", NOON - timedelta(seconds=1), "expired"),
        ("revoked", None, "revoked"),
        ("revoked", NOON - timedelta(days=9), "revoked"),
    ],
)
def test_the_state_of_a_paper(stored, until, expected):
    assert rules.state(stored, until, NOON) == expected


def test_a_character_without_a_glyph_prints_as_its_code_point():
    assert rules.printable("王\U0002ebf0\n林", lambda c: c != "\U0002ebf0") == "王〔U+2EBF0〕\n林"
