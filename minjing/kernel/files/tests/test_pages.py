"""The addresses of files: who gets in, what the answers say, what is on record before a byte leaves."""

import pytest
from django.conf import settings as live
from django.test import Client

from minjing.kernel.files import actions, plugs
from minjing.kernel.files.models import File
from minjing.kernel.files.tests import papers_in
from minjing.kernel.files.tests.conftest import NOW
from minjing.kernel.identity import sessions

JSON = "application/octet-stream"


@pytest.fixture
def at_home(client, lin):
    """Lin's browser, signed in."""
    return signed_in(client, lin)


def signed_in(browser, who):
    session = browser.session
    session[sessions.ACCOUNT] = str(who.account_id)
    session.save()
    browser.cookies[live.SESSION_COOKIE_NAME] = session.session_key
    return browser


def send(browser, content, name="结婚证.jpg", piece=4000):
    said = browser.post("/files/uploads/", {"name": name, "size": len(content), "purpose": "结婚证"}).json()
    at = 0
    while at < len(content):
        answer = browser.patch(f"{said['url']}?offset={at}", content[at : at + piece], content_type=JSON)
        assert answer.status_code == 200
        at = answer.json()["offset"]
    return browser.post(f"{said['url']}finish/")


def test_a_photo_goes_up_in_pieces_and_is_seen(at_home):
    kept = send(at_home, papers_in.photo()).json()
    shown = at_home.get(kept["url"])
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert shown.content[:3] == b"\xff\xd8\xff"
    assert shown["Cache-Control"] == "no-store, private"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown["Content-Security-Policy"]
    assert "script-src" not in shown["Content-Security-Policy"]
    assert "%E7%BB%93%E5%A9%9A%E8%AF%81.jpg" in shown["Content-Disposition"]
    assert at_home.get(kept["url"] + "?download")["Content-Disposition"].startswith("attachment")
    assert at_home.get(kept["thumbnail"])["Content-Type"] == "image/jpeg"


def test_a_pdf_is_shown_in_a_frame_of_ours_but_runs_nothing(at_home):
    kept = send(at_home, papers_in.pdf(), "扫描.pdf").json()
    shown = at_home.get(kept["url"])
    assert shown["Content-Type"] == "application/pdf"
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert kept["thumbnail"] == ""
    assert at_home.get(f"/files/{kept['id']}/small/").status_code == 404


def test_a_piece_out_of_step_answers_where_to_go_on(at_home):
    url = at_home.post("/files/uploads/", {"name": "a.jpg", "size": 10}).json()["url"]
    at_home.patch(f"{url}?offset=0", b"12345", content_type=JSON)
    answer = at_home.patch(f"{url}?offset=0", b"12345", content_type=JSON)
    assert (answer.status_code, answer.json()["offset"]) == (409, 5)
    assert at_home.get(url).json() == {"offset": 5}
    assert at_home.delete(url).status_code == 204
    assert at_home.get(url).status_code == 404


def test_a_bad_file_is_refused_in_the_readers_language(at_home):
    answer = send(at_home, papers_in.program(), "证.pdf")
    assert answer.status_code == 422
    assert "可执行程序" in answer.json()["message"]
    said = answer.json()
    assert (said["error"], "a program" in said["text"]["en"]) == ("wrong_type", True)


@pytest.mark.parametrize("form", [{}, {"size": "many"}, {"name": "a.jpg", "size": ""}])
def test_an_incomplete_request_is_told_so(at_home, form):
    assert at_home.post("/files/uploads/", form).status_code == 400


def test_a_piece_that_is_too_large_or_nowhere_is_not_read(at_home):
    url = at_home.post("/files/uploads/", {"name": "a.jpg", "size": 5_000_000}).json()["url"]
    assert at_home.patch(f"{url}?offset=0", bytes(1024 * 1024 + 1), content_type=JSON).status_code == 400
    assert at_home.patch(f"{url}?offset=-1", b"x", content_type=JSON).status_code == 400
    assert at_home.patch(url, b"x", content_type=JSON).status_code == 400


def test_nobody_gets_in_without_signing_in(client, db):
    assert client.post("/files/uploads/", {"name": "a.jpg", "size": 1}).status_code == 401
    assert client.get("/files/01a20f06-c134-702d-bc25-1d6c902824ba/").status_code == 401


def test_a_file_of_somebody_else_is_not_there(at_home, chen):
    other = actions.store(papers_in.photo(), by=chen, owner_person=chen.person_id, name="a.jpg", now=NOW)
    for url in (f"/files/{other.id}/", f"/files/{other.id}/small/"):
        answer = at_home.get(url)
        assert answer.status_code == 404
        missing = at_home.get(url.replace(str(other.id), "01a20f06-c134-702d-bc25-1d6c902824ba"))
        assert answer.content == missing.content


def test_the_guard_is_asked_before_a_byte_leaves(at_home, lin, chen):
    other = actions.store(papers_in.photo(), by=chen, owner_person=chen.person_id, name="a.jpg", now=NOW)
    asked = []

    @plugs.guard
    def yes(file_id, by, now):
        asked.append((file_id, by.account_id))
        return True

    assert at_home.get(f"/files/{other.id}/").status_code == 200
    assert asked == [(other.id, lin.account_id)]


def test_a_forged_request_from_another_site_is_refused(lin):
    strict = signed_in(Client(enforce_csrf_checks=True), lin)
    assert strict.post("/files/uploads/", {"name": "a.jpg", "size": 1}).status_code == 403
    assert not File.objects.exists()
