"""How WeChat signs and seals what it pushes: SHA-1 over sorted parts, AES-256-CBC with the app's id inside.

The same format as wechatpy.crypto, against which the tests hold it; that package loads `requests` (10 MB a process),
and the pages' processes take these calls.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # WeChat pads to 32 bytes, not to AES's 16
RANDOM = 16


class Forged(Exception):
    """What came was not sealed or signed with our keys, or was meant for another account."""


def signature(token: str, *parts: str) -> str:
    """Return the hex SHA-1 that WeChat puts beside a call."""
    return hashlib.sha1("".join(sorted((token, *parts))).encode(), usedforsecurity=False).hexdigest()


def signed(mark: str, token: str, *parts: str) -> bool:
    """Say whether `mark` is the signature of the parts; without a token nothing is signed."""
    return bool(token) and hmac.compare_digest(signature(token, *parts).encode(), mark.encode())


def wrap(aes_key: str, text: str, app_id: str) -> str:
    """Return a text sealed for this app, in base64."""
    content = text.encode()
    plain = os.urandom(RANDOM) + struct.pack(">I", len(content)) + content + app_id.encode()
    left = BLOCK - len(plain) % BLOCK
    encryptor = _cipher(aes_key).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([left]) * left) + encryptor.finalize()).decode()


def unwrap(aes_key: str, sealed: str, app_id: str) -> str:
    """Return what was sealed for this app. Raises Forged."""
    try:
        decryptor = _cipher(aes_key).decryptor()
        plain = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        if not 1 <= plain[-1] <= BLOCK:
            raise Forged("padding")
        content = plain[RANDOM : -plain[-1]]
        (length,) = struct.unpack(">I", content[:4])
        text, meant_for = content[4 : 4 + length].decode(), content[4 + length :].decode()
    except (ValueError, IndexError, struct.error, binascii.Error):
        raise Forged("sealing") from None
    if not hmac.compare_digest(meant_for.encode(), app_id.encode()):
        raise Forged("another app")
    return text


def _cipher(aes_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(f"{aes_key}=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
