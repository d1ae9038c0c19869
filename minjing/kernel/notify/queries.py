"""Reading notices: a person's own inbox, and how delivery goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDate

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.notify import addresses, wording
from minjing.kernel.notify.models import Address, Batch, Carrier, Message, Wishes
from minjing.kernel.notify.rights import must_post
from minjing.kernel.notify.rules import (
    CHANNELS,
    CHOOSABLE,
    IN_APP,
    LETTER,
    LOST_AFTER,
    REACHING,
    REPORT_LOST_AFTER,
    SMS,
    UNDELIVERED,
    WECHAT,
    Text,
    Topic,
    occasion,
    routes,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One in-app notice as its reader sees it."""

    id: UUID
    template: str
    text: Text
    matter_id: UUID | None
    at: datetime
    read_at: datetime | None
    dedupe: str = ""


def inbox(account_id: UUID, *, limit: int = 20, before: UUID | None = None) -> list[Notice]:
    """Return the account's in-app notices, newest first; `before` is the id of the last one of the page above."""
    own = Message.objects.filter(account_id=account_id, channel=Message.IN_APP)
    if before is not None:
        at = own.filter(pk=before).values("created_at")[:1]
        own = own.filter(created_at__lte=at).filter(Q(created_at__lt=at) | Q(pk__lt=before))
    return [
        Notice(m.pk, m.template, {"zh": m.text_zh, "en": m.text_en}, m.matter_id, m.created_at, m.read_at, m.dedupe)
        for m in own.order_by("-created_at", "-id")[:limit]
    ]


# What a notice's reader is told of its other channels.
@dataclass(frozen=True, slots=True)
class Way:
    """How one notice went by one channel."""

    channel: str
    state: str
    report: str
    fault: str
    at: datetime | None  # sent, or when it will be tried


def ways_of(notices: Sequence[Notice]) -> dict[UUID, list[Way]]:
    """Return how each notice went by the other channels, by one query."""
    about = {occasion(n.dedupe): n.id for n in notices}
    keys = [f"{one}:{channel}" for one in about for channel in CHANNELS if channel != IN_APP]
    found: dict[UUID, list[Way]] = {}
    for m in Message.objects.filter(dedupe__in=keys).exclude(state=Message.SKIPPED).order_by("id"):
        way = Way(m.channel, m.state, m.report, m.fault, m.sent_at or m.next_at)
        found.setdefault(about[occasion(m.dedupe)], []).append(way)
    return found


# Each page asks it: written out, so that it is planned once, and with the channel in it, so that its index serves.
_UNREAD = "SELECT count(*) FROM notify_message WHERE account_id = %s AND channel = 'in_app' AND read_at IS NULL"


def unread_count(account_id: UUID) -> int:
    """Return how many in-app notices the account has not read."""
    with prepared_cursor() as cursor:
        cursor.execute(_UNREAD, [account_id])
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Delivery:
    """How delivery goes: for /healthz and the administrators."""

    waiting: int
    late: int  # their job has not run at its time
    failed_in_a_day: int
    oldest_s: float


def delivery(now: datetime) -> Delivery:
    """Return how many notices wait, are late or failed."""
    waits = Message.objects.filter(state__in=[Message.WAITING, Message.SENDING]).exclude(channel=LETTER)
    due = waits.aggregate(
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


@dataclass(frozen=True, slots=True)
class Bound:
    """An address of one's own, as its owner sees it."""

    id: UUID
    channel: str
    label: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """One topic with the channels it goes by now, whether wished or the city's way."""

    topic: Topic
    on: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a person is told now."""

    usable: Sequence[str]
    bound: Sequence[Bound]
    waiting_email: str  # the masked address whose link has not been opened, "" for none
    choices: Sequence[Choice]
    quiet: str  # as they set it; "" the city's


def wanted(account_id: UUID, now: datetime) -> Wanted:
    """Return how the account is told, and where it is reached."""
    usable = addresses.channels_of(account_id)
    wishes = Wishes.objects.filter(pk=account_id).first()
    mine = Address.objects.filter(account_id=account_id)
    bound = [
        Bound(a.pk, a.channel, a.label, a.confirmed_at)
        for a in mine.filter(confirmed_at__isnull=False, ended_at__isnull=True).order_by("confirmed_at")
        if a.confirmed_at
    ]
    waiting = mine.filter(channel="email", confirmed_at__isnull=True, confirm_until__gt=now).first()
    choices = [
        Choice(topic, routes(topic, wishes.channels.get(name) if wishes else None, usable))
        for name, topic in wording.topics().items()
    ]
    shown = [c for c in CHOOSABLE if c in usable]
    return Wanted(shown, bound, waiting.label if waiting else "", choices, wishes.quiet if wishes else "")


# ---- for those who watch over delivery ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """How one channel did in a span of time."""

    channel: str
    sent: int
    failed: int
    delivered: int
    undelivered: int
    unreported: int  # sent long ago, and no report came
    waiting: int


def figures(since: datetime, now: datetime) -> list[Figure]:
    """Return how each channel did since then; numbers only, nobody's messages."""
    rows = Message.objects.filter(created_at__gte=since).values("channel")
    late = Q(state=Message.SENT, report="", sent_at__lt=now - REPORT_LOST_AFTER)
    counted: dict[str, dict[str, Any]] = {
        str(row["channel"]): dict(row)
        for row in rows.annotate(
            sent=Count("pk", filter=Q(state=Message.SENT)),
            failed=Count("pk", filter=Q(state=Message.FAILED)),
            delivered=Count("pk", filter=Q(report="delivered") | Q(channel=IN_APP, read_at__isnull=False)),
            undelivered=Count("pk", filter=Q(report=UNDELIVERED)),
            unreported=Count("pk", filter=late & Q(channel__in=[SMS, WECHAT])),
            waiting=Count("pk", filter=Q(state__in=[Message.WAITING, Message.SENDING])),
        )
    }
    names = ("sent", "failed", "delivered", "undelivered", "unreported", "waiting")
    nothing: dict[str, Any] = dict.fromkeys(names, 0)
    return [Figure(c, **{name: counted.get(c, nothing)[name] for name in names}) for c in CHANNELS]


def by_day(since: datetime) -> dict[str, dict[date, tuple[int, int]]]:
    """Return for each channel and day in China how many were sent and how many failed."""
    rows = (
        Message.objects.filter(created_at__gte=since, state__in=[Message.SENT, Message.FAILED])
        .annotate(day=TruncDate("created_at", tzinfo=CHINA))
        .values("channel", "day")
        .annotate(sent=Count("pk", filter=Q(state=Message.SENT)), failed=Count("pk", filter=Q(state=Message.FAILED)))
    )
    found: dict[str, dict[date, tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row["channel"], {})[row["day"]] = (row["sent"], row["failed"])
    return found


@dataclass(frozen=True, slots=True)
class Health:
    """How one SMS provider fares."""

    name: str
    share: int
    resting: int
    faults: int
    fault: str
    fault_at: datetime | None
    sent_in_a_day: int


def carriers(resting: Mapping[str, int], now: datetime) -> list[Health]:
    """Return how the SMS providers fare; one without a row has never been in trouble."""
    rows = {c.name: c for c in Carrier.objects.all()}
    sent = dict(
        Message.objects.filter(channel=SMS, state=Message.SENT, sent_at__gte=now - timedelta(days=1))
        .values_list("carrier")
        .annotate(n=Count("pk"))
    )
    found = []
    for name, rest in resting.items():
        row = rows.get(name)
        state = (row.share, rest, row.faults, row.fault, row.fault_at) if row else (rest, rest, 0, "", None)
        found.append(Health(name, *state, sent.get(name, 0)))
    return found


def batches(by: Actor, limit: int = 30) -> list[Batch]:
    """Return the newest batches of letters. Raises identity's NotAllowed."""
    must_post(by)
    return list(Batch.objects.order_by("-made_at")[:limit])


def batch(batch_id: UUID, by: Actor) -> Batch:
    """Return one batch. Raises identity's NotAllowed, Unknown."""
    must_post(by)
    found = Batch.objects.filter(pk=batch_id).first()
    if found is None:
        raise Unknown
    return found


def letters_of(found: Batch) -> list[tuple[str, Message]]:
    """Return the letters of a batch with their numbers, without names, which stand in the printed list only."""
    rows = Message.objects.filter(batch_id=found.pk).order_by("id")
    return [(f"{found.number}-{at:03d}", letter) for at, letter in enumerate(rows, 1)]


def letters_waiting() -> int:
    """Return how many letters wait for the next batch."""
    return Message.objects.filter(channel=LETTER, state=Message.WAITING).count()


def unreached(since: datetime) -> int:
    """Return how many notices that the law wants told reached nobody by any channel since then."""
    failed = Q(state=Message.FAILED) | Q(report=UNDELIVERED)
    lost = Message.objects.filter(failed, channel__in=REACHING, created_at__gte=since, account_id__isnull=False)
    keys = {occasion(d) for d in lost.values_list("dedupe", flat=True)}
    others = Message.objects.filter(
        dedupe__in=[f"{k}:{c}" for k in keys for c in REACHING],
        state__in=[Message.SENT, Message.WAITING, Message.SENDING],
    ).exclude(report=UNDELIVERED)
    return len(keys - {occasion(d) for d in others.values_list("dedupe", flat=True)})


def failed_in_a_day(now: datetime) -> int:
    """Return how many notices of the last 24 hours could not be delivered."""
    return Message.objects.filter(state=Message.FAILED, created_at__gte=now - timedelta(days=1)).count()
