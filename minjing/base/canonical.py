"""Canonical bytes of a JSON value."""

from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of `value`: the same value always gives the same bytes."""
    return rfc8785.dumps(value)
