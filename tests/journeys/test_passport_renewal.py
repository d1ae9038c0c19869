"""A passport renewed from the WeChat door to the paid receipt, and an endorsement online to the hand.

Every step is the resident's own on a phone, the renewal inside WeChat; WeChat, WeChat Pay and the carrier are
stand-ins that speak the real protocols, with real signatures over real HTTP.
"""

import io
import re
import time
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from minjing.kernel.identity.providers.standin import specimen
from tests.house import House, wait_for
from tests.journeys.conftest import SCREENS, at, checked_at_the_counter, go, shoot, sign_in_resident
from tests.journeys.test_main_journey import asked_anew
from tests.journeys.wechat_app import AGENT, WeChatApp

LIN = "19900000001"
PHONE_AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0 "
    "Mobile Safari/537.36"
)


@dataclass
class Effort:
    """What a task costs a person: screens seen, taps, characters typed; counted in the pages themselves."""

    page: Page
    screens: int = 0
    taps: int = 0
    typed: int = 0

    def __post_init__(self) -> None:
        self.page.expose_function("effort", self._count)
        self.page.add_init_script("""
          if (top === self) effort("screen", 1);
          const typed = new WeakMap();
          addEventListener("click", (e) => e.isTrusted && effort("tap", 1), true);
          addEventListener("input", (e) => {
            const now = e.target.value ?? "";
            if (!["text", "tel", "number", "textarea"].includes(e.target.type)) return;
            effort("typed", Math.max(0, now.length - (typed.get(e.target) ?? 0)));
            typed.set(e.target, now.length);
          }, true);
        """)

    def _count(self, what: str, number: int) -> None:
        if what == "screen":
            self.screens += number
        elif what == "tap":
            self.taps += number
        else:
            self.typed += number

    def told(self) -> str:
        """Return the figures in words."""
        return f"screens {self.screens}, taps {self.taps}, characters typed {self.typed}\n"


def photo_file() -> dict:
    """Return a photo as it should be: a drawn head on a white ground."""
    out = io.BytesIO()
    specimen.face(12, "女", (420, 560), specimen.View(scale=1.05)).save(out, "JPEG", quality=92)
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def through_wechat(page: Page, house: House, phone: str, goal: str) -> None:
    """Come in from WeChat: say whose it is there, sign in by phone the first time, and bind it."""
    page.goto(f"/door/wechat?next={goal}")
    go(page, page.get_by_role("link", name="林女士").or_(page.get_by_role("link", name="Ms Lin")).first)
    if "/sign-in/" in page.url:
        before = len(house.texts_to(phone))
        page.get_by_label("手机号码").fill(phone)
        page.get_by_role("button", name="获取验证码").click()
        page.wait_for_url(at("/sign-in/code/"))
        texts = wait_for(lambda: (lambda t: t if len(t) > before else None)(house.texts_to(phone)), "no code came")
        page.locator("#code").fill(re.search(r"\d{6}", texts[0])[0])
        page.get_by_role("button", name="登录", exact=True).last.click()
        page.wait_for_url(lambda url: "/sign-in/code" not in url)
        if "connect/oauth2" in page.url:  # WeChat asks again, now that somebody is signed in
            go(page, page.get_by_role("link", name="林女士").or_(page.get_by_role("link", name="Ms Lin")).first)
        page.get_by_role("button", name="绑定", exact=True).click()
    page.wait_for_url(at(goal))


def go_on(page: Page) -> None:
    """Go on to the next page; a press that falls into the moment in which questions come anew is pressed again."""
    here = page.url
    for _ in range(4):
        page.get_by_role("button", name=re.compile("^(保存并)?继续$")).click()
        with suppress(TimeoutError):
            page.wait_for_url(lambda url: url != here, timeout=6_000)
            return


def choose(page: Page, name: str, value: str) -> None:
    """Choose an answer; one that decides about other questions brings the page's questions anew."""
    page.locator(f"input[name={name}][value={value}]").check()
    asked_anew(page)
    expect(page.locator(f"input[name={name}][value={value}]")).to_be_checked()


def pay_at_wechat(page: Page) -> None:
    """Choose WeChat Pay on the phone, and pay at its own cashier."""
    page.wait_for_url("**/pay/**")
    page.locator("button[name=channel][value=wechat_h5]").first.click()
    page.locator("button[name=act][value=pay]").click()


def pay_inside_wechat(page: Page, app: WeChatApp) -> None:
    """Choose WeChat Pay; its window opens at once: close it the first time, open it again and pay."""
    page.locator("button[name=channel][value=wechat_jsapi]").first.click()
    again = page.get_by_role("button", name="打开微信支付")
    expect(again).to_be_visible()
    page.wait_for_timeout(200)
    assert "/pay/go/" in page.url, "who closes the window stays where it can be opened again"
    again.click()
    page.wait_for_url(lambda url: "/pay/go/" not in url)
    assert app.shown == ["¥120.00", "¥120.00"]


def settled(page: Page) -> None:
    """Wait until the fee counts as paid."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if page.get_by_role("heading", name="已缴清").count():
            return
        again = page.get_by_role("button", name=re.compile("我已付款"))
        back = page.get_by_role("link", name=re.compile("返回商户|返回|完成|Back"))
        if "/pay/" in page.url and again.count():
            again.first.click()
        elif "/pay/" not in page.url and back.count():
            back.first.click()
        page.wait_for_timeout(1000)
    pytest.fail(f"the payment did not settle: {page.url}")


def test_a_passport_is_renewed_from_the_wechat_door_to_the_paid_receipt(browse, house: House, officer):
    inside = browse(user_agent=AGENT)
    app = WeChatApp(f"http://127.0.0.1:{house.port + 6}", "lin", iter(["cancel", "pay"]))
    app.around(inside)
    page = inside.new_page()
    effort = Effort(page)
    through_wechat(page, house, LIN, "/me/documents/")
    page.get_by_role("link", name=re.compile("^换发")).first.click()
    page.get_by_role("button", name=re.compile("开始填写|仍要再申请一份")).click()
    # What is known stands there as a fact: only the reason and the visa are asked.
    choose(page, "reason", "expiring")
    choose(page, "keep_visa_pages", "no")
    go_on(page)
    choose(page, "on_record_list", "no")
    choose(page, "urgent", "no")
    go_on(page)
    choose(page, "delivery_mode", "post")
    page.wait_for_selector("[name=data_consent]")
    page.locator("[name=data_consent]").check()
    go_on(page)
    if not page.url.endswith("/materials/"):  # the address came up with the answer
        go_on(page)
    page.wait_for_url("**/materials/")
    page.locator("#f-photo").set_input_files(photo_file())
    expect(page.locator("#q-photo .thumbs li")).to_have_count(1, timeout=60_000)
    go_on(page)
    page.wait_for_url("**/visits/places/**")
    page.locator(".places a").first.click()
    page.locator("a.daybox").last.click()
    page.locator("button.time[name=start]").last.click()
    page.wait_for_url(re.compile("/drafts/"))
    page.locator("#declare").check()
    page.get_by_role("button", name="确认并提交").click()
    page.wait_for_url(re.compile("/identity/raise/|/pay/|/done/"))
    if "/identity/raise/" in page.url:  # in a city where Lin has been checked before, nothing more is asked
        shoot(page, "passport-level")
        checked_at_the_counter(page, officer)
        page.wait_for_url(re.compile("/drafts/.*/check/"))
        page.locator("#declare").check()
        page.get_by_role("button", name="确认并提交").click()
        page.wait_for_url(re.compile("/pay/|/done/"))
    if "/done/" in page.url:
        page.get_by_role("link", name=re.compile("缴费|支付")).first.click()
    shoot(page, "passport-pay")
    pay_inside_wechat(page, app)
    settled(page)
    shoot(page, "passport-paid")
    payments = "SELECT channel, fen FROM pay_capture c JOIN pay_order o ON o.id = c.order_id WHERE o.id::text = %s"
    assert house.rows(payments, [page.url.rstrip("/").rsplit("/", 1)[-1]]) == [("wechat_jsapi", 12_000)]
    measured = effort.told()
    (SCREENS / "passport-renewal-effort.txt").write_text(measured)
    assert effort.screens <= 24, measured
    assert effort.taps <= 45, measured
    assert effort.typed <= 17, measured  # the phone and the code, the first time only
    receipt = page.get_by_role("link", name=re.compile("电子收据")).get_attribute("href")
    answer = page.context.request.get(receipt)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body()[:5] == b"%PDF-"
    page.get_by_role("link", name="查看办件").click()
    expect(page.get_by_role("heading", name="普通护照换发")).to_be_visible()


def test_an_endorsement_is_renewed_online_and_comes_home_by_post(browse, house: House, officer):
    page = browse(user_agent=PHONE_AGENT).new_page()
    sign_in_resident(page, house, LIN, "/me/documents/")
    page.get_by_role("link", name=re.compile("^再次申请签注")).first.click()
    page.get_by_role("button", name=re.compile("开始填写|仍要再申请一份")).click()
    choose(page, "on_record_list", "no")
    go_on(page)
    choose(page, "delivery_mode", "post")
    page.wait_for_selector("[name=data_consent]")
    page.locator("[name=data_consent]").check()
    go_on(page)
    if "/check/" not in page.url:
        go_on(page)
    page.wait_for_url("**/check/")
    page.locator("#declare").check()
    page.get_by_role("button", name="确认并提交").click()
    page.wait_for_url(re.compile("/pay/|/done/|/identity/raise/"))
    if "/identity/raise/" in page.url:
        checked_at_the_counter(page, officer)
        page.locator("#declare").check()
        page.get_by_role("button", name="确认并提交").click()
        page.wait_for_url(re.compile("/pay/|/done/"))
    if "/done/" in page.url:
        page.get_by_role("link", name=re.compile("缴费|支付")).first.click()
    pay_at_wechat(page)
    settled(page)
    go(page, page.get_by_role("link", name="查看办件"))
    number = page.url.rstrip("/").rsplit("/", 1)[-1]
    assert number.startswith("EX")
    wait_for(lambda: state_of(house, number) == "making", "what was paid for was not issued")
    maker = officer("exit.maker")
    for step in ("claim", "make", "to_post"):
        taken(maker, number, step)
    # The carrier comes, scans, delivers; each scan is pushed with its signature.
    waybill = wait_for(lambda: ordered(house, number), "the carrier has no order")
    carrier = f"http://127.0.0.1:{house.port + 12}"
    for what in ("picked_up", "moving", "delivered"):
        httpx.post(f"{carrier}/admin", json={"advance": waybill, "what": what}, trust_env=False)
    wait_for(lambda: state_of(house, number) == "handed_over", "the delivery did not close the matter")
    page.goto(f"/matters/{number}/")
    expect(page.get_by_text("已签收").first).to_be_visible()
    shoot(page, "endorsement-delivered")


def taken(page: Page, number: str, step: str) -> None:
    """Take one step of an officer."""
    page.goto(f"/officer/matters/{number}/")
    form = page.locator(f"form[action$='/{step}/']").first
    if form.count():
        go(page, form.get_by_role("button").first)
        return
    page.locator(f"a[href*='step={step}']").first.click()
    go(page, page.locator("#panel button.button").first)


def ordered(house: House, number: str) -> str:
    rows = house.rows(
        "SELECT s.waybill FROM exit_entry_shipment s JOIN matters_matter m ON m.id = s.matter_id WHERE m.number = %s",
        [number],
    )
    return rows[0][0] if rows else ""


def state_of(house: House, number: str) -> str:
    return house.rows("SELECT state FROM matters_matter WHERE number = %s", [number])[0][0]
