"""Working days, conditions, ID numbers and names, tried on what nobody thought of."""

from datetime import date, datetime, timedelta

import chinese_calendar
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from minjing.base import conditions, idnumber, names
from minjing.base.clock import CHINA
from minjing.base.workdays import WorkCalendar, build
from tests.house import ROOT

FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)


def shenzhen() -> WorkCalendar:
    data = yaml.safe_load((ROOT / "cities/shenzhen/calendar.yaml").read_text(encoding="utf-8"))
    off, made_up = (
        [date.fromisoformat(f"{year}-{day}") for year, days in data[key].items() for day in days]
        for key in ("days_off", "made_up")
    )
    return build(FIRST, data["known_until"], off, made_up, date(2036, 12, 31))


CALENDAR = shenzhen()
DAYS = st.dates(FIRST, LAST)
INSTANTS = st.datetimes(datetime(2004, 1, 2), datetime(2026, 12, 30)).map(  # noqa: DTZ001 - the zone comes below
    lambda at: at.replace(microsecond=0, tzinfo=CHINA)
)


def test_every_day_of_the_announced_years_agrees_with_chinesecalendar():
    days = (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1))
    assert [day for day in days if CALENDAR.is_workday(day) != chinese_calendar.is_workday(day)] == []


@given(DAYS, st.integers(1, 60))
def test_adding_working_days_is_counting_them_one_by_one(day: date, count: int):
    walked, left = day, count
    while left and walked < LAST:
        walked += timedelta(days=1)
        left -= chinese_calendar.is_workday(walked)
    if not left:
        assert CALENDAR.add(day, count) == walked


@given(INSTANTS, INSTANTS)
def test_working_time_never_runs_backwards(one: datetime, other: datetime):
    earlier, later = sorted((one, other))
    assert CALENDAR.to_work(earlier) <= CALENDAR.to_work(later)


@given(INSTANTS)
def test_an_instant_found_by_its_working_time_has_that_working_time(at: datetime):
    work_s = CALENDAR.to_work(at)
    found = CALENDAR.from_work(work_s) if work_s else at
    assert CALENDAR.to_work(found) == work_s
    assert found <= at


@given(INSTANTS, st.integers(0, 60), st.sampled_from(["workday", "day", "hour"]))
def test_a_limit_ends_after_it_began_and_a_longer_one_not_sooner(since: datetime, count: int, unit: str):
    due = CALENDAR.due(since, count, unit)
    assert due >= since
    assert CALENDAR.due(since, count + 1, unit) >= due


# ---- conditions -----------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["x", "y", True, False, 1, 2])
PLAIN = st.dictionaries(NAMES, st.one_of(VALUES, st.lists(VALUES, max_size=3), st.just({"given": True})), max_size=3)
CONDITIONS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)}),
    ),
    max_leaves=8,
)
FACTS = st.dictionaries(NAMES, st.one_of(VALUES, st.none(), st.lists(VALUES, max_size=3)), max_size=3)
TODAY = date(2026, 9, 14)


@given(CONDITIONS, FACTS)
def test_not_is_the_opposite(condition, facts):
    assert conditions.holds({"not": condition}, facts, TODAY) is not conditions.holds(condition, facts, TODAY)


@given(st.lists(CONDITIONS, max_size=3), FACTS)
def test_any_and_all_are_what_they_say_and_mirror_each_other(parts, facts):
    each = [conditions.holds(part, facts, TODAY) for part in parts]
    assert conditions.holds({"any": parts}, facts, TODAY) is any(each)
    assert conditions.holds({"all": parts}, facts, TODAY) is all(each)
    nots = [{"not": part} for part in parts]
    assert conditions.holds({"not": {"any": parts}}, facts, TODAY) is conditions.holds({"all": nots}, facts, TODAY)


@given(CONDITIONS, FACTS)
def test_only_the_fields_it_names_decide(condition, facts):
    named = conditions.fields_of(condition)
    only = {key: value for key, value in facts.items() if key in named}
    assert conditions.holds(condition, only, TODAY) is conditions.holds(condition, facts, TODAY)


# ---- ID numbers -----------------------------------------------------------------------------------------

BIRTHS = st.dates(date(1900, 1, 1), date(2026, 1, 1))
NUMBERS = st.builds(idnumber.compose, st.from_regex(r"[1-6][0-9]{5}", fullmatch=True), BIRTHS, st.integers(0, 999))


@given(NUMBERS)
def test_a_composed_number_reads_back(number: str):
    read = idnumber.parse(number)
    assert read.text == number
    assert number[6:14] == f"{read.birth:%Y%m%d}"
    spaced = " ".join((number[:6].lower(), number[6:].lower()))
    assert idnumber.parse(spaced).text == number


@given(st.dates(date(1700, 1, 1), date(2300, 1, 1)), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_number_taken_in_is_of_somebody_who_can_be_alive(birth: date, today: date):
    number = idnumber.compose("440304", birth, 1)
    assert idnumber.parse(number).birth == birth
    full_years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    same_day = (today.month, today.day) == (birth.month, birth.day)
    if 0 <= full_years < 130 or (full_years == 130 and same_day):
        assert idnumber.parse(number, today).birth == birth
    else:
        with pytest.raises(idnumber.WrongIdNumber, match="birth"):
            idnumber.parse(number, today)


@given(NUMBERS, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_found(number: str, place: int, character: str):
    changed = number[:place] + character + number[place + 1 :]
    if changed != number:
        with pytest.raises(idnumber.WrongIdNumber):
            idnumber.parse(changed)


@given(NUMBERS, st.integers(0, 16))
def test_two_characters_changed_about_are_always_found(number: str, place: int):
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        with pytest.raises(idnumber.WrongIdNumber):
            idnumber.parse(swapped)


@given(st.one_of(st.text(max_size=30), NUMBERS.map(lambda n: n.translate({48 + i: 0x660 + i for i in range(10)}))))
def test_no_text_is_taken_for_a_number_in_other_digits(text: str):
    try:
        read = idnumber.parse(text)
    except idnumber.WrongIdNumber as wrong:
        assert wrong.reason in ("length", "check", "birth")  # noqa: PT017 - either outcome is right
    else:
        assert read.text.isascii()
        assert idnumber.parse(read.text) == read


@given(NUMBERS)
def test_a_masked_number_tells_neither_birth_nor_order(number: str):
    hidden = idnumber.mask(number)
    assert len(hidden) == len(number)
    assert number[6:16] not in hidden


# ---- names ----------------------------------------------------------------------------------------------

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
RARE = st.sampled_from("𬭎㛃𠮷〇䶮")
WRITTEN = st.one_of(
    st.text(st.one_of(HAN, RARE), min_size=1, max_size=30),
    st.lists(st.text(HAN, min_size=1, max_size=6), min_size=2, max_size=4).map("·".join),
    st.from_regex(r"[A-Z][a-z]{1,8}( [A-Z][a-z]{1,8}){0,2}", fullmatch=True),
)


@given(WRITTEN)
def test_a_name_as_people_write_it_is_kept_as_it_is(name: str):
    assert names.parse(name) == name


@given(st.text(max_size=40))
def test_what_is_taken_for_a_name_reads_back_the_same_and_has_a_letter(text: str):
    try:
        name = names.parse(text)
    except names.WrongName as wrong:
        assert wrong.reason in ("empty", "long", "characters")  # noqa: PT017 - either outcome is right
    else:
        assert names.parse(name) == name
        assert len(name) <= names.MAX_NAME
        assert any(c.isalpha() or c == "〇" for c in name)


@given(st.text(st.sampled_from("·。、《》　-.' ’･"), min_size=1, max_size=6))
def test_signs_alone_are_no_name(text: str):
    with pytest.raises(names.WrongName):
        names.parse(text)


@pytest.mark.parametrize("dot", "•‧∙・．.")
def test_every_kind_of_middle_dot_becomes_one(dot: str):
    assert names.parse(f"阿依古丽{dot}买买提") == "阿依古丽·买买提"


@given(WRITTEN)
def test_a_masked_name_shows_its_first_and_last_at_most(name: str):
    hidden = names.mask(name)
    assert len(hidden) == max(1, len(name))
    assert set(hidden[1:-1]) <= {"*"}
    assert "*" in hidden
