"""An accident that two phones do not settle: both say and show, an officer decides by keyboard, both read why."""

import pytest
from playwright.sync_api import expect

from tests.house import House
from tests.journeys.conftest import DESK, PHONE, go, shoot, sign_in_resident
from tests.journeys.test_accident import take
from tests.journeys.test_yielding import clean

pytestmark = pytest.mark.journey
ONE, OTHER = "19900000007", "19900000008"


def test_two_phones_disagree_and_an_officer_decides(browse, officer, house: House) -> None:
    a, b = browse(PHONE).new_page(), browse(PHONE).new_page()
    sign_in_resident(a, house, ONE, "/me/accidents/")
    sign_in_resident(b, house, OTHER, "/me/accidents/")
    a.context.grant_permissions(["geolocation"], origin=house.url)
    a.context.set_geolocation({"latitude": 22.5431, "longitude": 114.0579})
    a.get_by_role("button", name="带上我的定位").click()
    expect(a.get_by_role("button", name="已带上定位")).to_be_visible()
    a.locator("#place").fill("福华示范路与金田示范路路口")
    a.locator("#district").select_option(label="深圳市公安局福田分局")
    a.locator("#plate").fill("粤BDF2718")
    clean(a)
    a.get_by_role("button", name="开始").click()
    b.goto(f"/me/accidents/join/?code={a.locator('#join-code').inner_text()}")
    b.locator("#plate").fill("粤B7T320")
    b.get_by_role("button", name="加入").click()
    for page, who in ((a, "甲"), (b, "乙")):
        page.goto(b.url)
        take(page, "front", f"{who} 车头")
        take(page, "contact", f"{who} 碰撞")
    a.goto(b.url)
    expect(a.locator(".evidence img")).to_have_count(4)
    a.get_by_role("button", name="谈不拢，转交民警").click()
    for page, words in ((a, "我绿灯直行，对方从右侧并线。"), (b, "我打了转向灯，对方没有减速。")):
        page.goto(b.url)
        page.locator("#said").fill(words)
        page.get_by_role("button", name="保存陈述").click()
    clean(b)
    shoot(b, "accident-with-officer")

    desk = officer("futian.accidents", DESK)
    desk.goto("/officer/traffic/accidents/")
    clean(desk)
    shoot(desk, "accident-desk")
    go(desk, desk.get_by_role("link", name="福华示范路与金田示范路路口").last)
    with desk.expect_navigation():
        desk.keyboard.press("t")
    expect(desk.get_by_text("我绿灯直行")).to_be_visible()
    expect(desk.locator(".evidence img")).to_have_count(4)
    clean(desk)
    for key in ("7", "b", "r"):
        desk.keyboard.press(key)
    desk.keyboard.type("乙方并线未让直行车先行，")
    desk.keyboard.type("见双方碰撞部位照片。")
    shoot(desk, "accident-case")
    desk.keyboard.press("Control+Enter")
    expect(desk.get_by_text("已认定，双方已收到通知")).to_be_visible()
    for page, share in ((a, "无责任"), (b, "全部责任")):
        page.goto(b.url)
        expect(page.get_by_text("见双方碰撞部位照片")).to_be_visible()
        expect(page.get_by_text(share)).to_be_visible()
        expect(page.get_by_role("link", name="不服，申请复核")).to_be_visible()
    clean(b)
    shoot(b, "accident-determined")
    assert b.request.get(house.url + b.get_by_role("link", name="打开认定书（PDF）").get_attribute("href")).ok
