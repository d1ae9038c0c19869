"""Sealing: AES-256-GCM under a key per person, itself wrapped under the master key that lies outside the database.

A sealed value is `version (1) | nonce (12) | ciphertext | tag (16)`; the context "table.column" is bound to it,
so that a value moved to another column does not open. Deleting the key erases whatever was sealed under it.
"""

import base64
import hashlib
import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from minjing.kernel.identity.errors import Erased
from minjing.kernel.identity.models import PersonKey

VERSION = b"\x01"
NONCE_BYTES, KEY_BYTES = 12, 32
CACHE_SIZE = 10_000  # unwrapped keys kept by one process: about 3 MB
# Another process may have erased a person: a key is believed for this long, then read again.
CACHE_S = 60.0

_cache: OrderedDict[UUID, tuple[AESGCM, float]] = OrderedDict()
_lock = Lock()


class Tampered(Exception):
    """A sealed value does not open: it was changed, moved to another place, or sealed under another key."""


def new_key(owner_id: UUID) -> bytes:
    """Return a fresh key, wrapped for the row of `owner_id` in PersonKey; this process can seal with it at once."""
    nonce, key = os.urandom(NONCE_BYTES), os.urandom(KEY_BYTES)
    _keep(owner_id, AESGCM(key))
    return VERSION + nonce + _master().encrypt(nonce, key, _wrap_context(owner_id))


def sealed_under_new_key(owner_id: UUID, values: Sequence[tuple[str, bytes]]) -> tuple[bytes, list[bytes]]:
    """Return a fresh key wrapped for `owner_id`, and these (context, text) sealed under it.

    For taking over millions of people at once: one draw of random bytes a person, and no key is kept in memory.
    """
    drawn = os.urandom(KEY_BYTES + NONCE_BYTES * (1 + len(values)))
    nonces = [drawn[at : at + NONCE_BYTES] for at in range(KEY_BYTES, len(drawn), NONCE_BYTES)]
    key = AESGCM(drawn[:KEY_BYTES])
    wrapped = VERSION + nonces[0] + _master().encrypt(nonces[0], drawn[:KEY_BYTES], _wrap_context(owner_id))
    return wrapped, [
        VERSION + nonce + key.encrypt(nonce, text, context.encode())
        for nonce, (context, text) in zip(nonces[1:], values, strict=True)
    ]


def seal(owner_id: UUID, context: str, text: str | bytes) -> bytes:
    """Return `text` sealed under the key of `owner_id`: a person, or an account that has no person yet.

    Raises Erased when there is no key.
    """
    data = text.encode() if isinstance(text, str) else text
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + _keys([owner_id])[owner_id].encrypt(nonce, data, context.encode())


def seal_many(texts: Sequence[tuple[UUID, str, str]]) -> list[bytes]:
    """Return each (owner, context, text) sealed, in order, with one query for all keys. Raises Erased."""
    keys = _keys({owner for owner, _, _ in texts})
    sealed = []
    for owner, context, text in texts:
        nonce = os.urandom(NONCE_BYTES)
        sealed.append(VERSION + nonce + keys[owner].encrypt(nonce, text.encode(), context.encode()))
    return sealed


def unseal(owner_id: UUID, context: str, blob: bytes) -> bytes:
    """Return what was sealed. Raises Erased when the key is gone, Tampered when the value was changed."""
    return _open(_keys([owner_id])[owner_id], context, blob)


def unseal_many(sealed: Sequence[tuple[UUID, str, bytes]]) -> list[bytes | None]:
    """Return what was sealed, in order, with one query for all keys; None where the person was erased."""
    keys = _keys({owner for owner, _, _ in sealed}, strict=False)
    return [_open(keys[owner], context, blob) if owner in keys else None for owner, context, blob in sealed]


def unseal_with(owner_id: UUID, wrapped: bytes, context: str, blob: bytes) -> bytes:
    """Return what was sealed, where the caller's own query has brought the wrapped key along."""
    key = _cached(owner_id)
    if key is None:
        key = _unwrap(owner_id, wrapped)
        _keep(owner_id, key)
    return _open(key, context, blob)


def forget(owner_id: UUID) -> None:
    """Drop the unwrapped key of `owner_id` from this process."""
    with _lock:
        _cache.pop(owner_id, None)


def blind_index(kind: str, text: str) -> bytes:
    """Return the 32 bytes by which `text` of this kind is found without being stored: HMAC-SHA256."""
    return hmac.digest(settings.INDEX_KEY, f"{kind}|{text}".encode(), "sha256")


def derived_key(purpose: str) -> bytes:
    """Return the key that the master key gives for one purpose of the house itself, such as TOTP secrets."""
    return hmac.digest(settings.MASTER_KEY, f"derive|{purpose}".encode(), hashlib.sha256)


def conceal(purpose: str, text: str) -> str:
    """Return `text` sealed under a key of the house: for what belongs to no person, or lives for minutes only."""
    return base64.urlsafe_b64encode(conceal_bytes(purpose, text.encode())).decode()


def reveal(purpose: str, concealed: str) -> str:
    """Return what was concealed for this purpose. Raises Tampered."""
    try:
        blob = base64.urlsafe_b64decode(concealed)
    except ValueError:
        raise Tampered(f"a concealed value for {purpose} does not open") from None
    return reveal_bytes(purpose, blob).decode()


def conceal_bytes(purpose: str, data: bytes) -> bytes:
    """Return `data` sealed under a key of the house."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(derived_key(purpose)).encrypt(nonce, data, purpose.encode())


def reveal_bytes(purpose: str, blob: bytes) -> bytes:
    """Return the bytes that were concealed for this purpose. Raises Tampered."""
    try:
        key = AESGCM(derived_key(purpose))
        return key.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError):
        raise Tampered(f"a concealed value for {purpose} does not open") from None


def _open(key: AESGCM, context: str, blob: bytes) -> bytes:
    blob = bytes(blob)
    if blob[:1] != VERSION:
        raise Tampered(f"unknown form of sealed value in {context}")
    try:
        return key.decrypt(blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :], context.encode())
    except InvalidTag:
        raise Tampered(f"a sealed value of {context} does not open") from None


def _keys(owners: Iterable[UUID], *, strict: bool = True) -> dict[UUID, AESGCM]:
    found: dict[UUID, AESGCM] = {}
    missing = []
    for owner in owners:
        key = _cached(owner)
        if key is None:
            missing.append(owner)
        else:
            found[owner] = key
    if missing:
        for owner, wrapped in PersonKey.objects.filter(pk__in=missing).values_list("pk", "wrapped"):
            found[owner] = _unwrap(owner, bytes(wrapped))
            _keep(owner, found[owner])
        if strict and not found.keys() >= set(missing):
            raise Erased
    return found


def _cached(owner: UUID) -> AESGCM | None:
    with _lock:
        held = _cache.get(owner)
        if held is None or time.monotonic() - held[1] > CACHE_S:
            return None
        _cache.move_to_end(owner)
        return held[0]


def _keep(owner: UUID, key: AESGCM) -> None:
    with _lock:
        _cache[owner] = (key, time.monotonic())
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)


def _unwrap(owner: UUID, wrapped: bytes) -> AESGCM:
    wrapped = bytes(wrapped)
    try:
        key = _master().decrypt(wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :], _wrap_context(owner))
    except InvalidTag:
        raise Tampered("a person's key does not open: is MASTER_KEY the one it was made with?") from None
    return AESGCM(key)


def _wrap_context(owner: UUID) -> bytes:
    return b"identity_personkey.wrapped|" + owner.bytes


def _master() -> AESGCM:
    return AESGCM(settings.MASTER_KEY)
