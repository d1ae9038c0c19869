"""The three gateways as one process, a merchant's server that receives notices, and the clients between them."""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from minjing.base.ids import new_id
from minjing.kernel.pay.providers import Attempt, Refund, alipay, unionpay, wechat
from minjing.kernel.pay.providers import alipay_wire as alipay_lines
from minjing.kernel.pay.providers import unionpay_wire as unionpay_lines
from minjing.kernel.pay.providers import wechat_wire as wechat_lines
from minjing.kernel.pay.providers.standin import alipay as alipay_standin
from minjing.kernel.pay.providers.standin import unionpay as unionpay_standin
from minjing.kernel.pay.providers.standin import wechat as wechat_standin
from minjing.kernel.pay.providers.standin import wechat_seal
from tests.ports import free_port

HOUSES = ("wechat", "alipay", "unionpay")
STANDINS = {"wechat": wechat_standin, "alipay": alipay_standin, "unionpay": unionpay_standin}
SCALE = 0.002  # fifteen seconds of the true schedule are 30 ms here


@dataclass
class Gateway:
    """A running gateway as a test sees it: only over HTTP."""

    name: str
    url: str
    folder: Path

    def tell(self, **order: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/admin", json=order, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> dict[str, Any]:
        return httpx.get(f"{self.url}/admin/state", trust_env=False).json()

    def trade(self, number: str) -> dict[str, Any]:
        return next(t for t in self.state()["trades"] if t["no"] == number)


@dataclass
class Merchant:
    """What the gateways tell us, as it came; `answer` is what we say to it."""

    url: str
    box: "queue.Queue[tuple[dict[str, str], bytes]]"
    answer: tuple[int, bytes] = (200, b"success")

    def next(self, within_s: float = 5.0) -> tuple[dict[str, str], bytes]:
        return self.box.get(timeout=within_s)

    def has_nothing(self, for_s: float = 0.2) -> bool:
        time.sleep(for_s)
        return self.box.empty()


def start(
    folder: Path, names: tuple[str, ...] = HOUSES, scale: float = SCALE
) -> tuple[subprocess.Popen, list[Gateway]]:
    """Start gateways in one process and wait until each answers."""
    port = free_port(len(names))
    environment = {**os.environ, "STANDIN_TIME_SCALE": str(scale)}
    pairs = [f"{name}={port + n}" for n, name in enumerate(names)]
    program = [sys.executable, "-m", "minjing.kernel.pay.providers.standin", str(folder), *pairs]
    process = subprocess.Popen(program, env=environment)
    found = [Gateway(name, f"http://127.0.0.1:{port + n}", folder / name) for n, name in enumerate(names)]
    for gateway in found:
        wait_for(lambda g=gateway: _answers(g.url), process)
    return process, found


def wait_for(true: Any, process: subprocess.Popen | None = None, within_s: float = 10.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + within_s
    while not true():
        assert process is None or process.poll() is None, "the gateways have ended"
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gateways")
    for name in HOUSES:
        (folder / name).mkdir()
        STANDINS[name].prepare(folder / name)
    return folder


@pytest.fixture(scope="session")
def running(keys: Path) -> Iterator[dict[str, Gateway]]:
    process, found = start(keys)
    yield {g.name: g for g in found}
    process.kill()
    process.wait(5)


@pytest.fixture
def gateways(running: dict[str, Gateway]) -> dict[str, Gateway]:
    for gateway in running.values():
        gateway.tell(calm=True, clock_s=0, statements="by_hour")
    running["wechat"].tell(sign_with="certificate")
    running["unionpay"].tell(strange_certificate=False)
    return running


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    one = Merchant("", queue.Queue())

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            one.box.put(({k.lower(): v for k, v in self.headers.items()}, body))
            status, said = one.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Receiver)
    server.daemon_threads = True
    one.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield one
    server.shutdown()
    server.server_close()


def number() -> str:
    """Return a fresh number of ours."""
    return new_id().hex


def attempt(merchant: Merchant, fen: int = 12_000, minutes: float = 30, **more: Any) -> Attempt:
    """Return a fresh attempt."""
    now = datetime.now(UTC).replace(microsecond=0)
    said: dict[str, Any] = {
        "number": number(), "fen": fen, "description": "普通护照工本费", "begun_at": now,
        "expires_at": now + timedelta(minutes=minutes), "notify_url": f"{merchant.url}/pay/notify/x",
        "return_url": f"{merchant.url}/pay/back/7?a=1", "payer": "oLin", "payer_ip": "192.0.2.7",
    }  # fmt: skip
    return Attempt(**said | more)


def refund_of(paid: Attempt, gateway_no: str, fen: int, **more: Any) -> Refund:
    """Return a fresh refund."""
    said: dict[str, Any] = {
        "number": number(), "fen": fen, "attempt_number": paid.number, "attempt_fen": paid.fen,
        "gateway_no": gateway_no, "begun_at": datetime.now(UTC).replace(microsecond=0), "reason": "不予受理",
        "notify_url": paid.notify_url,
    }  # fmt: skip
    return Refund(**said | more)


def wechat_wire(
    gateway: Gateway, *, by_public_key: bool = False, clock: Any = None, **other: Any
) -> wechat_lines.Wire:
    """Return our client of WeChat Pay."""
    who = wechat.merchant(gateway.url, wechat_seal.MERCHANT, wechat_standin.APP, gateway.folder)
    from dataclasses import replace

    if not by_public_key:
        who = replace(who, public_key_id="", public_key=None)
    return wechat_lines.Wire(replace(who, **other), *([clock] if clock else []))


def alipay_wire(gateway: Gateway, clock: Any = None, **other: Any) -> alipay_lines.Wire:
    """Return our client of Alipay."""
    from dataclasses import replace

    url = f"{gateway.url}/gateway.do"
    who = alipay.application(url, alipay_standin.APP, alipay_standin.SELLER, gateway.folder)
    return alipay_lines.Wire(replace(who, **other), *([clock] if clock else []))


def unionpay_wire(gateway: Gateway, clock: Any = None, **other: Any) -> unionpay_lines.Wire:
    """Return our client of UnionPay."""
    from dataclasses import replace

    number, password = unionpay_standin.MERCHANT, unionpay_standin.PASSWORD
    who = unionpay.merchant(gateway.url, f"{gateway.url}/", number, gateway.folder, password)
    return unionpay_lines.Wire(replace(who, **other), *([clock] if clock else []))


def ahead(seconds: float) -> Any:
    """Return a clock that goes wrong by so much."""
    return lambda: datetime.now(UTC) + timedelta(seconds=seconds)


CHANNELS = ("wechat_jsapi", "wechat_h5", "wechat_native", "alipay_wap", "alipay_page", "unionpay")


def channel(name: str, gateways: dict[str, Gateway], **how: Any) -> Any:
    """Return one of our channels, speaking to its gateway."""
    house, _, kind = name.partition("_")
    if house == "wechat":
        return wechat.WeChatChannel(kind, wechat_wire(gateways[house], **how), f"{gateways[house].url}/wechat/pay")
    if house == "alipay":
        return alipay.AlipayChannel(kind, alipay_wire(gateways[house], **how))
    return unionpay.UnionPayChannel(unionpay_wire(gateways[house], **how))


class Browser:
    """A payer's browser without script: follows redirects within a gateway, posts the forms it is given."""

    def __init__(self) -> None:
        self.http = httpx.Client(trust_env=False)

    def open(self, begun: Any, gateway: Gateway) -> httpx.Response:
        if begun.kind == "redirect":
            answer = self.http.get(begun.url)
        elif begun.kind in ("form", "jsapi"):
            answer = self.http.post(begun.url, data=dict(begun.fields))
        else:
            answer = self.http.get(f"{gateway.url}/wechat/scan", params={"code": begun.text})
        while answer.is_redirect and answer.next_request:
            answer = self.http.send(answer.next_request)
        return answer

    def press(self, page: httpx.Response, act: str) -> httpx.Response:
        """Press a button of the cashier and return the page that follows, or the redirection to the merchant."""
        answer = self.http.post(page.url, data={"act": act})
        assert answer.status_code == 303
        following = answer.next_request
        assert following is not None
        return (
            self.http.send(following)
            if following.url.host == page.url.host and following.url.port == page.url.port
            else answer
        )


@pytest.fixture
def browser() -> Iterator[Browser]:
    one = Browser()
    yield one
    one.http.close()


def paid(channel_: Any, gateway: Gateway, merchant: Merchant, browser: Browser, **more: Any) -> Attempt:
    """Return an attempt that the payer has paid at the cashier."""
    one = attempt(merchant, **more)
    page = browser.open(channel_.begin(one), gateway)
    browser.press(page, "pay")
    return one
