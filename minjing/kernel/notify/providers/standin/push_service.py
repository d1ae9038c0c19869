"""A stand-in for a browser maker's push service: takes encrypted messages for subscriptions, as RFC 8030 says.

It checks what such services check (TTL, encoding, the VAPID signature and its audience) and cannot read a word.
GET /taken.json?of=<id> returns what came, in base64. POST /admin {"gone": [id]} | {"fail": status, "times": n}
| {"lose": true} | {"reset": true}.
"""

import base64
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


@dataclass
class Service:
    """What waits for each subscription; one that comes again under its Topic replaces the one that waits."""

    waiting: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    trouble: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    """Speaks RFC 8030."""

    service: Service
    server_version = "push-standin"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        """Take a message, or an order how to misbehave."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), 100_000))
        path = urlsplit(self.path).path
        if path == "/admin":
            return self._admin(json.loads(body or b"{}"))
        of = path.removeprefix("/push/")
        with self.service.lock:
            trouble = dict(self.service.trouble)
            if trouble.get("times", 0) > 0:
                self.service.trouble["times"] -= 1
            else:
                trouble = {}
        if trouble.get("fail"):
            return self._answer(int(trouble["fail"]))
        if of in self.service.gone:
            return self._answer(410)
        if not self.headers.get("TTL", "").isdigit() or self.headers.get("Content-Encoding") != "aes128gcm":
            return self._answer(400)
        if len(body) > 4096:
            return self._answer(413)
        if not signed(self.headers.get("Authorization", ""), f"http://{self.headers.get('Host')}"):
            return self._answer(401)
        with self.service.lock:
            self.service.waiting.setdefault(of, {})[self.headers.get("Topic") or str(time.monotonic_ns())] = body
        if trouble.get("lose"):
            self.close_connection = True
            return None
        return self._answer(201, {"Location": f"/message/{of}"})

    def do_GET(self) -> None:
        """Show what waits for a subscription, sealed as it is."""
        of = parse_qs(urlsplit(self.path).query).get("of", [""])[0]
        with self.service.lock:
            bodies = [base64.b64encode(b).decode() for b in self.service.waiting.get(of, {}).values()]
        return self._answer(200, {"Content-Type": "application/json"}, json.dumps({"bodies": bodies}).encode())

    def _admin(self, order: dict[str, Any]) -> None:
        with self.service.lock:
            if order.get("reset"):
                self.service.waiting.clear()
                self.service.gone.clear()
            self.service.gone |= set(order.get("gone", []))
            self.service.trouble = {"times": 1, **order} if set(order) & {"fail", "lose"} else {}
        return self._answer(200)

    def _answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep subscriptions out of every log."""


def signed(authorization: str, audience: str) -> bool:
    """Say whether the header is a VAPID statement for this service, signed by the key it names (RFC 8292)."""
    if not authorization.startswith("vapid "):
        return False
    parts = dict(p.strip().split("=", 1) for p in authorization.removeprefix("vapid ").split(",") if "=" in p)
    try:
        head, claims, mark = parts["t"].split(".")
        said = json.loads(_decoded(claims))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(parts["k"]))
        raw = _decoded(mark)
        signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key.verify(signature, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    except (KeyError, ValueError, InvalidSignature):
        return False
    fresh = time.time() < said.get("exp", 0) <= time.time() + 24 * 3600
    return bool(said.get("aud") == audience and fresh and str(said.get("sub", "")).startswith("mailto:"))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def server(port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return a stand-in listening on the port (0: any free one), not yet serving."""
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer((host, port), type("BoundHandler", (Handler,), {"service": Service()}))
