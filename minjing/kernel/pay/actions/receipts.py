"""Receipts: one signed PDF for each order that was paid."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.papers import actions as papers
from minjing.kernel.pay.actions.orders import locked, owed
from minjing.kernel.pay.models import Capture, Item, Order, Waiver
from minjing.kernel.pay.rules.numbers import grouped
from minjing.kernel.pay.words import channel_title

KIND = "fee_receipt"
TITLE = {"zh": "缴费收据", "en": "Receipt of payment"}
NOTE = {"zh": "说明", "en": "Please note"}
# The truth about what this paper is: only the treasury's own system makes a bill of the treasury.
WHAT_IT_IS = "本收据由平台开具，证明费用已收到；票据号为平台编号。需要财政电子票据的，以财政部门系统开具的为准。"


@transaction.atomic
def issue(order_id: UUID, *, now: datetime) -> UUID | None:
    """Issue the receipt of a paid order and return the paper's id; None when there is nothing to confirm.

    Asked twice, it returns the same. Raises Unknown; Erased when the payer's key is gone.
    """
    order = locked(order_id)
    capture = Capture.objects.select_related("attempt").filter(order_id=order.id, role="settles").first()
    if order.receipt_id is not None or capture is None:
        return order.receipt_id
    paper = papers.issue(
        kind=KIND,
        title=TITLE,
        matter_id=order.id,  # not the matter's: a correction of the matter revokes its papers, not this one
        matter_number=order.subject_number,
        org_id=order.org_id,
        holder_person=order.person_id,
        facts=_facts(order, capture),
        valid_until=None,
        unit_id=order.unit_id,
        by=SYSTEM,
        now=now,
    )
    order.receipt_id = paper.id
    order.save(update_fields=["receipt_id"])
    return paper.id


def _facts(order: Order, capture: Capture) -> list[tuple[dict[str, str], str]]:
    said: list[tuple[dict[str, str], str]] = [
        ({"zh": "票据号", "en": "Bill number"}, grouped(order.bill_no)),
        ({"zh": "缴费事项", "en": "For"}, str(order.title["zh"])),
    ]
    said += [(dict(i.title), _yuan(i.fen)) for i in Item.objects.filter(order_id=order.id).order_by("id")]
    waived = Waiver.objects.filter(order_id=order.id, state="granted").order_by("id")
    said += [(dict(w.title), f"减 {_yuan(w.fen)}") for w in waived]
    return [
        *said,
        ({"zh": "实收金额", "en": "Received"}, _yuan(owed(order))),
        ({"zh": "支付方式", "en": "Paid by"}, channel_title(capture.channel)["zh"]),
        ({"zh": "支付机构流水号", "en": "Their number"}, capture.gateway_no),
        ({"zh": "支付时间", "en": "Paid at"}, f"{capture.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"),
        (NOTE, WHAT_IT_IS),
    ]


def _yuan(fen: int) -> str:
    return f"¥{fen // 100:,}.{fen % 100:02d}"
