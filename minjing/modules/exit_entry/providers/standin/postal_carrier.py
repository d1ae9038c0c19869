"""A stand-in for the postal carrier: a program of its own that speaks the same protocol, for the demo and the tests.

Standard library only, and its own reading of the protocol (see ../carrier.py), so that both sides are put to the
test. A parcel moves by itself, a step every CARRIER_STEP_S seconds (20); an address with 退回 in it sends it back.
GET / shows the parcels without names. POST /admin {"advance": waybill, "what": …} | {"repeat": waybill} |
{"down": true|false} | {"reorder": true|false} | {"step_s": s} makes it move, tell again, fail, or tell in disorder.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

CHINA = timezone(timedelta(hours=8))
CLOCK_SKEW_S, BODY_MAX, KEPT_MAX, PUSH_TRIES = 300, 50_000, 5_000, 6
LOCAL = ("127.0.0.1", "localhost", "::1")
STEPS = (("picked_up", "深圳罗湖揽投部"), ("moving", "深圳邮件处理中心"), ("delivered", "收件人签收"))
BACK = (*STEPS[:2], ("returned", "投递未成，退回寄件人"))


@dataclass
class Kept:
    """A parcel the carrier has taken: where it goes, what it has told of it."""

    waybill: str
    order_no: str
    callback: str
    goes_back: bool
    events: list[dict[str, str]] = field(default_factory=list)

    def happens(self, what: str, place: str) -> dict[str, str]:
        """Add an event and return it."""
        event = {
            "id": f"{self.waybill}-{len(self.events) + 1}",
            "what": what,
            "place": place,
            "at": datetime.now(CHINA).isoformat(timespec="seconds"),
        }
        self.events.append(event)
        return event


class Depot:
    """All parcels, and how the stand-in was told to misbehave."""

    def __init__(self, key: bytes, step_s: float) -> None:
        self.key, self.step_s = key, step_s
        self.parcels: dict[str, Kept] = {}
        self.by_order: dict[str, str] = {}
        self.nonces: dict[str, float] = {}
        self.down = self.reorder = False
        self.lock = threading.Lock()

    def take(self, order_no: str, callback: str, address: str) -> Kept:
        """Take a parcel once: the same order again returns what was taken."""
        with self.lock:
            if order_no in self.by_order:
                return self.parcels[self.by_order[order_no]]
            waybill = f"PX{secrets.randbelow(10**9):09d}CN"
            kept = Kept(waybill, order_no, callback, "退回" in address)
            self.parcels[waybill], self.by_order[order_no] = kept, waybill
            while len(self.parcels) > KEPT_MAX:
                oldest = next(iter(self.parcels))
                self.by_order.pop(self.parcels.pop(oldest).order_no, None)
        self.later(kept)
        return kept

    def later(self, kept: Kept) -> None:
        """Let the parcel take its next step in a while."""
        if self.step_s > 0:
            timer = threading.Timer(self.step_s, self.next_step, (kept,))
            timer.daemon = True
            timer.start()

    def next_step(self, kept: Kept) -> None:
        """Take the next step of a parcel's journey and tell it."""
        steps = BACK if kept.goes_back else STEPS
        if len(kept.events) >= len(steps):
            return
        self.tell(kept, [kept.happens(*steps[len(kept.events)])])
        self.later(kept)

    def tell(self, kept: Kept, events: list[dict[str, str]], tries: int = PUSH_TRIES) -> None:
        """Push events until they are taken."""
        if self.reorder:
            events = list(reversed(kept.events))
        body = json.dumps({"waybill": kept.waybill, "events": events}, ensure_ascii=False).encode()
        stamp, nonce, path = str(int(time.time())), secrets.token_hex(8), urlsplit(kept.callback).path
        headers = {
            "Content-Type": "application/json",
            "X-Carrier-Time": stamp,
            "X-Carrier-Nonce": nonce,
            "X-Carrier-Signature": self.sign("POST", path, stamp, nonce, body),
        }
        try:
            request = urllib.request.Request(kept.callback, body, headers)  # noqa: S310 - as the order says
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5).close()
        except (OSError, ValueError):
            if tries:
                timer = threading.Timer(2.0, self.tell, (kept, events, tries - 1))
                timer.daemon = True
                timer.start()

    def sign(self, method: str, path: str, stamp: str, nonce: str, body: bytes) -> str:
        """Return the hex signature of a request or a push."""
        said = f"{method}\n{path}\n{stamp}\n{nonce}\n{hashlib.sha256(body).hexdigest()}".encode()
        return hmac.new(self.key, said, "sha256").hexdigest()

    def signed(self, method: str, path: str, headers: Any, body: bytes) -> bool:
        """Say whether a request is signed, fresh, and not one that came before."""
        stamp, nonce = headers.get("X-Carrier-Time", ""), headers.get("X-Carrier-Nonce", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > CLOCK_SKEW_S or not nonce:
            return False
        wanted = self.sign(method, path, stamp, nonce, body)
        if not hmac.compare_digest(wanted, headers.get("X-Carrier-Signature", "")):
            return False
        with self.lock:
            self.nonces = {n: t for n, t in self.nonces.items() if time.time() - t < CLOCK_SKEW_S}
            if nonce in self.nonces:
                return False
            self.nonces[nonce] = time.time()
            return True


class Handler(BaseHTTPRequestHandler):
    """Speaks the protocol."""

    depot: Depot
    server_version = "carrier-standin"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        """Take an order, or an order how to behave."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_MAX:
            self.close_connection = True
            return self._json(400, {"error": "bad_length"})
        body = self.rfile.read(int(length))
        try:
            said = json.loads(body or b"{}")
        except ValueError:
            return self._json(400, {"error": "bad_json"})
        if self.path == "/admin" and self.client_address[0] in LOCAL:
            return self._admin(said)
        if self.path != "/orders":
            return self._json(404, {"error": "unknown_path"})
        if self.depot.down:
            return self._json(503, {"error": "told_to_fail"})
        if not self.depot.signed("POST", self.path, self.headers, body):
            return self._json(401, {"error": "bad_signature"})
        receiver = said.get("receiver", {})
        if not said.get("order_no") or not receiver.get("address") or not said.get("callback"):
            return self._json(422, {"error": "bad_order"})
        kept = self.depot.take(str(said["order_no"]), str(said["callback"]), str(receiver["address"]))
        return self._json(200, {"waybill": kept.waybill})

    def do_GET(self) -> None:
        """Say where a parcel is; or list them all, without names."""
        if self.path == "/healthz":
            return self._json(200, {"ok": True})
        if self.path in ("/", "/parcels"):
            listed = [{"waybill": k.waybill, "events": k.events} for k in self.depot.parcels.values()]
            return self._json(200, {"parcels": listed[-50:]})
        if self.depot.down:
            return self._json(503, {"error": "told_to_fail"})
        if not self.depot.signed("GET", self.path, self.headers, b""):
            return self._json(401, {"error": "bad_signature"})
        kept = self.depot.parcels.get(self.path.removeprefix("/waybills/"))
        if kept is None:
            return self._json(404, {"error": "unknown_waybill"})
        return self._json(200, {"waybill": kept.waybill, "events": kept.events})

    def _admin(self, order: dict[str, Any]) -> None:
        depot = self.depot
        for name in ("down", "reorder"):
            if name in order:
                setattr(depot, name, bool(order[name]))
        if "step_s" in order:
            depot.step_s = float(order["step_s"])
        kept = depot.parcels.get(str(order.get("advance") or order.get("repeat") or ""))
        if kept is not None and order.get("advance"):
            what = str(order.get("what") or "moving")
            depot.tell(kept, [kept.happens(what, dict((*STEPS, BACK[-1])).get(what, ""))])
        elif kept is not None:
            depot.tell(kept, kept.events)
        return self._json(200, {"ok": kept is not None or not ({"advance", "repeat"} & set(order))})

    def _json(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep addresses out of every log."""


def server(port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return a carrier that listens."""
    depot = Depot((os.environ.get("CARRIER_KEY") or "demo").encode(), float(os.environ.get("CARRIER_STEP_S") or 20))
    handler = type("Bound", (Handler,), {"depot": depot})
    made = ThreadingHTTPServer((host, port), handler)
    made.daemon_threads = True
    return made
