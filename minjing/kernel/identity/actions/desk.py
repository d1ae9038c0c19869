"""An officer compares side by side: takes the next check, opens it by a look on record, says what they see."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity.actions import effects, proofs
from minjing.kernel.identity.actions.looks import record_desk
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Check, CheckPicture
from minjing.kernel.identity.queries import checks as queries
from minjing.kernel.identity.rules import WORDS, checks

CARD_FIELD, FACE_FIELD, PAPER_FIELD = "identity.card", "identity.photos", "identity.papers"
CODE_DIGITS = 8
GONE = {
    "zh": "这件核验已有同事处理，或已过时限。",
    "en": "A colleague has dealt with this check, or its time is over.",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A check as the officer who has taken it sees it: pictures as JPEG, the facts of the card, what was asked."""

    id: UUID
    purpose: str
    fields: Mapping[str, str]
    name: str
    id_number: str
    pictures: Mapping[str, bytes]
    step: Mapping[str, str] | None
    opened_at: datetime
    at_counter: bool
    said: Mapping[str, Any]


def claim_next(*, by: Actor, now: datetime) -> UUID | None:
    """Give the officer the oldest check that waits, or the one they have; None when nobody waits."""
    holding = _holding(by)
    with transaction.atomic():
        rows = queries.of_desk(by, now)
        row = rows.filter(officer_id=by.account_id).first()
        if row is not None:
            return row.pk
        row = rows.filter(officer__isnull=True).select_for_update(skip_locked=True).order_by("opened_at").first()
        if row is None:
            return None
        _claim(row, by, holding, now)
    return row.pk


def _claim(row: Check, by: Actor, holding: Holding, now: datetime) -> None:
    row.officer_id, row.claimed_at = by.account_id, now
    row.save(update_fields=["officer", "claimed_at"])
    proofs.note("claimed", row, by, now, unit=holding.unit_id)


@transaction.atomic
def release(check_id: UUID, *, by: Actor, now: datetime) -> None:
    """Lay a check back: another officer may take it."""
    row = _claimed(check_id, by, now)
    row.officer_id, row.claimed_at = None, None
    row.save(update_fields=["officer", "claimed_at"])
    proofs.note("released", row, by, now)


def open_desk(check_id: UUID, *, by: Actor, now: datetime) -> Opened:
    """Open the check that the officer has taken: the look is on record before a picture is unsealed."""
    holding = _holding(by)
    with transaction.atomic():
        row = _claimed(check_id, by, now)
    fields = [CARD_FIELD, FACE_FIELD] if row.purpose in (Check.LEVEL, Check.RECOVERY) else [CARD_FIELD, PAPER_FIELD]
    seen = record_desk(by, row.person_id, fields, holding=holding, now=now)
    seen.must_cover(row.person_id, CARD_FIELD)
    pictures = {
        picture.part: sealing.unseal(row.person_id, queries.PICTURE, bytes(picture.content_sealed))
        for picture in CheckPicture.objects.filter(check_of=row)
    }
    said: dict[str, Any] = {}
    if row.said_sealed is not None:
        said = json.loads(sealing.unseal(row.person_id, queries.SAID, bytes(row.said_sealed)))
    name, number = queries.name_and_number(row.person_id)
    step = checks.STEPS.get(row.challenge)
    counter = row.counter_index is not None
    return Opened(
        row.pk, row.purpose, said.get("fields", {}), name, number, pictures, step, row.opened_at, counter, said
    )


@transaction.atomic
def decide(check_id: UUID, verdict: str, *, by: Actor, now: datetime) -> Check:
    """Take what the officer sees: the same person, another one, or cannot tell; the pictures go at once.

    Raises Wrong, NotAllowed, and Unknown when a colleague was first.
    """
    if verdict not in checks.VERDICTS:
        raise Wrong("verdict", {"zh": "请选择判断。", "en": "Say what you see."})
    holding = _holding(by)
    row = _claimed(check_id, by, now)
    if verdict != checks.SAME:
        proofs.end(row, verdict, by=by, now=now)
    else:
        counter = row.counter_index is not None
        effects.confirmed(row, method=proofs.COUNTER if counter else proofs.OFFICER, holding=holding, by=by, now=now)
    proofs.tell_outcome(row, now)
    return row


# ---- at the counter -------------------------------------------------------------------------------------


def counter_code(check_id: UUID, *, by: Actor, now: datetime) -> str:
    """Return a code of eight digits that the resident shows at a counter; the one before is void."""
    from minjing.kernel.identity.actions.checks import own

    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    with transaction.atomic():
        row = own(check_id, by, now, Check.CARD, Check.FIELDS, Check.WAY, Check.SELFIE)
        row.counter_index = sealing.blind_index("counter", code)
        row.expires_at = max(row.expires_at, now + checks.COUNTER_LASTS)
        row.save(update_fields=["counter_index", "expires_at"])
        proofs.note("coded", row, by, now)
    return code


def claim_by_code(code: str, *, by: Actor, now: datetime) -> UUID:
    """Take the check of the person who stands at the counter and shows this code. Raises Wrong, TooMany."""
    holding = _holding(by)
    limits.spend("counter", str(by.account_id), limits.COUNTER, now)
    digits = "".join(c for c in code if c.isdecimal() and c.isascii())
    with transaction.atomic():
        rows = Check.objects.select_for_update().exclude(state__in=Check.ENDED)
        row = rows.filter(counter_index=sealing.blind_index("counter", digits), expires_at__gt=now).first()
        if row is None:
            raise Wrong(
                "counter_code",
                {
                    "zh": "没有这个现场核验码，或已失效。请当事人重新生成。",
                    "en": "No such code, or it is over. Ask for a new one.",
                },
                "code",
            )
        _not_oneself(row, by)
        row.state, row.expires_at = Check.WAITING, now + checks.COUNTER_LASTS
        row.save(update_fields=["state", "expires_at"])
        _claim(row, by, holding, now)
    return row.pk


def _claimed(check_id: UUID, by: Actor, now: datetime) -> Check:
    _holding(by)
    row = Check.objects.select_for_update().filter(pk=check_id, state=Check.WAITING, expires_at__gt=now).first()
    if row is None or row.officer_id != by.account_id:
        raise Unknown("check_gone", GONE)
    _not_oneself(row, by)
    return row


def _not_oneself(row: Check, by: Actor) -> None:
    if by.person_id is not None and row.person_id == by.person_id:
        raise NotAllowed("same_person", WORDS["same_person"])


def _holding(by: Actor) -> Holding:
    able = [held for held in by.holdings if queries.CONFIRM in held.acts]
    if not able:
        raise NotAllowed("no_post", WORDS["no_post"])
    return sorted(able, key=lambda held: (held.deputy_for is not None, -len(held.unit_path)))[0]
