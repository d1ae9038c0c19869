"""A stand-in for the city's SMS provider: a program of its own that speaks the same wire protocol, for the demo.

Standard library only, and its own reading of the protocol (see ../sms.py), so that both sides are put to the test.
It keeps what it takes in memory, shows it at /inbox together with what the second provider's stand-in has taken,
sends delivery reports to SMS_REPORT_URL, and can be told to fail, to be slow, to lose its answer, or to report badly:
POST /admin {"fail": status, "times": n} | {"delay_s": s, "times": n} | {"lose": true, "times": n} | {"reset": true}
| {"report": "undelivered" | "lost", "times": n} | {"down": true | false}.
"""

import hashlib
import hmac
import html
import json
import os
import threading
import time
import urllib.request
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SEND = "/sms/v1/send"
CLOCK_SKEW_S = 300
BODY_MAX = 10_000
KEPT_MAX = 5_000
SHOWN = 50
CHINA = timezone(timedelta(hours=8))
LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Sms:
    """One message that was taken."""

    id: str
    to: str
    text: str
    sender: str
    at: datetime
    receipt: str
    carrier: str = "house"


@dataclass
class Inbox:
    """The phones of the demo: what all providers of this process have taken."""

    taken: "OrderedDict[str, Sms]" = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, message_id: str, said: dict[str, Any], carrier: str) -> Sms:
        """Keep a message once: the same id again returns what was kept."""
        with self.lock:
            if message_id not in self.taken:
                receipt = hashlib.sha256(message_id.encode()).hexdigest()[:16]
                now = datetime.now(UTC)
                self.taken[message_id] = Sms(
                    message_id, str(said["to"]), str(said["text"]), str(said.get("sender", "")), now, receipt, carrier
                )
                while len(self.taken) > KEPT_MAX:
                    self.taken.popitem(last=False)
            return self.taken[message_id]

    def newest(self, phone: str = "", most: int = SHOWN) -> list[Sms]:
        """Return what was taken, newest first; `phone` may be a whole number or its end."""
        with self.lock:
            everything = list(reversed(self.taken.values()))
        return [s for s in everything if s.to.endswith(phone)][:most] if phone else everything[:most]


INBOX = Inbox()


@dataclass
class Gateway:
    """One provider: its key, what it was asked, and how it was told to misbehave."""

    key: bytes
    inbox: Inbox = field(default_factory=lambda: INBOX)
    asked: int = 0
    down: bool = False
    trouble: dict[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def misbehave(self) -> dict[str, Any]:
        """Return the trouble of this request, counting it down."""
        with self.lock:
            self.asked += 1
            if self.down:
                return {"fail": 503}
            if not self.trouble.get("times"):
                return {}
            self.trouble["times"] -= 1
            return dict(self.trouble)

    def order(self, order: dict[str, Any]) -> None:
        """Follow an order how to misbehave."""
        with self.lock:
            if order.get("reset"):
                self.inbox.taken.clear()
                self.asked, self.down = 0, False
            if "down" in order:
                self.down = bool(order["down"])
            kinds = {"fail", "delay_s", "lose", "report"}
            self.trouble = {"times": 1, **order} if set(order) & kinds else {}


class Handler(BaseHTTPRequestHandler):
    """Speaks the protocol and shows the inbox."""

    gateway: Gateway
    server_version = "sms-standin"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        """Take a message, or an order how to misbehave."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_MAX:
            self.close_connection = True
            return self._json(400, {"error": "bad_length"})
        body = self.rfile.read(int(length))
        path = urlsplit(self.path).path
        if path == SEND:
            return self._send(body)
        if path == "/admin" and self.client_address[0] in LOCAL:
            return self._admin(body)
        return self._json(404, {"error": "unknown_path"})

    def do_GET(self) -> None:
        """Show the inbox, as a page or as JSON."""
        parts = urlsplit(self.path)
        if parts.path.startswith(f"{SEND}/"):
            return self._asked(parts.path.removeprefix(f"{SEND}/"))
        query = parse_qs(parts.query)
        phone = "".join(c for c in query.get("phone", [""])[0] if c.isdigit())[:20]
        if parts.path == "/inbox.json":
            shown = [
                {
                    "id": s.id,
                    "to": s.to,
                    "text": s.text,
                    "sender": s.sender,
                    "at": s.at.isoformat(),
                    "carrier": s.carrier,
                }
                for s in self.gateway.inbox.newest(phone, KEPT_MAX if "all" in query else SHOWN)
            ]
            return self._json(200, {"messages": shown, "asked": self.gateway.asked})
        if parts.path in ("/", "/inbox"):
            language = query.get("lang", [""])[0] or self._language()
            return self._page(
                page(self.gateway.inbox.newest(phone), phone, "en" if language.startswith("en") else "zh")
            )
        if parts.path == "/healthz":
            return self._json(200, {"ok": True})
        return self._json(404, {"error": "unknown_path"})

    def _send(self, body: bytes) -> None:
        trouble = self.gateway.misbehave()
        if trouble.get("delay_s"):
            time.sleep(float(trouble["delay_s"]))
        message_id = self.headers.get("Idempotency-Key", "")
        if not message_id or not self._signed(message_id, body):
            return self._json(401, {"error": "bad_signature"})
        if trouble.get("fail"):
            return self._json(int(trouble["fail"]), {"error": "told_to_fail"}, trouble.get("retry_after"))
        try:
            said = json.loads(body)
        except ValueError:
            return self._json(400, {"error": "bad_json"})
        if not isinstance(said, dict) or said.get("id") != message_id or not said.get("text"):
            return self._json(422, {"error": "bad_message"})
        to = str(said.get("to", ""))
        if not (to.isascii() and to.isdigit() and len(to) == 11 and to.startswith("1")):
            return self._json(422, {"error": "bad_number"})
        taken = self.gateway.inbox.take(message_id, said, "house")
        self._report(taken, trouble.get("report", "delivered"))
        if trouble.get("lose"):  # taken, but the answer never arrives
            self.close_connection = True
            return None
        return self._json(200, {"receipt": taken.receipt})

    def _asked(self, message_id: str) -> None:
        """Say whether a message was taken."""
        if self.gateway.down:
            return self._json(503, {"error": "told_to_fail"})
        if not self._signed(message_id, b""):
            return self._json(401, {"error": "bad_signature"})
        taken = self.gateway.inbox.taken.get(message_id)
        if taken is None or taken.carrier != "house":
            return self._json(404, {"error": "unknown_message"})
        return self._json(200, {"receipt": taken.receipt})

    def _report(self, taken: Sms, how: str) -> None:
        body = json.dumps({"id": taken.id, "receipt": taken.receipt, "status": how}).encode()
        stamp = str(int(time.time()))
        said = f"{stamp}\n{taken.id}\n{hashlib.sha256(body).hexdigest()}".encode()
        mark = hmac.new(self.gateway.key, said, "sha256").hexdigest()
        if how != "lost":
            report("house", body, {"X-Timestamp": stamp, "X-Signature": mark})

    def _signed(self, message_id: str, body: bytes) -> bool:
        stamp = self.headers.get("X-Timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > CLOCK_SKEW_S:
            return False
        said = f"{stamp}\n{message_id}\n{hashlib.sha256(body).hexdigest()}".encode()
        wanted = hmac.new(self.gateway.key, said, "sha256").hexdigest()
        return hmac.compare_digest(wanted, self.headers.get("X-Signature", ""))

    def _admin(self, body: bytes) -> None:
        try:
            order = json.loads(body or b"{}")
        except ValueError:
            return self._json(400, {"error": "bad_json"})
        self.gateway.order(order)
        return self._json(200, {"ok": True})

    def _language(self) -> str:
        return "en" if self.headers.get("Accept-Language", "").lower().startswith("en") else "zh"

    def _json(self, status: int, said: dict[str, Any], retry_after: Any = None) -> None:
        more = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self._answer(status, "application/json", json.dumps(said, ensure_ascii=False).encode(), more)

    def _page(self, text: str) -> None:
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'self'"
        self._answer(200, "text/html; charset=utf-8", text.encode(), {"Content-Security-Policy": policy})

    def _answer(self, status: int, media_type: str, body: bytes, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": media_type,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **more,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep phones out of every log."""


REPORT_AFTER_S = 1.5
REPORT_TRIES = 3


def report(source: str, body: bytes, headers: dict[str, str]) -> None:
    """Tell the platform in a moment how a message fared, as providers do: a few times if it does not answer."""
    base = os.environ.get("SMS_REPORT_URL") or (
        f"http://127.0.0.1:{os.environ['PORT']}/notify/reports/" if os.environ.get("PORT") else ""
    )
    if not base:
        return

    def send(left: int) -> None:
        said = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(f"{base}{source}", body, said)  # noqa: S310 - our own loopback address
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5).close()
        except (OSError, ValueError):
            if left:
                later(left - 1)

    def later(left: int) -> None:
        timer = threading.Timer(REPORT_AFTER_S, send, (left,))
        timer.daemon = True
        timer.start()

    later(REPORT_TRIES)


WORDS = {
    "zh": {
        "lang": "zh-Hans", "title": "演示短信收件箱", "phone": "手机号（可只输后几位）", "find": "查找",
        "all": "全部",
        "none": "还没有短信。", "none_for": "这个号码还没有收到短信。", "other": "English", "other_lang": "en",
        "note": "这里是演示环境：短信只显示在本页，不会发到任何手机。",
    },
    "en": {
        "lang": "en", "title": "Demo text messages", "phone": "Phone (the last digits will do)", "find": "Find",
        "all": "All", "none": "No messages yet.", "none_for": "No messages to this number yet.", "other": "中文",
        "other_lang": "zh", "note": "This is a demo: messages are shown here only and reach no phone.",
    },
}  # fmt: skip

STYLE = """
:root{color-scheme:light dark;--ink:#16202c;--soft:#51606f;--paper:#f3f6f9;--card:#fff;--line:#d3dbe3;--blue:#0b4f9e}
@media (prefers-color-scheme:dark){:root{--ink:#e8eef4;--soft:#a9b6c3;--paper:#10161d;--card:#1a232d;--line:#33404d;
--blue:#8bbcf5}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:34rem;margin:0 auto;padding:1.25rem 1rem 3rem}header{display:flex;justify-content:space-between;
align-items:baseline;gap:1rem}h1{font-size:1.35rem;margin:0}a{color:var(--blue)}p{margin:.25rem 0 1rem;
color:var(--soft)}
form{display:flex;gap:.5rem;align-items:end;margin-bottom:1.25rem;flex-wrap:wrap}label{flex:1 1 12rem}
input{display:block;width:100%;min-height:2.75rem;font:inherit;padding:.25rem .75rem;border:1px solid var(--soft);
border-radius:.5rem;background:var(--card);color:inherit}button{min-height:2.75rem;padding:0 1.25rem;font:inherit;
border:0;border-radius:.5rem;background:#0b4f9e;color:#fff}ol{list-style:none;margin:0;padding:0;display:grid;gap:.75rem}
li{background:var(--card);border:1px solid var(--line);border-radius:.25rem 1rem 1rem 1rem;padding:.75rem 1rem}
li div{display:flex;justify-content:space-between;gap:1rem;color:var(--soft);font-size:.875rem;
font-variant-numeric:tabular-nums}li p{margin:.25rem 0 0;color:var(--ink);overflow-wrap:anywhere}
"""


def page(messages: list[Sms], phone: str, language: str) -> str:
    """Return the inbox as a page."""
    say = WORDS[language]
    rows = "".join(
        f"<li><div><span>{masked(s.to)}</span><time datetime='{s.at.isoformat(timespec='seconds')}'>"
        f"{s.at.astimezone(CHINA):%m-%d %H:%M:%S}</time></div>"
        f"<p>【{html.escape(s.sender)}】{html.escape(s.text)}</p></li>"
        for s in messages
    )
    empty = f"<p>{say['none_for'] if phone else say['none']}</p>"
    everything = f"<a href='/inbox?lang={language}'>{say['all']}</a>" if phone else ""
    return (
        f"<!doctype html><html lang='{say['lang']}'><head><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width,initial-scale=1'><title>{say['title']}</title>"
        f"<style>{STYLE}</style></head><body><main><header><h1>{say['title']}</h1>"
        f"<a lang='{say['other_lang']}' href='/inbox?lang={say['other_lang']}'>{say['other']}</a></header>"
        f"<p>{say['note']}</p>"
        f"<form action='/inbox'><label>{say['phone']}<input name='phone' inputmode='numeric' maxlength='11'"
        f" value='{phone}'></label><input type='hidden' name='lang' value='{language}'>"
        f"<button>{say['find']}</button>{everything}</form>"
        f"{'<ol>' + rows + '</ol>' if rows else empty}</main></body></html>"
    )


def masked(phone: str) -> str:
    """Return a phone as it may be shown to others."""
    return html.escape(f"{phone[:3]}****{phone[-4:]}" if len(phone) == 11 else "****")


def server(port: int, host: str = "127.0.0.1", key: str = "") -> ThreadingHTTPServer:
    """Return a gateway listening on the port (0: any free one), not yet serving."""
    secret = key or os.environ.get("SMS_KEY") or "demo"
    handler = type("BoundHandler", (Handler,), {"gateway": Gateway(secret.encode())})
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer((host, port), handler)


def serve(port: int) -> None:
    """Serve until the process is stopped."""
    gateway = server(port, os.environ.get("SMS_HOST") or os.environ.get("HOST") or "127.0.0.1")
    try:
        gateway.serve_forever()
    except KeyboardInterrupt:
        gateway.server_close()


if __name__ == "__main__":
    import sys

    serve(int(sys.argv[1]))
