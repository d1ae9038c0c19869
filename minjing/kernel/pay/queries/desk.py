"""Reading the books for the desk: differences with their owners, totals of days, what waits for a second officer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.pay.errors import Unknown
from minjing.kernel.pay.models import Difference, Order, Refund, Statement, Waiver
from minjing.kernel.pay.rights import APPROVE, CLOSE_DAY, RECONCILE, require
from minjing.kernel.pay.rules.matching import KINDS, REASONS
from minjing.kernel.pay.words import house_title

Text = Mapping[str, str]
LISTED = 200
DAYS = 14


@dataclass(frozen=True, slots=True)
class Row:
    """One difference as the desk shows it."""

    difference: Difference
    kind: Text
    house: Text
    owner: str
    mine: bool
    reason: Text | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a house: what we have, what they say, what is open."""

    house: str
    title: Text
    day: date
    state: str  # awaited, read, closed
    fault: str
    our_paid_fen: int
    our_refunded_fen: int
    their_paid_fen: int
    their_refunded_fen: int
    charge_fen: int
    lines: int
    found: int
    open: int
    all: int

    @property
    def agrees(self) -> bool:
        """Say whether the totals are the same."""
        ours, theirs = (self.our_paid_fen, self.our_refunded_fen), (self.their_paid_fen, self.their_refunded_fen)
        return self.state != "awaited" and ours == theirs


def differences(by: Actor, *, state: str = "open", mine: bool = False, day: date | None = None) -> list[Row]:
    """Return the differences of a state, the oldest first. Raises NotAllowed."""
    require(by, RECONCILE) if not _closes(by) else None
    found = Difference.objects.filter(state=state)
    if mine:
        found = found.filter(owner_id__in=[by.account_id, SYSTEM.account_id])
    if day is not None:
        found = found.filter(day=day)
    rows = list(found.order_by("opened_at" if state == "open" else "-closed_at", "id")[:LISTED])
    return _rows(rows, by)


def difference(difference_id: UUID, by: Actor) -> Row:
    """Return one difference. Raises NotAllowed, Unknown."""
    require(by, RECONCILE) if not _closes(by) else None
    found = Difference.objects.filter(id=difference_id).first()
    if found is None:
        raise Unknown
    return _rows([found], by)[0]


def _closes(by: Actor) -> bool:
    return any(CLOSE_DAY in h.acts for h in by.holdings)


def _rows(rows: Sequence[Difference], by: Actor) -> list[Row]:
    people = Account.objects.filter(id__in={d.owner_id for d in rows})
    names = {a.id: f"{a.display_name} {a.police_number}".strip() or a.login for a in people}
    return [
        Row(
            d,
            KINDS[d.kind],
            house_title(d.house),
            names.get(d.owner_id, ""),
            d.owner_id == by.account_id,
            REASONS.get(d.reason),
        )
        for d in rows
    ]


def open_counts(by: Actor) -> tuple[int, int]:
    """Return how many differences are open, and how many of them are the asker's."""
    counted = Difference.objects.filter(state="open").aggregate(
        all=Count("id"), mine=Count("id", filter=Q(owner_id__in=[by.account_id, SYSTEM.account_id]))
    )
    return counted["all"], counted["mine"]


_DAYS = """
SELECT s.house, s.day, s.state, s.fault, coalesce(c.fen, 0), coalesce(r.fen, 0), s.paid_fen, s.refunded_fen,
    s.charge_fen, s.lines, s.found, coalesce(d.open, 0), coalesce(d.every, 0)
FROM pay_statement s
LEFT JOIN LATERAL (SELECT sum(fen) AS fen FROM pay_capture WHERE house = s.house AND day = s.day) c ON true
LEFT JOIN LATERAL (
    SELECT sum(fen) AS fen FROM pay_refund WHERE house = s.house AND day = s.day AND state = 'done') r ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS every, count(*) FILTER (WHERE state = 'open') AS open
    FROM pay_difference WHERE house = s.house AND day = s.day) d ON true
WHERE s.day > %s - %s ORDER BY s.day DESC, s.house
"""


def days(by: Actor, today: date, *, count: int = DAYS) -> list[Day]:
    """Return the last days of each house with totals of both sides. Raises NotAllowed."""
    require(by, RECONCILE) if not _closes(by) else None
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [today, count])
        return [Day(row[0], house_title(row[0]), *row[1:]) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Wish:
    """A waiver or refund that waits for a second officer."""

    kind: str  # waiver, refund
    id: UUID
    order: Order
    fen: int
    reason: str
    by: str
    own: bool  # the asker proposed it: another one decides


def waiting(by: Actor) -> list[Wish]:
    """Return what the asker's posts may decide, in their units, the oldest first."""
    paths = [h.unit_path for h in by.holdings if APPROVE in h.acts]
    if not paths:
        return []
    under = Q()
    for path in paths:
        under |= Q(path__startswith=path)
    units = set(Unit.objects.filter(under).values_list("id", flat=True))
    waivers = list(Waiver.objects.filter(state="proposed", order__unit_id__in=units).select_related("order"))
    refunds = list(Refund.objects.filter(state="proposed", order__unit_id__in=units).select_related("order"))
    both: list[tuple[str, Waiver | Refund]] = [("waiver", w) for w in waivers]
    both += [("refund", r) for r in refunds]
    people = Account.objects.filter(id__in={w.asked_by for _, w in both})
    names = {a.id: f"{a.display_name} {a.police_number}".strip() or a.login for a in people}
    both.sort(key=lambda pair: pair[1].asked_at)
    return [
        Wish(
            kind,
            wish.id,
            wish.order,
            wish.fen,
            wish.reason,
            names.get(wish.asked_by, ""),
            wish.asked_by == by.account_id,
        )
        for kind, wish in both[:LISTED]
    ]


def statement(house: str, day: date) -> Statement | None:
    """Return the bill of a day."""
    return Statement.objects.filter(house=house, day=day).first()
