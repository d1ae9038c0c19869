"""Who walks the journey: browsers with their cookies, the phone that texts come to, the officer's time code."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import struct
import time
from base64 import b32decode, b64decode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
from PIL import Image, ImageDraw

WAIT_S = 30.0
PROMISE = "Ledger-Promise"  # the header in which an answer carries the ledger's promises


class StepFailed(Exception):
    """A step of the journey did not hold."""


def hold(what: bool, sentence: str) -> None:
    """Raise StepFailed with `sentence` unless `what` holds."""
    if not what:
        raise StepFailed(sentence)


def wait_for(what: Callable[[], Any], sentence: str, within_s: float = WAIT_S) -> Any:
    """Return the first true answer of `what`, asked again and again for so long."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.3)
    raise StepFailed(sentence)


class Visitor:
    """One browser: its cookies, the CSRF token that its writes carry, and the promises that its answers brought."""

    def __init__(self, url: str, promises: set[str] | None = None) -> None:
        self.promises: set[str] = set() if promises is None else promises
        self.http = httpx.Client(
            base_url=url,
            follow_redirects=True,
            timeout=30,
            headers={"Accept-Language": "zh"},
            event_hooks={"response": [self._keep]},
        )

    def _keep(self, answer: httpx.Response) -> None:
        self.promises.update(promised_in(answer))

    def page(self, path: str) -> str:
        """Return a page that must be there."""
        answer = self.http.get(path)
        hold(answer.status_code == 200, f"GET {path} answered {answer.status_code}")
        return answer.text

    def file(self, path: str) -> bytes | None:
        """Return the bytes of a public file, None if it is not there."""
        answer = self.http.get(path)
        hold(answer.status_code in (200, 404), f"GET {path} answered {answer.status_code}")
        return answer.content if answer.status_code == 200 else None

    def post_form(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as a browser does: from its page, with its token."""
        page = self.page(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        hold(token is not None, f"{path} has no form")
        assert token is not None
        headers = {"Referer": str(self.http.base_url.join(path)), "Origin": str(self.http.base_url).rstrip("/")}
        return self.http.post(path, data={"csrfmiddlewaretoken": token[1], **fields}, headers=headers)

    def call(self, method: str, path: str, expect: int = 200, **more: Any) -> Any:
        """Call the API under this session and return its JSON."""
        answer = self.answer(method, path, expect, **more)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content

    def answer(self, method: str, path: str, expect: int = 200, **more: Any) -> httpx.Response:
        """Call the API under this session and return its answer, which must have this status."""
        token = next((v for k, v in self.http.cookies.items() if k.endswith("csrf")), "")
        headers = {"X-CSRFToken": token, "Referer": str(self.http.base_url)}
        answer = self.http.request(method, f"/api{path}", headers=headers, **more)
        hold(answer.status_code == expect, f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer


def promised_in(answer: httpx.Response) -> list[str]:
    """Return the promises that came with an answer: signed notes."""
    return [b64decode(part).decode() for part in answer.headers.get(PROMISE, "").split(", ") if part]


def inbox_of(visitor: Visitor) -> str:
    """Return the address of the demo's text messages, as the pages show it."""
    found = re.search(r'href="(http[^"]*/inbox)"', visitor.page("/sign-in/"))
    hold(found is not None, "the sign-in page does not lead to the demo's text messages")
    assert found is not None
    return found[1]


def texts_to(inbox: str, phone: str) -> list[str]:
    """Return the text messages that a phone has received, newest first."""
    answer = httpx.get(f"{inbox}.json", params={"phone": phone}, timeout=10)
    return [message["text"] for message in answer.json()["messages"]]


def totp(secret: str, at: float) -> str:
    """Return the time code of a secret (RFC 6238: SHA-1, 30 s, 6 digits)."""
    key = b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(at // 30)), hashlib.sha1)
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def scan(words: str) -> bytes:
    """Return a photo of a paper."""
    picture = Image.new("RGB", (900, 640), "#F4EFE2")
    ImageDraw.Draw(picture).text((60, 60), f"{words}\n{secrets.token_hex(8)}", fill="#333333")
    kept = BytesIO()
    picture.save(kept, "JPEG")
    return kept.getvalue()
