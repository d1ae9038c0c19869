"""Every page that each kind of user reaches by links: none dead, none wider than its screen, none that axe faults."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Page, Response

from minjing.site.demo.queues import PHONES, PLAYS
from minjing.site.demo.residents import WANG
from tests.house import House
from tests.journeys.conftest import shoot, sign_in_resident

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
AXE = Axe()
NARROW, LAPTOP = {"width": 360, "height": 800}, {"width": 1024, "height": 768}
OF_A_SHAPE = 2  # links of one kind that are followed; the rest differ in their number only
REACHED: set[str] = set()  # the addresses that the walks have found alive
EXAMINED: set[tuple[str, str]] = set()  # kind of page and mode: not looked at again for the next person
PAGE_NAMES = {"name", "act", "action", "what"}  # parts of a route that name a page, not one of many alike
PORTALS = ("/officer/", "/open/", "/api/")
OFFICERS = (
    "futian.clerk", "futian.checker", "futian.approver", "supervisor", "system.admin", "security.admin",
    "audit.admin", "futian.legal", "desk",
)  # fmt: skip
WALKS = {"visitor", "supplement", "approved", "refused", *OFFICERS}
WALKED: set[str] = set()


class Links(HTMLParser):
    """The addresses that a page links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(
            "href" if tag in ("a", "link") else "src" if tag in ("img", "script", "iframe") else ""
        )
        if address and not address.startswith(("#", "data:", "mailto:", "tel:")):
            self.found.append(address)


def shape(path: str) -> str:
    """Return what kind of page an address is, by its route: ids, numbers and codes left out."""
    parts = urlsplit(path)
    try:
        found = resolve(parts.path)
    except Resolver404:
        kind = parts.path
    else:
        kind = "/" + found.route
        for name in PAGE_NAMES & found.kwargs.keys():
            kind = kind.replace(f"<slug:{name}>", found.kwargs[name])
    keys = sorted(
        re.sub(r"=(?!claimed|to_claim|done|tasks|paused|overdue)[^&]*", "", pair) for pair in parts.query.split("&")
    )
    return kind + ("?" + "&".join(keys) if parts.query else "")


@dataclass
class Walk:
    """Where the links of one person lead."""

    pages: dict[str, str] = field(default_factory=dict)  # shape → an address of it
    dead: list[str] = field(default_factory=list)


def portal(address: str) -> str:
    """Return the portal that a page belongs to."""
    return next((prefix for prefix in PORTALS if address.startswith(prefix)), "/")


def walk(context: BrowserContext, base: str, starts: list[str]) -> Walk:
    """Follow every internal link from `starts`, a few of each shape; pages of other portals are asked for once."""
    home = {portal(start) for start in starts}
    found, met, waiting = Walk(), {}, [(start, "") for start in starts]
    seen: set[str] = set()
    while waiting:
        address, came_from = waiting.pop(0)
        address = address.split("#")[0]
        kind = shape(address)
        if address in seen or met.get(kind, 0) >= OF_A_SHAPE:
            continue
        seen.add(address)
        met[kind] = met.get(kind, 0) + 1
        answer = context.request.get(base + address)
        if answer.status == 403:  # a page of other people's: it says so, which is no dead link
            continue
        if answer.status >= 400:
            found.dead.append(f"{answer.status} {address} (linked from {came_from or 'the start'})")
            continue
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        if portal(address) not in home:
            continue
        found.pages.setdefault(kind, address)
        REACHED.add(address.split("?")[0])
        here = answer.url
        for link in Links(answer.text()).found:
            goal = urlsplit(urljoin(here, link))
            if goal.netloc == urlsplit(base).netloc:
                waiting.append((goal.path + (f"?{goal.query}" if goal.query else ""), address))
    return found


def faults(page: Page, address: str) -> Iterator[str]:
    """Yield what is wrong with the page on show."""
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        yield f"{address}: {wide} px wider than {page.viewport_size['width']} px"
    for rule in AXE.run(page, options=OPTIONS).response["violations"]:
        nodes = [node["html"][:140] for node in rule["nodes"][:2]]
        why = rule["nodes"][0].get("failureSummary", "")[:200]
        yield f"{address}: {rule['id']} ({len(rule['nodes'])}×): {nodes} {why}"


def _is_elsewhere(answer: Response) -> bool:
    """Say whether a page of ours has led to a provider's own, such as where one signs in to WeChat."""
    asked = answer.request
    while asked.redirected_from is not None:
        asked = asked.redirected_from
    return urlsplit(asked.url).netloc != urlsplit(answer.url).netloc


def look_at(
    context: BrowserContext, pages: dict[str, str], size: dict[str, int], wrong: list[str], name: str
) -> None:
    """Open each page in `size` and note its faults."""
    page = context.new_page()
    page.set_viewport_size(size)
    for kind, address in sorted(pages.items()):
        if (kind, name.split(" ", 1)[1]) in EXAMINED:
            continue
        if "number>" not in kind:  # a matter looks different to each
            EXAMINED.add((kind, name.split(" ", 1)[1]))
        answer = page.goto(address)
        if answer is None or "text/html" not in answer.headers.get("content-type", "") or _is_elsewhere(answer):
            continue
        if (page.locator("html").get_attribute("lang") == "en") != (" en" in name):
            wrong.append(f"[{name}] {address} speaks the other language")
        wrong.extend(f"[{name}] {fault}" for fault in faults(page, kind if kind == address else f"{kind} {address}"))
    page.close()


def speak(context: BrowserContext, house: House, english: bool = False, elder: bool = False) -> None:
    """Choose language and elder mode, as the switches do."""
    for name, value in (("django_language", "en" if english else "zh-hans"), ("elder", "1" if elder else "0")):
        context.add_cookies([{"name": name, "value": value, "url": house.url}])


def examine(
    context: BrowserContext, house: House, starts: list[str], who: str, sizes: list[tuple[str, dict]]
) -> None:
    """Walk all links and look at every kind of page in each of `sizes`: zh, en, or elder (large type)."""
    speak(context, house)
    WALKED.add(who)
    found = walk(context, house.url, starts)
    wrong: list[str] = []
    for mode, size in sizes:
        speak(context, house, english=mode == "en", elder=mode == "elder")
        look_at(context, found.pages, size, wrong, f"{who} {mode} {size['width']}")
    speak(context, house)
    assert len(found.pages) > 1
    assert not found.dead, "\n".join(["dead links:", *found.dead])
    assert not wrong, "\n".join([f"{len(wrong)} faults on {len(found.pages)} kinds of pages:", *wrong])


def test_a_page_with_faults_would_be_found(browse) -> None:
    page = browse(NARROW).new_page()
    page.set_content(
        '<html><head><meta name="viewport" content="width=device-width"></head><body><main><img src="x.png">'
        '<div style="width: 900px">wide</div><p style="color: #ccc">pale</p></main></body></html>'
    )
    found = " ".join(faults(page, "a page"))
    for rule in ("image-alt", "html-has-lang", "color-contrast", "wider than"):
        assert rule in found
    links = '<a href="/nowhere/">x</a><a href="/matters/HZ02260000001/">y</a>'
    assert [shape(link) for link in Links(links).found] == ["/nowhere/", "/matters/<str:number>/"]


RESIDENT_SIZES = [("zh", NARROW), ("en", NARROW), ("elder", NARROW)]
OFFICER_SIZES = [("zh", LAPTOP), ("en", LAPTOP)]


def test_the_pages_open_to_everybody(browse, house: House) -> None:
    starts = ["/", "/find/?q=fuqi", "/find/?q=zzzzzz", "/open/", "/sign-in/", "/officer/sign-in/"]
    examine(browse(NARROW), house, starts, "visitor", RESIDENT_SIZES)


@pytest.mark.parametrize("end", ["supplement", "approved", "refused"])
def test_the_pages_of_a_resident(browse, house: House, end: str) -> None:
    play = next(i for i, play in enumerate(PLAYS) if play.end == end)
    context = browse(NARROW)
    sign_in_resident(context.new_page(), house, str(PHONES + 1 + play))
    examine(context, house, ["/"], end, RESIDENT_SIZES if end == "supplement" else RESIDENT_SIZES[:1])


def test_the_pages_of_an_application(browse, house: House) -> None:
    context = browse(NARROW)
    page = context.new_page()
    sign_in_resident(page, house, WANG.phone)
    page.goto("/apply/HZ0301/")
    page.locator("main form button, main a.button").first.click()
    page.wait_for_url("**/drafts/**")
    draft = "/".join(urlsplit(page.url).path.split("/")[:3])
    steps = ["mover", "marriage", "landing", "children", "office", "delivery", "materials", "check", "discard"]
    pages = {step: f"{draft}/{step}/" for step in steps}
    wrong: list[str] = []
    for mode, size in RESIDENT_SIZES:
        speak(context, house, english=mode == "en", elder=mode == "elder")
        look_at(context, pages, size, wrong, f"application {mode}")
        page = context.new_page()
        page.set_viewport_size(size)
        for step in ("marriage", "check"):  # with everything wrong that can be
            page.goto(pages[step])
            page.locator("main form button.button").last.click() if step == "check" else page.locator(
                "button[name=go]"
            ).click()
            wrong.extend(f"[errors {mode}] {fault}" for fault in faults(page, step))
            shoot(page, f"errors-{step}-{mode}")
        page.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("login", OFFICERS)
def test_the_pages_of_an_officer(officer: Callable[..., Page], house: House, login: str) -> None:
    page = officer(login, LAPTOP)
    starts = ["/officer/"]
    if "clerk" in login or "approver" in login:
        starts += ["/officer/?queue=to_claim", "/officer/?queue=claimed", "/officer/?queue=done"]
    examine(page.context, house, starts, login, OFFICER_SIZES)


def test_the_walks_reached_what_is_listed_as_linked() -> None:
    """Hold reached.yaml, by which test_pages_seen.py lets a page stand without a line of its own."""
    if WALKS - WALKED:
        pytest.skip("only some of the walks have been walked")
    listed = yaml.safe_load(Path(__file__).with_name("reached.yaml").read_text(encoding="utf-8"))["linked"]
    assert sorted(set(listed) - {resolve(address).view_name for address in REACHED}) == []
