"""A ledger that came from another cluster by dump and restore: its transaction numbers begin anew."""

import logging
from datetime import datetime

from django.db import transaction

from minjing.kernel.ledger.actions.sequence.run import (
    LOCK,
    head_of,
    raw_cursor,
)

log = logging.getLogger(__name__)


# Acts of the new cluster may already stand among the old ones by their small transaction numbers. They are those
# that make the rows before the cut more than the log has entries, and their numbers (seq) are the highest.
RENUMBER = """
WITH rows AS (
    SELECT id, xid, seq, before, before AND row_number() OVER (PARTITION BY before ORDER BY seq) <= %(size)s AS logged
    FROM (SELECT id, xid, seq, (xid, seq) <= (%(xid)s::text::xid8, %(seq)s::bigint) AS before FROM ledger_outbox) o
), sorted AS (
    SELECT id, logged, row_number() OVER (ORDER BY logged DESC, before, xid, seq) - 1 AS idx FROM rows
)
UPDATE ledger_outbox o SET xid = CASE WHEN logged THEN '1' ELSE '3' END::xid8, seq = idx
FROM sorted WHERE sorted.id = o.id
"""


@transaction.atomic(durable=True)
def adopt(now: datetime) -> int:
    """Renumber a ledger that came from another cluster by dump and restore; return how many entries still wait.

    Transaction numbers begin anew in a new cluster, so the old ones would order wrongly beside new ones. What
    is in the log gets transaction 1 and its index as its place, what waits gets transaction 3 in its old order;
    new acts come after both.
    """
    cursor = raw_cursor()
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    head = head_of(cursor, now)
    cursor.execute("SELECT set_config('minjing.ledger', 'adopt', true)")
    cursor.execute("LOCK TABLE ledger_outbox IN EXCLUSIVE MODE")
    cursor.execute(RENUMBER, {"xid": str(head.cut_xid), "seq": head.cut_seq, "size": head.size})
    left = cursor.rowcount - head.size
    cursor.execute("UPDATE ledger_bundle SET xid = '1', seq = n * 256")
    cursor.execute("UPDATE ledger_state SET cut_xid = '1', cut_seq = %s", [head.size - 1])
    cursor.execute("SELECT set_config('minjing.ledger', '', true)")
    log.warning("The ledger was adopted at size %s; %s entries wait.", head.size, left)
    return left
