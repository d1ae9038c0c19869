"""A mother acts for her child of six: the register knows her, officers decide, the child's paper comes to her."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from minjing.site.demo.residents import CHILD, FATHER, MOTHER
from tests.house import House, wait_for
from tests.journeys.conftest import at, go, shoot, sign_in_resident
from tests.journeys.test_every_page import OPTIONS
from tests.journeys.test_main_journey import fill_form, finish_tasks, open_matter, send_papers, take
from tests.journeys.test_oneself import at_a_counter

NAMES = (CHILD.name, "何知夏")  # in a house in which the journey was walked before, the child has the other name


def become_guardian(page: Page, officer) -> str:
    """Be checked, name the child, and return the name under which the register vouches for it."""
    page.goto("/me/acting/guardian/")
    if at("/identity/raise/")(page.url):
        go(page, page.get_by_role("link", name="核验身份证和本人"))
        at_a_counter(page, officer)
        page.goto("/me/acting/guardian/")
    for name in NAMES:
        page.locator("#name").fill(name)
        page.locator("#id_number").fill(CHILD.id_number)
        go(page, page.get_by_role("button", name="确认"))
        if at("/me/acting/")(page.url):
            return name
    raise AssertionError(page.get_by_role("alert").inner_text())


def test_a_guardian_applies_for_a_child_and_has_the_childs_paper(browse, officer, house: House) -> None:
    page = browse().new_page()
    sign_in_resident(page, house, MOTHER.phone)
    name = become_guardian(page, officer)
    expect(page.get_by_text("未成年人，到十八周岁：2038年5月20日").first).to_be_visible()
    shoot(page, "guardian-confirmed")

    page.goto("/apply/HZ0901/")
    go(page, page.get_by_role("button", name=re.compile("^代何..办理$")).first)
    fill_form(
        page,
        {
            "applying_as": "child", "person_name": name, "person_id": CHILD.id_number,
            "new_name": NAMES[NAMES.index(name) - 1], "surname_from": "unchanged", "reason": "原名与同班同学重名。",
            "no_open_case": "yes", "parents_status": "married", "other_parent_name": FATHER.name,
            "other_parent_id": FATHER.id_number, "parents_consent": "yes", "child_age": "under_8",
            "delivery": "electronic", "contact_phone": MOTHER.phone, "data_consent": "yes",
        },
    )  # fmt: skip
    send_papers(page)
    go(page, page.get_by_role("button", name="继续"))
    expect(page.get_by_text(re.compile("^代何..办理$")).first).to_be_visible()
    shoot(page, "guardian-check")
    page.locator("#declare").check()
    go(page, page.get_by_role("button", name="确认并提交"))
    number = page.locator(".banner .number").inner_text().strip()

    clerk = officer("futian.clerk")
    open_matter(clerk, number)
    take(clerk, "claim")
    assert CHILD.id_number in clerk.content()
    finish_tasks(officer, number)
    open_matter(clerk, number)
    take(clerk, "recommend", note="监护关系与登记一致，建议同意。")
    approver = officer("futian.approver")
    open_matter(approver, number)
    take(approver, "claim")
    take(approver, "approve")

    told = wait_for(lambda: [t for t in house.texts_to(MOTHER.phone) if number in t], "the mother is not told")
    assert told
    page.goto("/me/")
    go(page, page.get_by_role("link", name=re.compile("^何..的证照$")).first)
    paper = page.get_by_role("link", name=re.compile("居民户口簿内页")).first
    expect(paper).to_be_visible()
    report = Axe().run(page, options=OPTIONS)
    assert report.violations_count == 0, report.generate_report()
    shoot(page, "guardian-papers")
    address = paper.get_attribute("href")
    assert address is not None
    assert page.request.get(address).body()[:5] == b"%PDF-"
    page.goto(f"/matters/{number}/")
    expect(page.locator('a[href$=".pdf"]').first).to_be_visible()  # and where it was applied for
