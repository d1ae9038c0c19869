"""The hall in a browser: a machine left open, a question that becomes an article, a filing handed over the city."""

import os
import re
import time
import urllib.request

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from minjing.site.demo.residents import LIN
from tests.house import House, wait_for
from tests.journeys.conftest import DESK, PHONE, at, go, shoot

UPRIGHT, ACROSS = {"width": 1080, "height": 1920}, {"width": 1920, "height": 1080}


def machine_of(browse, officer, size: dict[str, int] = UPRIGHT, **more) -> BrowserContext:
    """Register a machine at the desk and pair a browser with it."""
    desk = officer("desk")
    desk.goto("/officer/desk/machines/")
    code = f"T-{int(time.time() * 10) % 10**6}"
    desk.locator("#code").fill(code)
    desk.locator("#unit").select_option(label="福田派出所")
    desk.locator("#spot_zh").fill("福田派出所大厅")
    desk.locator("#spot_en").fill("Hall of Futian station")
    go(desk, desk.get_by_role("button", name="登记并取得配对码"))
    pairing = re.search(r"(?<!\d)\d{8}(?!\d)", desk.locator(".notice").first.inner_text())
    assert pairing is not None
    context = browse(size, **more)
    page = context.new_page()
    page.goto("/kiosk/")
    page.locator("#code").fill(pairing[0])
    page.get_by_role("button", name="配对").click()
    expect(page.get_by_role("heading", name="您好，请问办什么？")).to_be_visible()
    page.close()
    return context


def come_in(page: Page, house: House) -> None:
    """Type Lin's number and the code that comes to Lin's phone."""
    page.goto("/kiosk/")
    page.get_by_role("link", name=re.compile("查办件进度")).click()
    before = len(house.texts_to(LIN.phone))
    page.locator("#who").fill(LIN.id_number)
    page.get_by_role("button", name="获取验证码").click()
    page.wait_for_url(at("/kiosk/code/"))
    texts = wait_for(
        lambda: (lambda t: t if len(t) > before else None)(house.texts_to(LIN.phone)), "no code came by text message"
    )
    code = re.search(r"\d{6}", texts[0])
    assert code is not None
    page.locator("#code").fill(code[0])
    page.get_by_role("button", name="进入").click()
    page.wait_for_url(at("/kiosk/matters/"))


def test_a_machine_left_open_shows_the_next_person_nothing(browse, officer, house: House) -> None:
    context = machine_of(browse, officer)
    page = context.new_page()
    page.clock.install()
    come_in(page, house)
    page.goto("/kiosk/home/")
    expect(page.get_by_role("heading", name="林*夫，您好")).to_be_visible()
    expect(page.locator("[data-countdown]")).to_be_visible()
    shoot(page, "kiosk-home-upright")
    small = page.evaluate(
        "() => [...document.querySelectorAll('main a, main button, .kiosk-foot :is(a, button), .kiosk-top button')]"
        ".filter(e => e.offsetHeight && e.offsetHeight < 72).map(e => e.outerHTML.slice(0, 80))"
    )
    assert small == [], "every target is 72 px or more"
    page.evaluate("() => { localStorage.setItem('left', 'x'); sessionStorage.setItem('left', 'x'); }")
    page.clock.fast_forward(61_000)  # nobody touches it
    expect(page.get_by_text("长时间没有操作，已自动退出")).to_be_visible()
    shoot(page, "kiosk-wiped")
    assert {cookie["name"] for cookie in context.cookies()} <= {"kiosk", "csrf"}
    for _ in range(3):
        page.go_back()
        assert "林*夫" not in page.content()
    page.goto("/kiosk/")
    assert page.evaluate("() => [localStorage.length, sessionStorage.length]") == [0, 0]
    for path in ("/kiosk/home/", "/kiosk/matters/", "/kiosk/papers/"):
        page.goto(path)
        expect(page.get_by_role("heading", name="您好，请问办什么？")).to_be_visible()
    page.goto("/me/")
    assert "/sign-in/" in page.url
    ended = house.rows("SELECT why, ended_at IS NOT NULL FROM kiosk_visit ORDER BY begun_at DESC LIMIT 1")
    assert ended == [("timeout", True)]


def test_the_machine_works_across_and_without_script(browse, officer, house: House) -> None:
    context = machine_of(browse, officer, ACROSS, java_script_enabled=False)
    page = context.new_page()
    page.goto("/kiosk/")
    page.get_by_role("link", name="叫人帮忙").click()
    page.get_by_role("button", name="身份证读不出来").click()
    expect(page.get_by_text("工作人员马上过来")).to_be_visible()
    number = page.locator(".banner .number").last.inner_text()
    desk = officer("desk")
    desk.goto("/officer/desk/")
    expect(desk.get_by_role("link", name=number)).to_be_visible()
    go(page, page.get_by_role("button", name="English"))
    page.goto("/kiosk/identify/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_label("ID number or mobile number")).to_be_visible()
    go(page, page.get_by_role("link", name="Not now"))
    page.goto("/kiosk/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


@pytest.mark.skipif(
    not os.environ.get("MACHINE_JOURNEY"), reason="ten seconds of camera; the steps are tested one by one"
)
def test_card_and_camera_of_the_machine_prove_who_stands_there(browse, officer, house: House) -> None:
    def beside(path: str) -> None:
        """Do something at the stand-in of card reader and camera."""
        urllib.request.urlopen(f"http://127.0.0.1:{house.port + 13}{path}", timeout=10).close()

    page = machine_of(browse, officer).new_page()
    come_in(page, house)
    page.goto("/kiosk/face/")
    page.get_by_role("button", name="读身份证").click()
    expect(page.get_by_text("请把身份证平放在读卡器上")).to_be_visible()
    beside(f"/insert?number={LIN.id_number}")
    expect(page.get_by_role("heading", name="由谁把您和证件照片比对？")).to_be_visible()
    page.get_by_role("button", name=re.compile("民警比对")).first.click()
    expect(page.get_by_text("随机抽取")).to_be_visible()
    page.get_by_role("button", name="开始拍照").click()
    expect(page.locator("[data-camera-see]")).to_be_visible()
    shoot(page, "kiosk-camera-upright")
    expect(page.get_by_role("heading", name="照片已交民警比对")).to_be_visible()
    kept = "SELECT count(*) FROM identity_checkpicture"
    assert house.rows(kept) == [(3,)]
    page.get_by_role("button", name="撤回照片，不核验了").click()
    page.wait_for_url(at("/kiosk/home/"))
    assert house.rows(kept) == [(0,)]


def test_a_question_is_answered_and_becomes_an_article(browse, officer, house: House) -> None:
    page = browse(PHONE, java_script_enabled=False).new_page()
    page.goto("/find/?q=xyz")
    page.get_by_role("link", name="有问题？问服务台").click()
    words = "孔雀石印章刻在户口簿上可以吗"
    page.get_by_label("您的问题").fill(words)
    page.get_by_role("button", name="先找找有没有解答").click()
    page.get_by_label("关于什么").select_option("household")
    page.get_by_role("button", name="交给服务台").click()
    number, code = (item.inner_text() for item in page.locator(".banner .big.number").all())
    desk = officer("desk")
    desk.goto(f"/officer/matters/{number}/")
    go(desk, desk.get_by_role("button", name="领办").first)
    expect(desk.get_by_text("/find/")).to_be_visible()
    desk.goto(f"/officer/matters/{number}/?step=answer#panel")
    desk.locator("textarea[name=note]").fill("不可以，户口簿上只盖户口专用章。")
    go(desk, desk.get_by_role("button", name="答复").last)
    expect(desk.get_by_text("已答复").first).to_be_visible()
    page.get_by_role("link", name="看答复").click()
    page.locator("#number").fill(number)
    page.locator("#code").fill(code)
    page.get_by_role("button", name="看答复").click()
    expect(page.get_by_text("户口簿上只盖户口专用章")).to_be_visible()
    desk.goto(f"/officer/desk/articles/new/?from={number}")
    expect(desk.locator("#body_zh")).to_have_value("不可以，户口簿上只盖户口专用章。")
    desk.locator("#title_zh").fill("孔雀石印章能盖在户口簿上吗")
    desk.locator("#title_en").fill("A malachite seal in the household book")
    desk.locator("#body_en").fill("No; only the household seal goes into the book.")
    go(desk, desk.get_by_role("button", name="存为草稿"))
    expect(desk.get_by_text("这是您写的，请另一个人核对后发布。")).to_be_visible()
    second = officer("desk2")
    second.goto(desk.url.replace(house.url, ""))
    second.get_by_role("button", name="已核对，发布").click()
    expect(second.get_by_text("已发布到开放门户。")).to_be_visible()

    def found() -> bool:  # a process keeps its index for half a minute
        page.goto("/open/help/?q=kongqueshi")
        return page.get_by_role("link", name="孔雀石印章能盖在户口簿上吗").count() == 1

    wait_for(found, "the article is not found by its sound", within_s=45)
    go(page, page.get_by_role("link", name="孔雀石印章能盖在户口簿上吗"))
    page.get_by_role("button", name="有用", exact=True).click()
    expect(page.get_by_text("谢谢您的反馈。")).to_be_visible()


def test_a_filing_at_one_counter_is_handed_over_to_the_responsible_station(browse, officer, house: House) -> None:
    here = officer("lianhua.clerk", DESK)
    here.goto("/officer/counter/")
    here.locator("#name").fill(LIN.name)
    here.locator("#id_number").fill(LIN.id_number)
    here.locator("#reason").select_option("unreadable")
    here.get_by_role("button", name="核对并受理").click()
    expect(here.get_by_role("heading", name=re.compile("林\\*夫"))).to_be_visible()
    go(here, here.get_by_role("link", name="居民身份证换领"))
    assert here.locator("#f-office option:checked").inner_text() == "福田派出所"
    here.get_by_role("button", name="受理并移交").click()
    expect(here.get_by_role("heading", name="全城通受理移交单")).to_be_visible()
    shoot(here, "city-wide-slip")
    number = here.locator(".slip .number").first.inner_text()
    there = officer("futian.clerk", DESK)
    there.goto(f"/officer/matters/{number}/")
    expect(there.get_by_text("等待负责的派出所接收")).to_be_visible()
    there.get_by_role("button", name="确认接收").click()
    expect(there.get_by_text("已接收，双方都看得到。")).to_be_visible()
    shoot(there, "city-wide-matter")
    here.goto("/officer/?queue=taken_in")
    expect(here.get_by_text("归福田派出所").first).to_be_visible()
    here.goto(f"/officer/matters/{number}/")
    expect(here.get_by_text("● 已接收")).to_be_visible()
    looked = house.rows(
        "SELECT count(*) FROM matters_reception r JOIN matters_matter m ON m.id = r.matter_id"
        " WHERE m.number = %s AND r.received_at IS NOT NULL",
        [number],
    )
    assert looked == [(1,)]
