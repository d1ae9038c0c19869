"""Oneself in a browser: a passkey, a lost phone, a mandate taken back in the middle, how one wishes to be told."""

import re

from playwright.sync_api import Page, expect

from minjing.site.demo.residents import AYGUL, CHEN
from tests.house import House, wait_for
from tests.journeys.conftest import DESK, at, go, say_who, session_of, shoot, sign_in_resident, with_authenticator
from tests.people import newcomer


def at_a_counter(page: Page, officer) -> None:
    """Show the code to an officer, who finds that it is the same person."""
    page.get_by_role("button", name="生成窗口核验码").click()
    code = page.locator(".big-code").inner_text()
    desk = officer("futian.clerk")
    desk.goto("/officer/checks/")
    desk.locator("#code").fill(code)
    go(desk, desk.get_by_role("button", name="当面核验"))
    go(desk, desk.locator("form.verdicts button").first)


def test_a_passkey_of_this_device_confirms_level_four(browse, officer, house: House):
    page = browse().new_page()
    who = newcomer("程一帆")
    sign_in_resident(page, house, who.phone)
    say_who(page, who)
    with_authenticator(page, "internal")
    page.goto("/identity/check/?next=/identity/passkeys/")
    at_a_counter(page, officer)
    page.goto("/identity/passkeys/")
    expect(page.get_by_role("link", name="现在核验")).to_be_visible()  # a counter knows nothing of this phone
    account, here = session_of(page, house)
    moved = "UPDATE identity_evidence SET session_ref = %s WHERE account_id = %s"  # as if checked on the phone
    assert house.tamper(moved, [here, account]) == 1
    page.reload()
    page.get_by_role("button", name="在本机添加").click()
    expect(page.get_by_text("我的手机")).to_be_visible()
    shoot(page, "passkey-added")
    # Two days later the check is no longer fresh: the passkey makes up for it.
    aged = "UPDATE identity_evidence SET taken_at = taken_at - interval '2 days' WHERE account_id = %s"
    assert house.tamper(aged, [account]) == 1
    page.goto("/identity/raise/?to=4&next=/identity/passkeys/")
    expect(page.locator(".line li").nth(3)).to_contain_text("这一步需要")
    shoot(page, "passkey-asked")
    page.get_by_role("button", name="用本机通行密钥确认").click()
    page.wait_for_url(at("/identity/passkeys/"))  # the device answers when it has answered: no click can wait for it
    page.goto("/identity/raise/")
    expect(page.locator(".line li").nth(3)).to_contain_text("已达到")


def test_a_lost_phone_is_replaced_at_a_counter_and_the_old_one_is_shut_out(browse, officer, house: House):
    old = browse().new_page()
    sign_in_resident(old, house, AYGUL.phone)
    new, phone = browse().new_page(), newcomer().phone
    sign_in_resident(new, house, phone)
    new.goto("/identity/recover/")
    new.locator("#name").fill(CHEN.name)
    new.locator("#id_number").fill(AYGUL.id_number)
    new.get_by_role("button", name="继续").click()
    expect(new.get_by_role("alert")).to_be_visible()
    shoot(new, "recover-wrong")
    new.locator("#name").fill(AYGUL.name)
    new.locator("#id_number").fill(AYGUL.id_number)
    new.get_by_role("button", name="继续").click()
    new.wait_for_url(at("/identity/check/"))
    at_a_counter(new, officer)
    told = wait_for(lambda: [t for t in house.texts_to(AYGUL.phone) if "新手机号" in t], "the old phone is not told")
    assert "不是您本人操作" in told[0]
    old.goto("/me/documents/")
    expect(old).to_have_url(re.compile("/sign-in/"))
    new.goto("/me/documents/")
    expect(new).to_have_url(re.compile("/sign-in/"))


def test_a_mandate_taken_back_in_the_middle_ends_what_was_begun_with_it(browse, scene, house: House):
    giver, taker = browse().new_page(), browse().new_page()
    sign_in_resident(giver, house, scene["giver"])
    sign_in_resident(taker, house, scene["taker"])
    taker.goto("/me/acting/")
    expect(taker.get_by_text("普通护照换发").first).to_be_visible()
    taker.goto("/apply/EX0003/")
    taker.get_by_role("button", name="代白若溪办理").click()
    taker.wait_for_url("**/drafts/**")
    giver.goto("/me/acting/")
    giver.get_by_role("button", name="收回委托").first.click()
    expect(giver.get_by_text("已终止").first).to_be_visible()
    go(taker, taker.get_by_role("button", name="保存并继续"))
    shoot(taker, "mandate-revoked")
    expect(taker.locator("main")).to_contain_text("委托")
    expect(taker.locator("main")).not_to_contain_text("白若溪")
    refused = "SELECT count(*) FROM ledger_outbox WHERE kind LIKE '%%refused' AND kind LIKE 'matters:%%'"
    assert wait_for(lambda: house.rows(refused)[0][0], "the refusal is not on record")


def test_a_guardian_is_told_clearly_why_not(browse, officer, house: House):
    page = browse().new_page()
    who = newcomer("施母亲")
    sign_in_resident(page, house, who.phone)
    say_who(page, who)
    page.goto("/me/acting/guardian/")
    page.wait_for_url(at("/identity/raise/"))  # a guardian is checked first
    page.get_by_role("link", name="核验身份证和本人").click()
    at_a_counter(page, officer)
    page.goto("/me/acting/guardian/")
    for name, number, why in (
        (CHEN.name, CHEN.id_number, "已满十八周岁"),
        ("施小宝", "44030420190101001X", "身份证号码"),
    ):
        page.locator("#name").fill(name)
        page.locator("#id_number").fill(number)
        page.get_by_role("button", name="确认").click()
        expect(page.get_by_role("alert")).to_contain_text(why)
    shoot(page, "guardian-refused")


def test_wishes_are_kept_and_a_letter_goes_by_the_desk(browse, officer, scene, house: House):
    page = browse().new_page()
    who = newcomer("冯听雨")
    sign_in_resident(page, house, who.phone)
    say_who(page, who)
    page.goto("/messages/ways/")
    page.locator("input[name=quiet][value=own]").check()
    page.locator("select[name=since]").select_option(index=3)
    with page.expect_navigation():
        page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("input[name=quiet][value=own]")).to_be_checked()
    page.locator("#address").fill("近")
    page.locator("#letter ~ .card #name, input#name").first.fill("冯听雨")
    go(page, page.get_by_role("button", name="保存地址"))
    expect(page.get_by_role("alert")).to_be_visible()
    shoot(page, "letter-wrong")
    page.locator("#address").fill("深圳市福田区福中三路 1 号\n3 栋 502")
    page.get_by_role("button", name="保存地址").click()
    expect(page.get_by_text("深圳市福田区福中三").first).to_be_visible()

    desk = officer("desk", DESK)
    address = f"/officer/letters/{scene['batch']}/"
    desk.goto(address)
    fetched = "f => fetch(f.action, {method: 'POST', body: new FormData(f)}).then(a => a.text())"
    assert desk.locator("form[action$='/pdf/']").evaluate(fetched).startswith("%PDF-")
    go(desk, desk.get_by_role("button", name="已打印"))
    go(desk, desk.get_by_role("button", name="已交寄"))
    expect(desk.get_by_text("已交寄").first).to_be_visible()
    shoot(desk, "letters-posted")
    expect(desk.get_by_role("button", name="下载 PDF")).to_have_count(0)  # the addresses are gone
