"""Reading the leaves to hide looks: one's own, those to decide on, and the count that everybody may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from minjing.base.clock import local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Text
from minjing.kernel.identity.models import HiddenLook, HiddenTally, Unit
from minjing.kernel.identity.queries.accounts import require
from minjing.kernel.identity.reasons import Reason, hidden_bases
from minjing.kernel.identity.rules import APPROVE_HIDDEN, months_before

MONTHS = 12


@dataclass(frozen=True, slots=True)
class LeaveRow:
    """A leave to hide looks as it is listed: whose looks, on what ground, until when; never at whom."""

    id: UUID
    officer: str
    police_number: str
    unit: Text
    basis: Reason
    asked_at: datetime
    until: datetime
    state: str  # asked, granted, refused, ended, over
    decided_at: datetime | None
    approver: str
    own: bool


def my_hidden(by: Actor, now: datetime, limit: int = 50) -> list[LeaveRow]:
    """Return the leaves one has asked for, the latest first."""
    return _rows(HiddenLook.objects.filter(account_id=by.account_id).order_by("-asked_at")[:limit], by, now)


def hidden_to_decide(by: Actor, now: datetime) -> list[LeaveRow]:
    """Return the requests that wait for a decision in one's units, oldest first; one's own are not among them."""
    rows = HiddenLook.objects.filter(_mine(by), decided_at__isnull=True, until__gt=now)
    apart = Q(account_id=by.account_id) | Q(acts_for_id=by.account_id)
    return _rows(rows.exclude(apart).order_by("asked_at"), by, now)


def hidden_in_force(by: Actor, now: datetime) -> list[LeaveRow]:
    """Return the leaves in force in one's units, those that end first on top: whoever may give one may end it."""
    rows = HiddenLook.objects.filter(_mine(by), granted=True, ended_at__isnull=True, until__gt=now)
    return _rows(rows.order_by("until"), by, now)


def _mine(by: Actor) -> Q:
    require(by, APPROVE_HIDDEN)
    paths = [Q(unit__path__startswith=h.unit_path) for h in by.holdings if APPROVE_HIDDEN in h.acts]
    return reduce(or_, paths)


def _rows(leaves: QuerySet[HiddenLook], by: Actor, now: datetime) -> list[LeaveRow]:
    return [
        LeaveRow(
            row.pk,
            row.account.display_name,
            row.account.police_number,
            row.unit.name,
            hidden_bases()[row.basis],
            row.asked_at,
            row.until,
            _state(row, now),
            row.decided_at,
            row.approver.display_name if row.approver else "",
            row.account_id == by.account_id,
        )
        for row in leaves.select_related("account", "unit", "approver")
    ]


def _state(row: HiddenLook, now: datetime) -> str:
    if row.granted is False:
        return "refused"
    if row.ended_at is not None:
        return "ended"
    if row.until <= now:
        return "over"
    return "granted" if row.granted else "asked"


@dataclass(frozen=True, slots=True)
class HiddenCount:
    """How many looks a unit hid in each month."""

    unit_code: str
    unit: Text
    level: str
    by_month: Sequence[int]  # as `HiddenCounts.months`

    @property
    def total(self) -> int:
        """Return the looks of all the months."""
        return sum(self.by_month)


@dataclass(frozen=True, slots=True)
class HiddenCounts:
    """What the open portal shows: every unit, noughts included, for the months that are over, the latest first."""

    months: Sequence[date]
    rows: Sequence[HiddenCount]

    @property
    def totals(self) -> list[int]:
        """Return the looks of the whole city by month."""
        return [sum(row.by_month[n] for row in self.rows) for n in range(len(self.months))]


def hidden_counts(now: datetime) -> HiddenCounts:
    """Return how many looks each unit hid in each of the last twelve months that are over.

    The month that runs is not told: a count that grows while one watches would tell whom it is about.
    """
    months = months_before(local_day(now), MONTHS)
    tallies = HiddenTally.objects.filter(month__in=months).values_list("unit_id", "month", "looks")
    counted = {(unit, month): looks for unit, month, looks in tallies}
    units = Unit.objects.order_by("path")
    rows = [
        HiddenCount(unit.code, unit.name, unit.level, [counted.get((unit.pk, month), 0) for month in months])
        for unit in units
    ]
    return HiddenCounts(months, rows)
