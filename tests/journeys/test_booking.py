"""A visit in a browser: chosen and changed by keyboard alone, cancelled; a full day, a closed day, a ticket."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.house import House
from tests.journeys.conftest import say_who, shoot, sign_in_resident
from tests.journeys.test_hall import machine_of
from tests.people import newcomer


def press(page: Page, what: Locator, key: str = "Enter") -> None:
    """Act on something by its key: Enter leads to the next page, Space ticks."""
    what.focus()
    if key == "Space":
        page.keyboard.press(key)
        return
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_visit_is_booked_changed_and_cancelled_without_a_mouse(browse, scene, house: House):
    page = browse().new_page()
    who = newcomer("谢知秋")
    sign_in_resident(page, house, who.phone)
    say_who(page, who)
    page.goto("/visits/new/?kind=household_counter")
    press(page, page.get_by_role("button", name=re.compile("选地点")).last)  # nothing chosen yet
    expect(page.locator("main")).to_contain_text("到场办什么")
    press(page, page.locator("input[name=s][value=id_card]"), "Space")
    press(page, page.get_by_role("button", name=re.compile("选地点")).last)
    press(page, page.get_by_role("link", name="坪山区户政大厅"))
    press(page, page.locator("a.daybox").nth(1))
    press(page, page.locator("button.time").first)
    press(page, page.get_by_role("button", name="确认预约"))
    expect(page.get_by_role("heading", name="已预约")).to_be_visible()
    first = page.locator(".banner .big").inner_text()
    shoot(page, "visit-slip")
    slip = page.url
    assert "BEGIN:VCALENDAR" in page.context.request.get(slip.rstrip("/") + ".ics").text()
    press(page, page.get_by_role("link", name="改约"))
    press(page, page.get_by_role("link", name="坪山区户政大厅")) if "/places/?" in page.url else None
    press(page, page.locator("a.daybox").nth(2))
    press(page, page.locator("button.time").last)
    expect(page.get_by_text("已改到新的时间。")).to_be_visible()
    assert page.locator(".banner .big").inner_text() != first

    # A closed day says why and offers no list; a full one takes whoever waits.
    days = f"/visits/places/{scene['hall']}/"
    page.goto(f"{days}{scene['closed_day']}/?s=household_paper")
    expect(page.get_by_text("系统升级，当天暂停办理。")).to_be_visible()
    expect(page.get_by_role("button", name="候补这一天")).to_have_count(0)
    page.goto(f"{days}{scene['full_day']}/?s=household_paper")
    expect(page.get_by_text("这一天已约满。")).to_be_visible()
    shoot(page, "visit-full")
    press(page, page.get_by_role("button", name="候补这一天"))
    page.goto("/visits/")
    expect(page.get_by_role("heading", name="候补中")).to_be_visible()
    press(page, page.get_by_role("button", name="退出候补"))
    expect(page.get_by_role("heading", name="候补中")).to_have_count(0)

    page.goto(slip)
    press(page, page.get_by_role("link", name="取消预约"))
    press(page, page.get_by_role("button", name="确定取消"))
    page.goto(slip)
    expect(page.get_by_role("heading", name="已取消")).to_be_visible()


def test_a_machine_gives_a_ticket_or_says_that_the_hall_takes_none(browse, officer):
    page = machine_of(browse, officer).new_page()
    page.goto("/kiosk/ticket/")
    expect(page.get_by_role("heading", name="取今天的号")).to_be_visible()
    expect(page.locator("main")).to_contain_text(re.compile("不用取号|没有号|号"))
