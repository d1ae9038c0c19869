"""What the monitor's tests share: acts that are published, and tampered with."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection, transaction

from minjing.kernel.ledger import queries
from minjing.kernel.ledger.actions import drain

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def published(now: datetime = NOW) -> int:
    """Sequence and publish what waits; return the size."""
    drain(now)
    head = queries.head()
    assert head is not None
    return head.size


def tamper(*statements: str, params: Sequence[object] = ()) -> None:
    """Change rows as the owner of the database could: past every trigger."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in statements:
            cursor.execute(sql, params)
