"""Private numbers: two people telephone through a number in between and neither learns the other's.

Alibaba Cloud's phone number protection (dyplsapi, version 2017-05-25): BindAxb and UnbindSubscription as RPC calls,
signature version 1.0 (HMAC-SHA1 over the sorted parameters); SecretReport comes as a JSON array to an address that is
itself the secret, for the reports carry no signature. Parameters go in the body of a POST: telephone numbers in an
address would stand in the access log of every machine on the way. BindAxb has no idempotency key: after an unclear
end it is asked again, and the first binding ends by its own expiry. No Django in here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import httpx

from minjing.base.clock import CHINA

VERSION = "2017-05-25"
TIMEOUT = httpx.Timeout(8.0, connect=3.0)
BODY_MAX = 200_000
REPORTS_MAX = 200


class Unavailable(Exception):
    """The relay has not answered, or has no number free; asking again later may help."""


class Refused(Exception):
    """The relay will not bind these two, whenever it is asked: `code` is the relay's word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding: the relay's name of it, and the number that both sides call."""

    ref: str
    number: str


@dataclass(frozen=True, slots=True)
class Report:
    """One telephone call that has ended, without anybody's number."""

    ref: str
    call: str
    by_a: bool
    rang_at: datetime
    talked_s: int


class Relay(Protocol):
    """Whoever puts a number between two others."""

    def bind(self, a: str, b: str, until: datetime, *, about: str) -> Bound:
        """Bind two numbers until an instant. `about` comes back in reports. Raises Unavailable, Refused."""

    def unbind(self, bound: Bound) -> None:
        """End a binding; one that has ended already is no error. Raises Unavailable."""


class AliyunRelay:
    """The relay that speaks dyplsapi."""

    def __init__(self, url: str, key_id: str, key: str, *, pool: str) -> None:
        self._url, self._key_id, self._key, self._pool = url.rstrip("/"), key_id, key, pool
        near = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=not near, follow_redirects=False)

    def bind(self, a: str, b: str, until: datetime, *, about: str) -> Bound:
        """Bind two numbers until an instant, which has to lie more than a minute ahead."""
        said = self._call(
            "BindAxb",
            {
                "PhoneNoA": a,
                "PhoneNoB": b,
                "Expiration": f"{until.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
                "OutId": about,
                "IsRecordingEnabled": "false",
            },
        )
        found = said.get("SecretBindDTO")
        if not isinstance(found, dict) or not found.get("SubsId") or not found.get("SecretNo"):
            raise Unavailable("no binding")
        return Bound(str(found["SubsId"])[:32], str(found["SecretNo"])[:20])

    def unbind(self, bound: Bound) -> None:
        """End a binding."""
        try:
            self._call("UnbindSubscription", {"SubsId": bound.ref, "SecretNo": bound.number})
        except Refused:
            return  # it knows no such binding (any more): there is nothing left to end

    def _call(self, action: str, said: Mapping[str, str]) -> dict[str, Any]:
        asked = {
            "AccessKeyId": self._key_id, "Action": action, "Format": "JSON", "PoolKey": self._pool,
            "RegionId": "cn-hangzhou", "SignatureMethod": "HMAC-SHA1", "SignatureNonce": secrets.token_hex(16),
            "SignatureVersion": "1.0", "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "Version": VERSION,
            **said,
        }  # fmt: skip
        body = {**asked, "Signature": signature("POST", asked, self._key)}
        try:
            answer = self._client.post(f"{self._url}/", content=urlencode(body), headers=FORM)
            told = answer.json()
        except (httpx.HTTPError, ValueError):
            raise Unavailable("unreachable") from None
        if not isinstance(told, dict):
            raise Unavailable("shape")
        code = str(told.get("Code", ""))
        if answer.status_code == httpx.codes.OK and code == "OK":
            return told
        if code in FOR_GOOD:
            raise Refused(code)
        raise Unavailable(code[:40] or f"http_{answer.status_code}")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# What asking again would not change: the numbers or the request themselves are wrong.
FOR_GOOD = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "isv.ILLEGAL_ARGUMENT", "isv.NO_NOT_EXIST", "isv.BIND_CONFLICT"})


def signature(method: str, asked: Mapping[str, str], key: str) -> str:
    """Return the signature of version 1.0: HMAC-SHA1 of method, path and sorted parameters under `key` and "&"."""
    line = "&".join(f"{encoded(name)}={encoded(asked[name])}" for name in sorted(asked))
    said = f"{method}&{encoded('/')}&{encoded(line)}"
    return base64.b64encode(hmac.new(f"{key}&".encode(), said.encode(), hashlib.sha1).digest()).decode()


def encoded(text: str) -> str:
    """Return a text percent-encoded as the protocol wants it: everything but letters, digits and -_.~"""
    return quote(text, safe="-_.~")


def report_token(key: str) -> str:
    """Return what stands in the address of the reports, which nobody signs."""
    return hmac.new(key.encode(), b"relay-reports", hashlib.sha256).hexdigest()[:32]


def read_reports(body: bytes) -> Sequence[Report]:
    """Return the calls of a SecretReport without the numbers it carries. Raises ValueError for what is none."""
    said = json.loads(body[:BODY_MAX])
    if not isinstance(said, list):
        raise ValueError("an array of reports was expected")
    return [_report(one) for one in said[:REPORTS_MAX] if isinstance(one, dict) and one.get("call_type") in (0, 1)]


def _report(said: Mapping[str, Any]) -> Report:
    try:
        rang, began, ended = (
            datetime.strptime(str(said[name]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
            for name in ("call_time", "start_time", "release_time")
        )
        talked = max(0, int((ended - began).total_seconds()))
        return Report(str(said["sub_id"])[:32], str(said["call_id"])[:64], said["call_type"] == 0, rang, talked)
    except KeyError as missing:
        raise ValueError(f"no {missing}") from None
