"""The help desk through the API: asked without a name, answered, made an article by two; shut to everybody else."""

from typing import Any

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.modules.help_desk import actions, queries
from minjing.modules.help_desk.models import Article, Question
from minjing.modules.help_desk.tests.conftest import GAO, JIE, WEN
from minjing.modules.help_desk.tests.test_desk import TEXTS, WORDS, answered, published
from minjing.portals.api.tests.test_api import post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]


def as_(actor: Actor) -> Client:
    token = identity.token_for(Account.objects.get(id=actor.account_id), clock.now())
    return Client(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_HOST="localhost")


def nobody(address: str = "10.1.1.1") -> Client:
    return Client(HTTP_HOST="localhost", REMOTE_ADDR=address, enforce_csrf_checks=True)


def ask(client: Client, **more: Any) -> Any:
    said = {"words": WORDS, "topic": "page", "request_id": new_id(), **more}
    return post(client, "/api/help/questions", **said)


def draft(client: Client, **more: Any) -> Any:
    return post(client, "/api/help/drafts", **{**TEXTS, "topic": "page", **more})


# ---- asking ----------------------------------------------------------------------------------------------


def test_somebody_without_an_account_asks_reads_and_rates_the_answer():
    assert nobody().get("/api/help/topics").json()["page"].keys() == {"zh", "en"}
    asked = ask(nobody(), route="matters/<str:number>/")
    assert asked.status_code == 201
    said = asked.json()
    assert len(said["code"]) == 8
    waits = post(nobody(), "/api/help/answers", **said).json()
    assert (waits["words"], waits["answer"], waits["stars"]) == (WORDS, "", None)
    early = post(nobody(), "/api/help/answers/stars", **said, stars=5)
    assert (early.status_code, early.json()["key"]) == (403, "not_closed")
    came = Question.objects.get()
    assert came.route == "matters/<str:number>/"
    answered(actions.Taken(said["number"], said["code"], came.matter_id))
    assert post(nobody(), "/api/help/answers", **said).json()["answer"] == "请换成 10 MB 以内的照片。"
    stars = [post(nobody(), "/api/help/answers/stars", **said, stars=n).json()["stars"] for n in (4, 1)]
    assert stars == [4, 4], "once"


def test_the_same_question_twice_is_one_and_a_page_made_up_is_not_kept():
    once = new_id()
    first, again = (ask(nobody(), request_id=once, route="matters/HZ04/?name=林晓夫") for _ in range(2))
    assert first.json() == again.json()
    assert Question.objects.get().route == ""


def test_who_has_a_token_asks_in_their_own_name():
    said = ask(as_(LIN)).json()
    assert said["code"] == ""
    assert as_(LIN).get(f"/api/matters/{said['number']}").status_code == 200
    assert post(nobody(), "/api/help/answers", number=said["number"], code="").status_code == 404


def test_a_code_opens_its_own_answer_and_guessing_ends_after_thirty_tries():
    first, second = ask(nobody()).json(), ask(nobody(), topic="booking").json()
    crossed = post(nobody(), "/api/help/answers", number=first["number"], code=second["code"])
    assert (crossed.status_code, crossed.json()["key"]) == (404, "unknown")
    for _ in range(29):
        assert post(nobody(), "/api/help/answers", number=first["number"], code="22222222").status_code == 404
    assert post(nobody(), "/api/help/answers", **first).status_code == 404, "beyond the limit, also with the code"
    assert post(nobody("10.1.1.2"), "/api/help/answers", **first).status_code == 200


def test_what_is_wrong_is_said_per_field_and_one_address_asks_twenty_times():
    empty = ask(nobody(), words=" ", topic="")
    assert (empty.status_code, empty.json()["errors"].keys()) == (422, {"words", "topic"})
    for _ in range(19):
        assert ask(nobody()).status_code == 201
    many = ask(nobody())
    assert (many.status_code, "Retry-After" in many) == (429, True)


# ---- articles --------------------------------------------------------------------------------------------


def test_anybody_finds_reads_and_judges_an_article():
    article = published()
    queries.forget_kept()
    for path in ("/api/help/articles", "/api/help/articles?q=zhaopian"):
        assert [row["number"] for row in nobody().get(path).json()] == [article.number]
    one = f"/api/help/articles/{article.number}"
    assert nobody().get(one).json()["title"]["zh"] == TEXTS["title_zh"]
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        assert post(nobody(address), f"{one}/judgements", helped=True).status_code == 200
    article.refresh_from_db()
    assert (article.helped, article.not_helped) == (2, 0)
    assert nobody().get("/api/help/articles/99999").status_code == 404
    assert post(nobody(), "/api/help/articles/99999/judgements", helped=True).status_code == 404


def test_an_answer_becomes_an_article_only_when_a_second_person_has_checked_it():
    taken = actions.ask(WORDS, "page", by=None, now=clock.now(), request_id=new_id())
    answered(taken)
    closed = as_(WEN).get(f"/api/help/closed/{taken.number}").json()
    assert (closed["topic"], closed["answer"]) == ("page", "请换成 10 MB 以内的照片。")
    made = draft(as_(WEN), question=taken.number, aliases=["转圈"])
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    path = f"/api/help/drafts/{made.json()['id']}"
    number = made.json()["article"]["number"]
    assert nobody().get(f"/api/help/articles/{number}").status_code == 404
    alone = post(as_(WEN), f"{path}/publish")
    assert (alone.status_code, alone.json()["key"]) == (403, "same_person")
    assert [row["id"] for row in as_(JIE).get("/api/help/drafts").json()] == [made.json()["id"]]
    assert post(as_(JIE), f"{path}/publish").json()["state"] == "published"
    assert post(as_(JIE), f"{path}/publish").status_code == 404, "it is no draft any more"
    assert nobody().get(f"/api/help/articles/{number}").status_code == 200
    assert post(as_(WEN), f"{path}/withdraw").json()["state"] == "withdrawn"
    assert as_(JIE).get(path).json()["state"] == "withdrawn"
    kinds = Outbox.objects.filter(kind__startswith="help_desk:article").values_list("kind", flat=True)
    assert sorted(kinds) == [f"help_desk:article:{what}" for what in ("published", "withdrawn", "written")]


def test_a_new_wording_keeps_the_number_and_a_slip_is_said_at_its_field():
    old = published()
    assert draft(as_(WEN), replaces=old.number).json()["article"]["number"] == old.number
    assert draft(as_(WEN), replaces=99_999).status_code == 404
    slip = draft(as_(WEN), body_zh="请打 13800138000")
    assert (slip.status_code, list(slip.json()["errors"])) == (422, ["body_zh"])
    assert list(draft(as_(WEN), topic="weather").json()["errors"]) == ["topic"]
    assert list(draft(as_(WEN), title_en="x" * 161).json()["errors"]) == ["title_en"]


# ---- the desk --------------------------------------------------------------------------------------------


def test_a_call_answered_on_the_telephone_is_closed_at_once_and_one_that_is_not_waits():
    wen, once = as_(WEN), new_id()
    said = {"words": WORDS, "topic": "page", "answer": "换成小一点的照片。", "request_id": once}
    done, again = (post(wen, "/api/help/calls", **said) for _ in range(2))
    assert (done.status_code, done.json()) == (201, again.json())
    assert matters.matter(done.json()["number"], WEN, clock.now()).outcome == "answered"
    post(wen, "/api/help/calls", words="想问积分入户", topic="household", request_id=new_id())
    (row,) = as_(JIE).get("/api/help/desk").json()
    assert (row["topic"], row["channel"]) == ("household", "phone")


def test_the_figures_are_for_supervisors():
    ask(nobody())
    report = as_(GAO).get("/api/help/figures").json()
    assert (report["all"]["asked"], report["by_topic"]["page"]["asked"], len(report["by_week"])) == (1, 1, 12)
    for who in (WEN, LIN, CHEN):
        assert as_(who).get("/api/help/figures").status_code == 403


@pytest.mark.parametrize("who", [CHEN, LIN, GAO])
def test_the_desk_is_shut_to_others(who: Actor):
    row = actions.write_article(TEXTS, "page", by=WEN, now=clock.now())
    taken = actions.ask(WORDS, "page", by=None, now=clock.now(), request_id=new_id())
    client = as_(who)
    for path in ("desk", "drafts", f"drafts/{row.id}", f"closed/{taken.number}"):
        assert client.get(f"/api/help/{path}").status_code == 403, path
    for act in ("publish", "withdraw"):
        assert post(client, f"/api/help/drafts/{row.id}/{act}").status_code == 403
    assert draft(client).status_code == 403
    assert post(client, "/api/help/calls", words=WORDS, topic="page", request_id=new_id()).status_code == 403
    assert (Article.objects.get().state, Question.objects.count()) == ("draft", 1)


def test_without_a_token_the_desk_is_shut():
    for path in ("desk", "drafts", f"drafts/{new_id()}", "closed/BZ1", "figures"):
        assert nobody().get(f"/api/help/{path}").status_code == 401, path
    for act in ("calls", "drafts", f"drafts/{new_id()}/publish", f"drafts/{new_id()}/withdraw"):
        assert post(Client(HTTP_HOST="localhost"), f"/api/help/{act}", **TEXTS).status_code == 401


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "x" * 50_000, -1, 10**30, None, [], {"a": [1]}])
def test_odd_input_gets_an_answer_and_no_fault(odd: Any):
    for name in ("words", "topic", "phone", "request_id"):
        assert ask(nobody(), **{name: odd}).status_code == 422, name
    for name in (*TEXTS, "topic", "aliases", "question"):
        if (name, odd) != ("aliases", []):
            assert draft(as_(WEN), **{name: odd}).status_code == 422, name
    wen = as_(WEN)
    for name in ("words", "topic", "phone", "answer"):
        said = {"words": WORDS, "topic": "page", "request_id": new_id(), name: odd}
        assert post(wen, "/api/help/calls", **said).status_code == 422, name
    assert post(nobody(), "/api/help/answers", number=odd, code="x").status_code in (404, 422)
    assert post(nobody(), "/api/help/answers/stars", number="x", code="x", stars=odd).status_code == 422
    assert not Question.objects.exists()


@pytest.mark.parametrize("path", ["articles/0", "articles/99999999999999999999", "articles/x", "articles?q=%00"])
def test_odd_addresses_get_an_answer_and_no_fault(path: str):
    assert nobody().get(f"/api/help/{path}").status_code in (400, 404, 422)
