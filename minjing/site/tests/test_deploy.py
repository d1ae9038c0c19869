"""A city that starts in earnest: with keys of its own or not at all, and browsers get the strict mode."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import MINJING, ROOT
from tests.ports import free_port

CITY = {
    "BASE_URL": "https://police.example",
    "SMS_URL": "https://sms.example/send",
    "SMS_B_URL": "https://dysmsapi.example/",
    "WECHAT_API_URL": "https://api.weixin.example",
    "CARRIER_URL": "https://post.example",
    "RELAY_URL": "https://relay.example",
    "SMS_KEY": "the city's own",
    "SMS_B_KEY": "the city's own",
    "WECHAT_SECRET": "the city's own",
    "WECHAT_TOKEN": "the city's own",
    "WECHAT_AES_KEY": "q" * 43,
    "CARRIER_KEY": "the city's own",
    "RELAY_KEY": "the city's own",
}
# The login page of officers sets the token's cookie; it asks the database for nothing.
ANSWERS = """
import json
import django
django.setup()
from django.conf import settings
from django.test import Client
plain, browser = Client(headers={"host": "police.example"}), Client(headers={"host": "police.example"})
page = browser.get("/officer/sign-in/", secure=True)
print(json.dumps({
    "names": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
    "session": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE],
    "status": page.status_code,
    "cookies": page.cookies.output(header="").split("\\r\\n"),
    "hsts": page.headers.get("Strict-Transport-Security", ""),
    "plain": [(a := plain.get("/officer/sign-in/?next=/")).status_code, a.headers.get("Location", "")],
}))
"""


def run(command: list[str], data_dir: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the process of a city that set what it has to, with a folder of its own."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MINJING_DEMO", "DEBUG", "ALLOWED_HOSTS", "PORT")}
    environment = kept | CITY | {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "minjing.site.settings"} | more
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def check(data_dir: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return run([*MINJING, "check", "--deploy", "--fail-level", "WARNING"], data_dir, **more)


def test_the_list_for_deploying_finds_nothing(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("forgotten", "said"),
    [
        ("RELAY_KEY", "traffic.E001"),
        ("CARRIER_KEY", "exit_entry.E001"),
        ("SMS_KEY", "notify.E001"),
        ("WECHAT_AES_KEY", "notify.E006"),
    ],
)
def test_what_was_forgotten_is_found(tmp_path: Path, forgotten: str, said: str) -> None:
    done = check(tmp_path, **{forgotten: ""})
    assert done.returncode != 0
    assert said in done.stderr


PUBLIC = {
    "SMS_KEY": "demo",
    "SMS_B_KEY": "demo",
    "WECHAT_SECRET": "demo",
    "WECHAT_TOKEN": "demo-token",
    "WECHAT_AES_KEY": "ZGVtby1kZW1vLWRlbW8tZGVtby1kZW1vLWRlbW8tISE",
    "CARRIER_KEY": "demo",
    "RELAY_KEY": "demo",
}


@pytest.mark.parametrize("verb", ["up", "web", "worker"])
@pytest.mark.parametrize("given", [dict.fromkeys(PUBLIC, ""), PUBLIC], ids=["none", "public"])
def test_a_city_in_earnest_does_not_start_with_keys_that_everybody_knows(
    tmp_path: Path, verb: str, given: dict[str, str]
) -> None:
    done = run([*MINJING, verb], tmp_path, PORT=str(free_port()), **given)
    assert done.returncode == 1
    assert done.stderr.startswith("minjing: ")
    assert "Traceback" not in done.stderr
    assert [name for name in PUBLIC if f"{name} must be" not in done.stderr] == []


def test_a_city_without_a_provider_needs_no_key_of_it_and_takes_no_call_from_it(tmp_path: Path) -> None:
    nobody = {name: "" for name in CITY if name != "BASE_URL"}
    done = run([sys.executable, "-c", UNKNOWN_CALLERS], tmp_path, **nobody)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"refused": [True] * 5, "doors": [], "menu": False}


# What a caller says that knows the source: signed with the demo's keys, or with none.
UNKNOWN_CALLERS = """
import json, time
import django
django.setup()
from django.test import RequestFactory
from minjing.kernel.ledger import actions as ledger
ledger.append = lambda *_: None
from minjing.kernel.identity import limits
limits.spend = lambda *_: None
limits.is_worth_an_entry = lambda *_: True
from minjing.kernel.notify import menu
from minjing.kernel.notify.plugs import plugs
from minjing.kernel.notify.providers import sms, wechat_crypto, aliyun
from minjing.kernel.notify.views import reports, wechat
from minjing.modules.exit_entry.actions.posting import carrier
from minjing.modules.exit_entry.providers.carrier import Forged, signature
from minjing.modules.traffic.providers import relay
from minjing.modules.traffic.views import moves
from minjing.site.cli import check_settings
moves.acts.forged = lambda *_: None
check_settings()
stamp, body, post = str(int(time.time())), b'{"id": "1"}', RequestFactory(headers={"host": "police.example"})
mark = sms.signature(b"", stamp, "1", body)
signed = wechat_crypto.signature("", stamp, "n")
refused = [
    reports.house(post.post("/", body, "application/json", headers={"X-Timestamp": stamp, "X-Signature": mark})),
    reports.aliyun(post.post("/", b"[]", "application/json"), aliyun.report_token("")),
    wechat.callback(post.get("/", {"signature": signed, "timestamp": stamp, "nonce": "n", "echostr": "x"})),
    moves.reports(post.post("/", b"[]", "application/json"), relay.report_token("")),
]
forged = False
head = {"X-Carrier-Time": stamp, "X-Carrier-Nonce": "n"}
try:
    carrier().read_push("/", {**head, "X-Carrier-Signature": signature(b"", "POST", "/", stamp, "n", body)}, body)
except Forged as why:
    forged = str(why) == "signature"
print(json.dumps({
    "refused": [a.status_code in (401, 403) for a in refused] + [forged],
    "doors": [d for d in plugs.doors if d == "wechat"],
    "menu": menu.keep(),
}))
"""


def test_over_http_the_list_would_complain(tmp_path: Path) -> None:
    done = check(tmp_path, BASE_URL="http://police.example")
    assert done.returncode != 0
    assert {"security.W004", "security.W008", "security.W012", "security.W016"} <= {
        word.strip("?:()") for word in done.stderr.split()
    }


def test_cookies_are_bound_to_the_host_and_plain_http_is_sent_away(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", ANSWERS], tmp_path)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert got["names"] == ["__Host-session", "__Host-csrf"]
    assert got["session"] == [True, True, "Lax"]
    assert got["status"] == 200
    (cookie,) = got["cookies"]
    name, *attributes = [part.strip() for part in cookie.split(";")]
    assert name.startswith("__Host-csrf=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(attributes)
    assert not [a for a in attributes if a.startswith("Domain")]  # a browser refuses __Host- with one
    assert got["hsts"] == "max-age=31536000; includeSubDomains; preload"
    assert got["plain"] == [301, "https://police.example/officer/sign-in/?next=/"]
