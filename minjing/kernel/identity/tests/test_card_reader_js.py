"""The script of the card reader in a real browser: a card read, a bridge that is not there, a page without leave."""

import os
import shutil
import threading
import urllib.request
from typing import Any

import pytest
from django.conf import settings as live

from minjing.kernel.identity.actions.card_readers import take_card
from minjing.kernel.identity.providers.standin import card_reader as standin
from tests.ports import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; `make test` installs it"),
]
TOKEN = "t" * 32
PAGE = """<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><body>
<form hidden method="post" action="/sent/"
 data-card-reader="{bridge}" data-card-ticket="/identity/card-reader/ticket/">
<input type="hidden" name="csrfmiddlewaretoken" value="{token}"><input type="hidden" name="card_reading">
<button type="button" data-card-start>读身份证</button><button type="button" data-card-stop hidden>停止</button>
<p role="status" data-card-said></p></form>
<script type="module" src="/static/identity/card_reader.js"></script></body></html>"""


@pytest.fixture
def hall(transactional_db: None, live_server: Any, tmp_path: Any, settings: Any, monkeypatch: Any):
    """A page beside a reader; yields (how to open it, the reader's port)."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright runs a loop in this thread
    from playwright.sync_api import sync_playwright

    port = free_port()
    monkeypatch.setenv("READER_ORIGINS", live_server.url)
    running = standin.server(port, folder=tmp_path)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    settings.CARD_READERS = tmp_path / standin.REGISTERED_FILE
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{"name": live.CSRF_COOKIE_NAME, "value": TOKEN, "url": live_server.url}])
        page = context.new_page()

        def opened(bridge: str = f"ws://127.0.0.1:{port}", at: str = "/static/identity/card_reader.js") -> Any:
            # Written into a page that really came from this machine: Chromium lets no other page to the loopback
            # unasked (Local Network Access). A static file has no policy of ours; a page has.
            page.route("**/sent/", lambda r: r.fulfill(body="<p>ok</p>", content_type="text/html"))
            page.goto(f"{live_server.url}{at}")
            page.set_content(PAGE.format(bridge=bridge, token=TOKEN))
            return page

        yield opened, port
        browser.close()
    running.shutdown()


def test_a_card_laid_on_the_reader_reaches_the_platform(hall: Any, live_server: Any) -> None:
    opened, port = hall
    page = opened()
    page.get_by_role("button", name="读身份证").click()
    page.get_by_text("请把身份证平放在读卡器上").wait_for()
    with page.expect_request("**/sent/") as sent:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/insert?card=1", timeout=5).read()
    carried = _posted(sent.value.post_data)
    from django.utils import timezone

    from minjing.kernel.identity.models import Session
    from minjing.kernel.identity.sessions import SessionStore

    held = [SessionStore().decode(one.session_data) for one in Session.objects.all()]
    (secret,) = [one["card_reader"] for one in held if "card_reader" in one]
    reading = take_card(carried, session=secret, by=None, now=timezone.now())
    assert reading.usable


def _posted(body: str | None) -> str:
    from urllib.parse import parse_qs

    return parse_qs(body or "")["card_reading"][0]


def test_a_bridge_that_is_not_there_is_said(hall: Any) -> None:
    opened, _ = hall
    page = opened(bridge=f"ws://127.0.0.1:{free_port()}")
    page.get_by_role("button", name="读身份证").click()
    page.get_by_text("没有连上读卡器").wait_for()
    assert page.get_by_role("button", name="读身份证").is_enabled()


def test_a_page_without_leave_reaches_no_reader(hall: Any) -> None:
    opened, _ = hall
    page = opened(at="/sign-in/")  # the policy of every page but those that asked for the reader
    page.get_by_role("button", name="读身份证").click()
    page.get_by_text("没有连上读卡器").wait_for()


def test_a_person_may_stop_waiting(hall: Any) -> None:
    opened, _ = hall
    page = opened()
    page.get_by_role("button", name="读身份证").click()
    page.get_by_text("请把身份证平放在读卡器上").wait_for()
    page.get_by_role("button", name="停止").click()
    page.get_by_text("已停止").wait_for()
