"""Plates: written as people write them, kept in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minjing.modules.traffic.rules import plates


@pytest.mark.parametrize(
    ("text", "kept", "kind"),
    [
        ("粤B·12345", "粤B12345", "02"),
        ("粤b 8a6k1", "粤B8A6K1", "02"),
        ("粤ＢＤ１２３４５", "粤BD12345", "52"),
        ("粤B-DF1234", "粤BDF1234", "52"),
        ("粤B12345D", "粤B12345D", "51"),
        ("粤B·1234挂", "粤B1234挂", "15"),
        ("粤B1234学", "粤B1234学", "16"),
        ("粤B·1234警", "粤B1234警", "23"),
        ("粤Z·1A23港", "粤Z1A23港", "05"),
        ("京AD12345", "京AD12345", "52"),
    ],
)
def test_a_plate_is_read_however_it_is_written(text, kept, kind):
    plate = plates.parse(text)
    assert (plate.text, plate.kind) == (kept, kind)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" · ", "empty"),
        ("AB12345", "province"),
        ("港B12345", "province"),
        ("粤B1234", "length"),
        ("粤B1234567", "length"),
        ("粤B1234I", "letter"),
        ("粤BO2345", "letter"),
        ("粤I12345", "letter"),
        ("粤B1234i", "letter"),
        ("粤112345", "office"),
        ("粤BABC45", "signs"),
        ("粤BX12345", "signs"),
        ("粤BD1234D", "signs"),
        ("粤B12挂34", "signs"),
        ("粤BD１２３４٥", "signs"),
    ],
)
def test_what_is_no_plate_is_refused_with_the_reason(text, reason):
    with pytest.raises(plates.WrongPlate) as wrong:
        plates.parse(text)
    assert wrong.value.reason == reason


@given(st.integers(0, 99_999 + 5 * 24 * 10_000 + 4 * 24 * 24 * 1_000))
def test_every_plate_of_the_ordinary_series_is_one(number):
    plate = plates.nth("粤B", number)
    assert plates.parse(plates.parse(plate).shown).text == plate
    assert plates.parse(plate).kind == plates.SMALL


@given(st.lists(st.integers(0, 3_600_000), unique=True, max_size=300))
def test_no_two_numbers_of_a_series_give_one_plate(numbers):
    assert len({plates.nth("粤B", n) for n in numbers}) == len(numbers)
    green = [n for n in numbers if n < 3_400_000]
    assert len({plates.nth_new_energy("粤B", n) for n in green}) == len(green)


@given(st.integers(0, 3_399_999))
def test_every_green_plate_of_the_series_is_one(number):
    plate = plates.parse(plates.nth_new_energy("粤B", number))
    assert plate.new_energy
    assert plates.fits(plate, "52")
    assert not plates.fits(plate, "02")


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_plate_or_refused(text):
    try:
        plate = plates.parse(text)
    except plates.WrongPlate:
        return
    assert plates.parse(plate.text) == plate
    assert not set("IO") & set(plate.text)


def test_a_masked_plate_shows_neither_all_nor_nothing():
    assert plates.masked("粤B12345") == "粤B·1**45"
    assert plates.masked("粤BD12345") == "粤B·D***45"
