"""A look, from the officer's screen to the inspector's answer: promised, receipted, checked, asked about."""

import hashlib
import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.house import ROOT, House, wait_for
from tests.journeys.conftest import DESK, PHONE, go, say_who, shoot, sign_in_resident
from tests.journeys.test_every_page import OPTIONS
from tests.journeys.test_main_journey import fill_form, open_matter, send_papers, take
from tests.people import Resident, newcomer

SERVICE = "HZ0301"
ANSWER = "来电咨询时核对申请人身份，通话已录音，符合规定。"


@dataclass
class Story:
    """What one chapter leaves for the next."""

    folder: Path
    who: Resident = field(default_factory=lambda: newcomer("沈知微"))
    page: Page | None = None
    number: str = ""
    question: str = ""
    receipt: Path | None = None
    kept: dict[str, Path] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("kept"))


def taken(page: Page, press: Callable[[], None], folder: Path) -> Path:
    """Return the file that pressing something downloads."""
    with page.expect_download() as download:
        press()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def clean(page: Page) -> None:
    """Hold that the page is readable by everybody and fits its screen."""
    report = Axe().run(page, options=OPTIONS)
    assert report.violations_count == 0, report.generate_report()
    assert page.viewport_size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def check(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the stand-alone verifier, as somebody who trusts nothing of ours would."""
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "verify"), *words], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def policy(house: House, story: Story) -> Path:
    """The policy as the city publishes it."""
    path = story.folder / "policy.txt"
    path.write_bytes(httpx.get(f"{house.url}/open/ledger/policy").content)
    return path


def test_a_resident_submits_and_keeps_the_promise(browse, house: House, story: Story) -> None:
    page = browse(PHONE, accept_downloads=True).new_page()
    sign_in_resident(page, house, story.who.phone)
    say_who(page, story.who)
    page.goto(f"/apply/{SERVICE}/")
    page.get_by_role("button", name="开始填写").click()
    fill_form(page, story.who.answers())
    send_papers(page)
    page.get_by_role("button", name="继续").click()
    page.locator("#declare").check()
    page.get_by_role("button", name="确认并提交").click()
    page.wait_for_url("**/done/")
    story.number = page.locator(".banner .number").inner_text().strip()
    story.kept["promise"] = taken(page, page.get_by_role("link", name="下载承诺").click, story.folder)
    assert "within 60 s" in story.kept["promise"].read_text()
    clean(page)
    shoot(page, "done-promise")
    story.page = page


def test_an_officer_looks_and_decides_and_has_a_promise_too(officer, story: Story) -> None:
    page = officer("futian.clerk", accept_downloads=True)
    open_matter(page, story.number)
    take(page, "claim")
    assert story.who.id_number in page.content()
    take(page, "ask_supplement", material="marriage_certificate", note="请补拍登记页。")
    promise = page.locator('a[href$=".promise"]').first
    assert "within 60 s" in taken(page, promise.click, story.folder).read_text()


def test_the_resident_reads_who_looked_why_and_at_what(story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto("/me/looks/")
    line = page.locator(".opening").filter(has_text="申请内容").first
    expect(line).to_contain_text("福田派出所户籍民警")
    expect(line).to_contain_text(story.number)
    expect(line).to_contain_text("警号")
    clean(page)
    shoot(page, "looks-phone")
    wide = page.context.new_page()
    wide.set_viewport_size(DESK)
    wide.goto("/me/looks/")
    clean(wide)
    shoot(wide, "looks-desk")
    wide.close()


def test_each_line_has_its_receipt_and_what_it_opens(story: Story) -> None:
    page = story.page
    assert page is not None

    def published() -> bool:
        page.goto("/me/looks/")
        go(page, page.locator(".opening a", has_text="凭证").first)
        return page.get_by_role("link", name=re.compile("下载凭证")).count() == 1

    wait_for(published, "the look is not in the published log")
    clean(page)
    shoot(page, "receipt-phone-look")
    story.kept["receipt"] = taken(page, page.get_by_role("link", name=re.compile("下载凭证")).click, story.folder)
    story.kept["disclosure"] = taken(
        page, page.get_by_role("link", name=re.compile("下载本人开示文件")).click, story.folder
    )
    said = json.loads(story.kept["disclosure"].read_text())
    opened = b64encode(hashlib.sha256(b64decode(said["opening"])).digest()).decode().rstrip("=")
    assert said["entry"].endswith(opened), "what is disclosed is what the public line commits to"
    assert said["kind"] == "identity:person:looked"


def test_the_stand_alone_verifier_accepts_the_receipt_and_no_other_line(story: Story, policy: Path) -> None:
    held = check("receipt", str(story.kept["receipt"]), "--policy", str(policy))
    assert held.returncode == 0, held.stdout + held.stderr
    forged = story.folder / "forged.tlog-proof"
    text = story.kept["receipt"].read_text()
    line = re.search(r"^extra (.+)$", text, re.M)
    assert line is not None
    other = b64encode(b64decode(line[1]).replace(b"looked", b"booked")).decode()
    forged.write_text(text.replace(line[1], other))
    assert check("receipt", str(forged), "--policy", str(policy)).returncode == 1


def test_the_promise_of_the_submission_was_kept(house: House, story: Story, policy: Path) -> None:
    key = house.data_dir / "keys" / "promise.pub"
    kept = check(
        "promise",
        str(story.kept["promise"]),
        "--key",
        str(key),
        "--log",
        f"{house.url}/ledger",
        "--policy",
        str(policy),
    )
    assert kept.returncode == 0, kept.stdout + kept.stderr


def test_the_receipt_holds_in_the_residents_own_browser(story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto("/open/check-receipt/")
    page.wait_for_selector("#receipt-form:not([hidden])")
    page.context.set_offline(True)
    try:
        page.locator("#receipt-file").set_input_files(story.kept["receipt"])
        page.locator("#receipt-form button").click()
        expect(page.locator("#verdict h2")).to_have_text("● 凭证成立")
    finally:
        page.context.set_offline(False)


def test_i_want_to_know_more(story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto("/me/looks/")
    look = page.locator(".opening").filter(has_text="申请内容").first
    go(page, look.get_by_role("link", name=re.compile("我想了解更多")))
    clean(page)
    shoot(page, "ask-about-a-look")
    page.get_by_role("button", name="交给督察部门").click()
    expect(page.locator(".errors")).to_be_visible()
    page.get_by_label("为什么看我的信息").check()
    page.get_by_role("button", name="交给督察部门").click()
    page.wait_for_url("**/done/")
    story.question = page.locator(".banner .number").inner_text().strip()
    assert re.fullmatch(r"DC00\d{9}", story.question)
    page.goto(f"/matters/{story.question}/")
    expect(page.get_by_text("深圳市公安局督察民警")).to_be_visible()
    expect(page.get_by_text("个工作日").first).to_be_visible()
    clean(page)
    shoot(page, "question-phone")


def test_the_officer_asked_about_does_not_see_the_question(officer, story: Story) -> None:
    page = officer("futian.clerk")
    answer = page.goto(f"/officer/matters/{story.question}/")
    assert answer is not None
    assert answer.status == 404
    for queue in ("to_claim", "waiting", "deciding", "done"):
        page.goto(f"/officer/?queue={queue}")
        assert story.question not in page.content()


def test_an_inspector_answers(officer, story: Story) -> None:
    page = officer("inspector")
    page.goto("/officer/?queue=to_claim")
    go(page, page.get_by_role("link", name=story.question))
    take(page, "claim")
    expect(page.get_by_text("被询问的查看")).to_be_visible()
    expect(page.get_by_text("福田派出所").first).to_be_visible()
    clean(page)
    shoot(page, "inspector-matter")
    take(page, "answer", note=ANSWER)


def test_the_resident_reads_the_answer(house: House, story: Story) -> None:
    page = story.page
    assert page is not None
    wait_for(
        lambda: any(story.question in text and "已答复" in text for text in house.texts_to(story.who.phone)),
        "the resident was not told of the answer",
    )
    page.goto(f"/matters/{story.question}/")
    expect(page.get_by_text(ANSWER).first).to_be_visible()
    clean(page)
    shoot(page, "question-answered")


def test_english_has_all_of_it(story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto("/me/looks/")
    go(page, page.get_by_role("button", name="English"))
    for path in ("/me/looks/", f"/matters/{story.question}/"):
        page.goto(path)
        clean(page)
    shoot(page, "question-answered-en")
    page.goto("/me/looks/")
    shoot(page, "looks-phone-en")
    go(page, page.locator(".opening").first.get_by_role("link", name=re.compile("Receipt")).first)
    clean(page)
    shoot(page, "receipt-phone-en")
