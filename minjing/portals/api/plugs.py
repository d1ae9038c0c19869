"""Where modules hang their part of the API: a prefix, and where its router stands.

The router is imported when the addresses are built, not at the start: a worker has no API.
"""

from __future__ import annotations

ROUTERS: dict[str, str] = {}  # prefix → "package.module:name"


def router(prefix: str, where: str) -> None:
    """Add a module's router below a prefix of its own."""
    ROUTERS[prefix] = where
