"""The postal carrier: give it a parcel, ask where one is, and read what it pushes. No Django in here.

The protocol (a house one, docs/exit_entry.md): JSON over HTTP, each request and each push signed:

    X-Carrier-Account, X-Carrier-Time (unix seconds), X-Carrier-Nonce,
    X-Carrier-Signature: hex HMAC-SHA256(key, "METHOD\\npath\\ntime\\nnonce\\nsha256-hex(body)")

POST /orders {order_no, receiver {name, phone, address}, callback} → 200 {waybill}; the same order_no again gives the
same waybill. GET /waybills/<waybill> → 200 {waybill, events}. A push is POST callback {waybill, events}; an event is
{id, what, place, at} with what = picked_up, moving, delivered or returned. It is pushed until answered 200, in any
order and as often as the carrier likes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
CLOCK_SKEW_S = 300
EVENTS = ("picked_up", "moving", "delivered", "returned")
BODY_MAX = 100_000


class Forged(Exception):
    """A push that the carrier has not signed, or that is old or broken: nothing of it is believed."""


class Unavailable(Exception):
    """The carrier has not answered, or not as it should; nothing is lost, it is asked again."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent, and to whom; `order_no` is the idempotency key."""

    order_no: str
    name: str
    phone: str
    address: str

    def __repr__(self) -> str:
        """Name the parcel without saying to whom."""
        return f"Parcel({self.order_no})"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a parcel, by the carrier's word."""

    id: str
    what: str
    place: str
    at: datetime


class Carrier(Protocol):
    """Whoever carries parcels."""

    def order(self, parcel: Parcel, callback: str) -> str:
        """Give a parcel to the carrier and return the waybill. Raises Unavailable."""

    def events(self, waybill: str) -> Sequence[Event]:
        """Return what has happened to a parcel so far. Raises Unavailable."""

    def read_push(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, Sequence[Event]]:
        """Return waybill and events of a push. Raises Forged."""


class HttpCarrier:
    """A carrier that speaks the protocol above."""

    def __init__(self, url: str, account: str, key: str) -> None:
        self._url, self._account, self._key = url.rstrip("/"), account, key.encode()
        near = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=not near, follow_redirects=False)

    def order(self, parcel: Parcel, callback: str) -> str:
        """Give a parcel to the carrier and return the waybill. Raises Unavailable."""
        receiver = {"name": parcel.name, "phone": parcel.phone, "address": parcel.address}
        said = {"order_no": parcel.order_no, "receiver": receiver, "callback": callback}
        answer = self._call("POST", "/orders", json.dumps(said, ensure_ascii=False).encode())
        waybill = answer.get("waybill")
        if not isinstance(waybill, str) or not waybill:
            raise Unavailable("no waybill")
        return waybill[:20]

    def events(self, waybill: str) -> Sequence[Event]:
        """Return what has happened to a parcel so far. Raises Unavailable."""
        return _events(self._call("GET", f"/waybills/{waybill}", b""))

    def read_push(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, Sequence[Event]]:
        """Return waybill and events of a push. Raises Forged."""
        stamp, nonce = headers.get("X-Carrier-Time", ""), headers.get("X-Carrier-Nonce", "")
        fresh = stamp.isdecimal() and len(stamp) < 12 and abs(time.time() - int(stamp)) <= CLOCK_SKEW_S
        wanted = signature(self._key, "POST", path, stamp, nonce, body)
        mark = headers.get("X-Carrier-Signature", "")
        if not self._key or not fresh or not hmac.compare_digest(wanted.encode(), mark.encode()):
            raise Forged("signature")
        try:
            said = json.loads(body[:BODY_MAX])
            return str(said["waybill"]), _events(said)
        except (ValueError, KeyError, TypeError, Unavailable):
            raise Forged("shape") from None

    def _call(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        headers = {
            "Content-Type": "application/json",
            "X-Carrier-Account": self._account,
            "X-Carrier-Time": stamp,
            "X-Carrier-Nonce": nonce,
            "X-Carrier-Signature": signature(self._key, method, path, stamp, nonce, body),
        }
        try:
            answer = self._client.request(method, f"{self._url}{path}", content=body or None, headers=headers)
            said = answer.json() if answer.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, ValueError):
            raise Unavailable("unreachable") from None
        if not isinstance(said, dict):
            raise Unavailable(f"http_{answer.status_code}")
        return said


def signature(key: bytes, method: str, path: str, stamp: str, nonce: str, body: bytes) -> str:
    """Return the hex signature of a request or a push."""
    said = "\n".join((method, path, stamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def _events(said: Mapping[str, Any]) -> list[Event]:
    try:
        found = [
            Event(str(e["id"])[:40], str(e["what"]), str(e.get("place", ""))[:60], datetime.fromisoformat(e["at"]))
            for e in said["events"][:200]
        ]
    except (KeyError, TypeError, ValueError):
        raise Unavailable("shape") from None
    if any(event.what not in EVENTS or event.at.tzinfo is None for event in found):
        raise Unavailable("unknown event")
    return found
