"""Giving an address: e-mail (confirmed by a link first), a browser's push, a letter box."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import limits
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import addresses, wording
from minjing.kernel.notify.actions.bindings import keep
from minjing.kernel.notify.actions.telling import SOMEBODY_WAITS, enqueue
from minjing.kernel.notify.errors import WrongAddress
from minjing.kernel.notify.models import Address, Message
from minjing.kernel.notify.providers import push
from minjing.kernel.notify.rules import EMAIL, LETTER, PUSH, dedupe_key

LINK_LASTS = timedelta(hours=24)
# Links asked for by one account, and sent to one mailbox: a stranger's must not be flooded.
ASKED = limits.Limit(5, timedelta(hours=1))
TO_ONE = limits.Limit(5, timedelta(days=1))
MAILBOX = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,24}"
)
PUSH_MAX = 5  # browsers of one account
POSTAL_LINES, POSTAL_CHARS = 5, 200


@transaction.atomic
def ask_email(*, by: Actor, address: str, link: str, now: datetime) -> str:
    """Mail a link that confirms the address; return the token in it. Raises WrongAddress, identity's TooMany.

    `link` is the page's address with {token} in it. Nothing else goes there before it is confirmed.
    """
    written = address.strip()
    if not MAILBOX.fullmatch(written) or ".." in written:
        raise WrongAddress("email")
    limits.spend("email-asked", str(by.account_id), ASKED, now)
    limits.spend("email-to", written.lower(), TO_ONE, now)
    token = secrets.token_urlsafe(24)
    Address.objects.filter(account_id=by.account_id, channel=EMAIL, confirmed_at__isnull=True).delete()
    Address.objects.create(
        id=new_id(),
        account_id=by.account_id,
        channel=EMAIL,
        address_sealed=addresses.sealed(by.account_id, written),
        address_index=addresses.index_of(EMAIL, written.lower()),
        label=masked(written),
        confirm_hash=_hash(token),
        confirm_until=now + LINK_LASTS,
        created_at=now,
    )
    words = wording.words("email_confirm", EMAIL, {"link": link.replace("{token}", token)})
    message_id = new_id()
    Message.objects.create(
        id=message_id,
        account_id=by.account_id,
        template="email_confirm",
        text_zh="确认电子邮件地址",
        text_en="Confirm an e-mail address",
        channel=EMAIL,
        dedupe=dedupe_key("email", message_id, "email_confirm", EMAIL),
        state=Message.WAITING,
        next_at=now,
        created_at=now,
        planned_at=now,
        envelope_sealed=addresses.close(message_id, written, words["en" if by.language.startswith("en") else "zh"]),
    )
    enqueue([message_id], priority=SOMEBODY_WAITS)
    ledger.append(ledger.entry("notify:email:asked", {"by": by.account_id}, at=now, subject_id=by.person_id))
    return token


@transaction.atomic
def confirm_email(token: str, *, now: datetime) -> bool:
    """Let the address count whose link was opened; False for a link that is none, was used or has run out."""
    waiting = (
        Address.objects.select_for_update()
        .filter(channel=EMAIL, confirm_hash=_hash(token), confirm_until__gt=now, confirmed_at__isnull=True)
        .first()
    )
    if waiting is None or waiting.address_sealed is None:
        return False
    account_id, label = waiting.account_id, waiting.label
    address = addresses.read_back(account_id, bytes(waiting.address_sealed))
    waiting.delete()
    keep(account_id, EMAIL, address, label=label, now=now)
    return True


def subscribe(*, by: Actor, subscription: Mapping[str, object], device: str, now: datetime) -> bool:
    """Send notices to this browser from now on; False when it is so already. Raises WrongAddress."""
    if not push.acceptable(subscription):
        raise WrongAddress("push")
    open_ones = Address.objects.filter(account_id=by.account_id, channel=PUSH, ended_at__isnull=True)
    if open_ones.count() >= PUSH_MAX:
        raise WrongAddress("push_many")
    kept = json.dumps({"endpoint": subscription["endpoint"], "keys": subscription["keys"]}, sort_keys=True)
    return keep(by.account_id, PUSH, kept, label=device or "—", now=now)


def set_postal(*, by: Actor, name: str, address: str, now: datetime) -> bool:
    """Keep where letters to the asker go: the name on the envelope and up to five lines. Raises WrongAddress."""
    lines = [" ".join(line.split()) for line in address.splitlines() if line.strip()]
    whole = "\n".join(lines)
    if not name.strip() or len(name) > 30 or not 6 <= len(whole) <= POSTAL_CHARS or len(lines) > POSTAL_LINES:
        raise WrongAddress("letter")
    return keep(by.account_id, LETTER, f"{name.strip()}\n{whole}", label=f"{whole[:9]}…", now=now)


def masked(address: str) -> str:
    """Return an e-mail address as its owner knows it again and nobody else learns it."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"[:60]


def _hash(token: str) -> bytes:
    return hashlib.sha256(f"notify.email|{token}".encode()).digest()
