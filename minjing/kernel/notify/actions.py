"""Telling people: notices are stored with the act, sent by jobs, and never sent twice."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import addresses
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.rules import LEASE, LOST_AFTER, SMS_CHARS_MAX, Text, code_text, dedupe_key, next_try

QUEUE, TASK = "notify", "notify.deliver"
CODE = "sign_in_code"
SWEEP_MAX = 500


def rows(
    *,
    template: str,
    text: Text,
    matter_id: UUID,
    seq: int,
    channels: Sequence[str] = (Message.IN_APP, Message.SMS),
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of notify_message and of the jobs, for a caller that inserts them in its own statement."""
    notices = [
        {
            "id": str(new_id()),
            "template": template,
            "text_zh": text["zh"],
            "text_en": text["en"],
            "channel": channel,
            "dedupe": dedupe_key(matter_id, seq, template, channel),
            "state": _first_state(channel),
        }
        for channel in channels
    ]
    jobs = [
        {"queue_name": QUEUE, "task_name": TASK, "args": {"message_id": notice["id"]}}
        for notice in notices
        if notice["state"] == Message.WAITING
    ]
    return notices, jobs


@transaction.atomic
def tell(
    account_ids: Iterable[UUID],
    *,
    template: str,
    text: Text,
    about: str,
    now: datetime,
    matter_id: UUID | None = None,
    org_id: int = 0,
    channels: Sequence[str] = (Message.IN_APP,),
) -> int:
    """Queue a notice to each account in the caller's transaction; return how many are new.

    `about` names the occasion: told twice about the same occasion, a person hears of it once.
    """
    wanted = [
        Message(
            id=new_id(),
            org_id=org_id,
            account_id=account_id,
            template=template,
            text_zh=text["zh"],
            text_en=text["en"],
            matter_id=matter_id,
            channel=channel,
            dedupe=dedupe_key(account_id, about, template, channel),
            state=_first_state(channel),
            next_at=now,
            created_at=now,
        )
        for account_id in account_ids
        for channel in channels
    ]
    Message.objects.bulk_create(wanted, ignore_conflicts=True)
    added = Message.objects.filter(pk__in=[m.pk for m in wanted]).values_list("pk", "account_id", "state")
    new = list(added)
    _enqueue([pk for pk, _, state in new if state == Message.WAITING])
    if new:
        said = {"accounts": sorted({str(a) for _, a, _ in new}), "template": template, "matter": matter_id}
        ledger.append(ledger.entry("notify:message:told", said, at=now, org_id=org_id))
    return len(new)


@transaction.atomic
def send_code(*, phone: str, code: str, minutes: int, language: str, now: datetime) -> None:
    """Queue a sign-in code to a phone, which need not belong to an account; phone and words are kept sealed."""
    message_id = new_id()
    words = code_text(code, minutes)["en" if language.startswith("en") else "zh"]
    Message.objects.create(
        id=message_id,
        template=CODE,
        params={"until": (now + timedelta(minutes=minutes)).isoformat()},
        text_zh="登录验证码",
        text_en="Sign-in code",
        channel=Message.SMS,
        dedupe=dedupe_key("code", message_id, CODE, Message.SMS),
        state=Message.WAITING,
        next_at=now,
        created_at=now,
        envelope_sealed=addresses.close(message_id, phone, words),
    )
    _enqueue([message_id])


def deliver(message_id: UUID, *, now: datetime) -> str:
    """Send one notice if it is due and nobody else is sending it; return its state.

    Two short transactions with the provider's answer between them: a worker that dies there leaves the row
    `sending`, and the next one sends again under the same idempotency key, which the provider knows.
    Raises NotDelivered when it is to be tried again later.
    """
    message = _take(message_id, now)
    if message is None:
        return Message.objects.filter(pk=message_id).values_list("state", flat=True).first() or ""
    try:
        receipt = sms.provider().send(_letter(message, now))
    except sms.Refused as refusal:
        return _give_up(message, refusal.fault, now)
    except sms.Unavailable as trouble:
        return _put_off(message, trouble, now)
    return _mark_sent(message, receipt, now)


def sweep(now: datetime) -> int:
    """Give a new job to each notice whose own was lost; return how many."""
    lost = list(
        Message.objects.filter(state__in=[Message.WAITING, Message.SENDING], next_at__lte=now - LOST_AFTER)
        .order_by("next_at")
        .values_list("pk", flat=True)[:SWEEP_MAX]
    )
    _enqueue(lost)
    return len(lost)


def mark_read(account_id: UUID, *, now: datetime, message_ids: Sequence[UUID] | None = None) -> int:
    """Mark the account's own in-app notices as read, all of them or those named; return how many were not yet.

    No ledger entry: it is the reader's own mark, not an act on a matter or on anybody's data.
    """
    unread = Message.objects.filter(account_id=account_id, channel=Message.IN_APP, read_at__isnull=True)
    if message_ids is not None:
        unread = unread.filter(pk__in=message_ids)
    return unread.update(read_at=now)


def _first_state(channel: str) -> str:
    return Message.SENT if channel == Message.IN_APP else Message.WAITING


# One statement for all jobs, in the caller's transaction. A job for the same notice that still waits is enough.
_ENQUEUE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock)
SELECT %s, %s, jsonb_build_object('message_id', id), 'notify:' || id FROM unnest(%s::text[]) AS m(id)
ON CONFLICT DO NOTHING
"""


def _enqueue(message_ids: Sequence[UUID]) -> None:
    if message_ids:
        with connection.cursor() as cursor:
            cursor.execute(_ENQUEUE, [QUEUE, TASK, [str(pk) for pk in message_ids]])


@transaction.atomic
def _take(message_id: UUID, now: datetime) -> Message | None:
    due = Q(state__in=[Message.WAITING, Message.SENDING], next_at__lte=now)
    message = Message.objects.select_for_update(skip_locked=True).filter(due, pk=message_id).first()
    if message is None:
        return None
    message.state, message.attempts, message.next_at = Message.SENDING, message.attempts + 1, now + LEASE
    message.save(update_fields=["state", "attempts", "next_at"])
    return message


def _letter(message: Message, now: datetime) -> sms.Letter:
    until = message.params.get("until")
    if until and datetime.fromisoformat(until) <= now:
        raise sms.Refused("expired")
    if message.envelope_sealed is not None:
        phone, words = addresses.open_envelope(message.pk, bytes(message.envelope_sealed))
        return sms.Letter(message.pk, phone, words)
    if message.account_id is None:
        raise sms.Refused("no_phone")
    address = addresses.of_account(message.account_id)
    if address is None:
        raise sms.Refused("no_phone")
    words = message.text_en if address.language.startswith("en") else message.text_zh
    return sms.Letter(message.pk, address.phone, words[:SMS_CHARS_MAX])


@transaction.atomic
def _mark_sent(message: Message, receipt: str, now: datetime) -> str:
    return _close(message, now, state=Message.SENT, sent_at=now, fault="", receipt=receipt[:60])


@transaction.atomic
def _give_up(message: Message, fault: str, now: datetime) -> str:
    return _close(message, now, state=Message.FAILED, fault=fault[:30])


def _put_off(message: Message, trouble: sms.Unavailable, now: datetime) -> str:
    again = next_try(message.attempts, now, trouble.wait)
    if again is None:
        return _give_up(message, trouble.fault, now)
    changed = _own(message).update(state=Message.WAITING, next_at=again, fault=trouble.fault[:30])
    if changed:
        raise NotDelivered(trouble.fault, again)
    return Message.SENDING


def _close(message: Message, now: datetime, **outcome: Any) -> str:
    """Set the last state and record it, unless another worker has taken the notice over meanwhile."""
    if _own(message).update(envelope_sealed=None, **outcome):
        said = {
            "message": message.pk,
            "template": message.template,
            "channel": message.channel,
            "account": message.account_id,
            "matter": message.matter_id,
            "fault": outcome["fault"],
        }
        kind = f"notify:message:{outcome['state']}"
        ledger.append(ledger.entry(kind, said, at=now, org_id=message.org_id))
    return str(outcome["state"])


def _own(message: Message) -> Any:
    return Message.objects.filter(pk=message.pk, state=Message.SENDING, attempts=message.attempts)
