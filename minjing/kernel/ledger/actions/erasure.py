"""Erasing a person: salts and payloads go, commitments and the tree stay."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.db import connection, transaction

from minjing.kernel.ledger.actions.append import append, entry


class Asker(Protocol):
    """Whoever orders an erasure: identity's Actor, of which the ledger knows only the account."""

    @property
    def account_id(self) -> UUID: ...


KEEP = """
INSERT INTO ledger_erased (id, erased_by, commitment)
SELECT o.id, %s, sha256(ledger_frame(o)) FROM ledger_outbox o WHERE subject_id = %s
"""
EMPTY = """
UPDATE ledger_outbox o SET salt = NULL, payload = NULL, subject_id = NULL, actor_id = NULL, object_id = NULL
FROM ledger_erased e WHERE o.id = e.id AND e.erased_by = %s
"""


@transaction.atomic
def erase_person(subject_id: UUID, by: Asker, now: datetime) -> int:
    """Empty every entry about a person and record that it was done; return how many entries.

    The commitment of each is kept beside the entry of its erasure, so that its leaf stays provable, also where it
    had not yet been given an index; the entry of the erasure states their number, and rows that vanish in any
    other way are faults. Without its salt a commitment says nothing. The dead versions of the rows are removed by
    the next vacuum, backups as they expire.
    """
    with connection.cursor() as cursor:
        # No look may slip in between the count and the emptying of what it counted.
        cursor.execute("SELECT id FROM ledger_outbox WHERE subject_id = %s FOR UPDATE", [subject_id])
        count = len(cursor.fetchall())
        record = entry("ledger:person:erased", {"by": by.account_id, "entries": count}, at=now)
        append(record)
        cursor.execute(KEEP, [record.id, subject_id])
        if cursor.rowcount != count:
            raise RuntimeError("An entry about this person arrived during the erasure; run it again.")
        cursor.execute("SELECT set_config('minjing.ledger', 'erase', true)")
        cursor.execute(EMPTY, [record.id])
        cursor.execute("SELECT set_config('minjing.ledger', '', true)")
    return count
