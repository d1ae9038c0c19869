"""The key that signs electronic licences: made at first use, mode 600; its public half is published."""

from __future__ import annotations

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


@lru_cache(maxsize=1)
def _key() -> Ed25519PrivateKey:
    path = settings.DATA_DIR / "keys" / "licence.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
                handle.write(os.urandom(32))
        except FileExistsError:
            pass  # another process has made it in this moment
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def sign(data: bytes) -> bytes:
    """Return the signature of `data`."""
    return _key().sign(data)


def verify(signature: bytes, data: bytes) -> bool:
    """Say whether our key has signed `data`."""
    return verify_with(_key().public_key(), signature, data)


def verify_with(key: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    """Say whether this key has signed `data`."""
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def public_key() -> str:
    """Return the public key in base64, as it is published."""
    return base64.b64encode(_key().public_key().public_bytes_raw()).decode()
