"""What the ledger's tests share: acts, and an insider."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import connection, transaction

from minjing.kernel.ledger.actions import Entry, append, entry
from minjing.kernel.ledger.providers import folder

NOW = datetime(2026, 3, 2, 4, 0, 17, tzinfo=UTC)


def acts(count: int, kind: str = "matters:matter:claimed", subject_id: UUID | None = None) -> list[Entry]:
    """Let `count` acts happen; return their entries."""
    made = [entry(kind, {"n": n}, at=NOW, subject_id=subject_id) for n in range(count)]
    append(*made)
    return made


def in_order() -> list[UUID]:
    """Return the ids of the entries that are in the log, by index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id FROM ledger_outbox o CROSS JOIN LATERAL ledger_index(o.xid, o.seq) AS idx"
            " WHERE idx IS NOT NULL ORDER BY idx"
        )
        return [row[0] for row in cursor.fetchall()]


def flip(path: str, place: int, bit: int) -> None:
    """Flip one bit of a public file, as a disk or whoever owns it could."""
    file = folder.folder() / path
    data = bytearray(file.read_bytes())
    data[place] ^= 1 << bit
    file.write_bytes(data)


def tamper(*statements: str) -> None:
    """Change rows as the owner of the database could: with triggers off and checks dropped."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in statements:
            cursor.execute(sql)
