"""What the worker does for matters that have been paid for, in tests that have none."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from minjing.kernel.matters import actions, queries

_TAKE = "DELETE FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo' RETURNING args->>'id'"


def issue_what_is_paid(now: datetime) -> None:
    """Take the jobs that wait out of the queue and do them."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [queries.ISSUE])
        waiting = [UUID(pk) for (pk,) in cursor.fetchall()]
    for matter_id in waiting:
        actions.issue_paid(matter_id, now=now)
