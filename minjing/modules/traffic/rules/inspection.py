"""When a vehicle is due for its next inspection: by use, body and age.

登记规定 art. 54-55 give the mark; the intervals are those in force since 2022-10-01 as far as known (置信度 C): a
private small car is tested on the road in its sixth and tenth year and every year from then on, with a mark to be
fetched every two years in between; vehicles for hire every year, lorries every year and after ten years every half.
"""

from __future__ import annotations

from datetime import date

TESTED_YEARS = (6, 10)
HALF_YEARLY_AFTER = 10


def age_years(registered: date, day: date) -> int:
    """Return the full years since the registration."""
    return day.year - registered.year - ((day.month, day.day) < (registered.month, registered.day))


def _after(day: date, months: int) -> date:
    total = day.month - 1 + months
    year, month = day.year + total // 12, total % 12 + 1
    return date(year, month, min(day.day, 28))


def is_exempt(registered: date, use: str, body: str, day: date) -> bool:
    """Say whether the mark is given without a test now: private small cars below ten years, but in the sixth."""
    age = age_years(registered, day)
    return use == "private" and body in ("car", "suv", "van") and age < TESTED_YEARS[-1] and age not in TESTED_YEARS


def next_after(day: date, registered: date, use: str, body: str) -> date:
    """Return until when a mark given on `day` is good."""
    age = age_years(registered, day)
    if use == "private" and body in ("car", "suv", "van"):
        return _after(day, 24 if age < TESTED_YEARS[-1] else 12)
    return _after(day, 6 if body in ("truck", "bus", "trailer") and age >= HALF_YEARLY_AFTER else 12)
