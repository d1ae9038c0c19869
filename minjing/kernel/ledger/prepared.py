"""Statements that PostgreSQL keeps planned, for what every request or act asks.

Here because every other part of the kernel may import the ledger. A pooler that swaps connections between
transactions must know prepared statements (PgBouncer ≥ 1.21).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import Connection, OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName, error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

KEPT_MAX = 200  # plans a connection keeps; the oldest goes first
# The server has no such plan any more, or what it was made for has changed: after DISCARD ALL, after a migration.
NO_LONGER_PLANNED = (InvalidSqlStatementName, FeatureNotSupported)
DONE = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})


def prepared_cursor() -> Any:
    """Return a cursor whose statements are parsed and planned once a connection: for long ones that costs most.

    Django's usual cursor writes the values into the text, so that each statement is a new one to the server. The
    rows are there when `execute` returns.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` does it for each attribute
    wrapper.ensure_connection()
    return wrapper._prepare_cursor(Cursor(wrapper.connection))  # as connection.cursor() does with the one it makes


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the server takes it, and the names of its values in the order of their numbers."""

    query: bytes
    names: tuple[str, ...]


@cache
def numbered(text: str) -> Statement:
    """Return a statement with $1, $2 … for %(name)s, each name once, or for each %s; %% stands for a percent sign."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1] or ("" if found[0] == "%s" else None)
        if name is None:
            return "%"
        if not name or name not in names:
            names.append(name)
            return f"${len(names)}"
        return f"${names.index(name) + 1}"

    query = re.sub(r"%(?:\((\w+)\)s|s|%)", number, text)
    return Statement(query.encode(), () if "" in names else tuple(names))


@dataclass(slots=True)
class Plans:
    """What a connection keeps planned: a name for each text and types of values."""

    names: dict[tuple[str, tuple[int, ...] | None], bytes] = field(default_factory=dict)
    made: int = 0


# Nothing in a connection's plans may lead back to it: the connection of a thread that ends is to end with it.
_plans: WeakKeyDictionary[Connection[Any], Plans] = WeakKeyDictionary()


class Cursor:
    """As much of a cursor as our statements need, straight on libpq.

    psycopg's own serves queries of every kind, in steps that could be awaited and interrupted: for a short statement
    that is as much work as all the rest of a step. This one waits in libpq, where a signal does not reach it, and
    other threads run meanwhile.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self._query: Statement | None = None  # where Django looks for what it logs

    def execute(self, text: str, params: Mapping[str, Any] | Sequence[Any] = ()) -> None:
        """Run a statement with %(name)s or %s and keep its rows; the errors of the server are psycopg's."""
        statement = self._query = numbered(text)
        values = [params[name] for name in statement.names] if isinstance(params, Mapping) else params
        pgconn, transformer = self._connection.pgconn, Transformer(self._connection)
        sent: Any = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
        if not self._connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
            self._checked(pgconn.exec_(b"BEGIN"))
        key = (text, transformer.types)
        try:
            result = self._checked(pgconn.exec_prepared(self._planned(key), sent, transformer.formats))
        except NO_LONGER_PLANNED:
            _plans[self._connection].names.pop(key, None)
            if pgconn.transaction_status != TransactionStatus.IDLE:
                raise  # what is around it is broken; whoever asks again has it planned anew
            result = self._checked(pgconn.exec_prepared(self._planned(key), sent, transformer.formats))
        transformer.set_pgresult(result)
        self._rows = transformer.load_rows(0, result.ntuples, tuple)

    def _planned(self, key: tuple[str, tuple[int, ...] | None]) -> bytes:
        """Return the name of a statement's plan on this connection, made if there is none."""
        plans = _plans.get(self._connection)
        if plans is None:
            plans = _plans[self._connection] = Plans()
        name = plans.names.get(key)
        if name is None:
            if len(plans.names) >= KEPT_MAX:
                oldest = next(iter(plans.names))
                self._checked(self._connection.pgconn.close_prepared(plans.names[oldest]))
                del plans.names[oldest]
            plans.made += 1
            name = f"minjing_{plans.made}".encode()
            text, types = key
            self._checked(self._connection.pgconn.prepare(name, numbered(text).query, types))
            plans.names[key] = name
        return name

    def _checked(self, result: PGresult) -> PGresult:
        if result.status in DONE:
            return result
        if result.error_field(DiagnosticField.SQLSTATE) is None:  # not the server's word: it has gone
            raise OperationalError(self._connection.pgconn.get_error_message())
        raise error_from_result(result)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self._rows

    def close(self) -> None:
        """Let go of the rows."""
        self._rows = []
