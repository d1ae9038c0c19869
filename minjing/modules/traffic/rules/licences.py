"""Terms of a driving licence, classes by weight, days of learning: decisions on data.

驾驶证规定 art. 62 (six years, ten, long-term), 63 (renewal within 90 days), 43-44 (days of learning before a test),
40 (a learner's certificate lasts three years), 39 (the test city changes three times).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta

LEARNER_YEARS, TEST_CITY_CHANGES, RENEWAL_DAYS = 3, 3, 90
SIX, TEN = 6, 10
YEAR_DAYS = 365.2425
# Which classes a class covers, those it may be lowered to (附件 1 准驾车型及代号).
COVERS: Mapping[str, str] = {
    "A1": "A3,B1,B2,C1,C2,C3,C4,M", "A2": "B1,B2,C1,C2,C3,C4,C6,M", "A3": "C1,C2,C3,C4", "B1": "C1,C2,C3,C4,M",
    "B2": "C1,C2,C3,C4,M", "C1": "C2,C3", "C2": "", "C5": "", "C6": "", "D": "E,F", "E": "F", "F": "",
}  # fmt: skip
# Days after the learner's certificate before a test may be booked: subject → class → days.
LEARNING_DAYS: Mapping[str, Mapping[str, int]] = {
    "2": {"C1": 10, "C2": 10, "C5": 10, "": 20},
    "3": {"C1": 20, "C2": 20, "C5": 20, "A1": 40, "A2": 40, "": 30},
}
# Marks of a hundred that pass, by subject. Parameters of this platform (置信度 C: the sources give none but the
# study's ninety); heavy classes take ninety in the yard as well.
MARKS_MOST, PASS_MARKS, YARD_MARKS = 100, 90, 80
YARD_STRICT = frozenset({"A1", "A2", "A3", "B1", "B2"})
SUBJECT_WORDS: Mapping[str, Mapping[str, str]] = {
    "1": {"zh": "科目一", "en": "subject 1"}, "2": {"zh": "科目二", "en": "subject 2"},
    "3": {"zh": "科目三", "en": "subject 3"}, "4": {"zh": "安全文明常识", "en": "safe driving"},
    "points": {"zh": "满分考试", "en": "retest for full points"},
}  # fmt: skip


def pass_marks(subject: str, classes: str) -> int:
    """Return how many marks pass a test of a subject for these classes."""
    return YARD_MARKS if subject == "2" and not YARD_STRICT & set(classes.split(",")) else PASS_MARKS


def years_later(day: date, years: int) -> date:
    """Return the same day so many years later; 28 February for a 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, the last of the month where it has no such day."""
    total = day.month - 1 + months
    year, month = day.year + total // 12, total % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def year_later(day: date) -> date:
    """Return the same day a year later."""
    return years_later(day, 1)


def next_term(first: date, held_days: int) -> date:
    """Return until when the next term runs: six years first, ten after six, long-term after ten."""
    held = round(held_days / YEAR_DAYS)
    if held >= TEN:
        return date.max
    return years_later(first, TEN if held >= SIX else SIX)


def may_renew(until: date, day: date) -> bool:
    """Say whether a licence is near enough to its end to be renewed, or over by less than a year."""
    return day >= until - timedelta(days=RENEWAL_DAYS) and (day - until).days <= round(YEAR_DAYS)


def is_lower(wanted: str, held: str) -> bool:
    """Say whether a class is covered by one of those held."""
    return any(wanted in COVERS.get(one, "").split(",") and wanted for one in held.split(","))


def first_test_day(subject: str, wanted_class: str, since: date) -> date:
    """Return from when a test may be taken: the days of learning are over."""
    days = LEARNING_DAYS.get(subject, {})
    return since + timedelta(days=days.get(wanted_class, days.get("", 0)))
