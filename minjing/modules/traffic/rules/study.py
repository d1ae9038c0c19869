"""How long and on how many days one studies, and when a test is passed: data of the rules on points (记分办法).

Art. 25-27: half an hour within three days and a passed test take one point off, six at most in a cycle. Art. 17-19:
seven days for full points, thirty for heavy classes. Minutes a day and what cyclists and pedestrians study are not in
the sources: parameters of this platform (置信度 C).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

LESSON_MAX_S = 300  # what one lesson counts at most: a page left open is no study
PASS_MARKS = 90
POINTS_A_STUDY = 1
RETEST_DAYS = 10
HEAVY = frozenset({"A1", "A2", "A3", "B1", "B2"})


@dataclass(frozen=True, slots=True)
class Course:
    """What a kind of study takes: minutes in all or on each of so many days, within so many days."""

    minutes: int
    days: int = 1
    within_days: int = 0


COURSES: Mapping[str, Course] = {
    "reduction": Course(30, within_days=3),
    "full_points": Course(60, days=7),
    "verification": Course(180),
    "ebike": Course(15),
    "pedestrian": Course(15),
}


def course_of(kind: str, classes: str = "", days: int = 0) -> Course:
    """Return what is to be studied; `days` for full points, else seven, thirty for heavy classes."""
    if kind == "full_points" and days:
        return Course(60, days=days)
    if kind == "full_points" and HEAVY & set(classes.split(",")):
        return Course(60, days=30)
    return COURSES[kind]


def counted(elapsed_s: float) -> int:
    """Return what of the time a lesson was open counts."""
    return max(0, min(int(elapsed_s), LESSON_MAX_S))


def is_done(course: Course, seconds_by_day: Mapping[str, int], today: date) -> bool:
    """Say whether enough time was spent, within the days it has to be spent in."""
    first = today - timedelta(days=course.within_days - 1) if course.within_days else date.min
    spent = {day: s for day, s in seconds_by_day.items() if date.fromisoformat(day) >= first}
    if course.days > 1:
        return sum(s >= course.minutes * 60 for s in spent.values()) >= course.days
    return sum(spent.values()) >= course.minutes * 60
