"""The ambulance strike: an officer's one look strikes a violation, and its driver reads that it is gone."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.house import House
from tests.journeys.conftest import DESK, PHONE, go, shoot, sign_in_resident
from tests.journeys.test_every_page import OPTIONS

LIN = "19900000001"


def clean(page: Page) -> None:
    report = Axe().run(page, options=OPTIONS)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_an_officer_strikes_with_one_key_and_the_driver_sees_it(officer, browse, house: House) -> None:
    driver = browse(PHONE).new_page()
    sign_in_resident(driver, house, LIN)
    driver.goto("/me/made-way/")
    expect(driver.get_by_text("民警核实中")).to_be_visible()
    clean(driver)

    desk = officer("traffic.reviewer", DESK)
    desk.goto("/officer/traffic/yielding/")
    while "粤B8A6K1" not in desk.inner_text("main"):
        with desk.expect_navigation():
            desk.keyboard.press("3")
    expect(desk.get_by_role("img", name="违法地点、150 米范围和救护车轨迹")).to_be_visible()
    clean(desk)
    shoot(desk, "yielding-desk")
    desk.keyboard.press("1")
    expect(desk.get_by_text("已确认避让")).to_be_visible()

    driver.reload()
    expect(driver.get_by_text("已消除")).to_be_visible()
    shoot(driver, "yielding-driver")


def test_a_supervisor_watches_a_mission_again(officer) -> None:
    page = officer("supervisor", DESK)
    page.goto("/officer/traffic/missions/")
    go(page, page.locator("a[data-open]").last)
    page.get_by_label("07:").fill("9")
    assert "translate(" in page.locator("[data-ambulance]").get_attribute("transform")
    expect(page.locator("[data-now]")).to_have_text("07:01:30")
    clean(page)
