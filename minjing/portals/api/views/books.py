"""Money at the workbench: propose less or give back, decide as the second officer, keep the books of the houses."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Router, Status

from minjing.base.clock import local_day, now
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries as matters
from minjing.kernel.pay.actions import differences, refunds, statements, waivers
from minjing.kernel.pay.queries import desk, orders
from minjing.kernel.pay.rules.matching import OWN_REASONS, REASONS
from minjing.portals.api import shapes_books as shapes
from minjing.portals.api.shapes import ErrorOut, TextOut
from minjing.portals.api.shapes_books import DifferenceOneOut, WishOut
from minjing.portals.api.shapes_visits import BookingDay
from minjing.portals.api.views.door import asker

books = Router(tags=["books"])
DayAsked = Annotated[BookingDay, Path()]
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut}


# ---- the fees of a matter -------------------------------------------------------------------------------


@books.get("/matters/{ref}", response={200: list[shapes.BookedOut], **REFUSED})
def of_matter(request: HttpRequest, ref: str) -> list[shapes.BookedOut]:
    """Return what a matter owes and has paid, the oldest fee first."""
    matter = matters.matter(ref, asker(request), now())
    return [shapes.BookedOut.of(sheet) for sheet in orders.of_subject(matter.id)]


@books.post("/matters/{ref}/orders/{uuid:order_id}/waivers", response={201: WishOut, **REFUSED})
def propose_waiver(request: HttpRequest, ref: str, order_id: UUID, data: shapes.WishIn) -> Status[WishOut]:
    """Propose to ask for less; another officer decides."""
    by, at, key = asker(request), now(), str(data.request_id)
    orders.must_be_of(order_id, matters.matter(ref, by, at).id)
    return Status(201, WishOut.of(waivers.propose(order_id, data.fen, data.reason, by=by, now=at, key=key)))


@books.post("/matters/{ref}/orders/{uuid:order_id}/refunds", response={201: WishOut, **REFUSED})
def propose_refund(request: HttpRequest, ref: str, order_id: UUID, data: shapes.WishIn) -> Status[WishOut]:
    """Propose to give part or all of a paid fee back; another officer decides."""
    by, at, key = asker(request), now(), str(data.request_id)
    orders.must_be_of(order_id, matters.matter(ref, by, at).id)
    return Status(201, WishOut.of(refunds.propose(order_id, data.fen, data.reason, by=by, now=at, key=key)))


# ---- what waits for a second officer --------------------------------------------------------------------


@books.get("/wishes", response=list[shapes.WaitingWishOut])
def wishes(request: HttpRequest) -> list[shapes.WaitingWishOut]:
    """Return the waivers and refunds that one's posts may decide, the oldest first."""
    return [shapes.WaitingWishOut.of(wish) for wish in desk.waiting(asker(request))]


@books.put("/waivers/{uuid:waiver_id}", response={200: WishOut, **REFUSED})
def decide_waiver(request: HttpRequest, waiver_id: UUID, data: shapes.WishGrantedIn) -> WishOut:
    """Grant or refuse a waiver that another officer proposed. 409: it was decided already."""
    return WishOut.of(waivers.decide(waiver_id, data.granted, by=asker(request), now=now()))


@books.put("/refunds/{uuid:refund_id}", response={200: WishOut, **REFUSED})
def decide_refund(request: HttpRequest, refund_id: UUID, data: shapes.WishGrantedIn) -> WishOut:
    """Grant or refuse a refund that another officer proposed. 409: it was decided already."""
    return WishOut.of(refunds.decide(refund_id, data.granted, by=asker(request), now=now()))


# ---- the desk -------------------------------------------------------------------------------------------


@books.get("/reasons", response=dict[str, TextOut])
def reasons(request: HttpRequest) -> dict[str, TextOut]:
    """Return what may have become of a difference, by key."""
    return {key: TextOut(**text) for key, text in REASONS.items() if key not in OWN_REASONS}


@books.get("/differences", response={200: list[shapes.DifferenceOut], **REFUSED})
def listed(
    request: HttpRequest, state: Literal["open", "closed"] = "open", mine: bool = False
) -> list[shapes.DifferenceOut]:
    """Return the differences of a state, or of these one's own and nobody's."""
    return [shapes.DifferenceOut.of(row) for row in desk.differences(asker(request), state=state, mine=mine)]


@books.get("/differences/{uuid:difference_id}", response={200: DifferenceOneOut, **REFUSED})
def one(request: HttpRequest, difference_id: UUID) -> DifferenceOneOut:
    """Return one difference beside what is known of its payment."""
    return _one(difference_id, asker(request))


def _one(difference_id: UUID, by: Actor) -> DifferenceOneOut:
    row = desk.difference(difference_id, by)
    order = row.difference.order
    return DifferenceOneOut.of_one(row, orders.sheet(order) if order else None)


@books.post("/differences/{uuid:difference_id}/take", response={200: DifferenceOneOut, **REFUSED})
def take(request: HttpRequest, difference_id: UUID) -> DifferenceOneOut:
    """Take a difference over; return it as it is then."""
    by = asker(request)
    differences.hand_over(difference_id, by.account_id, by=by, now=now())
    return _one(difference_id, by)


@books.post("/differences/{uuid:difference_id}/close", response={200: DifferenceOneOut, **REFUSED})
def close(request: HttpRequest, difference_id: UUID, data: shapes.CloseDifferenceIn) -> DifferenceOneOut:
    """Close one's own difference, or nobody's, with a reason. 409: it was closed already."""
    by = asker(request)
    differences.close(difference_id, data.reason, data.note, by=by, now=now())
    return _one(difference_id, by)


@books.get("/days", response={200: list[shapes.HouseDayOut], **REFUSED})
def days(request: HttpRequest) -> list[shapes.HouseDayOut]:
    """Return the last days of each house with the totals of both sides."""
    return [shapes.HouseDayOut.of(day) for day in desk.days(asker(request), local_day(now()))]


@books.post("/days/{slug:house}/{day}/close", response={200: shapes.ClosedHouseDayOut, **REFUSED})
def close_day(request: HttpRequest, house: str, day: DayAsked) -> shapes.ClosedHouseDayOut:
    """Close a day of a house: every difference is closed, and by somebody else. 409: it was closed already."""
    statements.close_day(house, day, by=asker(request), now=now())
    return shapes.ClosedHouseDayOut(house=house, day=day)
