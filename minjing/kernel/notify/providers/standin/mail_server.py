"""A stand-in for the mail of the world: an SMTP server whose mailboxes are shown as a page and as JSON.

SMTP speaks aiosmtpd in a thread; the mailboxes are read over HTTP on the same host, at the port given plus
MAIL_PAGE_AFTER (the demo: 14 above the pages). A mailbox whose name begins with `nobody` does not exist (550);
one that begins with `full` is full today (452). POST /admin {"down": bool} | {"reset": true}.
"""

import html
import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CHINA = timezone(timedelta(hours=8))
MAIL_PAGE_AFTER = 4
KEPT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter that was taken."""

    id: str
    to: str
    subject: str
    text: str
    at: datetime


@dataclass
class Post:
    """All mailboxes; the same Message-ID is shown once, as mail programs do."""

    mails: "OrderedDict[str, Mail]" = field(default_factory=OrderedDict)
    taken: int = 0
    down: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take or refuse a recipient."""
        if self.down:
            return "421 4.3.2 told to be down"
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("full"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take a letter."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        key = str(mail["Message-ID"] or "").strip("<>")
        one = Mail(key, ", ".join(envelope.rcpt_tos), str(mail["Subject"] or ""), text, datetime.now(UTC))
        with self.lock:
            self.taken += 1
            self.mails.setdefault(key, one)
            while len(self.mails) > KEPT_MAX:
                self.mails.popitem(last=False)
        return "250 2.0.0 taken"


class Handler(BaseHTTPRequestHandler):
    """Shows the mailboxes."""

    post: Post
    server_version = "mail-standin"

    def do_GET(self) -> None:
        """Show the newest letters, of one address if it is named."""
        parts = urlsplit(self.path)
        to = parse_qs(parts.query).get("to", [""])[0]
        with self.post.lock:
            found = [m for m in reversed(self.post.mails.values()) if to in m.to][:50]
        if parts.path == "/mail.json":
            rows = [{"id": m.id, "to": m.to, "subject": m.subject, "text": m.text} for m in found]
            return self._answer("application/json", json.dumps({"mails": rows, "taken": self.post.taken}))
        return self._answer("text/html; charset=utf-8", page(found, to))

    def do_POST(self) -> None:
        """Follow an order how to misbehave."""
        order = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length", "0")), 10_000)) or b"{}")
        with self.post.lock:
            if order.get("reset"):
                self.post.mails.clear()
                self.post.taken, self.post.down = 0, False
            self.post.down = bool(order.get("down", self.post.down))
        return self._answer("application/json", "{}")

    def _answer(self, media_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
        )
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep addresses out of every log."""


STYLE = """
*{box-sizing:border-box}body{margin:0;background:#f5f6f8;color:#14213a;
font:16px/1.6 "PingFang SC","Noto Sans SC","Noto Sans CJK SC",system-ui,sans-serif}
main{max-width:42rem;margin:0 auto;padding:20px 16px 48px}h1{font-size:1.35rem;margin:0 0 4px}
.hint{color:#5b6678}ol{list-style:none;padding:0;display:grid;gap:12px}
li{background:#fff;border:1px solid #d9dee7;border-radius:10px;padding:14px 18px}h2{font-size:1.05rem;margin:0}
pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere;margin:8px 0 0}
.meta{color:#5b6678;font-size:.88rem}a{color:#16479d}
"""


def page(mails: list[Mail], to: str) -> str:
    """Return the letters as a page."""
    rows = "".join(
        f"<li><h2>{html.escape(m.subject)}</h2><div class='meta'>{html.escape(m.to)} · "
        f"{m.at.astimezone(CHINA):%m-%d %H:%M:%S}</div><pre>{linked(m.text)}</pre></li>"
        for m in mails
    )
    return (
        "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'><title>演示邮箱 · Demo mail</title>"
        f"<style>{STYLE}</style></head><body><main><h1>演示邮箱 · Demo mail</h1>"
        "<p class='hint'>演示环境：邮件只显示在本页。· A demo: mail is shown here only.</p>"
        f"{'<ol>' + rows + '</ol>' if rows else '<p>还没有邮件。· No mail yet.</p>'}</main></body></html>"
    )


def linked(text: str) -> str:
    """Return a letter's text with its addresses as links."""
    words = []
    for word in html.escape(text).split(" "):
        lines = [f"<a href='{w}'>{w}</a>" if w.startswith(("http://", "https://")) else w for w in word.split("\n")]
        words.append("\n".join(lines))
    return " ".join(words)


class Both:
    """The SMTP server and its page, served together."""

    def __init__(self, port: int, host: str, page_port: int) -> None:
        self.post = Post()
        self.http = ThreadingHTTPServer((host, page_port), type("BoundHandler", (Handler,), {"post": self.post}))
        self.port, self.host = port, host
        self.controller: Any = None

    def serve_forever(self) -> None:
        """Serve both until told to stop."""
        self.start()
        self.http.serve_forever()

    def start(self) -> None:
        """Listen for mail."""
        from aiosmtpd.controller import Controller

        self.controller = Controller(self.post, hostname=self.host, port=self.port)
        self.controller.start()

    def shutdown(self) -> None:
        """Stop both."""
        self.http.shutdown()
        if self.controller:
            self.controller.stop()

    def server_close(self) -> None:
        """Close the page's socket."""
        self.http.server_close()


def server(port: int, host: str = "127.0.0.1", page_port: int = -1) -> Both:
    """Return the mail server for a port, with its page at `page_port` (0: any free one), not yet serving."""
    ThreadingHTTPServer.daemon_threads = True
    shown = page_port if page_port >= 0 else int(os.environ.get("MAIL_PAGE_PORT") or port + MAIL_PAGE_AFTER)
    return Both(port, host, shown)
