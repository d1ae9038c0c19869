"""How a check ends: in evidence or in a refusal; either way its pictures go and the ledger says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.models import Check, Evidence
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.queries.checks import SAID
from minjing.kernel.identity.rules import CARD, FRESH, FRESH_FOR, STANDS_FOR
from minjing.kernel.identity.rules.checks import OUTCOMES, PAPERS, SAME
from minjing.kernel.ledger import actions as ledger

MACHINE, OFFICER, COUNTER, PASSKEY = "machine", "officer", "counter", "passkey"


def sealed(person_id: UUID, said: Mapping[str, Any]) -> bytes:
    """Return what was read of a card or said of papers, sealed under the person's key."""
    return sealing.seal(person_id, SAID, json.dumps(said, ensure_ascii=False))


def note(what: str, check: Check, by: Actor, now: datetime, **more: object) -> None:
    """Write into the ledger what became of a check; ids and keys alone."""
    said = {"by": by.account_id, "check": check.pk, **more}
    ledger.append(
        ledger.entry(f"identity:check:{what}", said, at=now, org_id=check.org_id, subject_id=check.person_id)
    )


def prove(check: Check, *, method: str, by: Actor, now: datetime) -> Evidence:
    """End a check in evidence of level 3: what the pictures showed is kept in figures, the pictures are not.

    The caller holds the row locked, in a transaction.
    """
    evidence = Evidence.objects.create(
        org_id=check.org_id,
        account_id=check.account_id,
        person_id=check.person_id,
        check_of=check,
        level=CARD,
        method=method,
        engine=check.engine,
        distance=check.distance,
        threshold=check.threshold,
        taken_at=now,
        until=now + STANDS_FOR,
        session_ref=check.session_ref if method != COUNTER else None,
        device_index=check.device_index,
        confirmed_by_id=by.account_id if by.is_officer else None,
    )
    _close(check, Check.DONE, SAME, now)
    figures = {"distance": figure(check.distance), "threshold": figure(check.threshold)}
    note("confirmed", check, by, now, evidence=evidence.pk, method=method, engine=check.engine, **figures)
    return evidence


def bear_out(check: Check, *, by: Actor, unit_id: int, now: datetime) -> None:
    """End a check of papers that an officer bears out; the caller holds the row locked, in a transaction."""
    _close(check, Check.DONE, SAME, now)
    note("borne_out", check, by, now, purpose=check.purpose, unit=unit_id)


def close_recovery(check: Check, *, by: Actor, now: datetime) -> None:
    """End a check by which somebody proved whose account they want back; figures stay, pictures go."""
    _close(check, Check.DONE, SAME, now)
    figures = {"distance": figure(check.distance), "threshold": figure(check.threshold)}
    note("confirmed", check, by, now, purpose=check.purpose, engine=check.engine, **figures)


def figure(value: float | None) -> str | None:
    """Return a distance as the ledger holds it: text, for floats have no place there."""
    return None if value is None else f"{value:.4f}"


def end(check: Check, outcome: str, *, by: Actor, now: datetime) -> None:
    """End a check without evidence; the caller holds the row locked, in a transaction."""
    _close(check, Check.REFUSED, outcome, now)
    note("refused", check, by, now, reason=outcome)


def _close(check: Check, state: str, outcome: str, now: datetime) -> None:
    check.pictures.all().delete()
    check.state, check.outcome, check.decided_at = state, outcome, now
    check.said_sealed, check.device_index, check.challenge_until = None, None, None
    check.save()


def tell_outcome(check: Check, now: datetime) -> None:
    """Tell the resident how an officer decided; called in the transaction of the decision."""
    if plugs.tell is not None:
        words = PAPERS if check.purpose in (Check.GUARDIAN, Check.FIRM) else OUTCOMES
        params = {"outcome": dict(words[check.outcome])}
        plugs.tell(check.account_id, "identity_checked", params, dedupe=f"check:{check.pk}", now=now)


@transaction.atomic
def by_passkey(*, by: Actor, session_ref: UUID, now: datetime) -> None:
    """Keep that a passkey of the account was used in this sign-in; the caller has checked the browser's answer."""
    assert by.person_id is not None
    evidence = Evidence.objects.create(
        account_id=by.account_id,
        person_id=by.person_id,
        level=FRESH,
        method=PASSKEY,
        taken_at=now,
        until=now + FRESH_FOR,
        session_ref=session_ref,
    )
    said = {"by": by.account_id, "evidence": evidence.pk, "method": PASSKEY}
    ledger.append(ledger.entry("identity:check:confirmed", said, at=now, subject_id=by.person_id))


def sweep(now: datetime) -> int:
    """End the checks whose time is over; return how many. Twice does no harm."""
    over = list(Check.objects.exclude(state__in=Check.ENDED).filter(expires_at__lte=now).values_list("pk", flat=True))
    for pk in over[:500]:
        with transaction.atomic():
            row = Check.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if row is not None and row.state not in Check.ENDED:
                end(row, "lapsed", by=SYSTEM, now=now)
    return len(over)
