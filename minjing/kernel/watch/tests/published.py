"""What the monitor's tests share: acts that are sequenced, published into a folder, and tampered with."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, transaction

from minjing.kernel.ledger import queries
from minjing.kernel.ledger.actions import drain
from minjing.kernel.ledger.rules.tiles import bundle, bundle_path, tile_path, unbundle

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def published(folder: Path, now: datetime = NOW) -> int:
    """Sequence what waits and write the public files from the tables; return the size."""
    drain(now)
    head = queries.head()
    assert head is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT level, n, width, hashes FROM ledger_tile")
        for level, n, width, hashes in cursor.fetchall():
            _write(folder / tile_path(level, n, width), bytes(hashes))
        cursor.execute("SELECT n, entries FROM ledger_bundle WHERE entries IS NOT NULL")
        for n, entries in cursor.fetchall():
            held = unbundle(bytes(entries))
            _write(folder / bundle_path(n, len(held)), bundle(held))
    _write(folder / "checkpoint", head.checkpoint_text.encode())
    return head.size


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def tamper(*statements: str, params: Sequence[object] = ()) -> None:
    """Change rows as the owner of the database could: past every trigger."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in statements:
            cursor.execute(sql, params)
