"""Reading notices: a person's own inbox, and how delivery goes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q

from minjing.kernel.notify.models import Message
from minjing.kernel.notify.rules import LOST_AFTER, Text


@dataclass(frozen=True, slots=True)
class Notice:
    """One in-app notice as its reader sees it."""

    id: UUID
    template: str
    text: Text
    matter_id: UUID | None
    at: datetime
    read_at: datetime | None


def inbox(account_id: UUID, *, limit: int = 20, before: UUID | None = None) -> list[Notice]:
    """Return the account's in-app notices, newest first; `before` is the id of the last one of the page above."""
    own = Message.objects.filter(account_id=account_id, channel=Message.IN_APP)
    if before is not None:
        own = own.filter(pk__lt=before)
    return [
        Notice(m.pk, m.template, {"zh": m.text_zh, "en": m.text_en}, m.matter_id, m.created_at, m.read_at)
        for m in own.order_by("-id")[:limit]
    ]


def unread_count(account_id: UUID) -> int:
    """Return how many in-app notices the account has not read."""
    return Message.objects.filter(account_id=account_id, channel=Message.IN_APP, read_at__isnull=True).count()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How delivery goes: for /healthz and the administrators."""

    waiting: int
    late: int  # their job has not run at its time
    failed_in_a_day: int
    oldest_s: float


def delivery(now: datetime) -> Delivery:
    """Return how many notices wait, are late or failed."""
    due = Message.objects.filter(state__in=[Message.WAITING, Message.SENDING]).aggregate(
        waiting=Count("pk"),
        late=Count("pk", filter=Q(next_at__lte=now - LOST_AFTER)),
        oldest=Min("created_at"),
    )
    return Delivery(
        due["waiting"],
        due["late"],
        failed_in_a_day(now),
        (now - due["oldest"]).total_seconds() if due["oldest"] else 0.0,
    )


def failed_in_a_day(now: datetime) -> int:
    """Return how many notices of the last 24 hours could not be delivered."""
    return Message.objects.filter(state=Message.FAILED, created_at__gte=now - timedelta(days=1)).count()
