"""What the three local gateways have in common: the server, the cashier, the books, the notices and the troubles.

POST /admin (from this machine only) tells a gateway to misbehave or to act; GET /admin/state says what is true:
- {"trouble": name, "times": 1, "share": 1.0, "value": 1, "seed": n}   see trouble.py; {"calm": true} ends them all
- {"pay": number} | {"fail": number}   as if the payer had pressed the button
- {"hurry": true}   try all waiting notifications now; {"again": number} notify once more, though it was taken
- {"clock_s": s}   let the gateway's clock go wrong; {"statements": "now"} let bills be had before their hour
"""

import hashlib
import json
import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from minjing.kernel.pay.providers.standin import cashier
from minjing.kernel.pay.providers.standin.books import Books, Notice, Refund, Trade
from minjing.kernel.pay.providers.standin.postman import Postman, post
from minjing.kernel.pay.providers.standin.trouble import Trouble

CHINA = timezone(timedelta(hours=8))
LOCAL = ("127.0.0.1", "::1")
BODY_MAX = 1_000_000
BILL_HOUR = 10  # China time: from then on yesterday's bill can be had


@dataclass(frozen=True)
class Asked:
    """One request. Header names are lower-case; `target` is path and query as they stood on the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    client: str = "127.0.0.1"

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {k: v[0] for k, v in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    @property
    def form(self) -> dict[str, str]:
        """The fields of a posted form; empty for a body that is none."""
        try:
            said = parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body))
        except ValueError:
            return {}
        return {k: v[0] for k, v in said.items()}

    @property
    def language(self) -> str:
        wanted = self.query.get("lang") or self.headers.get("accept-language", "")
        return "en" if wanted.lower().startswith("en") else "zh"


@dataclass(frozen=True)
class Said:
    """One answer; `file` is sent after the body, piece by piece."""

    status: int
    body: bytes
    media: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None


class Gateway:
    """The common part; each protocol fills in `api`, `notification`, `taken`, `way_back` and `opened`."""

    name = ""
    brand = cashier.Brand("", "", "")
    schedule: Sequence[float] = ()  # seconds from a failed notification to the next try

    def __init__(self, folder: Path, address: str, scale: float = 1.0) -> None:
        """`address` is where browsers reach this gateway; `scale` stretches the schedule of notifications."""
        self.folder, self.address = folder, address.rstrip("/")
        self.trouble = Trouble()
        self.books = Books(folder / "books.jsonl")
        self.clock_s = 0.0
        self.statements_now = False
        self.asked = 0
        self.postman = Postman(self.books, self.schedule, scale, self._carry)
        for refund in list(self.books.refunds.values()):
            if refund.state == "pending":
                self._later(0.1, self.finish_refund, refund.no, True)

    # What a protocol fills in.

    def api(self, asked: Asked) -> Said | None:
        """Answer a call of the protocol; None where there is no such path."""
        raise NotImplementedError

    def notification(self, notice: Notice, extra_fen: int, forged: bool) -> tuple[Mapping[str, str], bytes]:
        """Return headers and body of a notification."""
        raise NotImplementedError

    def taken(self, status: int, body: bytes) -> bool:
        """Tell whether the merchant's answer means that it knows."""
        raise NotImplementedError

    def way_back(self, trade: Trade, language: str) -> str | Said:
        """Return how the payer goes back to the merchant: HTML for the cashier's page, or an answer of its own."""
        return cashier.back_link(language, trade.return_url)

    # Money.

    def now(self) -> float:
        """Return the time as this gateway believes it is."""
        return time.time() + self.clock_s

    def moment(self, at: float = 0.0) -> datetime:
        """Return an instant in China's time; now without an argument."""
        return datetime.fromtimestamp(at or self.now(), CHINA)

    def open_trade(self, trade: Trade) -> None:
        """Put an order into the books."""
        self.books.keep(trade)

    def may_pay(self, trade: Trade) -> bool:
        """Tell whether the payer may pay now: the order is open and its time has not passed."""
        return trade.state == "open" and self.now() < trade.expires_at

    def pay(self, trade: Trade, late: bool = False) -> bool:
        """Take the payer's money; False if it cannot be taken. It is in the books before anybody hears of it."""
        with self.books.lock:
            if not (self.may_pay(trade) or (late and trade.state == "closed")):
                return False
            if not late and self.trouble.take("refuse_payment") is not None:
                self.fail(trade)
                return False
            more = int(self.trouble.take("capture_fen") or 0)
            trade.state, trade.paid_fen, trade.paid_at = "paid", trade.fen + more, self.now()
            trade.fault = ""
            self.books.keep(trade)
        self.tell("paid", trade.no, trade.notify_url)
        return True

    def fail(self, trade: Trade) -> None:
        """Let one try of the payer fail: the order stays open."""
        trade.fault = "insufficient_funds"
        self.books.keep(trade)

    def close(self, trade: Trade) -> None:
        """Close an order; told to, take the money later all the same."""
        with self.books.lock:
            if trade.state == "open":
                trade.state, trade.closed_at = "closed", self.now()
                self.books.keep(trade)
        late = self.trouble.take("capture_late")
        if late is not None:
            self._later(late, self.pay, trade, True)

    def start_refund(self, refund: Refund) -> None:
        """Accept a refund and finish it, or leave it pending when told to."""
        fails = self.trouble.take("fail_refund") is not None
        pending = self.trouble.take("pending_refund")
        self.books.keep(refund)
        if pending is not None or fails:
            self._later(pending or 0.05, self.finish_refund, refund.no, not fails)
        else:
            self.finish_refund(refund.no, True)

    def finish_refund(self, number: str, well: bool) -> None:
        """Send the money back, or fail to; the merchant is told."""
        with self.books.lock:
            refund = self.books.refunds[number]
            if refund.state != "pending":
                return
            refund.state, refund.done_at = ("done" if well else "failed"), self.now()
            self.books.keep(refund)
        self.tell("refund", number, refund.notify_url)

    def left_to_refund(self, trade: Trade) -> int:
        """Return how much of the payment has not been asked back, in fen."""
        return trade.paid_fen - sum(r.fen for r in self.books.refunds_of(trade.no))

    # Notifications.

    def tell(self, what: str, about: str, url: str) -> None:
        """Start to notify, as late as the troubles want it."""
        if not url:
            return
        wait = self.trouble.take("delay_notice") or 0.0
        most = self.trouble.take("reorder_notice")
        wait += self.trouble.some(most) if most is not None else 0.0
        number = self.books.next_number()
        self.postman.post(Notice(f"{self.name}-{number}-{secrets.token_hex(4)}", what, about, url), wait)

    def _carry(self, notice: Notice) -> bool:
        if self.trouble.take("lose_notice") is not None:
            return False
        if self.trouble.take("forge_notice") is not None:
            self._send(notice, forged=True)
        again = int(self.trouble.take("repeat_notice") or 0)
        taken = self._send(notice)
        for _ in range(again):
            self._send(notice)
        return taken

    def _send(self, notice: Notice, forged: bool = False) -> bool:
        extra = int(self.trouble.take("wrong_fen") or 0)
        headers, body = self.notification(notice, extra, forged)
        return self.taken(*post(notice.url, headers, body))

    def _later(self, seconds: float, do: Any, *what: Any) -> None:
        timer = threading.Timer(seconds, do, what)
        timer.daemon = True
        timer.start()

    # Requests.

    def answer(self, asked: Asked) -> Said | None:
        """Answer a request; None: break the connection."""
        path = asked.path
        if path == "/healthz":
            return Said(200, b'{"ok":true}')
        if path.startswith("/admin"):
            return self._admin(asked)
        if path.startswith("/cashier/"):
            return self._cashier(asked)
        self.asked += 1
        status = self.trouble.take("down")
        if status is not None:
            return Said(int(status) if status >= 100 else 502, b"<html>502 Bad Gateway</html>", "text/html")
        time.sleep(self.trouble.take("slow") or 0.0)
        said = self.api(asked)
        if self.trouble.take("lose_answer") is not None:
            return None
        return said or Said(404, b'{"code":"NOT_FOUND","message":"404 Not Found"}')

    def page(self, text: str, status: int = 200) -> Said:
        """Return a page. Its forms may lead to the merchant's site, also by redirection."""
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action http: https:; frame-ancestors 'none'"
        return Said(status, text.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": policy})

    def see_other(self, url: str) -> Said:
        """Send the browser on."""
        return Said(303, b"", headers={"Location": url})

    def cashier_url(self, trade: Trade, **query: str) -> str:
        """Return the address of the trade's cashier."""
        more = "&".join(f"{k}={v}" for k, v in query.items())
        return f"{self.address}/cashier/{trade.token}{'?' + more if more else ''}"

    def back_url(self, trade: Trade, asked: Asked) -> str:
        """Return where a payer who leaves goes; WeChat's H5 has it in the address."""
        return trade.return_url

    def _cashier(self, asked: Asked) -> Said:
        trade = self.books.trade_of(asked.path.removeprefix("/cashier/"))
        if trade is None:
            return self.page(cashier.refused_page(self.brand, asked.language, ""), 404)
        act = asked.form.get("act", "") if asked.method == "POST" else ""
        if act == "pay":
            self.pay(trade)
        elif act == "fail" and self.may_pay(trade):
            self.fail(trade)
        elif act == "leave":
            back = self.back_url(trade, asked)
            return self.see_other(back or asked.target)
        if act:  # after a POST the page is got anew, so that reloading repeats nothing
            return self.see_other(asked.target)
        return self.page(self._shown(trade, asked))

    def _shown(self, trade: Trade, asked: Asked) -> str:
        state = "closed" if trade.state == "open" and not self.may_pay(trade) else trade.state
        fen, url = trade.paid_fen or trade.fen, self.back_url(trade, asked)
        bill = cashier.Bill(trade.subject, trade.no, fen, state, bool(trade.fault), bool(url))
        back = self.way_back(trade, asked.language) if state == "paid" else ""
        if not isinstance(back, str):
            raise TypeError("the way back of a paid trade is part of the page")
        more = back or cashier.back_link(asked.language, url)
        here = asked.path + "".join(
            f"?{q}" for q in ["&".join(p for p in urlsplit(asked.target).query.split("&") if p[:5] != "lang=")] if q
        )
        return cashier.pay_page(self.brand, asked.language, bill, here, more)

    def _admin(self, asked: Asked) -> Said:
        if asked.client not in LOCAL:
            return Said(403, b'{"error":"from this machine only"}')
        if asked.method == "GET":
            return _json(self.state())
        try:
            order = json.loads(asked.body or b"{}")
            return _json({"ok": True, **self.obey(order)})
        except (ValueError, KeyError, TypeError) as fault:
            return _json({"error": str(fault)}, 400)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what the admin's order says. Raises ValueError, KeyError."""
        if "trouble" in order:
            self.trouble.order(order)
        if order.get("calm"):
            self.trouble.clear()
        if "pay" in order:
            return {"paid": self.pay(self.books.trades[order["pay"]])}
        if "fail" in order:
            self.fail(self.books.trades[order["fail"]])
        if "again" in order:
            self._again(order["again"])
        if "clock_s" in order:
            self.clock_s = float(order["clock_s"])
        if "statements" in order:
            self.statements_now = order["statements"] == "now"
        return {"hurried": self.postman.hurry()} if order.get("hurry") else {}

    def state(self) -> dict[str, Any]:
        """Return the truth: every trade and refund, for a test to compare with."""
        with self.books.lock:
            return {
                "trades": [asdict(t) for t in self.books.trades.values()],
                "refunds": [asdict(r) for r in self.books.refunds.values()],
                "notices": [asdict(n) for n in self.books.notices.values()],
                "asked": self.asked,
            }

    def _again(self, number: str) -> None:
        notice = next(n for n in self.books.notices.values() if n.about == number)
        self.postman.post(Notice(f"{notice.id}-again", notice.what, notice.about, notice.url))

    # Bills.

    def bill_is_out(self, day: datetime) -> bool:
        """Tell whether the bill of the day that begins at `day` can be had."""
        return self.statements_now or self.moment() >= day + timedelta(days=1, hours=BILL_HOUR)

    def bill_path(self, *of: str) -> Path:
        """Return a path in the folder of bills."""
        folder = self.folder / "bills"
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder / hashlib.sha256("\n".join(of).encode()).hexdigest()[:32]


class Handler(BaseHTTPRequestHandler):
    """Hands requests to the gateway."""

    gateway: Gateway
    server_version = "gateway-standin"
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1  # one packet for head and body: no waiting for a delayed acknowledgement between them
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer."""
        self._serve(b"")

    def do_POST(self) -> None:
        """Answer."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > BODY_MAX:
            self.close_connection = True
            return
        self._serve(self.rfile.read(int(length)))

    def _serve(self, body: bytes) -> None:
        headers = {k.lower(): v for k, v in self.headers.items()}
        said = self.gateway.answer(Asked(self.command, self.path, headers, body, self.client_address[0]))
        if said is None:
            self.close_connection = True
            return
        size = said.file.stat().st_size if said.file else len(said.body)
        self.send_response(said.status)
        for name, value in {"Content-Type": said.media, "Content-Length": str(size), **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(said.body)
        if said.file:
            with said.file.open("rb") as handle:
                while piece := handle.read(65_536):
                    self.wfile.write(piece)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the head's Date: it follows the gateway's clock, by which a merchant may call an order over."""
        return super().date_time_string(self.gateway.now() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep payments out of every log."""


class Server(ThreadingHTTPServer):
    """One gateway listening."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, host: str, make: Any) -> None:
        super().__init__((host, port), Handler, bind_and_activate=False)
        self.server_bind()
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not bound
        self.gateway: Gateway = make(f"http://{shown}:{self.server_port}")
        self.RequestHandlerClass = type("BoundHandler", (Handler,), {"gateway": self.gateway})
        self.server_activate()


def folder_of(name: str) -> Path:
    """Return where a stand-in keeps its keys and books: under DATA_DIR, as site/outside.py prepares it."""
    return Path(os.environ.get("DATA_DIR") or "var") / "outside" / name


def scale() -> float:
    """Return how much the schedule of notifications is stretched; tests shorten it."""
    return float(os.environ.get("STANDIN_TIME_SCALE") or 1.0)


def instant(at: float) -> str:
    """Return an instant as RFC 3339 in China's time, to the second."""
    return datetime.fromtimestamp(at, CHINA).isoformat(timespec="seconds")


def epoch(text: str) -> float:
    """Return the seconds since 1970 of an RFC 3339 instant. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _json(said: Any, status: int = 200) -> Said:
    return Said(status, json.dumps(said, ensure_ascii=False).encode())
