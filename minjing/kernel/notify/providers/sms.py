"""Text messages over HTTP, signed; whatever answers at SMS_URL must honour the idempotency key.

Wire protocol: POST JSON {id, to, text, sender} with the headers X-Timestamp (unix seconds), Idempotency-Key (the id)
and X-Signature: hex HMAC-SHA256 under SMS_KEY of "timestamp\\nid\\nsha256-hex(body)". 200 {receipt}: taken, or taken
before. 400, 404, 422 {error}: never will be. Anything else, and silence: try again later (Retry-After is honoured).
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from django.conf import settings

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
FINAL = {400, 404, 410, 422}
ANSWER_BYTES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes to a phone; the id is the idempotency key."""

    id: UUID
    phone: str
    text: str

    def __repr__(self) -> str:
        """Name the letter without saying to whom or what."""
        return f"Letter({self.id})"


class Refused(Exception):
    """The provider will never take this letter: the number is wrong, or the text is."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Unavailable(Exception):
    """The provider did not take it this time; `wait` is how long it asks us to wait, if it does."""

    def __init__(self, fault: str, wait: timedelta | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.wait = wait


class Provider(Protocol):
    """Whoever sends text messages."""

    def send(self, letter: Letter) -> str:
        """Hand over the letter and return the provider's receipt. Raises Refused, Unavailable."""


class HttpProvider:
    """A provider reached by the signed HTTP protocol above."""

    def __init__(self, url: str, key: str, sender: str) -> None:
        self._url, self._key, self._sender = url, key.encode(), sender
        # On this machine no proxy stands between us and the gateway.
        near = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=not near, follow_redirects=False)

    def send(self, letter: Letter) -> str:
        """Hand over the letter and return the provider's receipt. Raises Refused, Unavailable."""
        words = {"id": str(letter.id), "to": letter.phone, "text": letter.text, "sender": self._sender}
        body = json.dumps(words, ensure_ascii=False).encode()
        try:
            answer = self._client.post(self._url, content=body, headers=self._headers(letter, body))
        except httpx.TimeoutException:
            raise Unavailable("timeout") from None
        except httpx.HTTPError:
            raise Unavailable("unreachable") from None
        return _receipt(answer)

    def _headers(self, letter: Letter, body: bytes) -> dict[str, str]:
        stamp = str(int(time.time()))
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": str(letter.id),
            "X-Timestamp": stamp,
            "X-Signature": signature(self._key, stamp, str(letter.id), body),
        }


def signature(key: bytes, stamp: str, message_id: str, body: bytes) -> str:
    """Return the hex signature of a request."""
    said = f"{stamp}\n{message_id}\n{hashlib.sha256(body).hexdigest()}".encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()


def provider() -> Provider:
    """Return the provider that the settings name; one connection pool for each address."""
    return _http(settings.SMS_URL, settings.SMS_KEY, settings.SMS_SENDER)


@cache
def _http(url: str, key: str, sender: str) -> HttpProvider:
    return HttpProvider(url, key, sender)


def _receipt(answer: httpx.Response) -> str:
    said = _json(answer)
    if answer.status_code == httpx.codes.OK and isinstance(said.get("receipt"), str):
        return str(said["receipt"])
    if answer.status_code in FINAL:
        raise Refused(str(said.get("error") or f"http_{answer.status_code}"))
    raise Unavailable(f"http_{answer.status_code}", _wait(answer))


def _json(answer: httpx.Response) -> dict[str, object]:
    try:
        said = json.loads(answer.content[:ANSWER_BYTES_MAX])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _wait(answer: httpx.Response) -> timedelta | None:
    asked = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(asked), 86_400)) if asked.isdigit() and len(asked) < 9 else None
