"""The database backend of the house: Django's own, but for the health check of each request."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks the server whether it lives only where the connection has something to say.

    A server that has ended, or has ended this connection, leaves its socket readable. Where nothing waits to be read,
    `SELECT 1` at each request would tell nothing more and cost a journey to the database. A machine that vanished
    without a word is found by the request's own statement, as it would be if it vanished a moment after the check.
    """

    connection: Any

    def is_usable(self) -> bool:
        """Return whether the connection can be used."""
        if self.connection is None or self.connection.closed:
            return False
        return not _readable(self.connection.fileno()) or super().is_usable()


def _readable(socket: int) -> bool:
    poll = select.poll()  # unlike select.select it takes any descriptor, also beyond 1023
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
