"""Telling people: notices are stored with the act; the worker chooses the channels and sends them, never twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from pydantic_core import to_json

from minjing.base.ids import new_id
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.notify import addresses, wording
from minjing.kernel.notify.models import Message, Wishes
from minjing.kernel.notify.rules import Text, code_text, dedupe_key

QUEUE, TASK = "notify", "notify.deliver"
RING = "notify.ring"  # a trigger queues it where notices are stored (migration 0004)
SOMEBODY_WAITS = 100  # a code, with its reader looking at the phone: before everything else in the queue
CODE = "sign_in_code"
# A notice is stored for the app, and once more as the seed from which the delivery plans the person's other channels:
# so the act's own statement asks nothing about preferences.
SEED = (Message.IN_APP, Message.SMS)


def rows(
    *,
    template: str,
    text: Text,
    matter_id: UUID,
    seq: int,
    channels: Sequence[str] = SEED,
) -> list[dict[str, Any]]:
    """Return the rows of notify_message, for a caller that inserts them in its own statement."""
    return [
        {
            "id": str(new_id()),
            "template": template,
            "text_zh": text["zh"],
            "text_en": text["en"],
            "channel": channel,
            "dedupe": dedupe_key(matter_id, seq, template, channel),
            "state": first_state(channel),
        }
        for channel in channels
    ]


def tell(
    account_id: UUID,
    template: str,
    params: Mapping[str, Any],
    *,
    dedupe: str,
    now: datetime,
    matter_id: UUID | None = None,
    org_id: int = 0,
) -> int:
    """Tell one person, in the caller's transaction, by the channels they have chosen; return how many rows are new.

    The words are the files `<template>.<channel>.<zh|en>.txt`; a value of `params` may be a pair {zh, en}. `dedupe`
    names the occasion: told twice of it, a person hears once. Raises wording.WrongText.
    """
    return tell_many([Telling(account_id, template, params, dedupe, matter_id, org_id)], now=now)


@dataclass(frozen=True, slots=True)
class Telling:
    """What one person is told on one occasion: see `tell`."""

    account_id: UUID
    template: str
    params: Mapping[str, Any]
    dedupe: str
    matter_id: UUID | None = None
    org_id: int = 0


def tell_many(tellings: Sequence[Telling], *, now: datetime) -> int:
    """Tell several at once, each as `tell` does, in as many statements as one takes; return how many rows are new."""
    return _keep([row for said in tellings for row in _rows(said)], now)


def _rows(said: Telling) -> Iterator[dict[str, Any]]:
    """Yield the rows of what one person is told; a channel without words of its own says the same as the app."""
    text = wording.words(said.template, Message.IN_APP, said.params)
    for channel in SEED:
        own = channel != Message.IN_APP and wording.has(said.template, channel)
        yield _row(said, wording.words(said.template, channel, said.params) if own else text, channel)


_gathered: ContextVar[list[Mapping[str, Any]] | None] = ContextVar("notices", default=None)


@contextmanager
def together(*, now: datetime) -> Iterator[None]:
    """Store what is told within this block as it ends, in one statement.

    For an act whose parts each tell somebody: the block lies within the act's transaction, and an error that leaves
    it undoes the whole of that. What is new is not known before it ends: within it, nothing counts as new.
    """
    gathered: list[Mapping[str, Any]] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    _keep(gathered, now)


def announce(
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
    """Queue words that stand in no file to each account, in the caller's transaction; return how many are new.

    `about` names the occasion: told twice about the same occasion, a person hears of it once. With SMS among the
    channels the delivery goes by the person's own channels.
    """
    tellings = [Telling(account_id, template, {}, about, matter_id, org_id) for account_id in account_ids]
    return _keep([_row(said, text, channel) for said in tellings for channel in channels], now)


@transaction.atomic
def send_code(*, phone: str, code: str, minutes: int, language: str, now: datetime) -> None:
    """Queue a sign-in code to a phone, which need not belong to an account; phone and words are kept sealed."""
    until = now + timedelta(minutes=minutes)
    named = {"zh": "登录验证码", "en": "Sign-in code"}
    _sealed(phone, _in(code_text(code, minutes), language), CODE, named, {"until": until.isoformat()}, now)


@transaction.atomic
def text_phone(*, phone: str, text: Text, language: str, now: datetime) -> None:
    """Queue words to a phone that need not belong to an account, such as an old number; both are kept sealed."""
    _sealed(phone, _in(text, language), "to_phone", {"zh": "短信告知", "en": "Text message"}, {}, now)


@transaction.atomic
def text_account(account_id: UUID, topic: str, text: Text, *, now: datetime) -> bool:
    """Queue words to an account's own phone that no other channel may carry; phone and words are kept sealed.

    False where it has no phone, or its holder takes no text messages of that topic: they read it after signing in.
    """
    wishes = Wishes.objects.filter(pk=account_id).first()
    chosen = wishes.channels.get(topic) if wishes else None
    wanted = wording.topic(topic).channels if chosen is None else chosen
    found = addresses.of_account(account_id) if Message.SMS in wanted else None
    if found is None:
        return False
    named = {"zh": "短信告知", "en": "Text message"}
    _sealed(found.phone, _in(text, found.language), "to_phone", named, {}, now)
    return True


def mark_read(account_id: UUID, *, now: datetime, message_ids: Sequence[UUID] | None = None) -> int:
    """Mark the account's own in-app notices as read, all of them or those named; return how many were not yet.

    No ledger entry: it is the reader's own mark, not an act on a matter or on anybody's data.
    """
    unread = Message.objects.filter(account_id=account_id, channel=Message.IN_APP, read_at__isnull=True)
    if message_ids is not None:
        unread = unread.filter(pk__in=message_ids)
    return unread.update(read_at=now)


def first_state(channel: str) -> str:
    """Return how a notice of this channel begins: in-app it is there, everything else waits."""
    return Message.SENT if channel == Message.IN_APP else Message.WAITING


# What has been told on the occasion before comes not back.
_KEEP = """
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS m(id uuid, org_id smallint, account_id uuid, template text,
        params jsonb, text_zh text, text_en text, matter_id uuid, channel text, dedupe text, state text)
)
INSERT INTO notify_message (id, org_id, account_id, template, params, text_zh, text_en, matter_id, channel, dedupe,
    state, attempts, next_at, created_at)
SELECT id, org_id, account_id, template, params, text_zh, text_en, matter_id, channel, dedupe, state, 0, %s, %s
FROM wanted
ON CONFLICT DO NOTHING
RETURNING id
"""
# One statement for all jobs, in the caller's transaction. A job for the same notice that still waits is enough.
_ENQUEUE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock, scheduled_at, priority)
SELECT %s, %s, jsonb_build_object('message_id', id), 'notify:' || id, %s, %s FROM unnest(%s::text[]) AS m(id)
ON CONFLICT DO NOTHING
"""


def enqueue(message_ids: Sequence[UUID], at: datetime | None = None, *, priority: int = 0) -> None:
    """Queue the delivery of notices, not before `at`; the higher priority goes first."""
    if message_ids:
        with prepared_cursor() as cursor:
            cursor.execute(_ENQUEUE, [QUEUE, TASK, at, priority, [str(pk) for pk in message_ids]])


_RING = """
INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, scheduled_at)
VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def ring(at: datetime | None = None) -> None:
    """Ring for the delivery of what is due, now or at that time; bells that wait together are one."""
    with prepared_cursor() as cursor:
        cursor.execute(_RING, [QUEUE, RING, f"{RING}:{'now' if at is None else 'later'}", at])


def _row(said: Telling, text: Text, channel: str) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "org_id": said.org_id,
        "account_id": str(said.account_id),
        "template": said.template,
        "params": dict(said.params),
        "text_zh": text["zh"],
        "text_en": text["en"],
        "matter_id": str(said.matter_id) if said.matter_id else None,
        "channel": channel,
        "dedupe": dedupe_key(said.account_id, said.dedupe, said.template, channel),
        "state": first_state(channel),
    }


@transaction.atomic(savepoint=False)
def _keep(wanted: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Store notices, and what was told to whom about what; return how many are new."""
    gathered = _gathered.get()
    if gathered is not None:
        gathered += wanted
        return 0
    if not wanted:
        return 0
    with prepared_cursor() as cursor:
        cursor.execute(_KEEP, [to_json(wanted).decode(), now, now])
        new = {str(pk) for (pk,) in cursor.fetchall()}
    told: dict[tuple[str, str | None, int], set[str]] = {}
    for one in wanted:
        if one["id"] in new:
            told.setdefault((one["template"], one["matter_id"], one["org_id"]), set()).add(one["account_id"])
    ledger.append(
        *(
            ledger.entry(
                "notify:message:told",
                {"accounts": sorted(accounts), "template": template, "matter": matter_id},
                at=now,
                org_id=org_id,
            )
            for (template, matter_id, org_id), accounts in told.items()
        )
    )
    return len(new)


def _sealed(phone: str, words: str, template: str, named: Text, params: dict[str, Any], now: datetime) -> None:
    message_id = new_id()
    Message.objects.create(
        id=message_id,
        template=template,
        params=params,
        text_zh=named["zh"],
        text_en=named["en"],
        channel=Message.SMS,
        dedupe=dedupe_key("phone", message_id, template, Message.SMS),
        state=Message.WAITING,
        next_at=now,
        created_at=now,
        envelope_sealed=addresses.close(message_id, phone, words),
    )
    enqueue([message_id], priority=SOMEBODY_WAITS)


def _in(text: Text, language: str) -> str:
    return text["en" if language.startswith("en") else "zh"]
