"""Planted names, numbers and phones walk through the pages: none in public files, logs, errors or addresses."""

import logging
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.conf import settings as configured
from django.test import Client

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import reasons
from minjing.kernel.identity.models import HiddenLook, LookNote
from minjing.kernel.ledger.actions import drain
from minjing.kernel.matters import queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LUO, MONDAY, ZHOU
from minjing.kernel.papers import queries as papers
from minjing.portals.officer.tests.conftest import AUDIT, SUPERVISOR, act, submitted, text, url
from minjing.portals.officer.tests.test_looks import LEGAL, legal  # noqa: F401 - the fixture

NAME, NUMBER, PHONE, WORDS = "吴若溪", ANSWERS["spouse_id"], "13912345678", "金丝雀"
CANARIES = (NAME, NUMBER, PHONE, WORDS, "林晓夫", "440304199001010011")
LINK = re.compile(r'(?:href|src|action|data-src)="([^"]*)"')


class Walk:
    """A browser for each officer; keeps each answer with the address that was asked for."""

    def __init__(self, bench):
        self.bench, self.answers = bench, []

    def go(self, who, method, path, **data):
        client: Client = self.bench(who)
        client.raise_request_exception = False
        answer = getattr(client, method)(path, data) if data else getattr(client, method)(path)
        self.answers.append((path, answer))
        return answer


def tour(walk: Walk) -> None:
    """Open, search, claim, decide, print, note, review, hide, fail: with a canary wherever somebody types."""
    identity.ensure_person(name=NAME, id_number=NUMBER, now=MONDAY)
    matter = submitted(contact_phone=PHONE) if "contact_phone" in ANSWERS else submitted()
    walk.go(ZHOU, "get", url(matter))
    walk.go(ZHOU, "post", url(matter, "reveal/"), reason="other", words=f"{WORDS}来电{NAME}")
    walk.go(CHEN, "post", "/officer/search/", q=NUMBER)
    walk.go(CHEN, "post", "/officer/search/", q=NUMBER, reason="other", words=f"{WORDS}{NAME}")
    walk.go(CHEN, "post", "/officer/search/", q=NAME, reason="nonsense")
    walk.go(SUPERVISOR, "post", "/officer/search/", q=NAME, reason="counter")
    walk.go(ELSEWHERE, "get", url(matter))
    matter = act(matter, "claim", CHEN)
    walk.go(CHEN, "get", url(matter))
    walk.go(CHEN, "get", url(matter, f"sheets/{queries.materials(matter)[0].id}/"))
    walk.go(CHEN, "post", url(matter, "steps/recommend/"), ver="999", note=f"{WORDS}{NAME}{PHONE}")
    walk.go(ZHOU, "post", url(matter, "steps/recommend/"), ver="1", note=f"{WORDS}{NAME}{PHONE}")
    matter = act(act(act(matter, "recommend", CHEN, note=WORDS), "claim", LUO), "approve", LUO, note=WORDS)
    (paper,) = papers.of_matter(matter.id, now=clock.now())
    walk.go(LUO, "get", url(matter, f"papers/{paper.id}/"))
    for note in LookNote.objects.filter(account_id=CHEN.account_id)[:2]:
        walk.go(CHEN, "post", "/officer/look-notes/", note_id=note.pk, recall="1")
        walk.go(CHEN, "post", "/officer/look-notes/", note_id=note.pk, note=f"{WORDS}居民{NAME}来窗口补办")
        note.refresh_from_db()
        for peer in (ELSEWHERE, LUO, world.MA, world.CHECKER):
            walk.go(peer, "get", f"/officer/look-notes/review/{note.pk}/")
            walk.go(peer, "post", f"/officer/look-notes/review/{note.pk}/", verdict="does_not_fit")
    walk.go(SUPERVISOR, "get", "/officer/look-notes/supervised/")
    until = (clock.now() + timedelta(days=9)).date().isoformat()
    said = {"id_number": NUMBER, "basis": "would_hinder", "until": until}
    walk.go(CHEN, "post", "/officer/hidden-looks/", **said, facts=f"{WORDS}侦查的案件，不惊动{NAME}")
    leave = HiddenLook.objects.get()
    walk.go(LEGAL, "get", f"/officer/hidden-looks/decide/{leave.pk}/")
    walk.go(LEGAL, "post", f"/officer/hidden-looks/decide/{leave.pk}/", decision="grant")
    walk.go(CHEN, "post", "/officer/search/", q=NUMBER, reason="incident")
    for page in ("/officer/admin/looks/?recheck=1", "/officer/admin/ledger/?kind=identity:"):
        walk.go(AUDIT, "get", page)
    for page in ("/open/hidden-looks/", "/open/hidden-looks.json", "/officer/matters/HZ9999/", "/officer/nothing/"):
        walk.go(CHEN, "get", page)


@pytest.fixture
def walked(bench, legal, monkeypatch, caplog):  # noqa: F811
    monkeypatch.setattr(reasons, "lot", lambda: reasons.Lot(1, 1, 5, 7))
    walk = Walk(bench)
    with caplog.at_level(logging.DEBUG):
        tour(walk)
    return walk


def told(canary: str, words: str) -> bool:
    return canary in words or canary in unquote(words)


def test_no_log_no_error_and_no_address_holds_a_canary(walked, caplog):
    answers = walked.answers
    assert len(answers) > 30
    assert any(NUMBER in text(answer) for _, answer in answers if "text/html" in answer.headers["Content-Type"])
    for canary in CANARIES:
        assert not [r for r in caplog.records if told(canary, r.getMessage()) and not hasattr(r, "sql")]
        for path, answer in answers:
            assert not told(canary, path)
            assert not told(canary, answer.headers.get("Location", ""))
            if answer.status_code in (401, 403, 404, 405, 410, 500):
                assert canary not in text(answer), path
            if "text/html" in answer.headers["Content-Type"]:
                assert not [link for link in LINK.findall(text(answer)) if told(canary, link)], path
    assert {403, 404, 409, 422} <= {answer.status_code for _, answer in answers}


@pytest.mark.django_db(transaction=True)
def test_no_public_file_of_the_ledger_holds_a_canary(walked):
    drain(clock.now())
    public = [path for path in Path(configured.LEDGER_DIR).rglob("*") if path.is_file()]
    content = {path: path.read_bytes() for path in public}
    assert any(b"identity:person:looked" in said for said in content.values())  # the entries are there
    for canary in CANARIES:
        assert not [path for path, said in content.items() if canary.encode() in said or canary in str(path)]


def test_the_search_for_canaries_can_find_one():
    assert told(NAME, "/officer/search/?q=%E5%90%B4%E8%8B%A5%E6%BA%AA")
    assert LINK.findall(f'<a href="/x?q={NAME}">') == [f"/x?q={NAME}"]
