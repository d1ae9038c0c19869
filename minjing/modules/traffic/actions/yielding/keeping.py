"""Tracks are kept for the months that the models declare and then dropped, a month as one table.

What an officer was shown as the proof of a match stands with the candidate and stays with the violation's file.
Calls to move a vehicle go after their days in the same night.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.models import MoveCall, TrackPart
from minjing.modules.traffic.queries import move_calls
from minjing.modules.traffic.queries.yielding.limits import said

AHEAD = 2  # months opened before they begin
PREFIX = "traffic_trackpart_m"


def keep(now: datetime) -> int:
    """Open the months to come, drop those that are over, delete old calls; return how many months were dropped."""
    first = _month(now)
    for step in range(AHEAD + 1):
        open_month(_later(first, step))
    dropped = drop_months(now)
    drop_calls(now)
    return dropped


@transaction.atomic
def open_month(first: datetime) -> bool:
    """Give a month its own table, and move there what came before it had one; False where it has one."""
    name = f"{PREFIX}{first:%Y%m}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return False
        # The name is made of our own prefix and six digits: nothing of it comes from outside.
        cursor.execute(f"CREATE TABLE {name} (LIKE traffic_trackpart INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM traffic_trackpart_rest WHERE first_at >= %s AND first_at < %s RETURNING *)"  # noqa: S608
            f" INSERT INTO {name} SELECT * FROM moved",
            [first, _later(first, 1)],
        )
        cursor.execute(
            f"ALTER TABLE traffic_trackpart ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
            [first, _later(first, 1)],
        )
    return True


@transaction.atomic
def drop_months(now: datetime) -> int:
    """Drop every month of tracks that ended before the retention began; the ledger says how much went."""
    edge = _later(_month(now), -int(said()["kept_months"]))
    old = [name for name in _months() if name < f"{PREFIX}{edge:%Y%m}"]
    before = TrackPart.objects.filter(first_at__lt=edge)
    parts = before.count()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be dropped
        for name in old:
            cursor.execute(f"DROP TABLE {name}")
    TrackPart.objects.filter(first_at__lt=edge).delete()  # what lay in no month of its own
    if parts:
        told = {"months": [name.removeprefix(PREFIX) for name in old], "parts": parts, "by": SYSTEM.account_id}
        ledger.append(ledger.entry(events.TRACKS_DROPPED, told, at=now))
    return len(old)


@transaction.atomic
def drop_calls(now: datetime) -> int:
    """Delete calls to move a vehicle that are older than their days."""
    gone, _ = MoveCall.objects.filter(called_at__lt=now - move_calls.limits().kept).delete()
    if gone:
        ledger.append(ledger.entry(events.MOVE_DROPPED, {"rows": gone, "by": SYSTEM.account_id}, at=now))
    return gone


def _months() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'traffic_trackpart'::regclass AND c.relname LIKE %s ORDER BY 1",
            [f"{PREFIX}%"],
        )
        return [row[0] for row in cursor.fetchall()]


def _month(at: datetime) -> datetime:
    return at.astimezone(CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _later(first: datetime, months: int) -> datetime:
    """Return the first of a month some months later or, with a negative number, before."""
    count = first.year * 12 + first.month - 1 + months
    return first.replace(year=count // 12, month=count % 12 + 1)
