"""Residents' fees: what is due, begin to pay it by a channel, and ask what became of the try."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Status

from minjing.base.clock import now
from minjing.kernel.identity.clients import address
from minjing.kernel.matters import actions as matters
from minjing.kernel.papers import queries as papers
from minjing.kernel.pay.actions import attempts, receipts
from minjing.kernel.pay.channels import channels
from minjing.kernel.pay.errors import Unknown
from minjing.kernel.pay.queries import orders
from minjing.portals.api import shapes_fees as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.shapes_visits import Instant
from minjing.portals.api.views.door import resident

fees = Router(tags=["fees"])
Number = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{8,32}$")]
Before = Annotated[Instant | None, Query()]
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut, 429: ErrorOut}


@fees.get("", response=list[shapes.FeeOut])
def mine(request: HttpRequest, limit: int = 50, before: Before = None) -> list[shapes.FeeOut]:
    """Return one's own fees, the newest first; `before` is the `opened_at` of the last one seen."""
    listed = orders.mine(resident(request), limit=max(1, min(limit, 200)), before=before)
    return [shapes.FeeOut.of(order, state, balance) for order, state, balance in listed]


@fees.get("/channels", response=list[shapes.ChannelOut])
def ways(request: HttpRequest) -> list[shapes.ChannelOut]:
    """Return the ways of paying that this city has, in its order; where each works, its gateway says."""
    resident(request)
    return [shapes.ChannelOut.of(name) for name in channels()]


@fees.get("/{uuid:order_id}", response={200: shapes.SheetOut, **REFUSED})
def one(request: HttpRequest, order_id: UUID) -> shapes.SheetOut:
    """Return one's own fee with its sums, its attempts and what goes back."""
    return shapes.SheetOut.of_sheet(orders.one(order_id, resident(request)))


@fees.get("/{uuid:order_id}/receipt.pdf")
def receipt(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Return the signed receipt of one's own fee as PDF; where the job has not made it yet, it is made now."""
    order = orders.own(order_id, resident(request))
    paper_id = receipts.issue(order.id, now=now())
    if paper_id is None:
        raise Unknown
    headers = {"Cache-Control": "no-store, private"}
    return HttpResponse(papers.pdf(paper_id), content_type="application/pdf", headers=headers)


@fees.post("/{uuid:order_id}/attempts", response={201: shapes.AttemptOneOut, **REFUSED})
def begin(request: HttpRequest, order_id: UUID, data: shapes.AttemptIn) -> Status[shapes.AttemptOneOut]:
    """Begin to pay; `go` says where to send the payer. The same request twice is one attempt."""
    by, at = resident(request), now()
    order = orders.own(order_id, by)
    matters.require_level_to_pay(order.subject_id, by=by, now=at)
    attempt = attempts.begin(
        order_id, data.channel, by=by, now=at, key=str(data.request_id), payer_ip=address(request)
    )
    return Status(201, shapes.AttemptOneOut.of_one(attempt, order.state, at))


@fees.get("/attempts/{number}", response={200: shapes.AttemptOneOut, **REFUSED})
def attempt(request: HttpRequest, number: Number) -> shapes.AttemptOneOut:
    """Return what is known of one's own attempt; the gateway is asked in its own time."""
    sheet, found = orders.of_attempt(number, resident(request))
    return shapes.AttemptOneOut.of_one(found, sheet.order.state, now())


@fees.post("/attempts/{number}/ask", response={200: shapes.AttemptOneOut, **REFUSED})
def ask(request: HttpRequest, number: Number) -> shapes.AttemptOneOut:
    """Say that one has paid: the gateway is asked at once, and its answer stands here a little later."""
    by, at = resident(request), now()
    orders.of_attempt(number, by)  # first the right, then the question
    attempts.came_back(number, now=at)
    sheet, found = orders.of_attempt(number, by)
    return shapes.AttemptOneOut.of_one(found, sheet.order.state, at)
