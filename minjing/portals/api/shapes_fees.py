"""The shapes of paying: fees with their sums, and tries to pay them. Money is integer fen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from minjing.kernel.pay.models import Attempt, Order
from minjing.kernel.pay.queries.orders import Balance, Sheet
from minjing.kernel.pay.words import channel_title
from minjing.portals.api.shapes import Shape, TextOut


class ChannelOut(Shape):
    """One way of paying that this city has."""

    name: str
    title: TextOut

    @staticmethod
    def of(name: str) -> ChannelOut:
        return ChannelOut(name=name, title=TextOut(**channel_title(name)))


class BalanceOut(Shape):
    """What is due, was paid and was given back, from the captures themselves."""

    due_fen: int
    paid_fen: int
    refunded_fen: int
    refunding_fen: int


class FeeOut(Shape):
    """A fee as its payer sees it."""

    id: UUID
    bill_no: str
    subject_id: UUID
    subject_number: str
    purpose: str
    title: TextOut
    state: str
    state_title: TextOut
    total_fen: int
    waived_fen: int
    balance: BalanceOut
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    receipt_id: UUID | None

    @staticmethod
    def of(order: Order, state: Mapping[str, str], balance: Balance) -> FeeOut:
        return FeeOut(**_fee(order, state, balance))


class ItemOut(Shape):
    """One thing that a fee is made of, with the rule it rests on."""

    name: str
    title: TextOut
    fen: int
    basis: dict[str, Any]


class WaiverOut(Shape):
    """What is not asked for."""

    title: TextOut
    fen: int
    percent: int | None


class RefundOut(Shape):
    """Money on its way back."""

    fen: int
    state: str
    state_title: TextOut
    cause: TextOut
    asked_at: datetime
    done_at: datetime | None


class AttemptOut(Shape):
    """One try to pay: `new`, `open` and `failed` are not certain yet; `closed`: no money; `captured`: paid."""

    number: str
    channel: str
    title: TextOut
    fen: int
    state: str
    begun_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    came_back_at: datetime | None

    @staticmethod
    def of(attempt: Attempt) -> AttemptOut:
        return AttemptOut(**_attempt(attempt))


class GoOut(Shape):
    """Where to send the payer.

    `redirect`: open `url`. `form`: post `fields` to `url`. `qr`: show `text` as a QR code. `jsapi`: give `fields` to
    the WeChat browser.
    """

    kind: str
    url: str = ""
    text: str = ""
    fields: dict[str, str] = {}


class AttemptOneOut(AttemptOut):
    """One try to pay with its fee's state; `go` leads to the gateway while the payer may still go there."""

    order_id: UUID
    order_state: str
    go: GoOut | None

    @staticmethod
    def of_one(attempt: Attempt, order_state: str, now: datetime) -> AttemptOneOut:
        goes = attempt.state == "open" and attempt.begun and attempt.expires_at > now
        return AttemptOneOut(
            order_id=attempt.order_id,
            order_state=order_state,
            go=GoOut(**attempt.begun) if goes else None,
            **_attempt(attempt),
        )


class SheetOut(FeeOut):
    """A fee with all that it is made of and what became of each try to pay it."""

    items: list[ItemOut]
    waivers: list[WaiverOut]
    attempts: list[AttemptOut]
    refunds: list[RefundOut]

    @staticmethod
    def of_sheet(sheet: Sheet) -> SheetOut:
        return SheetOut(
            items=[ItemOut.model_validate(item) for item in sheet.items],
            waivers=[WaiverOut.model_validate(waiver) for waiver in sheet.granted],
            attempts=[AttemptOut.of(attempt) for attempt in sheet.attempts],
            refunds=[
                RefundOut(
                    fen=back.refund.fen,
                    state=back.refund.state,
                    state_title=TextOut(**back.state),
                    cause=TextOut(**back.cause),
                    asked_at=back.refund.asked_at,
                    done_at=back.refund.done_at,
                )
                for back in sheet.refunds
            ],
            **_fee(sheet.order, sheet.state, sheet.balance),
        )


class AttemptIn(Shape):
    """A way to pay. The same `request_id` twice is one attempt."""

    channel: str = Field(max_length=20)
    request_id: UUID


def _fee(order: Order, state: Mapping[str, str], balance: Balance) -> dict[str, Any]:
    names = (
        "id", "bill_no", "subject_id", "subject_number", "purpose", "title", "state", "total_fen", "waived_fen",
        "opened_at", "expires_at", "closed_at", "receipt_id",
    )  # fmt: skip
    said = {name: getattr(order, name) for name in names}
    return {**said, "state_title": TextOut(**state), "balance": BalanceOut.model_validate(balance)}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    names = ("number", "channel", "fen", "state", "begun_at", "expires_at", "closed_at", "came_back_at")
    return {**{name: getattr(attempt, name) for name in names}, "title": TextOut(**channel_title(attempt.channel))}
