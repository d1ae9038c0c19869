"""The main journey: a spouse moves in, from the search box to the paper that anyone can check."""

import io
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import pytest
from playwright.sync_api import Page, expect
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.house import House, wait_for
from tests.journeys.conftest import PHONE, at, checked_at_the_counter, go, say_who, shoot, sign_in_resident
from tests.people import Resident, newcomer, photo

SERVICE = "HZ0301"


@dataclass
class Story:
    """What one chapter leaves for the next."""

    who: Resident = field(default_factory=newcomer)
    number: str = ""
    page: Page | None = None
    pdf: bytes = b""
    check: str = ""


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


FIELDS = """() => [...document.querySelectorAll('#questions [name]')].map((e, place) => {
  const box = e.getBoundingClientRect();
  return { place, name: e.name, kind: e.type, value: e.value, ticked: e.checked === true,
           seen: box.width > 0 && box.height > 0 && e.checkVisibility({ visibilityProperty: true }) };
})"""


def fill_page(page: Page, answers: dict[str, str]) -> None:
    """Fill every question of the page that `answers` knows, one at a time: an answer may bring more questions."""
    for _ in range(60):
        blank = next((field for field in page.evaluate(FIELDS) if _is_blank(field, answers)), None)
        if blank is None:
            return
        field = page.locator("#questions [name]").nth(blank["place"])
        if blank["kind"] in ("radio", "checkbox"):
            field.check()
        elif blank["kind"] == "select-one":
            field.select_option(answers[blank["name"]])
        else:
            field.fill(answers[blank["name"]])
            field.blur()  # a question that decides about others asks when it is left
        asked_anew(page)
    raise AssertionError(f"the page does not keep what is filled in: {blank}")


def _is_blank(field: dict, answers: dict[str, str]) -> bool:
    wanted = answers.get(field["name"])
    if wanted is None or not field["seen"]:
        return False
    if field["kind"] in ("radio", "checkbox"):
        return field["value"] == wanted and not field["ticked"]
    return field["value"] != wanted


def asked_anew(page: Page) -> None:
    """Wait until the questions that an answer calls for have come: what is typed before would be asked again."""
    expect(page.locator(".htmx-request")).to_have_count(0)


def fill_form(page: Page, answers: dict[str, str], stop_before: str = "") -> None:
    """Go through the pages of the form until the papers, or until the heading `stop_before`."""
    for _ in range(12):
        if "/materials/" in page.url or (stop_before and stop_before in page.locator("h1").inner_text()):
            return
        fill_page(page, answers)
        before = page.url
        go(page, page.get_by_role("button", name="保存并继续"))
        if page.url == before and page.locator(".errors").count():
            raise AssertionError(page.locator(".errors").inner_text())
    raise AssertionError(f"the form does not end: {page.url}")


def send_papers(page: Page, use_button: bool = False) -> None:
    """Send a photo of every paper that is still wanted."""
    for _ in range(15):
        missing = (
            page.locator("section.card")
            .filter(has=page.locator("input[type=file]"))
            .filter(has_not=page.locator(".thumbs li"))
        )
        if not missing.count():
            return
        section = missing.first
        if not use_button:  # the script has taken over the field
            expect(section.locator("ul.uploads")).to_be_attached()
        name = section.locator("input[type=file]").get_attribute("name") or "paper"
        section.locator("input[type=file]").set_input_files(
            {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": photo(name)}
        )
        if use_button:
            section.get_by_role("button").last.click()
        expect(page.locator(f"#q-{name} .thumbs li").first).to_be_visible()


def test_the_service_is_found_in_four_ways(browse, demo_journey) -> None:
    page = browse(PHONE).new_page()
    for words in ("夫妻投靠", "fuqi", "fqtk", "join a spouse"):
        page.goto("/")
        page.locator("#q").fill(words)
        page.locator("#q").press("Enter")
        expect(page.locator(f'a[href$="/{SERVICE}/"]').first).to_be_visible()
    shoot(page, "resident-found")
    page.goto("/")
    shoot(page, "resident-home")


def test_typing_finds_without_a_button(browse) -> None:
    page = browse(PHONE).new_page()
    page.goto("/")
    page.locator("#q").press_sequentially("fqtk", delay=30)
    expect(page.locator(f'#found a[href$="/{SERVICE}/"]').first).to_be_visible()


def test_the_guide_is_read_without_an_account(browse, story: Story) -> None:
    page = browse(PHONE).new_page()
    page.goto(f"/open/services/{SERVICE}/")
    for words in ("户口登记条例", "20", "结婚证", "准予迁入证明", "不收费"):
        expect(page.get_by_text(words).first).to_be_visible()
    shoot(page, "guide")


def test_a_resident_signs_in_and_says_who_they_are(browse, house: House, story: Story) -> None:
    page = browse(PHONE).new_page()
    sign_in_resident(page, house, story.who.phone)
    page.goto("/sign-in/who/")
    page.locator("#name").fill(story.who.name)
    wrong = story.who.id_number[:-1] + ("0" if story.who.id_number[-1] != "0" else "1")
    page.locator("#id_number").fill(wrong)
    page.get_by_role("button", name="确认").click()
    expect(page.locator("#id_number-error")).to_be_visible()
    say_who(page, story.who)
    story.page = page


def test_the_form_is_left_in_the_middle(story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto(f"/apply/{SERVICE}/")
    page.get_by_role("button", name="开始填写").click()
    page.wait_for_url("**/drafts/**")
    shoot(page, "form-first-page")
    page.get_by_role("button", name="保存并继续").click()  # nothing filled in: all that is wrong is said at once
    expect(page.locator(".errors")).to_be_visible()
    shoot(page, "form-errors")
    fill_page(page, story.who.answers())
    before = page.url
    go(page, page.get_by_role("button", name="保存并继续"))
    assert page.url != before, page.locator(".errors").inner_text()
    page.context.close()


def test_another_device_goes_on_where_it_was_left(browse, house: House, story: Story) -> None:
    page = browse(PHONE).new_page()
    sign_in_resident(page, house, story.who.phone)
    page.goto("/matters/")
    page.get_by_role("link", name="夫妻投靠入户").first.click()
    expect(page.locator("h1")).to_have_text("婚姻情况")
    fill_form(page, story.who.answers())
    shoot(page, "papers-empty")
    send_papers(page)
    shoot(page, "papers-sent")
    page.get_by_role("button", name="继续").click()
    page.wait_for_url("**/check/")
    story.page = page


def test_everything_is_checked_on_one_page_and_submitted_once(story: Story) -> None:
    page = story.page
    assert page is not None
    expect(page.get_by_text(story.who.name).first).to_be_visible()
    shoot(page, "check")
    page.get_by_role("button", name="确认并提交").click()
    expect(page.locator("#e-declare")).to_be_visible()  # without the declaration nothing is submitted
    page.locator("#declare").check()
    page.get_by_role("button", name="确认并提交").dblclick()
    page.wait_for_url("**/done/")
    story.number = page.locator(".banner .number").inner_text().strip()
    assert re.fullmatch(r"HZ\d{11}", story.number), story.number
    expect(page.get_by_text("受理回执").first).to_be_visible()
    assert page.locator("ol.line li").count() >= 3
    shoot(page, "receipt")


def test_two_clicks_made_one_matter(house: House, story: Story) -> None:
    assert house.rows(
        "SELECT count(*) FROM matters_matter WHERE account_id ="
        " (SELECT account_id FROM matters_matter WHERE number = %s)",
        [story.number],
    ) == [(1,)]


def open_matter(page: Page, number: str) -> None:
    page.goto(f"/officer/matters/{number}/")


def take(page: Page, action: str, **fields: object) -> None:
    """Take a step on the matter's page: open its panel when it needs words, else press its button."""
    page.goto(page.url.split("?")[0] + f"?step={action}#panel")
    panel = page.locator("form.panel")
    if not panel.count():
        go(page, page.locator(f'form[action$="/steps/{action}/"] button').first)
        return
    if fields.get("material"):
        panel.locator(f"input[name=materials][value={fields['material']}]").check()
    if fields.get("note"):
        panel.locator("textarea[name=note]").fill(str(fields["note"]))
    go(page, panel.locator("button.button").first)


def test_a_clerk_finds_it_in_the_queue_and_claims_it(officer, story: Story) -> None:
    page = officer("futian.clerk")
    page.goto("/officer/")
    shoot(page, "officer-queue")
    page.goto("/officer/?queue=to_claim")
    expect(page.get_by_role("link", name=story.number)).to_be_visible()
    go(page, page.get_by_role("link", name=story.number))
    expect(page.get_by_text("信息已遮盖")).to_be_visible()
    assert story.who.id_number not in page.content()  # nothing of the person before there is a reason
    shoot(page, "officer-before-claim")
    take(page, "claim")
    assert story.who.id_number in page.content()
    shoot(page, "officer-matter")


def test_a_colleague_is_kept_out(officer, story: Story) -> None:
    page = officer("futian.clerk2")
    open_matter(page, story.number)
    assert page.locator('form[action$="/steps/recommend/"]').count() == 0
    assert story.who.id_number not in page.content()
    expect(page.get_by_text("领办：").first).to_be_visible()


def test_an_officer_of_another_station_does_not_see_it(officer, story: Story) -> None:
    page = officer("lianhua.clerk")
    answer = page.goto(f"/officer/matters/{story.number}/")
    assert answer is not None
    assert answer.status == 404
    assert story.who.name not in page.content()


def due_at(house: House, number: str) -> datetime:
    return house.rows("SELECT due_at FROM matters_matter WHERE number = %s", [number])[0][0]


def test_asking_for_a_paper_stops_the_clock_and_tells_the_resident(officer, house: House, story: Story) -> None:
    page = officer("futian.clerk")
    open_matter(page, story.number)
    before = due_at(house, story.number)
    take(page, "ask_supplement", material="marriage_certificate", note="照片不清楚，请重新拍摄。")
    expect(page.get_by_text("等待申请人补正").first).to_be_visible()
    shoot(page, "officer-paused")
    assert due_at(house, story.number) == before
    wait_for(
        lambda: any(story.number in text for text in house.texts_to(story.who.phone)), "the resident was not told"
    )


def test_the_resident_supplements_and_the_clock_runs_on(house: House, story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto(f"/matters/{story.number}/")
    expect(page.get_by_text("照片不清楚，请重新拍摄。").first).to_be_visible()
    shoot(page, "resident-asked")
    page.get_by_role("link", name="现在补充").click()
    expect(page.locator("ul.uploads").first).to_be_attached()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "again.jpg", "mimeType": "image/jpeg", "buffer": photo("again")}
    )
    page.get_by_role("button", name="提交补充材料").click()
    page.wait_for_url(at(f"/matters/{story.number}/"))
    state, since = house.rows("SELECT state, paused_since FROM matters_matter WHERE number = %s", [story.number])[0]
    assert (state, since) == ("submitted", None)
    shoot(page, "resident-supplemented")


def test_the_clerk_recommends_and_cannot_decide(officer, house: House, story: Story) -> None:
    page = officer("futian.clerk")
    open_matter(page, story.number)
    if page.locator('form[action$="/steps/claim/"]').count():
        take(page, "claim")
    finish_tasks(officer, story.number)
    open_matter(page, story.number)
    take(page, "recommend", note="材料齐全，建议同意。")
    assert house.rows("SELECT state FROM matters_matter WHERE number = %s", [story.number]) == [("recommended",)]
    open_matter(page, story.number)
    assert page.locator('form[action$="/steps/approve/"]').count() == 0
    assert page.locator('form[action$="/steps/claim/"]').count() == 0


def finish_tasks(officer, number: str) -> None:
    """Let the checker of the branch close the tasks beside the matter, if there are any."""
    page = officer("futian.checker")
    open_matter(page, number)
    while page.locator('form[action*="/tasks/"]').count():
        task = page.locator('form[action*="/tasks/"]').first
        go(page, task.locator('button[value="clear"], input[value="clear"]').first)
        open_matter(page, number)


def test_an_approver_of_the_branch_decides(officer, house: House, story: Story) -> None:
    page = officer("futian.approver")
    open_matter(page, story.number)
    take(page, "claim")
    shoot(page, "approver-matter")
    take(page, "approve")
    assert house.rows("SELECT outcome FROM matters_matter WHERE number = %s", [story.number]) == [("approved",)]
    shoot(page, "approver-done")


def test_the_register_has_the_member_and_the_resident_the_paper(officer, house: House, story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto(f"/matters/{story.number}/")
    shoot(page, "resident-approved")
    paper = page.locator('a[href$=".pdf"]').first.get_attribute("href")
    assert paper is not None
    story.pdf = page.request.get(paper).body()
    check = page.locator('a[href^="/open/check/"]').first.get_attribute("href")
    assert check is not None
    story.check = check
    page.goto("/me/")
    expect(page.get_by_text("602000001")).to_have_count(0)  # others may know a name and a number
    go(page, page.get_by_role("link", name="核验身份证和本人"))
    checked_at_the_counter(page, officer)
    expect(page.get_by_text("602000001").first).to_be_visible()
    shoot(page, "resident-me")


def test_the_papers_signature_holds_and_it_carries_its_address(house: House, story: Story) -> None:
    signature = PdfFileReader(io.BytesIO(story.pdf)).embedded_signatures[0]
    roots = list(load_certs_from_pemder_data(httpx.get(f"{house.url}/open/papers/authority.pem").content))
    with ThreadPoolExecutor(1) as other:  # pyHanko starts an event loop, and Playwright's runs in this thread
        status = other.submit(validate_pdf_signature, signature, ValidationContext(trust_roots=roots)).result()
    assert status.bottom_line, "the signature does not verify"
    text = pdf_text(story.pdf)
    assert story.who.name in text
    assert story.check.rsplit("/", 1)[1] in re.sub(r"[\s-]", "", text)  # the code under the QR code


def pdf_text(pdf: bytes) -> str:
    """Return the text of a PDF as poppler reads it."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils is not installed: run `sh tests/setup.sh`")
    return subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def test_anyone_sees_that_the_paper_is_valid_and_nothing_of_the_person(browse, story: Story) -> None:
    page = browse(PHONE).new_page()
    page.goto(story.check)
    expect(page.locator("h1")).to_contain_text("有效")
    for word in (story.who.name, story.who.id_number, story.who.phone, "苏"):
        assert word not in page.content()
    shoot(page, "check-valid")
    page.goto("/open/check/AAAA-AAAA-AAAA-AAAA")
    expect(page.locator("h1")).to_contain_text("查无此证")


def test_the_resident_rates_and_sees_who_looked(story: Story) -> None:
    page = story.page
    assert page is not None
    page.goto(f"/matters/{story.number}/")
    page.locator("#stars-5").check()
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_text("谢谢您的评价。")).to_be_visible()
    page.goto("/me/looks/")
    expect(page.get_by_text(story.number).first).to_be_visible()
    shoot(page, "resident-looks")


def test_the_officers_posts_do_not_reach_a_strangers_matter(browse, house: House, story: Story) -> None:
    stranger = newcomer("陆远")
    page = browse(PHONE).new_page()
    sign_in_resident(page, house, stranger.phone)
    say_who(page, stranger)
    for path in (f"/matters/{story.number}/", f"/matters/{story.number}/form/", f"/matters/{story.number}/done/"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404, path
        assert story.who.name not in page.content()


def test_the_demo_journey_over_http_holds(demo_journey) -> None:
    said, _ = demo_journey.communicate(timeout=240)
    assert demo_journey.returncode == 0, said
    assert "Every step held" in said


def test_the_ledger_verifies_until_one_byte_is_changed(house: House, story: Story) -> None:
    wait_for(
        lambda: house.rows("SELECT count(*) FROM ledger_outbox WHERE ledger_index(xid, seq) IS NULL") == [(0,)],
        "the sequencer does not catch up",
    )
    verified = house.run("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    entry_id = house.rows(
        "SELECT e.entry_id FROM matters_matterevent e JOIN matters_matter m ON m.id = e.matter_id"
        " WHERE m.number = %s AND e.action = 'approve'",
        [story.number],
    )[0][0]
    private = "UPDATE ledger_outbox SET payload = set_byte(payload, 20, get_byte(payload, 20) # 1) WHERE id = %s"
    assert house.tamper(private, [entry_id]) == 1
    broken = house.run("ledger", "verify")
    index = house.rows("SELECT ledger_index(xid, seq) FROM ledger_outbox WHERE id = %s", [entry_id])[0][0]
    assert broken.returncode == 1
    assert f"Entry {index}" in broken.stdout + broken.stderr
    assert house.tamper(private, [entry_id]) == 1  # as it was
    assert house.run("ledger", "verify").returncode == 0
