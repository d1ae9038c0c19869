"""Two phones choose a plate number at once: one has it, the other is told and chooses on."""

import re

from playwright.sync_api import Page, expect

from minjing.site.demo.residents import LIN, WANG
from tests.house import House
from tests.journeys.conftest import go, shoot, sign_in_resident

TRIES = 6  # draws a day: two sets of fifty out of the pool overlap sooner or later


def numbers(page: Page) -> list[str]:
    return [button.get_attribute("value") or "" for button in page.locator("button[name=plate]").all()]


def draw(page: Page) -> None:
    page.goto("/me/plates/")
    page.locator("#k-01").check()  # the smallest pool
    go(page, page.get_by_role("button", name="随机抽取"))
    expect(page.locator("button[name=plate]")).to_have_count(50)


def test_two_phones_want_one_number_and_one_has_it(house: House, browse) -> None:
    first, second = browse().new_page(), browse().new_page()
    sign_in_resident(first, house, LIN.phone, "/me/plates/")
    sign_in_resident(second, house, WANG.phone, "/me/plates/")
    draw(first)
    both: set[str] = set()
    for _ in range(TRIES):
        draw(second)
        both = set(numbers(first)) & set(numbers(second))
        if both:
            break
    assert both, "two times fifty of two hundred should have met by now"
    wanted = sorted(both)[0]
    shoot(second, "plates-fifty")
    first.locator(f'button[value="{wanted}"]').click()
    expect(first.get_by_text("为您保留", exact=True)).to_be_visible()
    shoot(first, "plates-kept")
    go(second, second.locator(f'button[value="{wanted}"]'))  # the page was drawn before the first phone picked it
    expect(second.get_by_text("这个号码刚被别人选走")).to_be_visible()
    shoot(second, "plates-too-late")
    left = [n for n in numbers(second) if n != wanted]
    second.locator(f'button[value="{left[0]}"]').click()
    expect(second.get_by_text("为您保留", exact=True)).to_be_visible()
    assert re.sub(r"\W", "", second.locator(".plate-kept .plate").inner_text()) == left[0]
    for page in (first, second):
        page.get_by_role("button", name="放回，另选").click()
        expect(page.get_by_text("为您保留", exact=True)).to_have_count(0)
