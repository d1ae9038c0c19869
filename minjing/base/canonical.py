"""Canonical bytes of a JSON value, and salted commitments to them."""

import hashlib
import secrets
from typing import Any

import rfc8785

SALT_BYTES = 32


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of `value`: the same value always gives the same bytes."""
    return rfc8785.dumps(value)


def new_salt() -> bytes:
    """Return 32 random bytes; deleting them later makes a commitment say nothing."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, data: bytes) -> bytes:
    """Return SHA-256(salt || data): binds to `data` without showing it."""
    return hashlib.sha256(salt + data).digest()
