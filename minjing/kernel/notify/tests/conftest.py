"""The stand-in gateway as the process it is, and two residents to write to."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import http_ece
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import RequestFactory

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.views.entry import let_in
from minjing.kernel.notify.providers import standin
from minjing.kernel.notify.providers.standin import aliyun_sms, mail_server, push_service, tencent_sms, wechat_account
from tests.ports import free_port

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LIN_PHONE, CHEN_PHONE = "13800000001", "13800000002"
KEY = "a-key-for-the-tests"
PROGRAM = Path(standin.__file__).with_name("sms_gateway.py")


@dataclass(frozen=True)
class GatewayProcess:
    """A running gateway as a test sees it: only over HTTP."""

    url: str

    def tell(self, **order: Any) -> None:
        httpx.post(f"{self.url}/admin", json=order, trust_env=False).raise_for_status()

    def inbox(self, phone: str = "") -> list[dict[str, str]]:
        return self._inbox(phone)["messages"]

    def everything(self) -> list[dict[str, str]]:
        return httpx.get(f"{self.url}/inbox.json", params={"all": "1"}, trust_env=False).json()["messages"]

    def asked(self) -> int:
        return self._inbox()["asked"]

    def page(self, **query: str) -> str:
        return httpx.get(f"{self.url}/inbox", params=query, trust_env=False).text

    def _inbox(self, phone: str = "") -> dict[str, Any]:
        return httpx.get(f"{self.url}/inbox.json", params={"phone": phone}, trust_env=False).json()


@pytest.fixture(scope="session")
def gateway_process() -> Iterator[GatewayProcess]:
    port = free_port()
    environment = {**os.environ, "SMS_KEY": KEY, "HOST": "127.0.0.1", "PORT": ""}
    process = subprocess.Popen([sys.executable, str(PROGRAM), str(port)], env=environment)
    running = GatewayProcess(f"http://127.0.0.1:{port}")
    for _ in range(200):
        try:
            httpx.get(f"{running.url}/healthz", trust_env=False)
            break
        except httpx.HTTPError:
            assert process.poll() is None, "the gateway has ended: its port was taken meanwhile"
            time.sleep(0.05)
    else:
        pytest.fail("the gateway did not answer within 10 s")
    yield running
    process.terminate()
    process.wait(5)


@pytest.fixture
def gateway(gateway_process: GatewayProcess, settings: Any) -> GatewayProcess:
    settings.SMS_URL = f"{gateway_process.url}/sms/v1/send"
    settings.SMS_KEY = KEY
    settings.SMS_B_URL = ""
    settings.NOTIFY_QUIET_HOURS = "none"
    gateway_process.tell(reset=True)
    return gateway_process


@pytest.fixture
def lin(db: None) -> Actor:
    return queries.actor_of(identity.open_account(phone=LIN_PHONE, now=NOW).pk, NOW)


@pytest.fixture
def chen(db: None) -> Actor:
    return queries.actor_of(identity.open_account(phone=CHEN_PHONE, now=NOW).pk, NOW)


@dataclass
class StandIn:
    """A stand-in that runs in a thread of the test."""

    url: str
    gateway: Any

    def tell(self, **order: Any) -> None:
        httpx.post(f"{self.url}/admin", json=order, trust_env=False).raise_for_status()


@dataclass
class TencentStandIn(StandIn):
    """Tencent's, with the serial numbers that it lists by now."""

    listed: set[str]


def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def aliyun_server() -> Iterator[Any]:
    yield from serving(aliyun_sms.server(0, key=KEY, key_id="AKtest"))


@pytest.fixture
def aliyun(aliyun_server: Any, gateway: GatewayProcess, settings: Any, monkeypatch: Any) -> StandIn:
    """The second provider beside the first: both are there, the first is drawn unless a test says otherwise."""
    monkeypatch.setenv("PORT", "")
    url = f"http://127.0.0.1:{aliyun_server.server_address[1]}"
    settings.SMS_B_URL, settings.SMS_B_KEY_ID, settings.SMS_B_KEY = f"{url}/", "AKtest", KEY
    settings.SMS_SHARES = {"house": 100, "aliyun": 0}
    found = StandIn(url, aliyun_server.RequestHandlerClass.gateway)
    found.tell(reset=True)
    return found


@pytest.fixture
def tencent(gateway: GatewayProcess, settings: Any, monkeypatch: Any) -> Iterator[TencentStandIn]:
    """A third provider, and the only one that is given messages."""
    monkeypatch.setenv("PORT", "")
    for server in serving(tencent_sms.server(0, key=KEY, key_id="AKIDtest")):
        url = f"http://127.0.0.1:{server.server_address[1]}"
        settings.SMS_C_URL, settings.SMS_C_KEY_ID, settings.SMS_C_KEY = f"{url}/", "AKIDtest", KEY
        settings.SMS_SHARES = {"house": 0, "aliyun": 0, "tencent": 100}
        found = TencentStandIn(url, server.RequestHandlerClass.gateway, server.RequestHandlerClass.listed)
        found.tell(reset=True)
        yield found


@dataclass
class WechatPhone:
    """The stand-in of WeChat with its phones."""

    url: str
    world: Any

    def tell(self, **order: Any) -> None:
        httpx.post(f"{self.url}/admin", json=order, trust_env=False).raise_for_status()

    def follow(self, name: str) -> None:
        self.world.follows.add(name)

    def lines(self, name: str) -> list[dict[str, Any]]:
        return httpx.get(f"{self.url}/phone.json", params={"as": name}, trust_env=False).json()["lines"]


@pytest.fixture(scope="session")
def wechat_server() -> Iterator[Any]:
    yield from serving(wechat_account.server(0, callback="http://127.0.0.1:9/wechat/callback"))


@pytest.fixture
def wechat_phone(wechat_server: Any, settings: Any) -> WechatPhone:
    url = f"http://127.0.0.1:{wechat_server.server_address[1]}"
    settings.WECHAT_API_URL = settings.WECHAT_OPEN_URL = url
    found = WechatPhone(url, wechat_server.RequestHandlerClass.world)
    found.tell(reset=True)
    return found


@dataclass
class MailWorld:
    """The stand-in of the world's mail."""

    post: Any

    def to(self, address: str) -> list[Any]:
        return [m for m in self.post.mails.values() if m.to == address]


@pytest.fixture(scope="session")
def mail_server_running() -> Iterator[Any]:
    yield from serving(mail_server.server(free_port(), page_port=0))


@pytest.fixture
def mailbox(mail_server_running: Any, settings: Any) -> MailWorld:
    settings.MAIL_HOST, settings.MAIL_PORT, settings.MAIL_TLS = "127.0.0.1", mail_server_running.port, False
    post = mail_server_running.post
    post.mails.clear()
    post.taken, post.down = 0, False
    for _ in range(100):
        if mail_server_running.controller is not None and mail_server_running.controller.server is not None:
            break
        time.sleep(0.02)
    return MailWorld(post)


@dataclass
class Browser:
    """A browser with a push subscription: its keys stay with it, the push service sees sealed bodies only."""

    url: str
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    def subscription(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": urlsafe(point), "auth": urlsafe(self.auth)}
        return {"endpoint": f"{self.url}/push/{self.name}", "keys": keys}

    def shown(self) -> list[dict[str, str]]:
        said = httpx.get(f"{self.url}/taken.json", params={"of": self.name}, trust_env=False).json()
        return [
            json.loads(
                http_ece.decrypt(
                    base64.b64decode(body), private_key=self.key, auth_secret=self.auth, version="aes128gcm"
                )
            )
            for body in said["bodies"]
        ]


def urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="session")
def push_server() -> Iterator[Any]:
    yield from serving(push_service.server(0))


@pytest.fixture
def push_world(push_server: Any, settings: Any) -> Any:
    settings.PUSH_HOSTS = [f"127.0.0.1:{push_server.server_address[1]}"]
    url = f"http://127.0.0.1:{push_server.server_address[1]}"
    httpx.post(f"{url}/admin", json={"reset": True}, trust_env=False)
    return url


def sign_in(client: Any, actor: Actor) -> None:
    """Let a test's browser in as an account."""
    request = RequestFactory().get("/")
    request.session = client.session
    let_in(request, Account.objects.get(pk=actor.account_id), clock.now(), second=False)
    request.session.save()
    client.cookies["session"] = request.session.session_key
