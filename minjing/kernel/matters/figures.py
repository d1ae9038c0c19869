"""Figures for the public: matters by month over the whole city, with no count so small that it points at a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Avg, Count

from minjing.base.clock import CHINA, local_day
from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.models import Calendar, Matter, Rating
from minjing.kernel.matters.queries.kept import Figures

MONTHS = 12
SMALLEST = 5  # a count below it is not shown, nor anything computed from it
KEPT_S = 600.0
DECIDED = ("approved", "refused", "not_accepted")

# width_bucket(day, days) is how many working days lie up to and including `day`.
BY_MONTH = """
WITH month AS (
    SELECT generate_series(%(first)s::date, %(last)s::date, interval '1 month')::date AS month
), received AS (
    SELECT date_trunc('month', submitted_at AT TIME ZONE 'Asia/Shanghai')::date AS month, count(*) AS n
    FROM matters_matter WHERE submitted_at >= %(since)s AND submitted_at < %(until)s
        AND code <> ALL(%(questions)s) GROUP BY 1
), closed AS (
    SELECT id, submitted_at, closed_at, due_at, outcome FROM matters_matter
    WHERE closed_at >= %(since)s AND closed_at < %(until)s AND outcome = ANY(%(outcomes)s)
), supplemented AS (
    SELECT DISTINCT e.matter_id FROM closed JOIN matters_matterevent e ON e.matter_id = closed.id
    WHERE e.action = 'ask_supplement' AND e.at >= (SELECT min(submitted_at) FROM closed) AND e.at < %(until)s
), decided AS (
    SELECT date_trunc('month', m.closed_at AT TIME ZONE 'Asia/Shanghai')::date AS month,
           count(*) AS n,
           count(*) FILTER (WHERE m.closed_at <= m.due_at) AS in_time,
           count(*) FILTER (WHERE m.outcome = 'approved') AS approved,
           count(s.matter_id) AS supplemented,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY
               width_bucket((m.closed_at AT TIME ZONE 'Asia/Shanghai')::date, %(days)s::date[])
               - width_bucket((m.submitted_at AT TIME ZONE 'Asia/Shanghai')::date, %(days)s::date[])) AS median
    FROM closed m LEFT JOIN supplemented s ON s.matter_id = m.id GROUP BY 1
), rated AS (
    SELECT date_trunc('month', at AT TIME ZONE 'Asia/Shanghai')::date AS month, count(*) AS n, avg(stars) AS stars
    FROM matters_rating WHERE at >= %(since)s AND at < %(until)s AND code <> ALL(%(questions)s) GROUP BY 1
)
SELECT month, coalesce(received.n, 0), coalesce(decided.n, 0), coalesce(decided.in_time, 0),
       coalesce(decided.approved, 0), coalesce(decided.supplemented, 0), decided.median,
       coalesce(rated.n, 0), rated.stars
FROM month LEFT JOIN received USING (month) LEFT JOIN decided USING (month) LEFT JOIN rated USING (month)
ORDER BY month DESC
"""


@dataclass(frozen=True, slots=True)
class Month:
    """One month. None stands for a figure too small to show; shares are whole per cent of what was decided."""

    month: date  # its first day
    received: int | None
    decided: int | None
    in_time: int | None
    approved: int | None
    supplemented: int | None
    median_days: float | None  # working days from receipt to decision, waiting for papers included
    ratings: int | None
    stars: float | None


_figures = Figures()


def by_month(now: datetime) -> list[Month]:
    """Return the last twelve months, the running one first, or nothing before there is a calendar.

    They are counted anew behind the reader's back when ten minutes old.
    """
    if not Calendar.objects.exists():
        return []
    return list(_figures.get("months", KEPT_S, lambda: _read(local_day(now))))


@dataclass(frozen=True, slots=True)
class Course:
    """When a matter came and how it ended: instants and an outcome, nothing of what was said."""

    submitted_at: datetime
    closed_at: datetime | None
    outcome: str


def courses_of(codes: Sequence[str], since: datetime) -> dict[UUID, Course]:
    """Return the course of every matter of these services received since then, by id: for figures of their own."""
    rows = Matter.objects.filter(code__in=list(codes), submitted_at__gte=since)
    return {
        matter_id: Course(submitted_at, closed_at, outcome)
        for matter_id, submitted_at, closed_at, outcome in rows.values_list(
            "id", "submitted_at", "closed_at", "outcome"
        )
    }


def stars_of(codes: Sequence[str], since: datetime) -> tuple[int, float | None]:
    """Return how many rated matters of these services since then, and their mean; None where too few did."""
    found = Rating.objects.filter(code__in=list(codes), at__gte=since).aggregate(
        n=Count("matter_id"), mean=Avg("stars")
    )
    return found["n"], round(float(found["mean"]), 1) if found["n"] >= SMALLEST else None


def forget_kept() -> None:
    """Count anew at the next call."""
    _figures.forget()


def _read(today: date) -> list[Month]:
    last = today.replace(day=1)
    first = _months_before(last, MONTHS - 1)
    params: dict[str, Any] = {
        "first": first,
        "last": last,
        "since": datetime(first.year, first.month, 1, tzinfo=CHINA),
        "until": datetime.combine(_months_before(last, -1), datetime.min.time(), CHINA),
        "days": _working_days(_months_before(first, 24), today),
        "outcomes": list(DECIDED),
        "questions": sorted(plugs.QUESTIONS),
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_MONTH, params)
        return [month_of(row) for row in cursor.fetchall()]


def month_of(row: Sequence[Any]) -> Month:
    """Return one month from the counts, with everything small left out."""
    month, received, decided, in_time, approved, supplemented, median, ratings, stars = row
    enough = decided >= SMALLEST
    return Month(
        month=month,
        received=_shown(received),
        decided=_shown(decided),
        in_time=round(100 * in_time / decided) if enough else None,
        approved=round(100 * approved / decided) if enough else None,
        supplemented=round(100 * supplemented / decided) if enough else None,
        median_days=float(median) if enough else None,
        ratings=_shown(ratings),
        stars=round(float(Decimal(stars)), 1) if ratings >= SMALLEST else None,
    )


def _shown(count: int) -> int | None:
    """Return a count that may be shown: none at all, or enough of them."""
    return count if count == 0 or count >= SMALLEST else None


def _months_before(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _working_days(first: date, last: date) -> list[date]:
    days = queries.calendar().open_days
    return [date.fromordinal(o) for o in days if first.toordinal() <= o <= last.toordinal()]
