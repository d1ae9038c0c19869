"""A fine explained and contested: why it costs this much, an objection upheld by another officer, the money back."""

import re
from collections.abc import Callable, Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.house import House, wait_for
from tests.journeys.conftest import DESK, PHONE, shoot, sign_in_resident
from tests.journeys.test_every_page import OPTIONS
from tests.journeys.test_main_journey import open_matter, take
from tests.journeys.test_oneself import at_a_counter
from tests.journeys.test_paying import AGENT

LIN, OLD_CAR = "19900000001", "粤B8A6K1"
REASONS = "门禁记录证明当时车在单位车库，照片中的车与登记的车型不符。"
REFUND = """
SELECT r.state FROM pay_refund r JOIN pay_order o ON o.id = r.order_id
JOIN traffic_charge c ON c.id = o.subject_id JOIN traffic_decision d ON d.id = c.decision_id
JOIN traffic_violation v ON v.id = d.violation_id WHERE v.number = %s
"""


def clean(page: Page) -> None:
    report = Axe().run(page, options=OPTIONS)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def red_lights(house: House) -> list[tuple[str, str]]:
    """Return id and number of the red lights of Lin's old car, oldest first."""
    sql = "SELECT id::text, number FROM traffic_violation WHERE plate = %s AND conduct = 'SZP01' ORDER BY violated_at"
    return house.rows(sql, [OLD_CAR])


def test_an_upheld_objection_works_out_later_fines_again_and_the_money_comes_back(browse, officer, house: House):
    first, second, third, *_ = red_lights(house)
    driver = browse(PHONE, user_agent=AGENT).new_page()
    sign_in_resident(driver, house, LIN)
    driver.goto("/me/violations/")
    expect(driver.get_by_role("img", name="12 分中已记 7 分")).to_be_visible()
    clean(driver)
    shoot(driver, "violations-mine")
    reads_why_and_pays(driver, house, third)
    number = objects(driver, officer, house, first[0])

    clerk = officer("traffic.clerk", DESK)
    open_matter(clerk, number)
    take(clerk, "claim")
    take(clerk, "uphold", note=REASONS)

    driver.reload()
    expect(driver.get_by_text("异议成立，这条记录已撤销。")).to_be_visible()
    expect(driver.get_by_text(REASONS)).to_be_visible()
    expect(driver.get_by_text("被他人套用号牌").first).to_be_visible()
    clean(driver)
    shoot(driver, "violation-struck")
    comes_back(driver, house, (first, second, third))


def reads_why_and_pays(driver: Page, house: House, third: tuple[str, str]) -> None:
    """The third within a year costs double; the page says why, and what would have changed it. It is paid."""
    driver.goto(f"/me/violations/{third[0]}/")
    expect(driver.get_by_text("一年内第 3 次闯红灯").first).to_be_visible()
    expect(driver.get_by_text("如果这只是第 2 次").first).to_be_visible()
    clean(driver)
    shoot(driver, "violation-explained")
    driver.get_by_role("button", name="去缴款").click()
    driver.locator("button.way[value=wechat_h5]").click()
    driver.wait_for_url("**/cashier/**")
    driver.get_by_role("button", name="确认支付").click()
    expect(driver.get_by_text("支付成功")).to_be_visible()
    state = "SELECT state FROM traffic_violation WHERE number = %s"
    wait_for(lambda: house.rows(state, [third[1]]) == [("paid",)], "the payment was not recorded")


def objects(driver: Page, officer: Callable[..., Page], house: House, first: str) -> str:
    """Object to the first: another car with a copy of the plate; return the matter's number."""
    driver.goto("/identity/check/?next=/me/violations/")  # an objection takes level 3: compared at a counter
    if "/identity/check/" in driver.url:  # another journey in this house may have been compared there for Lin
        at_a_counter(driver, officer)
    driver.goto(f"/me/violations/{first}/")
    driver.get_by_role("button", name="提出异议").click()  # the number stands in the form already
    driver.locator("select[name=ground]").select_option("cloned")
    driver.locator("textarea[name=statement]").fill("当时车停在单位车库，门禁记录可以证明。")
    submit(driver)
    newest = "SELECT number FROM matters_matter WHERE code = 'JT0313' ORDER BY submitted_at DESC LIMIT 1"
    number: str = wait_for(lambda: house.rows(newest), "the objection did not come in")[0][0]
    driver.goto(f"/me/violations/{first}/")
    expect(driver.get_by_text("另一名民警核实")).to_be_visible()
    return number


def comes_back(driver: Page, house: House, lights: Sequence[tuple[str, str]]) -> None:
    """Later fines are worked out again, what was paid too much comes back, and the driver is told."""
    sums = "SELECT kind, fine_fen FROM traffic_violation WHERE number = %s"
    after = [house.rows(sums, [one[1]])[0] for one in lights]
    assert after == [("removed", 0), ("warned", 0), ("charged", 50_000)]
    for paid in lights[1:]:  # one paid last spring, one at the cashier just now
        wait_for(lambda: house.rows(REFUND, [paid[1]]) == [("done",)], "the refund was not paid")  # noqa: B023
    third = lights[2]
    driver.goto(f"/me/violations/{third[0]}/")
    expect(driver.get_by_text("已退回")).to_be_visible()
    expect(driver.get_by_text("随之重新计算")).to_be_visible()
    clean(driver)
    shoot(driver, "violation-refunded")
    wait_for(
        lambda: [text for text in house.texts_to(LIN) if "重新计算" in text and third[1] in text],
        "the driver was not told of the new sum",
    )


def submit(page: Page) -> None:
    """Go through the pages that are left and send the application in."""
    for _ in range(6):
        if page.locator("input[name=data_consent], input[name=declare]").count():
            page.locator("input[name=data_consent], input[name=declare]").first.check()
        send = page.get_by_role("button", name="确认并提交")
        if send.count():
            send.click()
            page.wait_for_load_state()
            return
        page.get_by_role("button", name=re.compile("^(保存并)?继续$")).click()
        page.wait_for_load_state()
    raise AssertionError("the form has no end")
