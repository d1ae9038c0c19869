"""Bo checks a receipt in his own browser, with the network cable pulled: true ones hold, forged ones do not."""

import json
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from minjing.kernel.ledger.rules.public import public_entry
from tests.house import House, wait_for
from tests.journeys.conftest import DESK, PHONE, go, shoot
from tests.journeys.test_every_page import OPTIONS
from tests.verify import test_verify as forged
from tests.verify.logs import POLICY, StaticLog, entry

LOG = StaticLog.of([entry(index) for index in range(700)])
SIGNED = ("court", "newspaper")


@pytest.fixture(params=["zh", "en"])
def page(request: pytest.FixtureRequest, browse: Callable[..., object]) -> Page:
    page = browse(PHONE if request.param == "zh" else DESK).new_page()
    page.goto("/open/check-receipt/")
    if request.param == "en":
        go(page, page.get_by_role("button", name="English"))
    page.wait_for_selector("#receipt-form:not([hidden])")
    assert f"log {page.url.split('/')[2].split(':')[0]}/ledger+" in page.locator("#policy").input_value()
    page.locator("details:has(#policy) > summary").click()
    page.locator("#policy").fill(POLICY)
    page.context.set_offline(True)
    return page


def give(page: Page, receipt: str) -> None:
    page.evaluate("document.getElementById('verdict').replaceChildren()")  # what was found before is not this answer
    page.locator("#receipt-file").set_input_files(
        {"name": "mine.tlog-proof", "mimeType": "text/plain", "buffer": receipt.encode()}
    )
    page.locator("#receipt-form button").click()


def marks(page: Page) -> str:
    return "".join(page.locator(".receipt-mark").all_inner_texts())


def test_a_true_receipt_holds_without_a_network(page: Page) -> None:
    give(page, LOG.receipt(345, *SIGNED))
    expect(page.locator("#verdict h2")).to_have_text(
        "● The receipt holds" if page.locator("html").get_attribute("lang") == "en" else "● 凭证成立"
    )
    assert marks(page) == "●●●●"
    expect(page.locator("#verdict")).to_contain_text(entry(345).decode())
    page.locator("#verdict details > summary").click()
    assert page.locator(".receipt-path li").count() == len(LOG.path(345)) + 1
    assert page.locator(".receipt-path code").last.inner_text() == LOG.root.hex()
    report = Axe().run(page, options=OPTIONS)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    shoot(page, f"receipt-holds-{page.locator('html').get_attribute('lang')}")


def test_every_kind_of_forgery_fails_at_its_step(page: Page) -> None:
    for forge, expected in [
        (forged.other_entry, "●●●■"),
        (forged.other_index, "●●●■"),
        (forged.lost_step, "●●●■"),
        (forged.other_root, "●●●■"),
        (forged.foreign_log, "●■■●"),
        (forged.one_witness, "●●■●"),
        (forged.forged_log, "●■■●"),
        (forged.forged_witness, "●●■●"),
        (forged.changed_size, "●■■"),
        (forged.no_receipt, "■○○○"),
    ]:
        give(page, forge(LOG))
        expect(page.locator("#verdict .open-revoked h2")).to_contain_text("■")
        assert marks(page).startswith(expected), forge.__name__
    report = Axe().run(page, options=OPTIONS)
    assert report.violations_count == 0, report.generate_report()


def test_a_receipt_may_be_pasted_and_its_entry_given_apart(page: Page) -> None:
    page.locator("details:has(#receipt-text) > summary").click()
    page.locator("#receipt-text").fill(LOG.receipt(3, *SIGNED).rstrip("\n"))
    page.locator("#receipt-form button").click()
    expect(page.locator("#verdict .open-valid")).to_be_visible()
    page.locator("details:has(#entry-file) > summary").click()
    page.locator("#entry-file").set_input_files({"name": "entry", "mimeType": "text/plain", "buffer": entry(4)})
    page.locator("#receipt-form button").click()
    expect(page.locator("#verdict .open-revoked")).to_be_visible()


def test_a_disclosure_shows_what_the_entry_says(page: Page) -> None:
    kind, content = b"identity:person:looked", b'{"what":"looked"}'
    opening = bytes(90) + len(kind).to_bytes(2, "big") + kind + content
    log = StaticLog.of([entry(0), public_entry(kind.decode(), "2026-03-02T05:00Z", sha256(opening).digest())])
    page.locator("details:has(#entry-file) > summary").click()
    for told, expected in [(opening, "●●●●●"), (opening.replace(b"looked", b"helped"), "●●●●■")]:
        file = json.dumps({"opening": b64encode(told).decode()}).encode()
        page.locator("#entry-file").set_input_files({"name": "mine.json", "mimeType": "text/plain", "buffer": file})
        give(page, log.receipt(1, *SIGNED))
        expect(page.locator("#verdict .open-verdict")).to_be_visible()
        assert marks(page) == expected
        assert (content.decode() in page.locator("#verdict").inner_text()) == expected.endswith("●")


def test_a_browser_that_cannot_check_says_so_and_believes_nothing(browse: Callable[..., object]) -> None:
    context = browse(DESK)
    context.add_init_script(
        "crypto.subtle.importKey = () => Promise.reject(new DOMException('no Ed25519', 'NotSupportedError'))"
    )
    page = context.new_page()
    page.goto("/open/check-receipt/")
    expect(page.locator("#unable")).to_be_visible()
    page.locator("details:has(#policy) > summary").click()
    page.locator("#policy").fill(POLICY)
    give(page, LOG.receipt(345, *SIGNED))
    expect(page.locator("#verdict .open-expired")).to_be_visible()
    assert marks(page) == "●○○●"


def test_a_receipt_of_the_running_house_holds_by_its_own_policy(
    browse: Callable[..., object], house: House, tmp_path: Path
) -> None:
    newest = house.rows("SELECT id FROM ledger_outbox ORDER BY id DESC OFFSET 30 LIMIT 1")[0][0]
    address = f"{house.url}/open/ledger/entry/{newest}.tlog-proof"
    receipt = wait_for(lambda: (lambda a: a.text if a.status_code == 200 else "")(httpx.get(address)), "no receipt")
    page = browse(PHONE).new_page()
    page.goto("/open/ledger/")
    go(page, page.get_by_role("link", name="核对一张入账凭证"))
    page.wait_for_selector("#receipt-form:not([hidden])")
    page.context.set_offline(True)
    give(page, receipt)
    expect(page.locator("#verdict .open-valid")).to_be_visible()
    assert marks(page) == "●●●●"
    give(page, receipt.replace("index ", "index 1", 1))
    expect(page.locator("#verdict .open-revoked")).to_be_visible()
    (tmp_path / "mine.tlog-proof").write_text(receipt)
    (tmp_path / "policy.txt").write_text(httpx.get(f"{house.url}/open/ledger/policy").text)
    status, said = forged.run("receipt", tmp_path / "mine.tlog-proof", "--policy", tmp_path / "policy.txt")
    assert status == 0, said
    assert "THE RECEIPT HOLDS." in said


def test_without_scripts_the_page_tells_of_the_tool(browse: Callable[..., object]) -> None:
    page = browse(PHONE, java_script_enabled=False).new_page()
    page.goto("/open/check-receipt/")
    assert "命令行工具" in page.content()
    expect(page.locator("noscript .notice")).to_be_visible()
    expect(page.locator("#receipt-form")).to_be_hidden()
    expect(page.get_by_text("python tools/verify receipt")).to_be_visible()
