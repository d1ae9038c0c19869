"""SQL statements and bytes of each transition: ours, django-viewflow's, SpiffWorkflow's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import psycopg

from bench import house
from bench.ours import OWN
from bench.table import Row, at_most
from bench.transitions import PEERS, matters, peers
from minjing.kernel.ledger import prepared

STEPS = 4 * OWN  # a whole life of each matter of ours: what is touched or read for the first time lies before it


def run(say: Callable[[str], None]) -> list[Row]:
    """Count for each engine in turn, alone on the server."""
    matters()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # now, and not by itself while bytes are counted
    found = {}
    for kind, environment in {"ours": dict(os.environ), **peers()}.items():
        found[kind] = _counted(kind, environment)
        say(f"{kind}: {found[kind][0]:.1f} statements, {found[kind][1]:,.0f} bytes of WAL")
    for database in PEERS.values():
        house.drop(database)
    rows = []
    for kind, name in (("peers.viewflow", "django-viewflow"), ("peers.spiff", "SpiffWorkflow")):
        note = "beside begin and commit; one more for words about somebody whose key the process has not read lately"
        rows.append(
            at_most(f"statements per transition, beside {name}", found["ours"][0], 1, "", found[kind][0], note)
        )
    for kind, name in (("peers.viewflow", "django-viewflow"), ("peers.spiff", "SpiffWorkflow")):
        ours, theirs = found["ours"][1], found[kind][1]
        note = "ours with event, request id and ledger entry"
        rows.append(
            Row(f"WAL per transition, beside {name}", ours, theirs, theirs / ours, "shown", None, "bytes", note)
        )
    return rows


def _counted(kind: str, environment: dict[str, str]) -> tuple[float, float]:
    """Return statements and bytes of WAL of one step, in a process of its own that has warmed up."""
    command = [sys.executable, "-m", "bench.statements", kind]
    done = subprocess.run(command, env=environment, cwd=house.ROOT, check=True, capture_output=True, text=True)
    statements, written = done.stdout.split()[-2:]
    return float(statements) / STEPS, float(written) / STEPS


def main(kind: str) -> None:
    """Warm up, then count `STEPS` steps."""
    import importlib

    step = importlib.import_module(f"bench.{kind}").prepare(0)
    for _ in range(STEPS):
        step()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as watching:
        watching.execute("CHECKPOINT")
        for _ in range(STEPS):  # whole pages go to the WAL once after a checkpoint: not what is counted here
            step()
        before = _position(watching)
        with traced() as trace:
            for _ in range(STEPS):
                step()
        written = _position(watching) - before
    print(trace.statements, written)


def _position(connection: psycopg.Connection) -> int:  # type: ignore[type-arg]
    return int(connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()[0])


class traced:  # noqa: N801 - reads as a verb
    """Counts the statements of every cursor of this process, but not BEGIN, COMMIT and SAVEPOINT."""

    CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    CURSORS = (psycopg.Cursor, prepared.Cursor)

    def __enter__(self) -> traced:
        self.statements = 0
        self._before = [cursor.execute for cursor in self.CURSORS]
        for cursor in self.CURSORS:
            cursor.execute = self._counting(cursor.execute)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_error: object) -> None:
        for cursor, execute in zip(self.CURSORS, self._before, strict=True):
            cursor.execute = execute  # type: ignore[method-assign]

    def _counting(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        def counted(cursor: Any, query: Any, *more: Any, **named: Any) -> Any:
            if not (query if isinstance(query, str) else "").lstrip().upper().startswith(self.CONTROL):
                self.statements += 1
            return execute(cursor, query, *more, **named)

        return counted


if __name__ == "__main__":
    main(sys.argv[1])
