"""Looks on the pages: one entry a person before anything is shown, nothing where it fails; notes, review, hiding."""

import re
from datetime import timedelta

import pytest
from django.db import connection

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import reasons
from minjing.kernel.identity.models import Account, Appointment, HiddenLook, LookNote, Post
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.queries import about
from minjing.kernel.matters import queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LUO, MONDAY, ZHOU
from minjing.kernel.papers import queries as papers
from minjing.portals.officer.tests.conftest import AUDIT, SUPERVISOR, act, submitted, text, url

WU, WU_ID = "吴若溪", ANSWERS["spouse_id"]
LOOKED = "identity:person:looked"
# What must not leave: values of the form in full and masked, names of the register.
SECRETS = ("林晓夫", "林*夫", "吴若溪", "吴*溪", WU_ID, "4403************24", "2019-05-20", "2019年5月20日")
NOTE = "居民来窗口补办户口簿，核对住址"


def looks_at(person_id):
    return about(person_id, kinds=[LOOKED])


def known():
    return identity.ensure_person(name=WU, id_number=WU_ID, now=MONDAY)


def looked():
    return Outbox.objects.filter(kind=LOOKED).count()


@pytest.fixture
def broken():
    """A function after which the database refuses every look, as a full disk would."""

    def refuse():
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION refuse_look() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'no space left'; END $$"
            )
            cursor.execute(
                f"CREATE TRIGGER refuse_look BEFORE INSERT ON ledger_outbox FOR EACH ROW "
                f"WHEN (NEW.kind = '{LOOKED}') EXECUTE FUNCTION refuse_look()"
            )

    return refuse


def claimed_by_chen():
    return act(submitted(), "claim", CHEN)


def approved():
    matter = act(act(submitted(), "claim", CHEN), "recommend", CHEN)
    return act(act(matter, "claim", LUO), "approve", LUO)


# ---- coverage -------------------------------------------------------------------------------------------


def test_one_opening_of_a_page_writes_one_entry_for_each_person_it_shows(bench):
    wu, matter = known(), claimed_by_chen()
    page = text(bench(CHEN).get(url(matter)))
    (entry,) = looks_at(matter.person_id)
    assert entry["what"]["fields"] == ["matters.form", "matters.notes", "household.record", "matters.material"]
    assert (entry["what"]["reason"], entry["what"]["bound"]) == ("matter", True)
    (named,) = looks_at(wu)
    assert named["what"]["fields"] == ["matters.form", "matters.material"], "a scan may show whom the form names"
    # The paper that the page itself shows is in that entry; the next one is not.
    shown = re.search(r'<img src="([^"]+)"', page).group(1).replace("&amp;", "&")
    assert bench(CHEN).get(shown).status_code == 200
    assert len(looks_at(matter.person_id)) == 1
    assert bench(CHEN).get(shown.partition("?")[0]).status_code == 200
    assert len(looks_at(matter.person_id)) == 2
    assert len(looks_at(wu)) == 2


def test_the_mark_of_a_page_is_good_for_its_officer_and_its_paper_only(bench):
    matter = claimed_by_chen()
    shown = re.search(r'<img src="([^"]+)"', text(bench(CHEN).get(url(matter)))).group(1).replace("&amp;", "&")
    path, _, mark = shown.partition("?seen=")
    before = looked()
    assert bench(CHEN).get(f"{path}?seen={mark[:-1]}x").status_code == 200
    assert looked() == before + 1
    assert bench(ZHOU).get(shown).status_code == 403


def test_a_masked_page_is_a_look_as_well(bench):
    wu, matter = known(), submitted()
    bench(ZHOU).get(url(matter))
    assert [e["what"]["fields"] for e in looks_at(matter.person_id)] == [["matters.form"]]
    assert len(looks_at(wu)) == 1


def test_lists_show_nobody_and_write_no_look(bench):
    known()
    matter = claimed_by_chen()
    before = looked()
    for page in ("/officer/", "/officer/?queue=claimed", "/officer/?queue=to_claim", "/officer/?queue=done"):
        shown = text(bench(CHEN).get(page))
        assert not [secret for secret in SECRETS if secret in shown]
    assert matter.number in text(bench(CHEN).get("/officer/?queue=claimed"))
    assert looked() == before


SHOWN = {
    "the page of a claimed matter": lambda door: door(CHEN).get(url(claimed_by_chen())),
    "a masked page": lambda door: door(ZHOU).get(url(submitted())),
    "a paper": lambda door: _a_paper(door, claimed_by_chen()),
    "a search": lambda door: door(CHEN).post("/officer/search/", {"q": WU_ID, "reason": "counter"}),
    "a search from a matter": lambda door: door(CHEN).post(
        "/officer/search/", {"q": WU, "matter": claimed_by_chen().number}
    ),
    "a revealed page": lambda door: _revealed(door, submitted()),
    "a closed page": lambda door: _revealed(door, approved()),
    "a certificate": lambda door: _certificate(door, approved()),
}


def _a_paper(door, matter):
    return door(CHEN).get(url(matter, f"sheets/{queries.materials(matter)[0].id}/"))


def _revealed(door, matter):
    client = door(CHEN)
    client.raise_request_exception = False
    client.post(url(matter, "reveal/"), {"reason": "counter"})
    return client.get(url(matter))


def _certificate(door, matter):
    client = door(CHEN)
    client.raise_request_exception = False
    client.post(url(matter, "reveal/"), {"reason": "counter"})
    (paper,) = papers.of_matter(matter.id, now=clock.now())
    return client.get(url(matter, f"papers/{paper.id}/"))


@pytest.mark.parametrize("what", SHOWN)
def test_where_the_entry_fails_the_page_fails_and_nothing_leaves(bench, broken, what):
    known()

    def door(actor):
        client = bench(actor)
        client.raise_request_exception = False
        return client

    before = looked()
    assert SHOWN[what](door).status_code == 200
    assert looked() > before
    broken()
    answer = SHOWN[what](door)
    assert answer.status_code == 500
    body = b"".join(answer) if answer.streaming else answer.content
    assert not body.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8"))
    assert not [secret for secret in SECRETS if secret in body.decode()]


# ---- reasons --------------------------------------------------------------------------------------------


def test_a_closed_matter_shows_nothing_of_anybody_before_a_reason_is_given(bench):
    known()
    matter, before = approved(), looked()
    page = text(bench(CHEN).get(url(matter)))
    assert not [secret for secret in SECRETS if secret in page]
    assert "没有在办办件作依据" in page
    assert looked() == before
    client = bench(CHEN)
    assert client.post(url(matter, "reveal/"), {"reason": ""}).status_code == 403
    client.post(url(matter, "reveal/"), {"reason": "after_closing"})
    assert WU_ID in text(client.get(url(matter)))
    newest = looks_at(matter.person_id)[0]["what"]
    assert (newest["reason"], newest["bound"]) == ("after_closing", False)


def test_reasons_are_one_click_each_with_their_law_and_own_words_last(bench):
    page = text(bench(CHEN).post("/officer/search/", {"q": WU}))
    values = re.findall(r'name="reason" value="(\w+)"', page)
    assert values == list(reasons.reasons())
    assert values[-1] == "other"
    assert "《人民警察法》第 21 条" in page


def test_a_matter_that_has_been_closed_is_no_reason_to_search(bench):
    known()
    matter = approved()
    page = text(bench(LUO).post("/officer/search/", {"q": WU, "matter": matter.number}))
    assert "吴*溪" not in page


# ---- notes ----------------------------------------------------------------------------------------------


@pytest.fixture
def each_is_drawn(monkeypatch):
    monkeypatch.setattr(reasons, "lot", lambda: reasons.Lot(1, 1, 5, 7))


@pytest.fixture
def note(bench, each_is_drawn):
    known()
    bench(CHEN).post("/officer/search/", {"q": WU_ID, "reason": "counter"})
    return LookNote.objects.get()


def test_the_officer_answers_and_the_peer_reviews_on_the_pages(bench, note):
    shown = text(bench(CHEN).get("/officer/look-notes/"))
    assert "当事人到场办事" in shown
    assert "吴" not in shown
    recalled = text(bench(CHEN).post("/officer/look-notes/", {"note_id": note.pk, "recall": "1", "note": "写了一半"}))
    assert "吴*溪" in recalled
    assert "写了一半" in recalled
    refused = bench(CHEN).post("/officer/look-notes/", {"note_id": note.pk, "note": "办案需要"})
    assert refused.status_code == 422
    assert "办案需要" in text(refused)
    assert bench(CHEN).post("/officer/look-notes/", {"note_id": note.pk, "note": NOTE}).status_code == 302
    note.refresh_from_db()
    peer = next(a for a in (ELSEWHERE, LUO, world.MA, world.CHECKER) if a.account_id == note.reviewer_id)
    assert "当事人到场办事" in text(bench(peer).get("/officer/look-notes/review/"))
    page = f"/officer/look-notes/review/{note.pk}/"
    assert NOTE in text(bench(peer).get(page))
    assert looks_at(note.person_id)[0]["what"]["reason"] == "note_review"
    assert bench(CHEN).get(page).status_code == 404
    assert bench(CHEN).post(page, {"verdict": "fits"}, follow=True).status_code == 200
    note.refresh_from_db()
    assert note.verdict == ""
    bench(peer).post(page, {"verdict": "does_not_fit"})
    note.refresh_from_db()
    assert note.verdict == "does_not_fit"
    assert "已经复核" in text(bench(peer).post(page, {"verdict": "fits"}, follow=True))
    listed = text(bench(SUPERVISOR).get("/officer/look-notes/supervised/"))
    assert "不相符" in listed
    assert NOTE not in listed
    assert "吴" not in listed
    bench(SUPERVISOR).post(f"/officer/look-notes/supervised/{note.pk}/")
    assert "没有要过问的查看" in text(bench(SUPERVISOR).get("/officer/look-notes/supervised/"))


def test_the_pages_of_notes_that_are_empty_say_what_comes_there(bench):
    assert "没有要说明的查看" in text(bench(CHEN).get("/officer/look-notes/"))
    assert "没有等您复核的说明" in text(bench(CHEN).get("/officer/look-notes/review/"))
    assert "没有要过问的查看" in text(bench(SUPERVISOR).get("/officer/look-notes/supervised/"))
    for page in ("/officer/look-notes/", "/officer/look-notes/review/", "/officer/hidden-looks/"):
        assert bench(SUPERVISOR).get(page).status_code == 403
    assert bench(CHEN).get("/officer/look-notes/supervised/").status_code == 403


def test_where_the_entry_fails_no_note_and_no_name_is_opened(bench, note, broken):
    bench(CHEN).post("/officer/look-notes/", {"note_id": note.pk, "note": NOTE})
    note.refresh_from_db()
    peer = next(a for a in (ELSEWHERE, LUO, world.MA, world.CHECKER) if a.account_id == note.reviewer_id)
    LookNote.objects.filter(pk=note.pk).update(note_sealed=None, answered_at=None, reviewer=None, assigned_at=None)
    broken()
    client = bench(CHEN)
    client.raise_request_exception = False
    answer = client.post("/officer/look-notes/", {"note_id": note.pk, "recall": "1"})
    assert (answer.status_code, "吴" in text(answer)) == (500, False)
    client.post("/officer/look-notes/", {"note_id": note.pk, "note": NOTE})
    LookNote.objects.filter(pk=note.pk).update(reviewer=peer.account_id)
    client = bench(peer)
    client.raise_request_exception = False
    answer = client.get(f"/officer/look-notes/review/{note.pk}/")
    assert (answer.status_code, NOTE in text(answer)) == (500, False)


# ---- hiding ---------------------------------------------------------------------------------------------

LEGAL = world.officer(45, "branch_legal", "1.4.", ("approve_hidden",))


@pytest.fixture
def legal(bench):
    Post.objects.create(
        code="branch_legal", name={"zh": "法制", "en": "legal"}, level="branch", acts=["approve_hidden"]
    )
    Account.objects.create(
        id=LEGAL.account_id, kind="officer", login="legal", display_name="法制", created_at=clock.now()
    )
    Appointment.objects.create(account_id=LEGAL.account_id, unit_id=4, post_id="branch_legal", since=MONDAY)
    return LEGAL


def ask(client, **more):
    said = {"id_number": WU_ID, "basis": "would_hinder", "facts": "正在侦查的案件，告知会惊动相关人员"}
    return client.post("/officer/hidden-looks/", {**said, **more})


def soon():
    return (clock.now() + timedelta(days=30)).date().isoformat()


def test_leave_is_asked_given_and_ended_on_the_pages(bench, legal):
    known()
    wrong = ask(bench(CHEN), facts="短", until=soon())
    assert wrong.status_code == 422
    assert "10 至 500 个字" in text(wrong)
    assert ask(bench(CHEN), until="2020-01-01").status_code == 422
    assert ask(bench(CHEN), until="2099-01-01").status_code == 422
    assert ask(bench(CHEN), until=soon()).status_code == 302
    assert "待审批" in text(bench(CHEN).get("/officer/hidden-looks/"))
    leave = HiddenLook.objects.get()
    page = f"/officer/hidden-looks/decide/{leave.pk}/"
    assert bench(CHEN).get(page).status_code == 403
    assert "告知将妨碍" in text(bench(legal).get("/officer/hidden-looks/decide/"))
    shown = text(bench(legal).get(page))
    assert "惊动相关人员" in shown
    assert WU not in shown
    assert WU_ID not in shown
    bench(legal).post(page, {"decision": "grant"})
    assert "已有人审批" in text(bench(legal).post(page, {"decision": "refuse"}, follow=True))
    assert "生效中" in text(bench(CHEN).get("/officer/hidden-looks/"))
    bench(CHEN).post("/officer/search/", {"q": WU_ID, "reason": "incident"})
    assert looks_at(leave.person_id)[0]["what"]["hidden"]["leave"] == str(leave.pk)
    assert "没有等待审批的申请" in text(bench(legal).get("/officer/hidden-looks/decide/"))
    bench(CHEN).post(f"/officer/hidden-looks/{leave.pk}/end/")
    assert "已提前结束" in text(bench(CHEN).get("/officer/hidden-looks/"))


def test_the_legal_officer_opens_the_workbench_at_what_waits_and_reads_nobody(bench, legal):
    assert bench(legal).get("/officer/")["Location"] == "/officer/hidden-looks/decide/"
    matter = submitted()
    page = text(bench(legal).get(url(matter)))
    assert not [secret for secret in SECRETS if secret in page]
    assert bench(legal).post("/officer/search/", {"q": WU_ID, "reason": "counter"}).status_code == 403


def test_the_auditor_draws_the_lot_again_on_the_page(bench, note):
    assert "应抽" in text(bench(AUDIT).get("/officer/admin/looks/?recheck=1"))
    assert str(note.entry_id) not in text(bench(AUDIT).get("/officer/admin/looks/?recheck=1"))
    LookNote.objects.all().delete()
    assert str(note.entry_id) in text(bench(AUDIT).get("/officer/admin/looks/?recheck=1"))
