"""A small accident by two phones: one begins, the other joins by the code, photos, two signatures, two agreements."""

import pytest
from playwright.sync_api import Page, expect

from tests.house import House
from tests.journeys.conftest import go, shoot, sign_in_resident
from tests.people import photo

pytestmark = pytest.mark.journey
ONE, OTHER = "19900000007", "19900000008"


def take(page: Page, view: str, words: str) -> None:
    page.get_by_label("拍的是").select_option(view)
    page.locator("#photo").set_input_files({"name": "p.jpg", "mimeType": "image/jpeg", "buffer": photo(words)})
    go(page, page.get_by_role("button", name="上传"))


def test_two_phones_settle_an_accident(browse, house: House):
    a, b = browse().new_page(), browse().new_page()
    sign_in_resident(a, house, ONE, "/me/accidents/")
    sign_in_resident(b, house, OTHER, "/me/accidents/")

    a.locator("#place").fill("深南示范路由东向西，示范大厦前")
    a.locator("#plate").fill("粤BO2718")
    a.get_by_role("button", name="开始").click()
    expect(a.get_by_role("alert")).to_contain_text("没有字母 I 和 O")
    a.locator("#plate").fill("粤BDF2718")
    a.get_by_role("button", name="开始").click()
    code = a.locator("#join-code").inner_text()
    shoot(a, "accident-code")

    b.goto(f"/me/accidents/join/?code={code}")
    b.locator("#plate").fill("粤B7T320")
    b.get_by_role("button", name="加入").click()
    expect(b.get_by_role("heading", level=1)).to_have_text("拍照，说明情形")
    for page, who in ((a, "甲"), (b, "乙")):
        page.goto(b.url)
        take(page, "front", f"{who} 车头")
        take(page, "contact", f"{who} 碰撞")

    b.goto(b.url)
    b.get_by_label("追尾").check()
    b.get_by_label("我的车").check()
    shoot(b, "accident-situations")
    b.get_by_role("button", name="提出，请双方签字").click()
    expect(b.get_by_text("全部责任")).to_be_visible()
    go(b, b.get_by_role("button", name="我同意并签字"))
    a.goto(a.url)
    shoot(a, "accident-sign")
    go(a, a.get_by_role("button", name="我同意并签字"))
    for page in (a, b):
        page.goto(a.url)
        expect(page.get_by_role("heading", level=1)).to_have_text("已达成协议")
        address = page.get_by_role("link", name="打开协议书（PDF）").get_attribute("href")
        assert page.request.get(f"{house.url}{address}").body()[:5] == b"%PDF-"
    shoot(a, "accident-settled")
    assert house.rows("SELECT count(*) FROM ledger_outbox WHERE kind = 'traffic:accident:signed'")[0][0] == 2
