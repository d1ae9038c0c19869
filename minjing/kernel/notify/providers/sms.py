"""Text messages: what every provider is asked, and those that the settings name.

A provider that did not take a message for certain (no connection, "too busy") leaves the next one free to take it.
After an unclear end (no answer in time, a broken answer) only this provider may have it, until it says that it has
not: so nothing is sent twice by two.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from django.conf import settings

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
FINAL = {400, 404, 410, 422}
# The provider says itself that it has not taken the message; behind any other failure it may have.
NOT_TAKEN = {401, 403, 429, 503}
ANSWER_BYTES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes to a phone; the id is the idempotency key."""

    id: UUID
    phone: str
    text: str
    at: datetime | None = None  # when it was first offered: some are asked by day

    def __repr__(self) -> str:
        """Name the letter without saying to whom or what."""
        return f"Letter({self.id})"


class Refused(Exception):
    """The provider will never take this letter: the number is wrong, or the text is."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Unavailable(Exception):
    """The provider has not taken it this time; `wait` is how long it asks us to wait, if it does."""

    def __init__(self, fault: str, wait: timedelta | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.wait = wait


class Unclear(Unavailable):
    """Nobody knows whether the provider has taken it: it is asked before anybody sends again."""


class Provider(Protocol):
    """Whoever sends text messages."""

    name: str
    ask_after: timedelta  # how soon after an unclear end its answer to `ask` can be believed

    def send(self, letter: Letter) -> str:
        """Hand over the letter and return the provider's receipt. Raises Refused, Unavailable, Unclear."""

    def ask(self, letter: Letter) -> str | None:
        """Return the receipt if the provider has taken it, None if it has not. Raises Unavailable."""


class HttpProvider:
    """A city's own gateway over signed HTTP; it must honour the idempotency key.

    POST JSON {id, to, text, sender} with the headers X-Timestamp (unix seconds), Idempotency-Key (the id) and
    X-Signature: hex HMAC-SHA256 under SMS_KEY of "timestamp\\nid\\nsha256-hex(body)". 200 {receipt}: taken, or taken
    before. 400, 404, 422 {error}: never will be. 401, 403, 429, 503: not taken, try again later (Retry-After is
    honoured). GET …/<id>, signed over an empty body: 200 {receipt}, or 404 {error: unknown_message}.
    """

    name = "house"
    ask_after = timedelta(0)

    def __init__(self, url: str, key: str, sender: str) -> None:
        self._url, self._key, self._sender = url, key.encode(), sender
        self._client = client_of(url)

    def send(self, letter: Letter) -> str:
        """Hand over the letter and return the provider's receipt. Raises Refused, Unavailable, Unclear."""
        words = {"id": str(letter.id), "to": letter.phone, "text": letter.text, "sender": self._sender}
        body = json.dumps(words, ensure_ascii=False).encode()
        answer = called(lambda: self._client.post(self._url, content=body, headers=self._headers(letter, body)))
        said = said_in(answer)
        if answer.status_code == httpx.codes.OK and isinstance(said.get("receipt"), str):
            return str(said["receipt"])
        if answer.status_code in FINAL:
            raise Refused(str(said.get("error") or f"http_{answer.status_code}"))
        raise trouble(answer)

    def ask(self, letter: Letter) -> str | None:
        """Return the receipt if the gateway has taken it, None if it has not. Raises Unavailable."""
        address = f"{self._url.rstrip('/')}/{letter.id}"
        answer = called(lambda: self._client.get(address, headers=self._headers(letter, b"")))
        said = said_in(answer)
        if answer.status_code == httpx.codes.OK and isinstance(said.get("receipt"), str):
            return str(said["receipt"])
        if answer.status_code == httpx.codes.NOT_FOUND and said.get("error") == "unknown_message":
            return None
        raise Unavailable(f"http_{answer.status_code}", wait_of(answer))

    def _headers(self, letter: Letter, body: bytes) -> dict[str, str]:
        stamp = str(int(time.time()))
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": str(letter.id),
            "X-Timestamp": stamp,
            "X-Signature": signature(self._key, stamp, str(letter.id), body),
        }


def signature(key: bytes, stamp: str, message_id: str, body: bytes) -> str:
    """Return the hex signature of a request, or of a report."""
    said = f"{stamp}\n{message_id}\n{hashlib.sha256(body).hexdigest()}".encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()


def providers() -> Mapping[str, Provider]:
    """Return the providers that the settings name; one connection pool for each."""
    found: dict[str, Provider] = {}
    if settings.SMS_URL:
        found[HttpProvider.name] = _house(settings.SMS_URL, settings.SMS_KEY, settings.SMS_SENDER)
    if settings.SMS_B_URL:
        b = _aliyun(settings.SMS_B_URL, settings.SMS_B_KEY_ID, settings.SMS_B_KEY, settings.SMS_B_TEMPLATE)
        found[b.name] = b
    if settings.SMS_C_URL:
        c = _tencent(settings.SMS_C_URL, settings.SMS_C_KEY_ID, settings.SMS_C_KEY, settings.SMS_C_TEMPLATE)
        found[c.name] = c
    return found


@cache
def _house(url: str, key: str, sender: str) -> HttpProvider:
    return HttpProvider(url, key, sender)


@cache
def _aliyun(url: str, key_id: str, key: str, template: str) -> Provider:
    from minjing.kernel.notify.providers.aliyun import AliyunProvider

    return AliyunProvider(url, key_id, key, sign_name=settings.SMS_SENDER, template=template)


@cache
def _tencent(url: str, key_id: str, key: str, template: str) -> Provider:
    from minjing.kernel.notify.providers.tencent import TencentProvider

    return TencentProvider(
        url, key_id, key, app_id=settings.SMS_C_APP_ID, region=settings.SMS_C_REGION, sign_name=settings.SMS_SENDER,
        template=template,
    )  # fmt: skip


def client_of(url: str, timeout: httpx.Timeout = TIMEOUT) -> httpx.Client:
    """Return a client for one provider. On the same machine no proxy stands between us and it."""
    near = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    return httpx.Client(timeout=timeout, trust_env=not near, follow_redirects=False)


def called(call: Callable[[], httpx.Response]) -> httpx.Response:
    """Return what a call answers; tell what never arrived (Unavailable) from what may have (Unclear)."""
    try:
        return call()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        raise Unavailable("unreachable") from None
    except httpx.TimeoutException:
        raise Unclear("timeout") from None
    except httpx.HTTPError:
        raise Unclear("broken_answer") from None


def trouble(answer: httpx.Response) -> Unavailable:
    """Return what a failed answer means."""
    fault = f"http_{answer.status_code}"
    return Unavailable(fault, wait_of(answer)) if answer.status_code in NOT_TAKEN else Unclear(fault, wait_of(answer))


def said_in(answer: httpx.Response) -> dict[str, object]:
    """Return the JSON object of an answer, {} when it is none."""
    try:
        said = json.loads(answer.content[:ANSWER_BYTES_MAX])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def wait_of(answer: httpx.Response) -> timedelta | None:
    """Return how long the provider asks us to wait."""
    asked = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(asked), 86_400)) if asked.isdigit() and len(asked) < 9 else None
