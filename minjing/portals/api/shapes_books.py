"""The shapes of money at the workbench: fees with what may be proposed, wishes, differences, days of the houses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from minjing.kernel.pay.models import Refund, Waiver
from minjing.kernel.pay.queries import desk
from minjing.kernel.pay.queries.orders import Sheet
from minjing.portals.api.shapes import Shape, TextOut, Words
from minjing.portals.api.shapes_fees import SheetOut

Fen = Annotated[int, Field(ge=1, le=2**31 - 1)]


class BookedOut(Shape):
    """A fee of a matter with what an officer may propose: less while it is open, back once it is paid."""

    sheet: SheetOut
    left_fen: int  # at most so much may go back
    waiver_waits: bool  # another officer has to decide on one first

    @staticmethod
    def of(sheet: Sheet) -> BookedOut:
        return BookedOut(
            sheet=SheetOut.of_sheet(sheet), left_fen=sheet.left_fen, waiver_waits=sheet.waiting_waiver is not None
        )


class WishOut(Shape):
    """A waiver or a refund that was proposed, and what was decided on it."""

    id: UUID
    order_id: UUID
    fen: int
    reason: str
    state: str

    @staticmethod
    def of(wish: Waiver | Refund) -> WishOut:
        return WishOut(id=wish.id, order_id=wish.order_id, fen=wish.fen, reason=wish.reason, state=wish.state)


class WaitingWishOut(Shape):
    """A waiver or a refund that waits for a second officer; `own`: the asker proposed it, another one decides."""

    kind: str
    id: UUID
    order_id: UUID
    subject_number: str
    title: TextOut
    fen: int
    reason: str
    by: str
    own: bool

    @staticmethod
    def of(wish: desk.Wish) -> WaitingWishOut:
        return WaitingWishOut(
            order_id=wish.order.id,
            subject_number=wish.order.subject_number,
            title=TextOut(**wish.order.title),
            **{name: getattr(wish, name) for name in ("kind", "id", "fen", "reason", "by", "own")},
        )


class DifferenceOut(Shape):
    """Something in the books that does not fit, and who takes care of it; `owner` is empty where nobody does yet."""

    id: UUID
    day: date
    house: TextOut
    kind: str
    kind_title: TextOut
    number: str
    gateway_no: str
    our_fen: int | None
    their_fen: int | None
    state: str
    owner: str
    mine: bool
    reason: str
    note: str
    opened_at: datetime
    closed_at: datetime | None

    @staticmethod
    def of(row: desk.Row) -> DifferenceOut:
        return DifferenceOut(**_difference(row))


class DifferenceOneOut(DifferenceOut):
    """A difference beside the fee that it is about, where our books have one."""

    fee: BookedOut | None

    @staticmethod
    def of_one(row: desk.Row, sheet: Sheet | None) -> DifferenceOneOut:
        return DifferenceOneOut(fee=BookedOut.of(sheet) if sheet else None, **_difference(row))


def _difference(row: desk.Row) -> dict[str, Any]:
    names = (
        "id", "day", "kind", "number", "gateway_no", "our_fen", "their_fen", "state", "reason", "note", "opened_at",
        "closed_at",
    )  # fmt: skip
    said = {name: getattr(row.difference, name) for name in names}
    titles = {"house": TextOut(**row.house), "kind_title": TextOut(**row.kind)}
    return {**said, **titles, "owner": row.owner, "mine": row.mine}


class HouseDayOut(Shape):
    """A day of a house: what we have, what its bill says, how many differences are open."""

    house: str
    title: TextOut
    day: date
    state: str
    our_paid_fen: int
    our_refunded_fen: int
    their_paid_fen: int
    their_refunded_fen: int
    charge_fen: int
    open: int
    agrees: bool

    @staticmethod
    def of(day: desk.Day) -> HouseDayOut:
        names = (
            "house", "day", "state", "our_paid_fen", "our_refunded_fen", "their_paid_fen", "their_refunded_fen",
            "charge_fen", "open", "agrees",
        )  # fmt: skip
        return HouseDayOut(title=TextOut(**day.title), **{name: getattr(day, name) for name in names})


class ClosedHouseDayOut(Shape):
    """The day that was closed."""

    house: str
    day: date


class WishIn(Shape):
    """How much, and why, without names. The same `request_id` twice is one proposal."""

    fen: Fen
    reason: Words = Field(max_length=2000)
    request_id: UUID


class WishGrantedIn(Shape):
    """Whether what was proposed is granted."""

    granted: bool


class CloseDifferenceIn(Shape):
    """What became of a difference (a key of `/books/reasons`), and how it was checked."""

    reason: Words = Field(max_length=40)
    note: Words = Field(max_length=2000)
