"""Machine-readable zones against the specimens of ICAO Doc 9303, whole and damaged."""

from datetime import date

import pytest

from minjing.kernel.identity.rules import mrz

TODAY = date(2026, 11, 27)
# Doc 9303 part 4, appendix A (TD3) and part 5, appendix A (TD1).
PASSPORT = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
CARD = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
# Part 5, 4.2.4: a document number of more than nine characters runs on into the optional data.
LONG_NUMBER = ("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<")


def permit(code="CS", number="C12345678", expiry="300517", birth="900815"):
    """Return the three lines of a card-type permit, its layout as far as it is known."""
    first = (
        f"{code}{number}{mrz.check_digit(number)}<{expiry}{mrz.check_digit(expiry)}<{birth}{mrz.check_digit(birth)}<0"
    )
    return (first, "ABCDEFGHIJKLWU<<WANQING<<<<<<<", "F<<<<<<<<<<<<<<<<<<<<<<<<<<<<<")


@pytest.mark.parametrize(
    ("field", "digit"),
    [
        ("520727", "3"),
        ("D231458907<<<<<<<<<<<<<<<34071279507122<<<<<<<<<<", "2"),
        ("HA672242<658022549601086<<<<<<<<<<<<<<0", "8"),
    ],
)
def test_check_digits_are_those_of_the_standard(field, digit):
    assert mrz.check_digit(field) == digit


def test_the_specimen_passport_is_read_whole():
    found = mrz.parse(PASSPORT, date(2010, 1, 1))
    assert (found.kind, found.issuer, found.surname, found.given) == ("passport", "UTO", "ERIKSSON", "ANNA MARIA")
    assert (found.number, found.birth_date, found.expiry_date) == ("L898902C3", date(1974, 8, 12), date(2012, 4, 15))
    assert found.sex == "女"
    assert found.usable
    assert found.certain
    assert set(found.checked) == {"number", "birth_date", "expiry_date", "optional", "composite"}


def test_the_specimen_card_is_read_whole():
    found = mrz.parse(CARD, date(2010, 1, 1))
    assert (found.kind, found.number, found.surname, found.given) == ("card", "D23145890", "ERIKSSON", "ANNA MARIA")
    assert found.usable


def test_a_long_document_number_runs_on():
    found = mrz.parse(LONG_NUMBER, date(1990, 1, 1))
    assert found.number == "D23145890734"
    assert "number" in found.checked


def test_an_expired_document_says_so_and_is_still_read():
    found = mrz.parse(PASSPORT, TODAY)
    assert [one.key for one in found.remarks] == ["expired"]


@pytest.mark.parametrize("at", [0, 1, 9, 15, 22, 43])
def test_one_wrong_digit_is_noticed(at):
    line = PASSPORT[1]
    wrong = str((int(line[at]) + 1) % 10) if line[at].isdigit() else "M"
    found = mrz.parse((PASSPORT[0], line[:at] + wrong + line[at + 1 :]), TODAY)
    assert found.failed
    assert not found.usable
    assert found.remarks[0].key == "mrz_check"
    assert found.remarks[0].stops


def test_letters_read_for_digits_are_set_right():
    first, second = PASSPORT
    second = second[:13] + "74O8I2" + second[19:]
    assert mrz.parse((first, second), date(2010, 1, 1)).birth_date == date(1974, 8, 12)


def test_a_zone_is_found_among_other_text_with_fillers_miscounted():
    texts = ("护照 PASSPORT", "ERIKSSON", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<", PASSPORT[1])
    assert mrz.parse(texts, date(2010, 1, 1)).given == "ANNA MARIA"


@pytest.mark.parametrize(("code", "kind"), [("CS", "hk_macao_permit"), ("CD", "taiwan_permit")])
def test_a_card_permit_is_read_as_uncertain(code, kind):
    found = mrz.parse(permit(code), TODAY)
    assert (found.kind, found.number, found.surname, found.given) == (kind, "C12345678", "WU", "WANQING")
    assert (found.birth_date, found.expiry_date) == (date(1990, 8, 15), date(2030, 5, 17))
    assert found.usable
    assert not found.certain


def test_a_permit_with_a_letter_in_second_place_is_read():
    assert mrz.parse(permit(number="CA0000001"), TODAY).number == "CA0000001"


def test_where_somebody_was_born_is_in_no_field():
    lines = permit()
    found = mrz.parse((lines[0], lines[1], "F<<<<<<<GXI" + "<" * 19), TODAY)
    said = {name: value for name in found.__slots__ if (value := getattr(found, name)) and name != "lines"}
    assert "GXI" not in str(said)


@pytest.mark.parametrize("texts", [(), ("hello",), ("P<UTO",), ("1" * 44, "2" * 44)])
def test_other_text_is_no_zone(texts):
    with pytest.raises(mrz.NoMrz):
        mrz.parse(texts, TODAY)
