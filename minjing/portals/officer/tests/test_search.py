"""Searching: by number at once; a person only for a reason, masked, and written down before anything is shown."""

from datetime import date

from minjing.base import idnumber
from minjing.kernel.identity import actions as identity
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import oversight
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, MONDAY, ZHOU
from minjing.portals.officer.tests.conftest import SUPERVISOR, act, submitted, text, url

WU, WU_ID = "吴若溪", "440304199203040024"
LOOKED = "identity:person:looked"


def looked():
    return Outbox.objects.filter(kind=LOOKED)


def known() -> None:
    identity.ensure_person(name=WU, id_number=WU_ID, now=MONDAY)


def test_a_number_opens_the_matter_and_no_reason_is_asked(bench):
    matter = submitted()
    answer = bench(CHEN).post("/officer/search/", {"q": matter.number.lower()})
    assert (answer.status_code, answer["Location"]) == (302, url(matter))
    assert bench(ELSEWHERE).post("/officer/search/", {"q": matter.number}).status_code == 404


def test_a_name_asks_for_a_reason_and_shows_nobody_until_then(bench):
    known()
    before = looked().count()
    page = text(bench(CHEN).post("/officer/search/", {"q": WU}))
    assert "为什么要查看这个人的信息" in page
    assert "吴*溪" not in page
    assert looked().count() == before


def test_with_a_reason_the_person_is_shown_masked_and_the_look_is_in_the_ledger(bench):
    known()
    before = looked().count()
    page = text(bench(CHEN).post("/officer/search/", {"q": WU_ID, "reason": "counter"}))
    assert "吴*溪" in page
    assert WU not in page
    assert "4403************24" in page
    assert looked().count() == before + 1


def test_nobody_found_leaves_no_look_but_the_question_is_on_record(bench):
    before = looked().count()
    page = text(bench(CHEN).post("/officer/search/", {"q": "查无此人", "reason": "counter"}))
    assert "没有找到" in page
    assert looked().count() == before
    assert Outbox.objects.filter(kind="identity:search:asked").count() == 1


def test_matters_about_a_person_are_found_by_their_id_number(bench):
    matter = submitted()
    known()
    page = text(bench(CHEN).post("/officer/search/", {"q": WU_ID, "reason": "counter"}))
    # The matter is Lin's own: the spouse's number is an answer in the sealed form, which no search opens.
    assert matter.number not in page
    found = oversight.of_person(matter.person_id, CHEN)
    assert [m.number for m in found] == [matter.number]
    assert oversight.of_person(matter.person_id, ELSEWHERE) == []


def test_a_matter_in_hand_is_the_reason(bench):
    known()
    matter = act(submitted(), "claim", CHEN)
    page = text(bench(CHEN).post("/officer/search/", {"q": WU, "matter": matter.number}))
    assert "吴*溪" in page
    # A matter that somebody else has claimed is none.
    page = text(bench(ZHOU).post("/officer/search/", {"q": WU, "matter": matter.number}))
    assert "为什么要查看这个人的信息" in page


def test_a_matter_in_hand_is_no_reason_for_a_stranger(bench):
    identity.ensure_person(name="何小雨", id_number=idnumber.compose("440304", date(1988, 5, 12), 4), now=MONDAY)
    matter, before = act(submitted(), "claim", CHEN), looked().count()
    for name in ("何小雨", "查无此人"):
        answer = bench(CHEN).post("/officer/search/", {"q": name, "matter": matter.number})
        assert answer.status_code == 422
        assert "为什么要查看这个人的信息" in text(answer)
    assert looked().count() == before


def test_other_reasons_need_words(bench):
    known()
    answer = bench(CHEN).post("/officer/search/", {"q": WU, "reason": "other", "words": "啊"})
    assert answer.status_code == 422
    page = text(bench(CHEN).post("/officer/search/", {"q": WU, "reason": "other", "words": "核对同名登记"}))
    assert "吴*溪" in page


def test_a_wrong_id_number_is_said_before_any_search(bench):
    answer = bench(CHEN).post("/officer/search/", {"q": "440304199203040025", "reason": "counter"})
    assert answer.status_code == 422
    assert "校验位" in text(answer)


def test_what_is_typed_never_stands_in_an_address(bench):
    page = text(bench(CHEN).get("/officer/"))
    form = page.split('id="search"')[0].rsplit("<form", 1)[1]
    assert 'method="post"' in form


def test_who_may_not_look_is_refused(bench):
    known()
    answer = bench(SUPERVISOR).post("/officer/search/", {"q": WU, "reason": "supervision"})
    assert answer.status_code == 403
