"""Identifiers made in the application, ordered by time (RFC 9562, version 7)."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7: sortable by creation, so that index pages stay warm."""
    return uuid7()
