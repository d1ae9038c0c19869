"""Putting one notice on its way in its channel: to whom, in which words, through which provider."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings

from minjing.base.clock import CHINA
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.plugs import plugs as identity_plugs
from minjing.kernel.notify import addresses, wording
from minjing.kernel.notify.actions.bindings import give_up_address
from minjing.kernel.notify.actions.carrying import carry, hold
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.providers import mail, push, sms, wechat
from minjing.kernel.notify.rules import EMAIL, PUSH, SMS_CHARS_MAX, WECHAT

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


# WeChat knows a client_msg_id for ten minutes, and cannot be asked what it has sent: a try whose end is unclear is
# repeated within that time only, afterwards the next channel takes over.
WECHAT_UNCLEAR_TRIES = 4
THING_CHARS, STRING_CHARS = 20, 32  # what WeChat allows in a field
TITLE = re.compile(r"「([^」]{1,60})」|\bapplication “([^”]{1,60})”")


def _by_wechat(message: Message, now: datetime) -> str:
    openid = _only(message, WECHAT)
    if message.carrier and message.attempts > WECHAT_UNCLEAR_TRIES:
        raise sms.Refused("unclear")
    hold(message, WECHAT)
    try:
        return wechat.account().send_template(
            openid,
            settings.WECHAT_TEMPLATE,
            template_fields(message, language_of(message)),
            url=f"{settings.BASE_URL}{'/messages/' if message.matter_id is None else _matter_path(message)}",
            message_id=str(message.pk),
        )
    except wechat.NotFollowing:
        give_up_address(WECHAT, openid, why="unfollowed", now=now)
        raise
    except sms.Unclear:
        raise
    except sms.Unavailable:
        hold(message, "")
        raise


def template_fields(message: Message, language: str) -> dict[str, str]:
    """Return the fields of WeChat's template: what it is about, its number, how it stands, when."""
    text = message.text_en if language == "en" else message.text_zh
    named = TITLE.search(text)
    topic = wording.topic(wording.kind(message.template).topic)
    title = (named[1] or named[2]) if named else topic.title[language]
    says = text
    if wording.has(message.template, WECHAT):
        says = wording.words(message.template, WECHAT, message.params)[language]
    return {
        "thing1": _short(title, THING_CHARS),
        "character_string2": _number(message)[:STRING_CHARS],
        "thing3": _short(says, THING_CHARS),
        "time4": f"{message.created_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
    }


def _matter_path(message: Message) -> str:
    number = _number(message)
    return f"/matters/{number}/" if number != "-" else "/messages/"


def _number(message: Message) -> str:
    numbers = identity_plugs.matter_numbers
    if message.matter_id is None or numbers is None:
        return "-"
    return numbers([message.matter_id]).get(message.matter_id, "-")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _only(message: Message, channel: str) -> str:
    """Return the account's one address in a channel. Raises sms.Refused when it has ended meanwhile."""
    found = addresses.bound(message.account_id, channel) if message.account_id else []
    if not found:
        raise sms.Refused("no_address")
    return found[0][1]


def language_of(message: Message) -> str:
    """Return "zh" or "en", as the account reads."""
    if message.account_id is None:
        return "zh"
    found = Account.objects.filter(pk=message.account_id).values_list("language", flat=True).first() or ""
    return "en" if found.startswith("en") else "zh"


def _by_email(message: Message, now: datetime) -> str:
    language = language_of(message)
    if message.envelope_sealed is not None:
        address, words = addresses.open_envelope(message.pk, bytes(message.envelope_sealed))
        subject, _, text = words.partition("\n")
    else:
        address = _only(message, EMAIL)
        subject, text = letter_text(message, language)
    try:
        return mail.send(message_id=message.pk, to=address, subject=subject, text=text, now=now)
    except mail.Bounced:
        if message.envelope_sealed is None:
            give_up_address(EMAIL, address, why="bounced", now=now)
        raise


def letter_text(message: Message, language: str) -> tuple[str, str]:
    """Return subject and text of an e-mail: the words, where to look, how to be told otherwise."""
    words = message.text_en if language == "en" else message.text_zh
    topic = wording.topic(wording.kind(message.template).topic)
    subject = (
        f"{topic.title[language]}" if message.matter_id is None else f"{topic.title[language]} {_number(message)}"
    )
    if wording.has(message.template, EMAIL):
        subject, _, words = words.partition("\n")
    link = f"{settings.BASE_URL}{_matter_path(message)}"
    foot = wording.words("mail_foot", EMAIL, {"link": link, "ways": f"{settings.BASE_URL}/messages/ways/"})[language]
    return subject, f"{words.strip()}\n\n{foot}\n"


def _by_push(message: Message, now: datetime) -> str:
    """Send to each browser of the account; those that are gone are taken off, and one that takes it is enough."""
    language = language_of(message)
    browsers = addresses.bound(message.account_id, PUSH) if message.account_id else []
    topic = wording.topic(wording.kind(message.template).topic)
    said = {
        "title": topic.title[language],
        "body": _short(message.text_en if language == "en" else message.text_zh, PUSH_CHARS),
        "url": _matter_path(message),
        "tag": str(message.pk),  # shown again, it replaces itself
    }
    taken, trouble = 0, None
    for _, kept in browsers:
        try:
            push.send(json.loads(kept), said, message_id=message.pk)
            taken += 1
        except push.Gone:
            give_up_address(PUSH, kept, why="gone", now=now)
        except sms.Unavailable as fault:
            trouble = trouble or fault
        except sms.Refused:
            continue
    if taken:
        return f"{taken}"
    raise trouble or sms.Refused("gone" if browsers else "no_address")


PUSH_CHARS = 120

SENDERS: Mapping[str, Sender] = {
    Message.SMS: _by_sms,
    Message.WECHAT: _by_wechat,
    Message.EMAIL: _by_email,
    Message.PUSH: _by_push,
}
