"""From a question to its answer and on to an article; who reads what, and who does not."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.errors import NotAllowed as NoLook
from minjing.kernel.identity.models import Person
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters import queries as matter_queries
from minjing.kernel.matters.errors import Unknown as UnknownMatter
from minjing.kernel.matters.errors import Wrong as WrongAnswers
from minjing.kernel.matters.tests.conftest import ANSWERS, scan, signed_in
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.modules.help_desk import actions, queries
from minjing.modules.help_desk.actions import Taken
from minjing.modules.help_desk.errors import NotAllowed, Unknown, Wrong
from minjing.modules.help_desk.models import Article, Question
from minjing.modules.help_desk.tests.conftest import GAO, JIE, WEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]
WORDS = "上传户口簿照片时一直转圈，怎么办？"
TEXTS = {
    "title_zh": "照片上传不了怎么办", "title_en": "A photo does not upload",
    "body_zh": "请换成 10 MB 以内的 JPG 或 PNG 照片再传。", "body_en": "Send a JPG or PNG of at most 10 MB.",
}  # fmt: skip


def visitor() -> Client:
    return Client(HTTP_HOST="localhost", HTTP_SEC_FETCH_SITE="same-origin")


def ask(words: str = WORDS, topic: str = "page", **more) -> Taken:
    return actions.ask(words, topic, by=more.pop("by", None), now=clock.now(), request_id=new_id(), **more)


def answered(taken: Taken, words: str = "请换成 10 MB 以内的照片。", minutes: int = 5) -> None:
    now = clock.now() + timedelta(minutes=minutes)
    matters.act(taken.matter_id, "claim", ver=1, by=WEN, now=now, request_id=new_id())
    matters.act(taken.matter_id, "answer", ver=2, by=WEN, now=now, request_id=new_id(), note=words)


def published(number_of: str = "", texts: dict[str, str] = TEXTS, **more) -> Article:
    now = clock.now()
    draft = actions.write_article(texts, more.pop("topic", "page"), question=number_of, by=WEN, now=now, **more)
    return actions.publish_article(draft.id, by=JIE, now=now)


def test_somebody_without_an_account_asks_and_reads_the_answer_with_number_and_code():
    taken = ask(route="matters/<str:number>/")
    assert (taken.number[:4], len(taken.code)) == ("BZ00", 8)
    answered(taken)
    seen = queries.by_code(taken.number.lower(), taken.code.lower(), clock.now())
    assert (seen.words, seen.answer) == (WORDS, "请换成 10 MB 以内的照片。")
    assert Question.objects.get().route == "matters/<str:number>/"


def test_who_reads_the_answer_rates_it_once():
    taken = ask()
    browser = visitor()
    said = {"number": taken.number, "code": taken.code}
    assert "您满意吗" not in browser.post("/help/answer/", said | {"stars": "5"}).content.decode()
    answered(taken)
    for stars in ("4", "1"):
        page = browser.post("/help/answer/", said | {"stars": stars}).content.decode()
    assert "4 星" in page
    assert browser.post("/help/answer/", said | {"stars": "9"}).status_code == 200


def test_the_desk_reads_what_was_asked_of_it_and_nobody_elses_matter():
    asked = ask(by=LIN)
    sheet = {"marriage_certificate": [scan()]}
    other = matters.submit_whole("HZ9901", ANSWERS, by=LIN, now=clock.now(), request_id=new_id(), materials=sheet)
    with pytest.raises(UnknownMatter):
        matter_queries.matter(other.id, WEN, clock.now())
    assert matter_queries.queue(WEN, "waiting", clock.now()) == []
    assert matter_queries.answers(matter_queries.matter(asked.matter_id, WEN, clock.now()), WEN, clock.now())["words"]
    assert LIN.person_id is not None
    with pytest.raises(NoLook):
        identity.look(WEN, [LIN.person_id], ["name"], reason="phone_enquiry", now=clock.now())


@pytest.mark.parametrize("code", ["", "AAAAAAAA", "the other’s"])
def test_nobody_reads_an_answer_without_its_own_code(code: str):
    first, second = ask(), ask("我的预约改到哪天了？", "booking")
    answered(first)
    with pytest.raises(Unknown):
        queries.by_code(first.number, second.code if code.startswith("the") else code, clock.now())


def test_guessing_codes_ends_after_thirty_tries_from_one_address():
    taken = ask()
    answered(taken)

    def read(address: str) -> str:
        return actions.open_answer(taken.number, taken.code, address=address, now=clock.now()).words

    for _ in range(30):
        assert read("10.9.9.9") == WORDS
    with pytest.raises(Unknown):
        read("10.9.9.9")
    assert read("10.9.9.8") == WORDS


def test_who_is_known_needs_no_code_and_finds_the_answer_among_their_matters():
    taken = ask(by=LIN)
    assert taken.code == ""
    answered(taken)
    page = signed_in(LIN).get(f"/matters/{taken.number}/").content.decode()
    assert "请换成 10 MB 以内的照片。" in page


def test_what_a_caller_says_is_sealed_and_the_caller_is_nobody():
    before = Person.objects.count()
    ask("我叫李建国，住在莲花街道")
    person = Person.objects.order_by("-created_at").first()
    assert person is not None
    assert (Person.objects.count(), person.id_index, person.name_index) == (before + 1, None, None)
    entries = " ".join(str(bytes(e.payload)) for e in Outbox.objects.all())
    assert "李建国" not in entries.encode().decode("unicode_escape", "ignore")


def test_a_button_pressed_twice_asks_once_and_gives_the_same_code():
    request_id, now = new_id(), clock.now()
    first, again = (actions.ask(WORDS, "page", by=None, now=now, request_id=request_id) for _ in range(2))
    assert first == again
    assert Question.objects.count() == 1


def test_an_empty_question_is_no_question():
    with pytest.raises(WrongAnswers) as wrong:
        ask("  ", "")
    assert wrong.value.errors.keys() == {"words", "topic"}


def test_only_operators_see_questions():
    taken = ask()
    for stranger in (CHEN, GAO):
        with pytest.raises(UnknownMatter):
            matter_queries.matter(taken.matter_id, stranger, clock.now())
    assert matter_queries.matter(taken.matter_id, WEN, clock.now()).post == "desk_operator"


def test_the_operator_sees_the_page_and_the_articles_that_fit_beside_the_words():
    article = published()
    taken = ask("照片上传不了", route="drafts/<uuid:draft_id>/materials/")
    matters.act(taken.matter_id, "claim", ver=1, by=WEN, now=clock.now(), request_id=new_id())
    page = signed_in(WEN).get(f"/officer/matters/{taken.number}/").content.decode()
    assert "drafts/&lt;uuid:draft_id&gt;/materials/" in page
    assert f"/open/help/{article.number}/" in page


def test_a_call_answered_on_the_telephone_is_closed_at_once_and_one_that_is_not_waits():
    now = clock.now()
    done = actions.take_call(WORDS, "page", answer="换成小一点的照片。", by=WEN, now=now, request_id=new_id())
    waits = actions.take_call("想问积分入户", "household", by=WEN, now=now, request_id=new_id())
    assert matter_queries.matter(done.matter_id, WEN, now).outcome == "answered"
    assert [m.id for m, _ in queries.waiting(JIE, now)] == [waits.matter_id]
    with pytest.raises(NotAllowed):
        actions.take_call(WORDS, "page", by=CHEN, now=now, request_id=new_id())


def test_a_machine_calls_for_help_within_the_hour():
    now = clock.now()
    number = actions.call_from_machine("SZ-FT-01", "打印没有出纸", now=now, request_id=new_id())
    (matter, came), *_ = queries.waiting(WEN, now)
    assert (matter.number, came.machine if came else "") == (number, "SZ-FT-01")
    assert matter.due_at - matter.submitted_at == timedelta(hours=1)


# ---- articles --------------------------------------------------------------------------------------------


def test_an_answer_becomes_an_article_only_when_a_second_person_has_checked_it():
    taken = ask()
    answered(taken)
    draft = actions.write_article(TEXTS, "page", question=taken.number, by=WEN, now=clock.now())
    assert visitor().get(f"/open/help/{draft.number}/").status_code == 404
    with pytest.raises(NotAllowed):
        actions.publish_article(draft.id, by=WEN, now=clock.now())
    actions.publish_article(draft.id, by=JIE, now=clock.now())
    queries.forget_kept()
    assert "照片上传不了怎么办" in visitor().get(f"/open/help/{draft.number}/").content.decode()


@pytest.mark.parametrize("slip", ["请打 13800138000", "号码 440304199001010011 的办件", "电话 138 0013 8000"])
def test_no_article_names_somebody_by_a_number(slip: str):
    with pytest.raises(Wrong) as wrong:
        actions.write_article({**TEXTS, "body_zh": slip}, "page", by=WEN, now=clock.now())
    assert wrong.value.field == "body_zh"


def test_a_new_wording_takes_the_place_of_the_old_one_which_is_kept():
    old = published()
    new = published(texts={**TEXTS, "title_zh": "照片传不上去怎么办"}, replaces=old.number)
    assert new.number == old.number
    assert [a.id for a in Article.objects.filter(state="published")] == [new.id]
    assert Article.objects.get(id=old.id).state == "withdrawn"


def test_readers_say_whether_it_helped_once_an_hour_each():
    article = published()
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        actions.judge_article(article.number, helped=True, address=address, now=clock.now())
    assert Article.objects.get(id=article.id).helped == 2


# ---- pages -----------------------------------------------------------------------------------------------


def test_the_foot_of_every_page_asks_with_the_kind_of_page_and_nothing_on_it():
    taken = ask(by=LIN)
    page = signed_in(LIN).get(f"/matters/{taken.number}/").content.decode()
    href = re.search(r'class="ask-here" href="([^"]+)"', page)
    assert href is not None
    assert href[1] == "/help/?from=matters%2F%3Cstr%3Anumber%3E%2F"
    assert taken.number not in href[1]


def test_a_made_up_page_is_not_kept():
    ask(route="matters/HZ04260000001/?name=林晓夫")
    assert Question.objects.get().route == ""


def test_the_walk_without_script_search_first_then_ask_then_read():
    published()
    queries.forget_kept()
    browser = visitor()
    form = browser.get("/help/?from=find/").content.decode()
    request_id = re.search(r'name="request_id" value="([^"]+)"', form)
    assert request_id is not None
    said = {"words": "照片上传不了", "topic": "page", "from": "find/", "request_id": request_id[1]}
    found = browser.post("/help/", said | {"look": "1"}).content.decode()
    assert "照片上传不了怎么办" in found
    assert Question.objects.count() == 0
    done = browser.post("/help/", said).content.decode()
    number, code = re.findall(r'class="big number">([^<]+)<', done)
    answered(Taken(number, code, Question.objects.get().matter_id), "好了。")
    read = browser.post("/help/answer/", {"number": number, "code": code}).content.decode()
    assert "好了。" in read
    wrong = browser.post("/help/answer/", {"number": number, "code": "22222222"})
    assert wrong.status_code == 404


@pytest.mark.parametrize("path", ["/officer/desk/", "/officer/desk/call/", "/officer/desk/articles/"])
def test_the_pages_of_the_desk_are_for_its_operators(path: str):
    assert signed_in(WEN).get(path).status_code == 200
    assert signed_in(CHEN).get(path).status_code == 403


def test_the_supervisor_reads_figures_and_the_operator_does_not():
    answered(ask(), minutes=20)
    answered(ask("护照办好了吗", "exit_entry"), minutes=90)
    ask("打不开", "page")
    report = queries.report(GAO, clock.now() + timedelta(hours=2))
    assert (report.all.asked, report.all.answered, report.all.quick, report.all.quick_share) == (3, 2, 1, 50)
    assert {topic: f.asked for topic, f in report.by_topic if f.asked} == {"page": 2, "exit_entry": 1}
    page = signed_in(GAO).get("/officer/desk/figures/")
    assert page.status_code == 200
    assert "4120" in page.content.decode()
    assert signed_in(WEN).get("/officer/desk/figures/").status_code == 403


def test_a_question_is_no_application_in_the_figures_and_not_among_the_most_wanted():
    ask()
    assert "BZ0101" not in [body.service.code for body in matter_queries.most_wanted(20)]
    from minjing.kernel.matters import figures

    figures.forget_kept()
    assert sum(m.received or 0 for m in figures.by_month(clock.now())) == 0
    figures.forget_kept()
