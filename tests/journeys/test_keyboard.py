"""An officer who never touches the mouse."""

import re

from playwright.sync_api import Page, expect


def focused(page: Page) -> str:
    return page.evaluate("() => (document.activeElement.textContent || '').trim()")


def test_a_matter_is_found_opened_and_claimed_by_keys_alone(officer) -> None:
    page = officer("futian.clerk2")
    page.goto("/officer/?queue=to_claim")
    number = page.locator("tbody tr a[data-open]").first.inner_text()
    page.keyboard.press("j")
    assert focused(page).startswith(number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/officer/matters/{number}/**")
    page.keyboard.press("c")
    expect(page.get_by_text("领办：").first).to_be_visible()
    page.wait_for_load_state()  # the page of the claimed matter listens to keys
    page.keyboard.press("g")
    page.wait_for_url(re.compile(r"/officer/(\?.*)?$"))


def test_every_control_of_the_queue_is_reached_with_tab_and_shows_it(officer) -> None:
    page = officer("futian.clerk")
    page.goto("/officer/")
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        what = page.evaluate(
            "() => { const e = document.activeElement; if (e === document.body) return '';"
            " const s = getComputedStyle(e), words = e.name || e.textContent.trim().slice(0, 20);"
            " return [e.tagName, words, s.outlineStyle, s.boxShadow].join('|') }"
        )
        if not what or what in seen[-1:]:
            break
        seen.append(what)
    assert len(seen) > 15
    assert seen[0].startswith("A|跳到正文")
    unseen = [s for s in seen if s.split("|")[2] == "none" and s.split("|")[3] == "none"]
    assert not unseen, f"no visible focus: {unseen}"
