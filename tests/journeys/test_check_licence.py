"""A licence is checked on the road with the network cable pulled: one that is withheld is said to be so."""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import BrowserContext, expect

from minjing.modules.traffic.rules.licence_codes import Shown, made, step_at
from tests.journeys.conftest import DESK, PHONE, go, shoot
from tests.journeys.test_every_page import OPTIONS

WORDS = {
    "zh": {"valid": ("● 有效", "正常"), "suspended": ("■ 是真的，但现在不能驾驶", "暂扣"),
           "full_points": ("■ 是真的，但现在不能驾驶", "记满 12 分")},
    "en": {"valid": ("● Genuine and in force", "In force"), "suspended": ("■ Genuine, but not in force", "Suspended"),
           "full_points": ("■ Genuine, but not in force", "Twelve points")},
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_licence_that_is_withheld_is_said_to_be_so_without_a_network(
    language: str, browse: Callable[..., BrowserContext]
) -> None:
    page = browse(PHONE if language == "zh" else DESK).new_page()
    page.goto("/open/check-licence/")
    if language == "en":
        go(page, page.get_by_role("button", name="English"))
    page.wait_for_selector("#licence-form:not([hidden])")
    key = Ed25519PrivateKey.generate()
    page.locator("details:has(#key) > summary").click()
    page.locator("#key").fill(base64.b64encode(key.public_key().public_bytes_raw()).decode())
    page.context.set_offline(True)
    for status, (verdict, state) in WORDS[language].items():
        shown = Shown("林*夫", "C1", date(2030, 6, 1), status, step_at(datetime.now(UTC)))
        page.locator("#code").fill(made(shown, key.sign))
        page.locator("#licence-form button").click()
        expect(page.locator("#verdict h2")).to_have_text(verdict)
        expect(page.locator("#verdict")).to_contain_text(state)
        if status == "suspended":
            expect(page.locator("#verdict")).to_have_class("card verdict-bad")
            report = Axe().run(page, options=OPTIONS)
            assert report.violations_count == 0, report.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
            shoot(page, f"licence-suspended-{language}")
