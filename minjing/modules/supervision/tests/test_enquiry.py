"""A question about a look, from the button to the answer, and who is kept out of it."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import actions, catalog, plugs, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.matters.tests.world import CHEN, HEAD, LIN, STRANGER, officer
from minjing.modules.supervision.tests.conftest import BAI, CATALOG, GAO, QIN, SHU, looked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inspectorate")]


def ask(look: UUID, by: Actor = LIN) -> Snapshot:
    said = {"look": str(look), "about": "why"}
    return actions.submit_whole("DC0101", said, by=by, now=clock.now(), request_id=new_id())


def act(matter: Snapshot, action: str, by: Actor, **more: str) -> Snapshot:
    now = clock.now()
    ver = Matter.objects.get(id=matter.id).ver
    return actions.act(matter.id, action, ver=ver, by=by, now=now, request_id=new_id(), **more)  # type: ignore[arg-type]


def sees(matter: Snapshot, by: Actor) -> bool:
    try:
        queries.matter(matter.id, by, clock.now())
    except Unknown:
        return False
    return True


def waiting(by: Actor) -> list[UUID]:
    return [m.id for m in queries.queue(by, "to_claim", clock.now())]


def test_the_bureau_itself_receives_it_and_an_inspector_answers_within_five_working_days():
    matter = ask(looked())
    assert (matter.unit_id, matter.post, matter.number[:4]) == (1, "inspector", "DC00")
    assert matter.due_at == queries.calendar().due(matter.submitted_at, 5, "workday")
    assert waiting(QIN) == [matter.id]
    act(matter, "claim", QIN)
    done = act(matter, "answer", QIN, note="来电咨询时核对本人身份，已核实通话记录。")
    assert (done.state, done.outcome) == ("answered", "answered")
    told = queries.notes(done, LIN, clock.now())
    assert [words["note"] for words in told.values()] == ["来电咨询时核对本人身份，已核实通话记录。"]


def test_an_answer_needs_words():
    matter = ask(looked())
    act(matter, "claim", QIN)
    with pytest.raises(Wrong):
        act(matter, "answer", QIN)


@pytest.mark.parametrize("look", ["not-an-id", str(UUID(int=7))])
def test_a_look_that_is_not_there_cannot_be_asked_about(look: str):
    with pytest.raises(Wrong) as refused:
        actions.submit_whole("DC0101", {"look": look, "about": "why"}, by=LIN, now=clock.now(), request_id=new_id())
    assert refused.value.errors.keys() == {"look"}


def test_nobody_asks_about_a_look_at_somebody_else():
    look = looked(at=STRANGER)
    with pytest.raises(Wrong):
        ask(look, by=LIN)
    assert signed_in(LIN).get(f"/me/looks/{look}/ask/").status_code == 404


# ---- who is kept out -------------------------------------------------------------------------------------


def with_post(by: Actor, post: str) -> Actor:
    """Return an officer who has come to hold a post of the bureau as well."""
    held = officer(0, post, "1.").holdings
    return Actor(by.account_id, "officer", name=by.name, holdings=by.holdings + held)


def test_who_looked_neither_sees_the_question_nor_answers_it_also_as_an_inspector():
    matter = ask(looked(by=CHEN))
    promoted = with_post(CHEN, "inspector")
    assert not sees(matter, promoted)
    assert waiting(promoted) == []
    with pytest.raises(Unknown):
        act(matter, "claim", promoted)
    assert waiting(QIN) == [matter.id]


def test_a_colleague_of_the_same_station_is_kept_out_as_an_inspector():
    matter = ask(looked(by=CHEN))
    assert not sees(matter, with_post(HEAD, "inspector"))


def test_a_look_by_an_inspector_is_answered_by_no_inspector_but_referred_by_a_supervisor_elsewhere():
    matter = ask(looked(by=SHU))
    assert not sees(matter, SHU)
    assert not sees(matter, QIN)
    assert not sees(matter, GAO), "the supervisors of the same inspectorate are no strangers to it"
    outside = officer(41, "supervisor", "1.", ("supervise",))
    assert not sees(matter, outside)


def test_where_the_inspectors_cannot_answer_a_supervisor_refers_it_upwards():
    matter = ask(looked())
    done = act(matter, "refer", GAO, note="本级督察民警须回避，已转上级。")
    assert (done.state, done.outcome) == ("referred", "referred")
    assert len(queries.notes(done, LIN, clock.now())) == 1
    with pytest.raises(NotAllowed):
        act(ask(looked()), "refer", QIN, note="不行")


def test_neither_station_nor_other_offices_of_the_bureau_learn_of_it():
    matter = ask(looked())
    for by in (CHEN, HEAD, BAI, STRANGER):
        assert not sees(matter, by), by.name
    assert matter.id not in {m.id for by in (CHEN, HEAD) for m in queries.queue(by, "waiting", clock.now())}


def test_where_the_rule_is_not_offered_nobody_handles_the_matter(monkeypatch: pytest.MonkeyPatch):
    matter = ask(looked())
    monkeypatch.delitem(plugs.EXCLUDES, "supervision.asked_about")
    assert not sees(matter, QIN)
    assert sees(matter, LIN)


def test_lint_names_a_rule_that_nobody_offers(monkeypatch: pytest.MonkeyPatch):
    (body,) = catalog.load([CATALOG])
    assert catalog.lint([body]) == []
    monkeypatch.delitem(plugs.EXCLUDES, "supervision.asked_about")
    monkeypatch.delitem(plugs.ACCEPTS, "supervision.look")
    assert [problem.split(": ")[1] for problem in catalog.lint([body])] == [
        "no module offers 'supervision.look'",
        "no module offers 'supervision.asked_about'",
    ]


# ---- the page --------------------------------------------------------------------------------------------


@pytest.fixture
def lin() -> Client:
    return signed_in(LIN)


def request_id(page: str) -> str:
    found = re.search(r'name="request_id" value="([^"]+)"', page)
    assert found
    return found[1]


def test_one_button_and_one_choice_ask_the_question(lin: Client):
    look = looked()
    assert f"/me/looks/{look}/ask/" in lin.get("/me/looks/").content.decode()
    page = lin.get(f"/me/looks/{look}/ask/").content.decode()
    assert "平台的承诺" in page
    sent = lin.post(f"/me/looks/{look}/ask/", {"about": "lawful", "request_id": request_id(page)})
    number = sent["Location"].split("/")[2]
    assert Matter.objects.get(number=number).code == "DC0101"
    assert number in lin.get(sent["Location"]).content.decode()
    again = lin.get(f"/me/looks/{look}/ask/").content.decode()
    assert f"/matters/{number}/" in again
    assert 'name="about"' not in again


def test_without_a_choice_the_page_says_what_is_missing_and_keeps_the_words(lin: Client):
    look = looked()
    page = lin.get(f"/me/looks/{look}/ask/").content.decode()
    answer = lin.post(f"/me/looks/{look}/ask/", {"words": "我没有办过事", "request_id": request_id(page)})
    assert answer.status_code == 422
    assert "我没有办过事" in answer.content.decode()
    assert 'href="#q-about"' in answer.content.decode()


def test_the_guide_leads_to_the_looks_not_to_a_form_with_a_number(lin: Client):
    assert lin.get("/apply/DC0101/")["Location"] == "/me/looks/"


def test_the_resident_reads_the_answer(lin: Client):
    matter = ask(looked())
    act(matter, "claim", QIN)
    act(matter, "answer", QIN, note="已核实，符合规定。")
    shown = lin.get(f"/matters/{matter.number}/").content.decode()
    assert "督察部门答复" in shown
    assert "已核实，符合规定。" in shown
    assert "12389" in shown


def test_the_inspector_reads_the_look_beside_the_question():
    look = looked()
    matter = ask(look)
    act(matter, "claim", QIN)
    shown = signed_in(QIN).get(f"/officer/matters/{matter.number}/").content.decode()
    assert "被询问的查看" in shown
    assert str(look) in shown
    assert "officer 11" in shown


def test_an_inspectors_reading_is_itself_a_look_that_the_resident_sees():
    matter = ask(looked())
    act(matter, "claim", QIN)
    before = len(ledger.about(LIN.person_id, ["identity:person:looked"]))  # type: ignore[arg-type]
    signed_in(QIN).get(f"/officer/matters/{matter.number}/")
    assert len(ledger.about(LIN.person_id, ["identity:person:looked"])) == before + 1  # type: ignore[arg-type]


def test_an_answer_is_late_after_five_working_days():
    matter = ask(looked())
    asked_on, due_on = clock.local_day(matter.submitted_at), clock.local_day(matter.due_at)
    after = [asked_on + timedelta(days=n) for n in range(1, (due_on - asked_on).days + 1)]
    assert sum(map(queries.calendar().is_workday, after)) == 5
    assert queries.calendar().is_workday(due_on)
