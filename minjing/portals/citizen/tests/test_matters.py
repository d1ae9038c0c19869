"""After submitting: where it stands, what is asked, the decision, the paper, the rating; one's own data."""

import re
from dataclasses import replace

import pytest
from django.test import Client

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Account, Post
from minjing.kernel.matters import actions, plugs, queries
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.models import Material, Matter, Rating
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, STRANGER
from minjing.portals.citizen.tests import walk
from minjing.portals.citizen.tests.conftest import photo

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return str(answer.content.decode())


def stands(number: str):
    return queries.snapshot(Matter.objects.get(number=number))


def act(number: str, action: str, by, **more):
    matter = stands(number)
    return actions.act(matter.id, action, ver=matter.ver, by=by, now=now(), request_id=new_id(), **more)


@pytest.fixture
def number(lin) -> str:
    """The number of Lin's matter, just submitted."""
    Post.objects.filter(code="station_clerk").update(
        name={"zh": "户籍民警", "en": "Household officer"}, acts=["look"]
    )
    return walk.submit(lin)


@pytest.fixture
def asked(number) -> str:
    """The number of a matter in which a paper has been asked for."""
    act(number, "claim", CHEN)
    act(number, "ask_supplement", CHEN, note="看不清登记页，请重拍。", materials=("marriage_certificate",))
    return number


@pytest.fixture
def approved(number) -> str:
    """The number of a matter that has been approved."""
    for action, by in (("claim", CHEN), ("recommend", CHEN), ("claim", LUO), ("approve", LUO)):
        act(number, action, by)
    return number


def test_the_matter_page_says_where_it_stands_who_has_it_and_until_when(lin, number):
    shown = text(lin.get(f"/matters/{number}/"))
    assert 'aria-current="step"' in shown
    assert "单位27" in shown
    assert "户籍民警" in shown
    assert "前办结" in shown
    assert "撤回申请" in shown
    assert number in text(lin.get("/matters/"))
    assert number in text(lin.get("/"))


def test_what_was_filled_in_can_be_read_again(lin, number):
    shown = text(lin.get(f"/matters/{number}/form/"))
    assert walk.SPOUSE["spouse_id"] in shown
    assert "2019年5月20日" in shown


@pytest.mark.parametrize("path", ["", "done/", "form/", "supplement/", "withdraw/"])
def test_somebody_elses_matter_is_not_there(stranger, number, path):
    answer = stranger.get(f"/matters/{number}/{path}")
    assert answer.status_code == 404
    assert walk.SPOUSE["spouse_id"] not in text(answer)


def test_what_is_asked_is_said_and_sent(lin, asked):
    shown = text(lin.get(f"/matters/{asked}/"))
    assert "需要您补充：结婚证" in shown
    assert "需要您补材料" in text(lin.get("/"))
    page = text(lin.get(f"/matters/{asked}/supplement/"))
    assert "看不清登记页" in page
    sent = {"ver": str(stands(asked).ver), "request_id": str(new_id()), "marriage_certificate": photo(tint=200)}
    answer = lin.post(f"/matters/{asked}/supplement/", sent, follow=True)
    assert "材料已收到" in text(answer)
    assert stands(asked).paused_since is None
    assert Material.objects.filter(matter_id=stands(asked).id, file_id__isnull=False).count() == 2


def test_an_empty_supplement_says_what_is_missing(lin, asked):
    sent = {"ver": str(stands(asked).ver), "request_id": str(new_id())}
    answer = lin.post(f"/matters/{asked}/supplement/", sent)
    assert answer.status_code == 422
    assert "请上传结婚证" in text(answer)
    assert stands(asked).state == "supplement"


def test_a_supplement_sent_twice_is_taken_once(lin, asked):
    sent = {"ver": str(stands(asked).ver), "request_id": str(new_id())}
    for _ in range(2):
        lin.post(f"/matters/{asked}/supplement/", {**sent, "marriage_certificate": photo(tint=200)})
    assert Material.objects.filter(matter_id=stands(asked).id, file_id__isnull=False).count() == 2


def test_withdrawing_asks_once_more(lin, number):
    page = text(lin.get(f"/matters/{number}/withdraw/"))
    sent = dict(re.findall(r'name="(ver|request_id)" value="([^"]+)"', page))
    assert "已撤回" in text(lin.post(f"/matters/{number}/withdraw/", sent, follow=True))
    assert stands(number).outcome == "withdrawn"


def test_a_stale_page_says_that_the_matter_has_moved_on(lin, number):
    page = text(lin.get(f"/matters/{number}/withdraw/"))
    sent = dict(re.findall(r'name="(ver|request_id)" value="([^"]+)"', page))
    act(number, "claim", CHEN)
    answer = lin.post(f"/matters/{number}/withdraw/", sent)
    assert answer.status_code == 409
    assert f"/matters/{number}/" in text(answer)
    assert stands(number).outcome == ""


def test_a_refusal_gives_the_reason_and_how_to_object(lin, number):
    act(number, "claim", CHEN)
    act(number, "refuse_to_accept", CHEN, reason="conditions", note="结婚未满 2 年。")
    shown = text(lin.get(f"/matters/{number}/"))
    assert "不符合办理条件" in shown
    assert "结婚未满 2 年" in shown
    assert "行政复议" in shown


def test_the_paper_is_downloaded_by_its_holder_only(lin, stranger, approved):
    shown = text(lin.get(f"/matters/{approved}/"))
    address = re.search(r'href="(/matters/[^"]+\.pdf)"', shown)
    assert address
    paper = lin.get(address[1])
    assert paper["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")
    assert stranger.get(address[1]).status_code == 404


def test_a_paper_is_found_under_me_by_the_person_it_is_about_whoever_applied(lin, stranger, number, monkeypatch):
    outcome = plugs.Outcome([(Text(zh="事由", en="Matter"), "夫妻投靠")], STRANGER.person_id)
    monkeypatch.setitem(plugs.EFFECTS, "test.effect", lambda **_: outcome)
    for action, by in (("claim", CHEN), ("recommend", CHEN), ("claim", LUO), ("approve", LUO)):
        act(number, action, by)
    address = re.search(r'href="(/me/papers/[^"]+)"', text(stranger.get("/me/")))
    assert address
    assert stranger.get(address[1]).content.startswith(b"%PDF")
    assert number not in text(stranger.get("/me/"))
    assert lin.get(address[1]).status_code == 404
    assert "/me/papers/" not in text(lin.get("/me/"))


def test_a_closed_matter_is_rated_once(lin, approved):
    assert "请先选择" in text(lin.post(f"/matters/{approved}/rate/", {"words": "很好"}, follow=True))
    lin.post(f"/matters/{approved}/rate/", {"stars": "5", "words": "很好"})
    lin.post(f"/matters/{approved}/rate/", {"stars": "1"})
    assert Rating.objects.get().stars == 5
    assert "谢谢您的评价" in text(lin.get(f"/matters/{approved}/"))


def test_messages_are_counted_until_they_are_read(lin, number):
    assert "条未读" in text(lin.get("/"))
    assert number in text(lin.get("/messages/"))
    assert "条未读" not in text(lin.get("/"))


def test_who_looked_is_told_in_sentences(lin, number):
    Account.objects.filter(pk=CHEN.account_id).update(police_number="030001")
    queries.answers(stands(number), CHEN, now())
    shown = text(lin.get("/me/looks/"))
    assert "单位27" in shown
    assert '警号 <span class="number">030001</span>' in shown
    assert number in shown
    assert "单位27" in text(lin.get("/me/"))


def test_ones_own_numbers_are_masked(lin, number):
    shown = text(lin.get("/me/"))
    assert "440304199001010011" not in shown
    assert "4403" in shown


def test_lists_that_are_empty_say_what_to_do(lin):
    assert "去首页" in text(lin.get("/matters/"))
    assert "还没有消息" in text(lin.get("/messages/"))
    assert "还没有人看过" in text(lin.get("/me/"))


def test_what_the_register_holds_is_shown_to_who_has_proved_who_they_are(lin, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "minjing.kernel.matters.queries.looks.REGISTER_RECORD",
        [("test.record", lambda person_id, seen: asked.append(person_id) or [])],
    )
    page = text(lin.get("/me/"))
    assert "to=3&amp;next=/me/" in page
    assert asked == []
    with pytest.raises(NotAllowed) as refused:
        queries.own_register(LIN)
    assert (refused.value.key, refused.value.needs) == ("identity_level", "3")
    queries.own_register(replace(LIN, level=3))
    assert asked == [LIN.person_id]


@pytest.mark.parametrize("path", ["/matters/", "/messages/", "/me/", "/me/looks/"])
def test_pages_of_a_person_need_a_sign_in(city, path):
    assert Client().get(path)["Location"].startswith("/sign-in/")


def test_a_malformed_place_in_a_list_gets_a_sentence(lin):
    for path in ("/matters/?before=yesterday", "/messages/?before=1", "/me/looks/?before=x"):
        assert lin.get(path).status_code == 400
