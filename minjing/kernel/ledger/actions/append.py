"""An act's entry, and its row in the act's own transaction."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from minjing.base.ids import new_id
from minjing.kernel.ledger.actions.promise import promised
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.ledger.rules import framing
from minjing.kernel.ledger.rules.public import minute, minute_text, public_entry
from minjing.kernel.ledger.rules.tree import leaf_hash


@dataclass(frozen=True, slots=True)
class Entry:
    """What an act leaves behind: one row of ledger_outbox."""

    id: UUID
    kind: str
    org_id: int
    at: datetime
    subject_id: UUID | None
    actor_id: UUID | None
    object_id: UUID | None
    salt: bytes
    payload: bytes

    @property
    def commitment(self) -> bytes:
        """What the public entry says of all this: SHA-256 of salt and frame."""
        return framing.commitment(
            self.salt
            + framing.frame(
                self.id,
                self.at,
                self.org_id,
                self.subject_id,
                self.actor_id,
                self.object_id,
                self.kind,
                self.payload,
            )
        )

    @property
    def public(self) -> bytes:
        """The public entry: the bytes that will be hashed into the tree."""
        return public_entry(self.kind, minute_text(minute(self.at)), self.commitment)

    @property
    def leaf_hash(self) -> bytes:
        """The hash of the public entry: what a promise names before the entry has an index."""
        return leaf_hash(self.public)


# Of what callers pass, these have columns of their own if they are ids; queries put them back.
ACTOR, OBJECT = "by", "matter"


def entry(
    kind: str, payload: Mapping[str, Any], *, at: datetime, org_id: int = 0, subject_id: UUID | None = None
) -> Entry:
    """Return the entry of an act: `kind` like "matters:matter:claimed", `payload` who, what, why, in ids only.

    The commitment covers the instant, the district and the person as well, so that none can be altered alone.
    Ids, dates and instants in `payload` are written as text; other values must be JSON. Raises TypeError for a
    number with a fraction and for a key that is not ASCII text.
    """
    said = dict(payload)
    actor, matter = _lifted(said, ACTOR), _lifted(said, OBJECT)
    return Entry(
        new_id(), kind, org_id, at, subject_id, actor, matter, os.urandom(framing.SALT_BYTES), canonical(said)
    )


def _lifted(said: dict[str, Any], key: str) -> UUID | None:
    """Take an id out of what is said; text that is not an id as we write it stays where it is."""
    value = said.get(key)
    if isinstance(value, str) and len(value) == 36:
        try:
            parsed = UUID(value)
        except ValueError:
            return None
        value = parsed if str(parsed) == value else None
    if not isinstance(value, UUID) or not value.int:
        return None
    del said[key]
    return value


ENCODE = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return RFC 8785 bytes of what entries may hold: quicker than the general encoder, and a test compares them.

    Without fractions and with ASCII keys alone, JSON has one sorted spelling and Python's C encoder writes it.
    """
    return ENCODE(plain(value)).encode()


def plain(value: Any) -> Any:
    """Return `value` as JSON has it: ids and times as text, mappings as objects, other iterables as lists."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return [plain(item) for item in sorted(value, key=str)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, (UUID, date)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a ledger entry")


def _key(key: Any) -> str:
    text = str(key)
    if not text.isascii():
        raise TypeError("a key of a ledger entry is ASCII text")
    return text


# All rows as one JSON text rather than an array a column: it takes half the time to send.
APPEND = """
INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
SELECT id, kind, org_id, at, subject_id, actor_id, object_id, decode(salt, 'hex'), convert_to(payload, 'UTF8')
FROM jsonb_to_recordset(%s::jsonb) AS e(id uuid, kind text, org_id smallint, at timestamptz, subject_id uuid,
    actor_id uuid, object_id uuid, salt text, payload text)
"""


_gathered: ContextVar[list[Entry] | None] = ContextVar("entries", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Insert what is appended within this block as it ends, in one statement and under one promise.

    For an act whose parts each tell the ledger: the block lies within the act's transaction, and an error that leaves
    it undoes the whole of that. Within another such block it is part of that one.
    """
    gathered: list[Entry] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    append(*gathered)


def append(*entries: Entry) -> None:
    """Insert the entries in the caller's transaction, in one statement: act and record stand or fall as one."""
    if not entries:
        return
    gathered = _gathered.get()
    if gathered is not None:
        gathered += entries
        return
    with prepared_cursor() as cursor:
        cursor.execute(APPEND, [as_rows(entries)])
    promised(*entries)


def as_rows(entries: Sequence[Entry]) -> str:
    """Return entries as the statement takes them."""
    return to_json([_row(e) for e in entries]).decode()


def _row(e: Entry) -> dict[str, Any]:
    return {
        "id": e.id,
        "kind": e.kind,
        "org_id": e.org_id,
        "at": e.at,
        "subject_id": e.subject_id,
        "actor_id": e.actor_id,
        "object_id": e.object_id,
        "salt": e.salt.hex(),
        "payload": e.payload.decode(),
    }
