"""What time does by itself: questions whose job was lost, orders out of time, receipts not made, old requests."""

from __future__ import annotations

from datetime import datetime, timedelta

from minjing.base.apart import apart
from minjing.kernel.pay import jobs
from minjing.kernel.pay.actions.orders import expire
from minjing.kernel.pay.models import Attempt, Order, Refund, Request

LOST_AFTER = timedelta(seconds=45)  # a job that has not run so long after its time is taken to be lost
REQUESTS_KEPT = timedelta(days=30)
SWEPT = 500


def sweep(now: datetime) -> int:
    """Give new jobs to what lost its own, and let orders go out of time; return how many things were found."""
    late = now - LOST_AFTER
    asked = list(Attempt.objects.filter(next_at__lte=late).order_by("next_at").values_list("id", flat=True)[:SWEPT])
    sent = list(Refund.objects.filter(next_at__lte=late).order_by("next_at").values_list("id", flat=True)[:SWEPT])
    paid = Order.objects.filter(state="settled", receipt_id__isnull=True, closed_at__lte=late)
    unread = list(paid.filter(captures__role="settles").order_by("closed_at").values_list("id", flat=True)[:SWEPT])
    jobs.enqueue(jobs.ASK, asked)
    jobs.enqueue(jobs.SEND_REFUND, sent)
    jobs.enqueue(jobs.RECEIPT, unread)
    over = list(Order.objects.filter(state="open", expires_at__lte=now).values_list("id", flat=True)[:SWEPT])
    for order_id in over:
        with apart("An order could not end", order_id):
            expire(order_id, now=now)
    Request.objects.filter(at__lt=now - REQUESTS_KEPT).delete()
    return len(asked) + len(sent) + len(unread) + len(over)
