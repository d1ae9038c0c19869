"""From the WeChat door to a message in the chat: follow, sign in, bind, be told, ask, unfollow; real signatures."""

import httpx
from playwright.sync_api import Page, expect

from tests.house import House, wait_for
from tests.journeys.conftest import at, go, sign_in_resident

PHONE = "19900000003"


def chat(house: House, who: str = "chen") -> dict:
    return httpx.get(f"http://127.0.0.1:{house.port + 9}/phone.json", params={"as": who}, timeout=10).json()


def say(page: Page, text: str) -> None:
    page.locator("input[name=text]").fill(text)
    go(page, page.get_by_role("button", name="发送"))


def test_a_resident_binds_wechat_is_told_there_and_asks_there(browse, house: House):
    page = browse().new_page()
    phone = f"http://127.0.0.1:{house.port + 9}/phone?as=chen"
    page.goto(phone)
    page.get_by_role("button", name="关注公众号 · Follow").click()
    expect(page.locator(".say").last).to_contain_text("民生警务")
    say(page, "进度")
    expect(page.locator(".say").last).to_contain_text("还没有绑定账号")

    sign_in_resident(page, house, PHONE, "/door/wechat%3Fnext%3D/messages/ways/%26on%3D1")
    page.get_by_role("button", name="绑定", exact=True).click()
    page.wait_for_url(at("/messages/ways/"))
    expect(page.get_by_role("heading", name="通知方式")).to_be_visible()
    expect(page.get_by_text("● 已绑定")).to_be_visible()

    told = wait_for(lambda: [line for line in chat(house)["lines"] if line["card"]], "no template message came", 60)
    assert "微信已绑定" in told[0]["card"]["进展"]
    page.goto(phone)
    say(page, "进度")
    expect(page.locator(".out .say").last).to_have_text("进度")
    answer = page.locator(".in .say").last
    expect(answer).not_to_contain_text("还没有绑定")
    rows = "SELECT count(*) FROM ledger_outbox WHERE kind = 'matters:progress:asked'"
    assert wait_for(lambda: house.rows(rows)[0][0], "the asking is not on record")

    go(page, page.get_by_role("button", name="取消关注"))
    page.goto(f"{house.url}/messages/ways/")
    expect(page.get_by_text("您没有关注公众号")).to_be_visible()
