"""Web Push: the message encrypted for one browser (RFC 8291), signed by our key (VAPID, RFC 8292), over httpx.

http_ece does the encryption and `cryptography` signs; pywebpush around them would load requests and aiohttp. Only the
worker sends, and it loads http_ece at the first message.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from minjing.kernel.notify.providers.sms import Refused, Unavailable, Unclear, called, wait_of

TTL_S = 24 * 3600
TOKEN_LASTS_S = 12 * 3600
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256


class Gone(Refused):
    """The browser has given its subscription up."""


def send(subscription: Mapping[str, object], said: Mapping[str, str], *, message_id: UUID) -> None:
    """Send a message to one browser. Raises Gone, Refused, Unavailable, Unclear.

    The Topic makes the push service replace one that still waits by the same one sent again.
    """
    endpoint = str(subscription["endpoint"])
    answer = called(
        lambda: _client().post(
            endpoint,
            content=encrypted(subscription, json.dumps(said, ensure_ascii=False).encode()),
            headers={
                "TTL": str(TTL_S),
                "Urgency": "normal",
                "Topic": base64.urlsafe_b64encode(message_id.bytes).rstrip(b"=").decode(),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "Authorization": f"vapid t={token(endpoint)}, k={public_key()}",
            },
        )
    )
    if answer.status_code in (httpx.codes.CREATED, httpx.codes.OK, httpx.codes.ACCEPTED):
        return
    if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        raise Gone("gone")
    if answer.status_code in (429, 503):
        raise Unavailable(f"http_{answer.status_code}", wait_of(answer))
    if answer.status_code >= 500:
        raise Unclear(f"http_{answer.status_code}")
    raise Refused(f"http_{answer.status_code}")


def encrypted(subscription: Mapping[str, object], content: bytes) -> bytes:
    """Return the content sealed for the browser of the subscription."""
    import http_ece

    keys = subscription["keys"]
    assert isinstance(keys, Mapping)
    sealed = http_ece.encrypt(
        content,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decoded(str(keys["p256dh"])),
        auth_secret=_decoded(str(keys["auth"])),
        version="aes128gcm",
    )
    return bytes(sealed)


def token(endpoint: str) -> str:
    """Return the signed statement that it is we who send to this push service."""
    origin = urlsplit(endpoint)
    header = _encoded(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())
    claims = {
        "aud": f"{origin.scheme}://{origin.netloc}",
        "exp": int(time.time()) + TOKEN_LASTS_S,
        "sub": f"mailto:{settings.MAIL_FROM.rpartition('<')[2].rstrip('>')}",
    }
    said = f"{header}.{_encoded(json.dumps(claims).encode())}"
    r, s = decode_dss_signature(_key().sign(said.encode(), ec.ECDSA(SHA256())))
    return f"{said}.{_encoded(r.to_bytes(32) + s.to_bytes(32))}"


def public_key() -> str:
    """Return the key by which browsers know that it is we, as they want it: base64url of the point."""
    point = _key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _encoded(point)


def acceptable(subscription: object) -> bool:
    """Say whether this is a subscription at a push service that the settings name: nothing else is called."""
    if not isinstance(subscription, dict) or not isinstance(subscription.get("keys"), dict):
        return False
    parts = urlsplit(str(subscription.get("endpoint", "")))
    host = parts.hostname or ""
    named = any(h in (host, parts.netloc) or (h.startswith(".") and host.endswith(h)) for h in settings.PUSH_HOSTS)
    if not named or parts.scheme not in (("https", "http") if settings.DEMO else ("https",)):
        return False
    try:
        key, auth = _decoded(str(subscription["keys"]["p256dh"])), _decoded(str(subscription["keys"]["auth"]))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except (KeyError, ValueError):
        return False
    return len(auth) == 16


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(settings.VAPID_KEY, 16) % (ORDER - 1) + 1, ec.SECP256R1())


@cache
def _client() -> httpx.Client:
    return httpx.Client(timeout=httpx.Timeout(8.0, connect=3.0), trust_env=not settings.DEMO, follow_redirects=False)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
