"""The database backend of the house: Django's own, but for the health check of each request, and who is asking.

And two conversions that every statement pays for: JSON is written by pydantic's serialiser, which we have, five times
as fast; instants are read by psycopg's own loader, ten times as fast as Django's, which is for zones other than UTC.
"""

import os
import select
from datetime import UTC
from functools import cache
from typing import Any

from django.db.backends.postgresql import base
from psycopg import abc, adapters, pq
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.json import set_json_dumps
from pydantic_core import to_json

set_json_dumps(to_json)

# One transaction that stays open holds up the ledger for the whole city: a page's is ended after ten seconds.
PATIENCE = "-c idle_in_transaction_session_timeout=10s -c statement_timeout=60s"


LOADER: Any = adapters.get_loader(adapters.types["timestamptz"].oid, pq.Format.TEXT)


class Instants(Loader):
    """Reads instants of a session in UTC; Django asks for the zone, and takes its own loader for any other."""

    timezone = UTC

    def __init__(self, oid: int, context: abc.AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._load = LOADER(oid, context).load

    @property
    def load(self) -> Any:
        """Return psycopg's loading itself, so that no call of ours comes between."""
        return self._load


@cache
def _with_instants(given: AdaptersMap) -> AdaptersMap:
    adapted = AdaptersMap(given)
    adapted.register_loader("timestamptz", Instants)
    return adapted


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks the server whether it lives only where the connection has something to say.

    A server that has ended, or has ended this connection, leaves its socket readable. Where nothing waits to be read,
    `SELECT 1` at each request would tell nothing more and cost a journey to the database. A machine that vanished
    without a word is found by the request's own statement, as it would be if it vanished a moment after the check.
    """

    connection: Any

    def get_connection_params(self) -> dict[str, Any]:
        """Tell the server which process this is: asked at each connection, since the processes are forks of one."""
        process = os.environ.get("MINJING_PROCESS", "minjing")
        named: dict[str, Any] = super().get_connection_params() | {"application_name": process}
        if self.timezone == UTC:
            named["context"] = _with_instants(named["context"])
        if process == "minjing-web":
            named["options"] = PATIENCE
        return named

    def is_usable(self) -> bool:
        """Return whether the connection can be used."""
        if self.connection is None or self.connection.closed:
            return False
        return not _readable(self.connection.fileno()) or super().is_usable()


def _readable(socket: int) -> bool:
    poll = select.poll()  # unlike select.select it takes any descriptor, also beyond 1023
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
