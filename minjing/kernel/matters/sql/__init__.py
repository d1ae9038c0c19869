"""The engine's statements, each in a file of its own, read once and prepared once a connection."""

from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor


@cache
def statement(name: str) -> str:
    """Return the text of `name`.sql."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")


def prepared_cursor() -> Any:
    """Return a cursor whose statements PostgreSQL keeps planned: parsing ours costs more than running them.

    Django's usual cursor writes the values into the text, so that each statement is a new one to the server.
    """
    wrapper: Any = connection
    wrapper.ensure_connection()
    bind: Any = ServerBindingCursor
    return wrapper._prepare_cursor(bind(wrapper.connection))  # as connection.cursor() does with the one it makes
