"""The sequencer: puts what has committed in one order, grows the tree, binds the log to it and publishes it.

One run is a list of steps (STEPS). Between any two of them the machine may die; each step says what is then true,
and the tests stop the run before and after every one of them. Three things remember where the log stands: the
database (what was ordered), the guard (what the log bound itself to), the public folder (what was shown). Always
folder ≤ guard ≤ database; anything else is a doubt, and in doubt nothing is signed.

Trust: the database is trusted to keep bytes until they are signed, not to have kept them right; so what is
signed is computed again from what is read back.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from time import monotonic

import psycopg
from django.db import Error, connection

from minjing.base.clock import now as clock_now
from minjing.kernel.ledger.actions.sequence.adopting import adopt
from minjing.kernel.ledger.actions.sequence.ordering import order
from minjing.kernel.ledger.actions.sequence.publishing import (
    bind,
    collect,
    file,
    look,
    publish,
    remember,
    sign,
    witness,
)
from minjing.kernel.ledger.actions.sequence.reading_back import read_back
from minjing.kernel.ledger.actions.sequence.run import BATCH, CHECKPOINT, LOCK, Doubt, Run
from minjing.kernel.ledger.providers import guard
from minjing.kernel.ledger.providers.witnesses import NotEnough
from minjing.kernel.ledger.rules.progress import misgiving

__all__ = [
    "BATCH",
    "CHECKPOINT",
    "STEPS",
    "Doubt",
    "Run",
    "adopt",
    "alone",
    "drain",
    "run_sequencer",
    "sequence_once",
    "waiting",
]

log = logging.getLogger(__name__)

POLL_S = 0.2


def sequence_once(now: datetime, limit: int = BATCH) -> int:
    """Take up to `limit` committed entries into the log and publish the new head; return how many were taken.

    Returns 0 at once if another sequencer is at work. Raises Doubt if anything does not fit, NotEnough if too few
    witnesses cosign: then the next run publishes what this one could not.
    """
    run = Run(now, limit)
    with alone() as first:
        if first:
            for step in STEPS:
                step(run)
    return run.taken


@contextmanager
def alone() -> Iterator[bool]:
    """Hold the guard's lock and the database's: one sequencer on this machine, and one on this database."""
    with guard.held() as here:
        if not here:
            yield False
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            first = bool(cursor.fetchone()[0])
        try:
            yield first
        finally:
            # A connection that broke has let go of the lock by itself.
            if first and connection.connection is not None and not connection.connection.broken:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def drain(now: datetime, patience_s: float = 30.0) -> int:
    """Sequence until nothing waits; return how many entries were taken.

    Raises Doubt if a transaction stays open longer than `patience_s` and holds the rest up.
    """
    total, last = 0, monotonic()
    while True:
        taken = sequence_once(now)
        total += taken
        if taken:
            last = monotonic()
        elif not waiting():
            return total
        elif monotonic() - last > patience_s:
            raise Doubt("Entries wait behind a transaction that stays open; end it (pg_stat_activity) and try again.")
        else:
            Event().wait(0.02)


def waiting() -> bool:
    """Say whether any committed entry is not yet in the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM ledger_outbox WHERE (xid, seq) >"
            " (coalesce((SELECT cut_xid FROM ledger_state), '0'), coalesce((SELECT cut_seq FROM ledger_state), 0)))"
        )
        return bool(cursor.fetchone()[0])


def run_sequencer(stop: Event) -> None:
    """Sequence five times a second until `stop` is set; ends after the step under way. Raises Doubt."""
    pause, trouble = POLL_S, ""
    before, counted = clock_now(), monotonic()
    while not stop.is_set():
        now, count = clock_now(), monotonic()
        wrong = misgiving(before, now, count - counted)
        if wrong:
            raise Doubt(f"{wrong} Set the clock right (timedatectl), then start the sequencer again.")
        if now > before:
            before, counted = now, count
        said = ""
        try:
            # A full batch means more is waiting: no pause.
            pause = 0.0 if sequence_once(now) >= BATCH else POLL_S
        except (Error, psycopg.Error, OSError) as error:
            # The database is away, or a disk is full. We come back and go on where guard and state stand.
            said = f"The sequencer waits for the database or the disk: {type(error).__name__}"
            connection.close()
            pause = min(max(pause, POLL_S) * 2, 5.0)
        except NotEnough as few:
            said = str(few)
            pause = min(max(pause, POLL_S) * 2, 1.0)
        if said and said != trouble:
            log.warning("%s", said)
        trouble = said
        stop.wait(pause)
    connection.close()


STEPS: list[Callable[[Run], None]] = [
    look,
    order,
    read_back,
    bind,
    sign,
    file,
    witness,
    publish,
    remember,
    collect,
]
