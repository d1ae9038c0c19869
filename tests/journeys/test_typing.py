"""What somebody types while the questions that an answer calls for are on their way is not lost."""

import re

from playwright.sync_api import Route, expect

from tests.house import House
from tests.journeys.conftest import PHONE, go, sign_in_resident

SERVICE = "HZ1003"  # asks for what the certificate is, which decides about other questions, and who is to have it
LIN = "19900000001"
RECIPIENT = "深圳市福田区示范小学"


def test_words_typed_while_an_answer_is_on_its_way_stay(browse, house: House) -> None:
    page = browse(PHONE).new_page()
    page.goto("/sign-in/")
    sign_in_resident(page, house, LIN)
    page.goto(f"/apply/{SERVICE}/")
    go(page, page.get_by_role("button", name="开始填写"))
    draft = re.search(r"/drafts/[0-9a-f-]+/", page.url)
    assert draft
    page.goto(f"{draft[0]}content/")

    page.locator('[name="recipient"]').fill("深圳市")

    held: list[Route] = []
    page.route(re.compile(re.escape(draft[0])), lambda route: held.append(route))
    choices = page.locator('#questions [name="purpose"]')
    choices.last.check()
    expect(page.locator(".htmx-request")).to_have_count(1)
    page.locator('[name="recipient"]').fill(RECIPIENT)
    old = page.locator('[name="recipient"]').element_handle()
    held[0].continue_()
    expect(page.locator(".htmx-request")).to_have_count(0)
    assert old.evaluate("e => e.isConnected") is False, "the questions have not come anew"
    expect(page.locator('[name="recipient"]')).to_have_value(RECIPIENT)
    expect(choices.last).to_be_checked()
