"""Statements that PostgreSQL keeps planned, for what every request or act asks.

Here because every other part of the kernel may import the ledger.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor


def prepared_cursor() -> Any:
    """Return a cursor whose statements are parsed and planned once a connection: for long ones that costs most.

    Django's usual cursor writes the values into the text, so that each statement is a new one to the server.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` does it for each attribute
    wrapper.ensure_connection()
    bind: Any = ServerBindingCursor
    return wrapper._prepare_cursor(bind(wrapper.connection))  # as connection.cursor() does with the one it makes
