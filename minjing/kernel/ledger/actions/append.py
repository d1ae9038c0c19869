"""An act's entry, and its row in the act's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from minjing.base.canonical import canonical, commitment, new_salt
from minjing.base.ids import new_id


@dataclass(frozen=True, slots=True)
class Entry:
    """What an act leaves behind: one row of ledger_outbox, in the order of its columns."""

    id: UUID
    kind: str
    org_id: int
    at: datetime
    subject_id: UUID | None
    salt: bytes
    payload: bytes
    commitment: bytes


def entry(
    kind: str, payload: Mapping[str, Any], *, at: datetime, org_id: int = 0, subject_id: UUID | None = None
) -> Entry:
    """Return the entry of an act: `kind` like "matters:matter:claimed", `payload` who, what, why, in ids only.

    The commitment covers the instant, the district and the person as well, so that none can be altered alone.
    Ids, dates and instants in `payload` are written as text; other values must be JSON.
    """
    data = canonical(
        {
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "kind": kind,
            "org": org_id,
            "subject": None if subject_id is None else str(subject_id),
            "what": plain(payload),
        }
    )
    salt = new_salt()
    return Entry(new_id(), kind, org_id, at, subject_id, salt, data, commitment(salt, data))


def plain(value: Any) -> Any:
    """Return `value` as JSON has it: ids and times as text, mappings as objects, other iterables as lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, (UUID, date)):
        return str(value)
    return value


APPEND = """
INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, salt, payload, commitment)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::smallint[], %s::timestamptz[],
                     %s::uuid[], %s::bytea[], %s::bytea[], %s::bytea[])
"""


def append(*entries: Entry) -> None:
    """Insert the entries in the caller's transaction, in one statement: act and record stand or fall as one."""
    if not entries:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            APPEND,
            [
                [e.id for e in entries],
                [e.kind for e in entries],
                [e.org_id for e in entries],
                [e.at for e in entries],
                [e.subject_id for e in entries],
                [e.salt for e in entries],
                [e.payload for e in entries],
                [e.commitment for e in entries],
            ],
        )
