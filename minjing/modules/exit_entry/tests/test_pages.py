"""The resident's own documents as pages: what stands there, what one press does, what nobody else sees."""

import re

import pytest
from django.test import Client

from minjing.base import clock
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.matters.tests.issuing import issue_what_is_paid
from minjing.modules.exit_entry.models import Document
from minjing.modules.exit_entry.tests.test_endorsements import ONLINE
from minjing.modules.exit_entry.tests.world import LIN, MAKER, OLD, SU, act, apply, document, granted, made, only_paid

pytestmark = pytest.mark.django_db
TITLE = re.compile(r"<h1>(.*?)</h1>", re.S)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """Let the pages be opened on the day of the tests' world."""
    from minjing.modules.exit_entry.tests.world import HOUR, NOW

    monkeypatch.setattr("minjing.modules.exit_entry.views.own.now", lambda: NOW + HOUR)


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "现在就可以换发"), ("en", "can be renewed now")])
def test_a_passport_that_runs_out_says_so_and_offers_the_renewal(office, language, words):
    page = signed_in(LIN.actor, language).get("/me/documents/").content.decode()
    assert words in page
    assert "/apply/EX0003/" in page
    assert "/apply/EX0008/" in page  # the permit can be endorsed again
    assert "EZ0000001" not in page  # the number is masked


def test_somebody_without_documents_is_led_to_the_first_ones(office):
    page = signed_in(SU.actor).get("/me/documents/").content.decode()
    assert "登记中没有您的出入境证件" in page
    assert all(f"/open/services/{code}/" in page or code in page for code in ("EX0002", "EX0006", "EX0009"))


@pytest.mark.parametrize(
    ("code", "page", "empty"),
    [("EX0003", "passport", "首次申请"), ("EX0005", "entry", "不能加注"), ("EX0008", "permit", "签注可以一起申请")],
)
def test_a_form_that_finds_no_document_says_what_to_do_instead(office, code, page, empty):
    for who, words in ((SU, empty), (LIN, "****")):
        browser = signed_in(who.actor)
        draft = browser.post(f"/apply/{code}/")["Location"]
        shown = browser.get(f"{draft}{page}/").content.decode()
        assert words in shown
        assert ('class="known"' in shown) == (who is LIN)


def test_what_has_run_out_is_applied_for_anew(office):
    page = signed_in(OLD.actor).get("/me/documents/").content.decode()
    assert "/apply/EX0002/" in page
    assert "本式" in page


def test_a_document_is_declared_lost_by_a_page_that_asks_once(office):
    passport = document(LIN, "passport")
    browser = signed_in(LIN.actor)
    address = f"/me/documents/{passport.id}/lost/"
    assert browser.get(address).headers["Location"].startswith("/identity/raise/?to=3&next=")
    LIN.prove()
    assert browser.post(address, {}).status_code == 422
    assert browser.post(address, {"reason": "stolen"}).status_code == 302
    passport.refresh_from_db()
    assert passport.state == Document.LOST
    assert browser.get(address).status_code == 404
    assert "/apply/EX0004/" in browser.get("/me/documents/").content.decode()


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "正在签发"), ("en", "it is being issued")])
def test_the_matter_says_that_it_is_being_issued_until_the_worker_has_done_so(office, language, words):
    matter = apply("EX0008", LIN, unpaid=True, now=clock.now(), **ONLINE)
    browser, page = signed_in(LIN.actor, language), f"/matters/{matter.number}/"
    assert words not in browser.get(page).content.decode()
    only_paid(matter, LIN.actor, clock.now())
    assert words in browser.get(page).content.decode()
    issue_what_is_paid(clock.now())
    assert words not in browser.get(page).content.decode()


def test_nobody_declares_or_sees_somebody_elses_document(office):
    SU.prove()
    passport = document(LIN, "passport")
    assert signed_in(SU.actor).get(f"/me/documents/{passport.id}/lost/").status_code == 404
    assert Client(HTTP_HOST="localhost").get("/me/documents/").status_code == 302


def test_the_matter_shows_the_code_to_its_holder_beside_the_line_of_stations(office):
    matter = made(granted(apply("EX0003", LIN, reason="expiring", delivery_mode="cabinet", now=clock.now())))
    matter = act(matter, "to_cabinet", MAKER, now=clock.now())
    page = signed_in(LIN.actor).get(f"/matters/{matter.number}/").content.decode()
    assert "取证码" in page
    assert "/identity/raise/?to=3" in page
    assert "放入自助取证柜" in page
    own = signed_in(LIN.actor).get("/me/").content.decode()
    assert "/me/documents/" in own
    assert len(TITLE.findall(page)) == 1
