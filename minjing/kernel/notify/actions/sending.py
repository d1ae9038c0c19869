"""Putting one notice on its way in its channel: to whom, in which words, through which provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from minjing.kernel.notify import addresses
from minjing.kernel.notify.actions.carrying import carry
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.rules import SMS_CHARS_MAX

Sender = Callable[[Message, datetime], str]


def send(message: Message, now: datetime) -> str:
    """Send the notice in its channel and return the provider's receipt. Raises sms.Refused, sms.Unavailable."""
    until = message.params.get("until")
    if message.account_id is None and until and datetime.fromisoformat(until) <= now:
        raise sms.Refused("expired")
    return SENDERS[message.channel](message, now)


def letter_of(message: Message) -> sms.Letter:
    """Return what goes to the phone, read at this moment and kept nowhere. Raises sms.Refused."""
    if message.envelope_sealed is not None:
        phone, words = addresses.open_envelope(message.pk, bytes(message.envelope_sealed))
        return sms.Letter(message.pk, phone, words, message.created_at)
    if message.account_id is None:
        raise sms.Refused("no_phone")
    address = addresses.of_account(message.account_id)
    if address is None:
        raise sms.Refused("no_phone")
    words = message.text_en if address.language.startswith("en") else message.text_zh
    return sms.Letter(message.pk, address.phone, words[:SMS_CHARS_MAX], message.created_at)


def _by_sms(message: Message, now: datetime) -> str:
    return carry(message, letter_of(message), now)


SENDERS: Mapping[str, Sender] = {Message.SMS: _by_sms}
