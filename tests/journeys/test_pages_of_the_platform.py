"""Each page of pages.yaml as its person sees it: alive, no wider than the screen, clean to axe, whole by keyboard.

Every page is looked at in English for what is not translated; for all the rest in Chinese, English or elder mode, by
turns from page to page. EVERY_MODE=1 looks at everything in all three.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import BrowserContext, Page

from minjing.site.demo.residents import CHEN
from tests.house import House
from tests.journeys.conftest import sign_in_resident
from tests.journeys.test_every_page import NARROW, faults, shape, speak
from tests.journeys.test_hall import come_in, machine_of
from tests.people import newcomer

PAGES: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("pages.yaml").read_text(encoding="utf-8"))
MODES = ("zh", "en", "elder")
EVERY = bool(os.environ.get("EVERY_MODE"))
WIDE, UPRIGHT = {"width": 1024, "height": 768}, {"width": 1080, "height": 1920}
RESIDENTS = ("resident", "newcomer", "checked", "applicant")
TAB_MAX = 150
# What people have written, and where streets cross.
OWN = re.compile("深圳市盐田区海景路|低保家庭|示范路|直行|打灯|改为一年")
# What Tab must reach, in the order of the page: one radio button stands for its group, what is folded is not there.
TABBABLE = """() => {
  const groups = new Set(), found = [];
  for (const e of document.querySelectorAll(
      'a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex="0"]')) {
    if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({ visibilityProperty: true })) continue;
    if (e.type === 'radio') { if (groups.has(e.name)) continue; groups.add(e.name); }
    found.push(e.dataset.tabTest = String(found.length));
  }
  return found.length;
}"""
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const of = (x) => { const s = getComputedStyle(x); return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; };
  const group = e.type === 'radio' ? document.querySelector(`input[name="${e.name}"][data-tab-test]`) : null;
  const seen = of(e) || (e.closest('label') && of(e.closest('label')));
  return [(group || e).dataset.tabTest ?? '', seen || e.tagName === 'IFRAME', e.outerHTML.slice(0, 90)];
}"""


@pytest.fixture(scope="module")
def opened(scene: dict[str, str], browse, officer, house: House) -> Callable[[str], BrowserContext]:
    """Return a maker of browsers in which the person of the table has signed in."""

    def of(who: str) -> BrowserContext:
        if who == "kiosk":
            return machine_of(browse, officer)
        if who == "kiosk_visitor":
            context = machine_of(browse, officer)
            come_in(context.new_page(), house)
            return context
        if who not in ("visitor", *RESIDENTS):
            return officer(who, WIDE).context
        context = browse(NARROW)
        phones = {
            "resident": scene["phone"], "checked": scene["checked"], "applicant": CHEN.phone,
            "newcomer": newcomer().phone,
        }  # fmt: skip
        if who in phones:
            sign_in_resident(context.new_page(), house, phones[who])
        return context

    return of


def by_keyboard(page: Page, name: str) -> Iterator[str]:
    """Yield what Tab does not reach, reaches out of order, shows no focus on, or cannot leave."""
    count = page.evaluate(TABBABLE)
    page.evaluate(
        "() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); }"
    )
    reached: list[int] = []
    words = ""
    for _ in range(TAB_MAX):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None or (reached and here[0] == "0"):  # round the page once
            break
        if not here[1]:
            yield f"{name}: no visible focus on {here[2]}"
        if here[0]:
            reached.append(int(here[0]))
    else:
        yield f"{name}: Tab does not come round in {TAB_MAX} steps"
    if len(set(reached)) < count:
        missing = sorted(set(range(count)) - set(reached))
        words = page.evaluate(
            "n => document.querySelector(`[data-tab-test='${n}']`).outerHTML.slice(0, 90)", missing[0]
        )
        yield f"{name}: Tab misses {len(missing)} of {count}: {words}"
    if reached != sorted(reached):
        yield f"{name}: Tab goes out of order: {reached}"


def half_translated(page: Page) -> str:
    """Return Chinese that an English page shows, other than what people have written, are called, or chose."""
    texts = page.evaluate("""() => {
      const found = [], all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (all.nextNode()) {
        const e = all.currentNode.parentElement;
        if (!e.closest('[lang^=zh], script, style, option, textarea') && e.checkVisibility())
          found.push(all.currentNode.data);
      }
      return found;
    }""")
    return next((t.strip()[:40] for t in texts if re.search(r"[\u4e00-\u9fff]{4,}", t) and not OWN.search(t)), "")


def look(page: Page, address: str, mode: str, *, closely: bool) -> Iterator[str]:
    """Open a page in a mode and yield its faults."""
    answer = page.goto(address)
    if answer is None or (answer.status >= 400 and "no-such" not in address):
        yield f"{address}: dead: {answer.status if answer else 'no answer'}"
        return
    english = page.locator("html").get_attribute("lang") == "en"
    if english != (mode == "en"):
        yield f"{address}: speaks the other language"
    if english and (words := half_translated(page)):
        yield f"{address}: still Chinese in English: {words}"
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        yield f"{address}: {wide} px wider than the screen"
    if closely:
        yield from faults(page, address)
        yield from by_keyboard(page, address)


@pytest.mark.parametrize("who", list(PAGES))
def test_each_page_is_alive_fits_and_can_be_worked_by_everybody(
    who: str, opened, scene: dict[str, str], house: House
):
    context = opened(who)
    page = context.new_page()
    if who.startswith("kiosk"):
        page.set_viewport_size(UPRIGHT)
    wrong: list[str] = []
    for number, pattern in enumerate(PAGES[who]):
        address = pattern.format(**scene)
        for turn, mode in enumerate(MODES):
            if not EVERY and mode != "en" and turn != number % len(MODES):
                continue
            speak(context, house, english=mode == "en", elder=mode == "elder")
            closely = EVERY or turn == number % len(MODES)
            wrong.extend(f"[{who} {mode}] {fault}" for fault in look(page, address, mode, closely=closely))
    speak(context, house)
    page.close()
    assert not wrong, "\n".join([f"{len(wrong)} faults:", *wrong])


def test_a_trap_and_a_hidden_focus_would_be_found(browse) -> None:
    page = browse(NARROW).new_page()
    page.set_content(
        "<html lang=zh><style>*:focus { outline: none }</style><body><a href=/a>a</a><a href=/b>b</a>"
        '<a href=/c onfocus="this.previousElementSibling.focus()">c</a></body></html>'
    )
    found = " ".join(by_keyboard(page, "a page"))
    for words in ("no visible focus", "does not come round", "Tab misses 1 of 3"):
        assert words in found
    page.set_content("<html lang=zh><a href=/a>a</a><a href=/b tabindex=2>b</a><a href=/c tabindex=1>c</a></html>")
    assert "Tab misses 2 of 3" in " ".join(by_keyboard(page, "a page"))
    page.set_content("<html lang=en><body><p>Not 全部翻译完成 yet</p></body></html>")
    assert half_translated(page) == "Not 全部翻译完成 yet"
    assert shape("/visits/01a21feb-c5ef-74fe-9cdf-5f451a2c9e03/") == "/visits/<uuid:visit_id>/"
