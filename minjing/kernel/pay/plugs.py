"""What others hang into pay: what happens when a fee is settled or out of time. Filled in their `apps.ready()`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from minjing.kernel.identity.actor import Actor

if TYPE_CHECKING:
    from minjing.kernel.pay.models import Order


class Callback(Protocol):
    """Runs in the transaction that changed the order; an exception undoes the change, and it is tried again."""

    def __call__(self, order: Order, *, by: Actor, now: datetime) -> None: ...


class PayerOf(Protocol):
    """Says who the payer is at the gateway (the openid bound to the account), "" when nobody is bound."""

    def __call__(self, channel: str, account_id: UUID) -> str: ...


SETTLED: list[Callback] = []
EXPIRED: list[Callback] = []
PAYERS: list[PayerOf] = []


def on_settled(call: Callback) -> Callback:
    """Register what follows when an order is paid in full, or nothing of it is due any more."""
    if call not in SETTLED:
        SETTLED.append(call)
    return call


def on_expired(call: Callback) -> Callback:
    """Register what follows when an order is out of time and certainly unpaid."""
    if call not in EXPIRED:
        EXPIRED.append(call)
    return call


def payer_of(call: PayerOf) -> PayerOf:
    """Register who knows the payers' names at a gateway."""
    if call not in PAYERS:
        PAYERS.append(call)
    return call


def payer(channel: str, account_id: UUID) -> str:
    """Return the payer's name at the gateway, "" when nobody knows it."""
    return next((said for said in (ask(channel, account_id) for ask in PAYERS) if said), "")
