"""A city that starts in earnest: Django's own list for deploying finds nothing, and browsers get the strict mode."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import MINJING, ROOT

CITY = {
    "BASE_URL": "https://police.example",
    "SMS_KEY": "the city's own",
    "SMS_B_KEY": "the city's own",
    "WECHAT_SECRET": "the city's own",
    "WECHAT_TOKEN": "the city's own",
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
    [("RELAY_KEY", "traffic.E001"), ("CARRIER_KEY", "exit_entry.E001"), ("SMS_KEY", "notify.E001")],
)
def test_what_was_forgotten_is_found(tmp_path: Path, forgotten: str, said: str) -> None:
    done = check(tmp_path, **{forgotten: ""})
    assert done.returncode != 0
    assert said in done.stderr


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
