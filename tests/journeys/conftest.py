"""One Chromium for all journeys; browsers of residents, officers and visitors."""

import contextlib
import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.house import MINJING, ROOT, House, wait_for
from tests.people import PASSWORD, Resident, now_code

SCREENS = ROOT / "var" / "screens"
QUIET = [
    "--no-sandbox",  # the tests may run as root, where Chromium's sandbox cannot
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
_addresses = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(1, 250), range(1, 250), range(1, 250)))


expect.set_options(timeout=20_000)
OPEN: list[BrowserContext] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a picture of what the browsers show when a journey fails."""
    report = yield
    if report.when == "call" and report.failed and OPEN:
        for page in [page for context in OPEN[:-6:-1] for page in context.pages[-1:]]:
            with contextlib.suppress(Exception):
                shoot(page, f"failed-{item.name[:60]}-{id(page) % 1000}")
    return report


# All of package scope, not session: Playwright keeps an event loop running, in which Django's tests would refuse to
# touch the database.
@pytest.fixture(scope="package")
def demo_journey(house: House) -> Iterator[subprocess.Popen[str]]:
    """Start `minjing demo journey` beside the browser: it waits most of its time for a second code to be allowed."""
    walk = subprocess.Popen(
        [*MINJING, "demo", "journey", "--url", house.url],
        env=house.environment | {"DATABASE_URL": house.database},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield walk
    if walk.poll() is None:
        walk.kill()
        walk.wait()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed: run `sh tests/setup.sh`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def browse(chromium: Browser, house: House) -> Iterator[Callable[..., BrowserContext]]:
    """Return a maker of browsers: each with its own cookies and its own network address."""
    made = OPEN

    def make(size: dict[str, int] = PHONE, **more) -> BrowserContext:
        context = chromium.new_context(
            base_url=house.url,
            viewport=size,
            locale=more.pop("locale", "zh-CN"),
            extra_http_headers={"X-Forwarded-For": next(_addresses)},
            is_mobile=more.pop("is_mobile", size["width"] < 500),
            has_touch=size["width"] < 500,
            **more,
        )
        context.set_default_timeout(20_000)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


def go(page: Page, what: Locator) -> None:
    """Press what leads to another page, and wait until that page is there and its scripts listen.

    A bare click may return before the next page has come: what the test then asks of the database, or of the next
    address, would meet a submission still on its way.
    """
    with page.expect_navigation():
        what.click()


def at(path: str) -> Callable[[str], bool]:
    """Return what `wait_for_url` takes to wait for a path: a pattern with ** would also be met by a ?next=."""
    return lambda url: urlsplit(url).path == path


def session_of(page: Page, house: House) -> tuple[str, str]:
    """Return the account that is signed in on a page, and what names its sign-in."""
    key = next(cookie["value"] for cookie in page.context.cookies(house.url) if cookie["name"] == "session")
    mine = "SELECT account_id::text, ref::text FROM identity_session WHERE session_key = %s"
    ((account, ref),) = house.rows(mine, [sha256(key.encode()).hexdigest()])
    return account, ref


def sign_in_resident(page: Page, house: House, phone: str, next_path: str = "") -> None:
    """Sign in with the phone and the code out of the text message."""
    page.goto(f"/sign-in/?next={next_path}" if next_path else "/sign-in/")
    before = len(house.texts_to(phone))
    page.get_by_label("手机号码").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    page.wait_for_url(at("/sign-in/code/"))
    texts = wait_for(
        lambda: (lambda t: t if len(t) > before else None)(house.texts_to(phone)), "no code came by text message"
    )
    code = re.search(r"\d{6}", texts[0])
    assert code is not None, "the text message has no code"
    page.locator("#code").fill(code[0])
    page.get_by_role("button", name="登录", exact=True).last.click()
    page.wait_for_url(lambda url: "/sign-in/code" not in url)


def say_who(page: Page, who: Resident) -> None:
    """Give name and ID number."""
    page.goto("/sign-in/who/")
    page.locator("#name").fill(who.name)
    page.locator("#id_number").fill(who.id_number)
    page.get_by_role("button", name="确认").click()
    page.wait_for_url(lambda url: "/sign-in/who" not in url)


@pytest.fixture(scope="package")
def officer(browse, house: House) -> Callable[..., Page]:
    """Return a maker of officers' pages: one sign-in an officer, as each time code is good once."""
    states: dict[str, dict] = {}

    def page_of(login: str, size: dict[str, int] = DESK, **more) -> Page:
        if login not in states:
            page = browse(size).new_page()
            page.goto("/officer/sign-in/")
            page.locator("#login").fill(login)
            page.locator("#password").fill(PASSWORD)
            page.get_by_role("button", name="下一步").click()
            page.wait_for_url(at("/officer/sign-in/second/"))
            for _ in range(3):
                page.locator("#code").fill(now_code())
                go(page, page.get_by_role("button", name="登录", exact=True).last)
                if not at("/officer/sign-in/second/")(page.url):
                    break
                # The code of this half minute has been used, by the walk of `demo_journey`: the next one is good.
                time.sleep(30.5 - time.time() % 30)
            page.wait_for_url(lambda url: "/second" not in url)
            states[login] = page.context.storage_state()
            page.context.close()
        return browse(size, storage_state=states[login], **more).new_page()

    return page_of


@pytest.fixture(scope="package")
def scene(house: House) -> dict[str, str]:
    """Make what is rare, once."""
    environment = house.environment | {
        "DATABASE_URL": house.database,
        "DJANGO_SETTINGS_MODULE": "minjing.site.settings",
    }
    said = subprocess.run(
        [sys.executable, "-m", "tests.journeys.scenes"],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr[-2000:]
    return json.loads(said.stdout)


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the whole page."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SCREENS / f"{name}.png"), full_page=True)


def with_authenticator(page: Page, transport: str) -> None:
    """Give the browser a device that makes and shows passkeys, and says yes by itself."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    kind = {
        "protocol": "ctap2", "transport": transport, "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": kind})


def checked_at_the_counter(page: Page, officer) -> None:
    """Raise one's level with a code shown to an officer, who holds the card beside the person."""
    page.get_by_role("link", name="核验身份证和本人").click()
    page.get_by_role("button", name="生成窗口核验码").click()
    code = page.locator(".big-code").inner_text()
    desk = officer("futian.clerk")
    desk.goto("/officer/checks/")
    desk.locator("#code").fill(code)
    go(desk, desk.get_by_role("button", name="当面核验"))
    go(desk, desk.locator("form.verdicts button").first)
    go(page, page.get_by_role("link", name="民警核验完了"))
