"""The doors themselves: what is shown between password and workbench, or phone and home; an officer's passkey."""

from playwright.sync_api import Page, expect

from tests.house import House
from tests.journeys.conftest import PHONE, at, go, shoot, with_authenticator
from tests.journeys.test_every_page import faults
from tests.people import PASSWORD, newcomer, now_code

WHO = "lianhua.clerk2"


def clean(page: Page) -> None:
    """See that the page that is open has no fault."""
    assert list(faults(page, page.url)) == []


def by_password(page: Page) -> None:
    """Give login and password."""
    page.goto("/officer/sign-in/")
    page.locator("#login").fill(WHO)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url(at("/officer/sign-in/second/"))


def test_an_officer_adds_a_passkey_and_comes_in_by_it(browse) -> None:
    page = browse().new_page()
    with_authenticator(page, "usb")
    by_password(page)
    clean(page)
    page.locator("#code").fill(now_code())
    go(page, page.get_by_role("button", name="登录", exact=True).last)
    page.goto("/officer/second-factor/")
    clean(page)
    page.get_by_role("button", name="添加通行密钥").click()
    expect(page.get_by_text("我的通行密钥")).to_be_visible()
    shoot(page, "officer-passkey-added")
    page.context.clear_cookies()
    by_password(page)
    clean(page)
    shoot(page, "officer-second-step")
    page.get_by_role("button", name="使用通行密钥").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto("/officer/")
    expect(page.locator("h1")).to_be_visible()
    page.goto("/officer/second-factor/")
    expect(page.get_by_text("最近使用")).to_be_visible()


def test_the_page_that_asks_for_the_code_of_a_text_message_has_no_fault(browse, house: House) -> None:
    page = browse(PHONE).new_page()
    page.goto("/sign-in/")
    page.get_by_label("手机号码").fill(newcomer().phone)
    page.get_by_role("button", name="获取验证码").click()
    page.wait_for_url(at("/sign-in/code/"))
    clean(page)
    shoot(page, "sign-in-code")
    page.locator("#code").fill("000000")
    page.get_by_role("button", name="登录", exact=True).last.click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    clean(page)


def test_an_entry_of_the_ledger_as_everybody_sees_it_has_no_fault(browse, house: House) -> None:
    ((entry,),) = house.rows("SELECT id FROM ledger_outbox WHERE kind = 'matters:matter:submitted' LIMIT 1")
    for size in (PHONE, {"width": 1280, "height": 800}):
        page = browse(size).new_page()
        page.goto(f"/open/ledger/entry/{entry}")
        expect(page.locator("h1")).to_be_visible()
        clean(page)
    shoot(page, "ledger-entry")
