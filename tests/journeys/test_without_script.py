"""The resident's journey in a browser that runs no script: plain HTML carries all of it."""

import re

from playwright.sync_api import expect

from tests.house import House
from tests.journeys.conftest import PHONE, go, say_who, shoot, sign_in_resident
from tests.journeys.test_main_journey import SERVICE, fill_form, send_papers
from tests.people import newcomer


def test_a_resident_applies_without_any_script(browse, house: House) -> None:
    who = newcomer("韩静")
    page = browse(PHONE, java_script_enabled=False).new_page()
    page.goto("/")
    page.locator("#q").fill("fqtk")
    page.get_by_role("button", name="查找").click()
    page.locator(f'a[href$="/{SERVICE}/"]').first.click()
    sign_in_resident(page, house, who.phone)
    say_who(page, who)
    page.goto(f"/apply/{SERVICE}/")
    page.get_by_role("button", name="开始填写").click()
    fill_form(page, who.answers())
    send_papers(page, use_button=True)
    shoot(page, "no-script-papers")
    page.get_by_role("button", name="继续").click()
    expect(page.locator("h1")).to_have_text("核对并提交")
    page.locator("#declare").check()
    page.get_by_role("button", name="确认并提交").click()
    number = page.locator(".banner .number").inner_text().strip()
    assert re.fullmatch(r"HZ\d{11}", number)
    page.get_by_role("link", name="查看办件").click()
    expect(page.get_by_text(number).first).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    go(page, page.get_by_role("link", name="Withdraw"))
    go(page, page.get_by_role("button", name=re.compile("Withdraw")))
    assert house.rows("SELECT outcome FROM matters_matter WHERE number = %s", [number]) == [("withdrawn",)]
