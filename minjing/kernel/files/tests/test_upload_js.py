"""The script of uploads in a real browser: pieces, a broken line, a refusal, cancelling."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as live

from minjing.kernel.files.models import File, Upload
from minjing.kernel.files.tests import papers_in
from minjing.kernel.files.tests.conftest import NOW, resident
from minjing.kernel.files.tests.test_pages import signed_in
from minjing.kernel.identity import queries

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; `make test` installs it"),
]

TOKEN = "t" * 32
PAGE = f"""<!doctype html><html lang="zh-Hans"><body><form id="f" method="post" action="/sent/">
<input type="hidden" name="csrfmiddlewaretoken" value="{TOKEN}">
<label>材料 <input type="file" name="proof" multiple required data-upload data-upload-purpose="material"></label>
<button>提交</button></form><script type="module" src="/static/files/upload.js"></script></body></html>"""


@pytest.fixture
def page(transactional_db: None, live_server: Any, client: Any) -> Iterator[Any]:
    """A page with one file field, in Lin's browser."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright runs a loop in this thread
    from playwright.sync_api import sync_playwright

    lin = queries.actor_of(resident("13800000001", "林小雨", papers_in_id()).account_id, NOW)
    session = signed_in(client, lin).cookies[live.SESSION_COOKIE_NAME].value
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies(
            [
                {"name": live.SESSION_COOKIE_NAME, "value": session, "url": live_server.url},
                {"name": live.CSRF_COOKIE_NAME, "value": TOKEN, "url": live_server.url},
            ]
        )
        opened = context.new_page()
        opened.route("**/form/", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        opened.goto(f"{live_server.url}/form/")
        yield opened
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def papers_in_id() -> str:
    from datetime import date

    from minjing.base import idnumber

    return idnumber.compose("440304", date(1990, 1, 1), 2)


def choose(page: Any, *files: tuple[str, bytes]) -> None:
    page.set_input_files(
        "input[type=file]", [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files]
    )


def big_photo() -> bytes:
    """Return a photo of several pieces."""
    return papers_in.photo(200, 200) + bytes(1_500_000)


def test_files_go_up_in_pieces_and_the_form_carries_their_ids(page):
    choose(page, ("结婚证.jpg", big_photo()), ("户口簿.jpg", papers_in.photo()))
    page.wait_for_selector("li:nth-child(2)[data-state=done]", timeout=20_000)
    ids = page.eval_on_selector_all("input[name=proof_id]", "all => all.map(i => i.value)")
    assert sorted(ids) == sorted(str(pk) for pk in File.objects.values_list("pk", flat=True))
    assert len(ids) == 2
    assert page.eval_on_selector("form", "f => f.checkValidity()")


def test_a_broken_line_is_mended_from_where_it_broke(page):
    broken = []

    def cut(route: Any) -> None:
        if "offset=524288" in route.request.url and len(broken) < 2:
            broken.append(route.request.url)
            return route.abort()
        return route.continue_()

    page.route("**/files/uploads/**", cut)
    choose(page, ("结婚证.jpg", big_photo()))
    page.wait_for_selector("li[data-state=done]", timeout=20_000)
    assert len(broken) == 2
    assert File.objects.count() == 1


def test_a_refusal_is_read_in_words_and_the_field_stays_required(page):
    choose(page, ("结婚证.jpg", papers_in.program()))
    state = page.wait_for_selector("li[data-state=failed] .upload-state", timeout=20_000)
    assert "可执行程序" in state.inner_text()
    assert not page.eval_on_selector("form", "f => f.checkValidity()")
    page.click(".upload-action")
    assert page.query_selector("li") is None


def test_a_cancelled_upload_is_gone_on_both_sides(page):
    page.route("**/files/uploads/**offset=524288", lambda route: None)  # never answered
    choose(page, ("结婚证.jpg", big_photo()))
    page.wait_for_selector("li[data-state=sending]", timeout=10_000)
    page.wait_for_function("document.querySelector('progress').value > 0.2")
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.click(".upload-action")
    assert page.query_selector("li") is None
    assert not Upload.objects.exists()
