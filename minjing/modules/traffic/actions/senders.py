"""Systems outside that may send to a door of traffic: admitted, ended, known by their token, refused on record."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from django.db import transaction

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.models.senders import Sender

S = TypeVar("S", bound=Sender)


@transaction.atomic
def admit(kind: type[S], code: str, name_zh: str, name_en: str, *, system: str, now: datetime) -> str:
    """Let a system send, or give one that is known a new token; return the token, which is shown this once."""
    token = secrets.token_urlsafe(32)
    facts = {
        "name_zh": name_zh, "name_en": name_en, "system": system, "active": True,
        "token_hash": sha256(token.encode()).digest(),
    }  # fmt: skip
    made, _ = kind._default_manager.update_or_create(code=code, defaults=facts)
    _enter(kind, events.SENDER_ADMITTED, made, now)
    return token


@transaction.atomic
def end(kind: type[S], code: str, *, now: datetime) -> bool:
    """Let a system send no more; False where none of this code does. What it sent stays."""
    found = kind._default_manager.select_for_update().filter(code=code, active=True).first()
    if found is None:
        return False
    found.active = False
    found.save(update_fields=["active"])
    _enter(kind, events.SENDER_ENDED, found, now)
    return True


def sender(kind: type[S], token: str) -> S | None:
    """Return the system that a token belongs to, None when none does or it may send no more."""
    return kind._default_manager.filter(token_hash=sha256(token.encode()).digest(), active=True).first()


@transaction.atomic
def refuse(kind: type[S], why: str, *, now: datetime, system: S | None = None) -> None:
    """Write into the ledger that somebody was refused: an unknown token, a message that cannot be read."""
    said = {"why": why[:200], "system": system.code if system else "", "by": SYSTEM.account_id}
    ledger.append(ledger.entry(kind.LEDGER + events.SENDER_REFUSED, said, at=now))


def _enter(kind: type[S], what: str, system: S, now: datetime) -> None:
    said = {"system": system.code, "by": SYSTEM.account_id}
    ledger.append(ledger.entry(kind.LEDGER + what, said, at=now, org_id=system.org_id))
