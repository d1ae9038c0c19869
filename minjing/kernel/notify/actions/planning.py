"""Choosing channels: once an occasion, when the first of its notices is about to go out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings

from minjing.base.ids import new_id
from minjing.kernel.notify import addresses, wording
from minjing.kernel.notify.actions.telling import enqueue
from minjing.kernel.notify.models import Message, Wishes
from minjing.kernel.notify.rules import (
    CHANNELS,
    EMAIL,
    IN_APP,
    LETTER,
    REACHING,
    UNDELIVERED,
    WECHAT,
    Quiet,
    Topic,
    after_quiet,
    next_channel,
    occasion,
    quiet_of,
    routes,
)


def city_quiet() -> Quiet | None:
    """Return the city's quiet hours."""
    return quiet_of(settings.NOTIFY_QUIET_HOURS)


def plan(message: Message, now: datetime) -> None:
    """Choose the channels of this occasion by the person's wishes, in the caller's transaction.

    Adds the notices of the other channels with their jobs; the one that was about to go out (a text message) stays,
    waits for the morning, or is skipped. Changes `message`, which the caller saves.
    """
    message.planned_at = now
    if message.account_id is None or message.channel != Message.SMS:
        return
    kind = wording.kind(message.template)
    topic = wording.topic(kind.topic)
    wishes = Wishes.objects.filter(pk=message.account_id).first()
    usable = addresses.channels_of(message.account_id)
    chosen = wishes.channels.get(topic.name) if wishes else None
    ways = routes(topic, chosen, usable)
    quiet = quiet_of(wishes.quiet) if wishes and wishes.quiet else city_quiet()
    rings_at = now if kind.urgent else after_quiet(quiet, now)
    for channel in ways:
        if channel != message.channel:
            _add(message, channel, now, rings_at if channel != EMAIL else now)
    if message.channel in ways:
        message.next_at = rings_at
    elif ways or message.channel in usable:
        message.state, message.next_at = Message.SKIPPED, None


def go_on(message: Message, now: datetime) -> str:
    """Go on by the next channel when this one has failed, in the caller's transaction; return which, "" for none.

    Only what the law wants told goes on, and only while no other channel has it or still tries.
    """
    topic = topic_of(message)
    if message.envelope_sealed is not None:  # it was meant for that one address
        return ""
    if message.account_id is None or not topic.required or message.channel not in REACHING:
        return ""
    others = _occasion(message)
    if any(_reaches(one) for one in others if one.pk != message.pk):
        return ""
    tried = {one.channel for one in others if one.state != Message.SKIPPED}
    channel = next_channel(tried, _reachable(message.account_id))
    if channel is None:
        return ""
    skipped = next((one for one in others if one.channel == channel), None)
    if skipped is not None:  # planned away before: now it is needed
        Message.objects.filter(pk=skipped.pk, state=Message.SKIPPED).update(state=Message.WAITING, next_at=now)
        enqueue([skipped.pk])
    else:
        _add(message, channel, now, now)
    return channel


def _reachable(account_id: UUID) -> Collection[str]:
    found = set(addresses.channels_of(account_id))
    if addresses.postal(account_id) is not None:
        found.add(LETTER)
    return found


def _reaches(one: Message) -> bool:
    if one.channel not in REACHING or one.report == UNDELIVERED:
        return False
    return one.state in (Message.WAITING, Message.SENDING, Message.SENT)


def _occasion(message: Message) -> list[Message]:
    about = occasion(message.dedupe)
    return list(Message.objects.filter(dedupe__in=[f"{about}:{channel}" for channel in CHANNELS]))


def _add(message: Message, channel: str, now: datetime, at: datetime) -> None:
    about = occasion(message.dedupe)
    text = {"zh": message.text_zh, "en": message.text_en}
    if wording.has(message.template, channel) and channel != WECHAT:  # there it is one field of the template
        text = dict(wording.words(message.template, channel, message.params))
    elif wording.has(message.template, IN_APP):
        text = dict(wording.words(message.template, IN_APP, message.params))
    one = Message(
        id=new_id(),
        org_id=message.org_id,
        account_id=message.account_id,
        template=message.template,
        params=message.params,
        text_zh=text["zh"],
        text_en=text["en"],
        matter_id=message.matter_id,
        channel=channel,
        dedupe=f"{about}:{channel}",
        state=Message.WAITING,
        next_at=at,
        created_at=now,
        planned_at=now,
    )
    Message.objects.bulk_create([one], ignore_conflicts=True)
    if channel != LETTER and Message.objects.filter(pk=one.pk).exists():
        enqueue([one.pk], at if at > now else None)


def topic_of(message: Message) -> Topic:
    """Return what a notice is about."""
    return wording.topic(wording.kind(message.template).topic)
