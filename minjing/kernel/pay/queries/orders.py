"""Reading orders: one's own, one of a matter, and what was paid and given back of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from minjing.kernel.identity.actor import Actor
from minjing.kernel.pay.errors import Unknown
from minjing.kernel.pay.models import Attempt, Capture, Item, Order, Refund, Waiver
from minjing.kernel.pay.rights import is_payer
from minjing.kernel.pay.rules.numbers import grouped
from minjing.kernel.pay.words import CAUSES, ORDER_STATES, REFUND_STATES, channel_title

Text = Mapping[str, str]
LISTED = 50


@dataclass(frozen=True, slots=True)
class Balance:
    """What an order was paid and given back: the view pay_balance."""

    due_fen: int
    paid_fen: int
    refunded_fen: int
    refunding_fen: int

    @property
    def kept_fen(self) -> int:
        """Return what of the payer's money is still with us."""
        return self.paid_fen - self.refunded_fen


@dataclass(frozen=True, slots=True)
class Back:
    """A refund as its payer or an officer sees it."""

    refund: Refund
    state: Text
    cause: Text


@dataclass(frozen=True, slots=True)
class Sheet:
    """One order with everything that a page says of it."""

    order: Order
    state: Text
    bill: str
    balance: Balance
    items: Sequence[Item]
    waivers: Sequence[Waiver]
    attempts: Sequence[Attempt]
    captures: Sequence[Capture]
    refunds: Sequence[Back]

    @property
    def settling(self) -> Capture | None:
        """Return the capture that settled it."""
        return next((c for c in self.captures if c.role == "settles"), None)

    @property
    def left_fen(self) -> int:
        """Return how much of what settled it may still go back."""
        return self.settling.fen - self.settling.refunding_fen if self.settling else 0

    @property
    def paid_by(self) -> Text | None:
        """Return the name of the way it was paid."""
        return channel_title(self.settling.channel) if self.settling else None

    @property
    def granted(self) -> Sequence[Waiver]:
        """Return the waivers that count."""
        return [w for w in self.waivers if w.state == "granted"]

    @property
    def waiting_waiver(self) -> Waiver | None:
        """Return the waiver that another officer has to decide."""
        return next((w for w in self.waivers if w.state == "proposed"), None)

    @property
    def living(self) -> Attempt | None:
        """Return the attempt whose outcome is not known yet, the newest of them."""
        left = [a for a in self.attempts if a.state in ("new", "open", "failed")]
        return left[-1] if left else None


def one(order_id: UUID, by: Actor) -> Sheet:
    """Return the asker's own order. Raises Unknown."""
    return sheet(own(order_id, by))


def own(order_id: UUID, by: Actor) -> Order:
    """Return the asker's own order, the row alone. Raises Unknown."""
    order = Order.objects.filter(id=order_id).first()
    if order is None or not is_payer(by, order):
        raise Unknown
    return order


def of_attempt(number: str, by: Actor) -> tuple[Sheet, Attempt]:
    """Return the asker's own attempt with its order. Raises Unknown."""
    found = Attempt.objects.filter(number=number).select_related("order").first()
    if found is None or not is_payer(by, found.order):
        raise Unknown
    return sheet(found.order), found


def of_subject(subject: UUID) -> list[Sheet]:
    """Return the orders of a matter, the oldest first; the caller has checked the asker's right on the matter."""
    return [sheet(order) for order in Order.objects.filter(subject_id=subject).order_by("opened_at", "id")]


def must_be_of(order_id: UUID, subject: UUID) -> None:
    """Raise Unknown unless the order is the matter's; the caller has checked the asker's right on the matter."""
    if not Order.objects.filter(id=order_id, subject_id=subject).exists():
        raise Unknown


def newest_of_subject(subject: UUID) -> Order | None:
    """Return the newest order of a matter; the caller has checked the asker's right on the matter."""
    return Order.objects.filter(subject_id=subject).order_by("-opened_at", "-id").first()


def mine(by: Actor, *, limit: int = LISTED, before: datetime | None = None) -> list[tuple[Order, Text, Balance]]:
    """Return the asker's own orders, the newest first, with state and balance."""
    own = Q(account_id=by.account_id)
    if by.person_id is not None:
        own |= Q(person_id=by.person_id)
    found = Order.objects.filter(own)
    if before is not None:
        found = found.filter(opened_at__lt=before)
    orders = list(found.order_by("-opened_at", "-id")[:limit])
    amounts = balances(o.id for o in orders)
    return [(o, ORDER_STATES[o.state], amounts[o.id]) for o in orders]


def to_pay(account_ids: Iterable[UUID]) -> int:
    """Return how many orders of these accounts wait to be paid."""
    return Order.objects.filter(account_id__in=list(account_ids), state="open").count()


def sheet(order: Order) -> Sheet:
    """Return everything that a page says of an order."""
    attempts = list(Attempt.objects.filter(order_id=order.id).order_by("seq"))
    # Money comes in by an attempt and goes back from what came in: without one nothing else is asked for.
    captures = Capture.objects.filter(order_id=order.id).order_by("recorded_at", "id") if attempts else ()
    refunds = Refund.objects.filter(order_id=order.id).order_by("seq") if captures else ()
    return Sheet(
        order=order,
        state=ORDER_STATES[order.state],
        bill=grouped(order.bill_no),
        balance=balances([order.id])[order.id],
        items=list(Item.objects.filter(order_id=order.id).order_by("id")),
        waivers=list(Waiver.objects.filter(order_id=order.id).order_by("asked_at", "id")),
        attempts=attempts,
        captures=list(captures),
        refunds=[Back(r, REFUND_STATES[r.state], CAUSES[r.cause]) for r in refunds],
    )


_BALANCES = """
SELECT order_id, due_fen, paid_fen, refunded_fen, refunding_fen FROM pay_balance WHERE order_id = ANY(%s::uuid[])
"""


def balances(order_ids: Iterable[UUID]) -> dict[UUID, Balance]:
    """Return what was paid and given back of each order."""
    wanted = list(order_ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, [[str(i) for i in wanted]])
        return {row[0]: Balance(*(int(n) for n in row[1:])) for row in cursor.fetchall()}
