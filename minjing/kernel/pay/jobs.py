"""The jobs of pay, put in the queue by the transaction that needs them. Losing one costs time, not money: see sweep.

A job for the same thing that still waits is enough; it looks at the row itself when it runs. What is to run at once
does not wait behind one that is planned for later: the two have locks of their own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

QUEUE = "pay"
ASK, SEND_REFUND, RECEIPT, STATEMENT = "pay.ask", "pay.send_refund", "pay.receipt", "pay.statement"
_ENQUEUE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at, queueing_lock)
SELECT %(queue)s, %(task)s, jsonb_build_object('id', id), %(at)s, %(lock)s || id
FROM unnest(%(ids)s::text[]) AS j(id)
ON CONFLICT DO NOTHING
"""


def enqueue(task: str, ids: Sequence[UUID], *, at: datetime | None = None) -> None:
    """Queue `task` for each id, to run at `at` or as soon as the transaction has committed."""
    if not ids:
        return
    lock = at_once(task) if at is None else f"{task}:"
    said: dict[str, Any] = {"queue": QUEUE, "task": task, "at": at, "ids": [str(i) for i in ids], "lock": lock}
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, said)


def at_once(task: str) -> str:
    """Return how the lock of a job begins that runs as soon as the transaction has committed; the id comes after."""
    return f"{task}:now:"
