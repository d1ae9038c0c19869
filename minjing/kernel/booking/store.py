"""Writing: each act as one SQL statement with its request, its ledger entry and its notices."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, UniqueViolation
from psycopg.types.json import Jsonb

from minjing.kernel.booking import rules
from minjing.kernel.booking.errors import AlreadyBooked, Full
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.booking.sql import statement
from minjing.kernel.booking.words import told
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger.actions import Entry, promised
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.notify import actions as notify

NO_ROOM = "BK001"  # raised by booking_full()
TRIES = 4


class Repeated(Exception):
    """This request has had its effect already; nothing was written now."""


def new_code() -> str:
    """Return a fresh code: 50 random bits; with the place known, nobody guesses somebody else's."""
    return "".join(secrets.choice(rules.ALPHABET) for _ in range(rules.CODE_CHARACTERS))


def room(place: PlaceFacts, starts_at: datetime, minutes: int) -> dict[str, list[int]]:
    """Return the slots a visit takes and the minutes of each, as the statements take them."""
    parts = place.grid.parts(starts_at, minutes)
    return {"slots": [rules.slot_id(place.id, at) for at, _ in parts], "parts": [part for _, part in parts]}


def run(
    name: str,
    params: Mapping[str, Any],
    *,
    visit: Visit,
    place: PlaceFacts,
    act: str,
    by: Actor,
    now: datetime,
    request_id: UUID,
    tells: str = "",
    moves: tuple[str, ...] = (),
    said: Mapping[str, Any] | None = None,
    words: Mapping[str, Any] | None = None,
) -> tuple[Any, ...] | None:
    """Run a statement; return its row, None where the visit is not as the asker saw it.

    Raises Full, AlreadyBooked and Repeated; after each of them nothing of it has been written. `tells` is the
    template of the notice, `said` what the entry states beside the visit.
    """
    entry = entry_of(visit, place, act, by, now, said or {})
    whole = {
        "id": visit.pk,
        "ver": visit.ver,
        "org_id": place.org_id,
        "place_id": place.id,
        "now": now,
        "act": act,
        "request_id": request_id,
        "notices": Jsonb(_notices(visit, place, tells, words or {})),
        "entry_id": entry.id,
        "entry_kind": entry.kind,
        "entry_subject": entry.subject_id,
        "entry_actor": entry.actor_id,
        "entry_object": entry.object_id,
        "salt": entry.salt,
        "payload": entry.payload,
        **params,
    }
    row = _tried(statement(name, moves), whole)
    if row is not None:
        promised(entry)
    return row


def entry_of(visit: Visit, place: PlaceFacts, act: str, by: Actor, now: datetime, said: Mapping[str, Any]) -> Entry:
    """Return the ledger entry of an act on a visit: who did what to which visit where, no names."""
    what = {
        "visit": visit.pk,
        "place": place.code,
        "services": list(visit.services),
        "starts": visit.starts_at,
        "by": by.account_id,
        **said,
    }
    kind = f"booking:visit:{act}"
    return ledger_entry(kind, what, at=now, org_id=place.org_id, subject_id=visit.person_id)


def _notices(visit: Visit, place: PlaceFacts, template: str, words: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not template or visit.account_id is None:
        return []
    text = told(template, place, starts_at=visit.starts_at, services=visit.services, code=visit.code, **words)
    return notify.rows(template=template, text=text, matter_id=visit.pk, seq=visit.ver)


def _tried(text: str, params: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Run a statement; one that met another in a deadlock is run again."""
    for _ in range(TRIES - 1):
        try:
            return _row(text, params)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    return _row(text, params)


def _row(text: str, params: Mapping[str, Any]) -> tuple[Any, ...] | None:
    try:
        with together(), prepared_cursor() as cursor:
            cursor.execute(text, params)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row
    except IntegrityError as error:
        cause = error.__cause__
        name = cause.diag.constraint_name if isinstance(cause, UniqueViolation) else ""
        if name == "booking_request_pkey":
            raise Repeated from error
        if name == "booking_one_a_day":
            raise AlreadyBooked from error
        raise
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") == NO_ROOM:
            raise Full from error
        raise


def together() -> AbstractContextManager[None]:
    """Return a savepoint within a transaction; outside of one, a statement is a transaction by itself."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def moved(
    visit: Visit,
    changes: Mapping[str, Any],
    *,
    sources: Sequence[str],
    place: PlaceFacts,
    act: str,
    by: Actor,
    now: datetime,
    request_id: UUID,
    said: Mapping[str, Any] | None = None,
) -> bool:
    """Change columns of a visit that is in one of the states `sources`; False when it is not as it was seen."""
    params = {**changes, "from": list(sources)}
    return (
        run(
            "change",
            params,
            visit=visit,
            place=place,
            act=act,
            by=by,
            now=now,
            request_id=request_id,
            moves=tuple(changes),
            said=said,
        )
        is not None
    )
