"""Who was in which household on any day: officers ask for a reason and on record, residents about themselves."""

import json
from datetime import date, timedelta

import pytest
from django.test import Client

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown
from minjing.kernel.identity.models import Account, Appointment, Evidence, Post
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.modules.household import queries
from minjing.modules.household.tests import world
from minjing.modules.household.tests.test_whole import CASES, resident, staffed, submitted  # noqa: F401 - the fixture
from minjing.modules.household.tests.world import CLERK, HE, LIN, NOW, SU, TODAY, decide, home, person

pytestmark = pytest.mark.usefixtures("town")
BY_NUMBER, MOVED = "/officer/households/", ("HZ0702", {"person_id": SU, "to_household_no": home("collective")})


def looked() -> list[tuple[str, str, str]]:
    """Return whose register was looked at, why, and for which matter."""
    rows = Outbox.objects.filter(kind="identity:person:looked").order_by("id")
    return [(row.subject_id, row.what["reason"], row.what["matter"]) for row in rows]


def clerk() -> Client:
    """Return the clerk's browser."""
    post, _ = Post.objects.get_or_create(
        code="station_clerk", defaults={"name": {"zh": "户籍", "en": "Clerk"}, "level": "station", "acts": ["look"]}
    )
    held = {"account_id": CLERK.account_id, "unit_id": world.STATION, "post": post}
    if not Appointment.objects.filter(**held).exists():
        Appointment.objects.create(**held, since=world.BEFORE)
    return signed_in(CLERK)


def of(who) -> str:
    return f"/officer/people/{person(who)}/households/"


def text(response) -> str:
    return response.content.decode()


def test_a_household_is_shown_as_it_was_on_a_day_for_a_reason_and_each_member_is_on_record():
    decide(*MOVED, applicant=SU)
    browser, before = clerk(), {"number": home("lin"), "day": "2020-05-01"}
    assert 'name="day"' in text(browser.get(BY_NUMBER))
    waits = text(browser.post(BY_NUMBER, before))
    assert "为什么要查看登记" in waits
    assert "苏婉" not in waits
    assert looked() == []
    shown = text(browser.post(BY_NUMBER, before | {"reason": "register_upkeep"}))
    assert all(name in shown for name in ("林晓夫", "苏婉", "林小树", "民安路88号"))
    assert looked() == [(person(who), "register_upkeep", None) for who in (LIN, SU, world.LIN_CHILD)]
    today = text(browser.post(BY_NUMBER, {"number": home("lin"), "reason": "register_upkeep"}))
    assert "林晓夫" in today
    assert "苏婉" not in today


def test_what_is_wrong_is_said_and_nothing_is_told_without_a_reason():
    browser = clerk()
    for day in ("2999-01-01", "2026-02-30", "gestern"):
        answer = browser.post(BY_NUMBER, {"number": home("lin"), "day": day, "reason": "counter"})
        assert (answer.status_code, "今天或以前" in text(answer)) == (422, True)
    odd = browser.post(BY_NUMBER, {"number": "602999999", "reason": "no such"})
    assert (odd.status_code, "没有这个户号" in text(odd)) == (422, False)
    assert "没有这个户号" in text(browser.post(BY_NUMBER, {"number": "602999999", "reason": "counter"}))
    assert looked() == []
    assert browser.get(f"/officer/people/{new_id()}/households/").status_code == 200, "says nothing before the reason"
    assert browser.post(f"/officer/people/{new_id()}/households/", {"reason": "counter"}).status_code == 404


def test_a_persons_households_and_with_whom_on_a_day():
    decide(*MOVED, applicant=SU)
    browser = clerk()
    assert "苏婉" not in text(browser.get(of(SU)))
    shown = text(browser.post(of(SU), {"reason": "register_upkeep"}))
    assert shown.index(home("lin")) < shown.index(home("collective"))
    assert "苏婉" in shown
    assert looked() == [(person(SU), "register_upkeep", None)]
    then = text(browser.post(of(SU), {"reason": "register_upkeep", "day": "2020-05-01"}))
    assert "林晓夫" in then
    assert len(looked()) == 4
    none = text(browser.post(of(SU), {"reason": "register_upkeep", "day": "2001-05-01"}))
    assert "这一天不在任何一户" in none
    assert looked()[-1][0] == person(SU), "that too says something of her"


def test_a_matter_in_hand_is_the_reason_and_leads_there(staffed):  # noqa: F811 - the fixture
    browser = clerk()
    _, body = matters.service("HZ0906")
    asked = submitted(body, CASES["HZ0906"], resident(LIN))
    link = f"{of(LIN)}?matter={asked.number}"
    assert "为什么要查看登记" in text(browser.get(link)), "not claimed yet"
    claimed = actions.act(asked.id, "claim", ver=asked.ver, by=CLERK, now=NOW, request_id=new_id())
    assert link in text(browser.get(f"/officer/matters/{claimed.number}/"))
    assert home("lin") in text(browser.get(link))
    assert looked()[-1] == (person(LIN), "matter", str(asked.id))


def test_who_may_not_look_learns_nothing():
    signed_in_as = resident(HE)
    for ask in (
        lambda by: queries.household("602999999", by, NOW, day=TODAY, reason="counter"),
        lambda by: queries.household_of(person(LIN), by, NOW, day=TODAY, reason="counter"),
        lambda by: queries.history(person(LIN), by, NOW, reason="counter"),
    ):
        for by in (signed_in_as, Actor(CLERK.account_id, "officer", None, "测试民警")):
            with pytest.raises(NotAllowed):
                ask(by)
    with pytest.raises(Unknown):
        queries.history(new_id(), CLERK, NOW, reason="counter")
    assert signed_in(signed_in_as).post(BY_NUMBER, {"number": home("lin"), "reason": "counter"}).status_code == 403


def test_an_officer_on_duty_looks_at_their_own_households_on_record_and_a_resident_does_not():
    own = Actor(CLERK.account_id, "officer", person(LIN), "林晓夫", holdings=CLERK.holdings)
    with pytest.raises(NotAllowed):
        queries.history(person(LIN), own, NOW)
    queries.history(person(LIN), own, NOW, reason="counter")
    assert len(looked()) == 1
    decide(*MOVED, applicant=SU)
    at_home = signed_in(known_by_number(SU))
    assert at_home.get("/me/households/").headers["Location"].startswith("/identity/raise/?to=3&next=")
    proved(SU)
    page = text(at_home.get("/me/households/"))
    assert page.index(home("lin")) < page.index(home("collective"))
    assert "2020-01-01" in page
    assert "/me/households/" in text(signed_in(Actor(Account.objects.get(login=SU).pk, "resident")).get("/me/"))
    assert len(looked()) == 1


def known_by_number(number):
    """Return the account of who has said name and number, and proved nothing."""
    by = resident(number)
    Account.objects.filter(pk=by.account_id).update(level=2)
    return by


def proved(number):
    """Have card and face checked, which holds for now: level 3 in every sign-in."""
    at = now()
    account = Account.objects.get(login=number)
    Evidence.objects.create(
        account=account, person_id=person(number), level=3, method="counter", taken_at=at,
        until=at + timedelta(hours=1),
    )  # fmt: skip


def api(actor) -> Client:
    token = identity.token_for(Account.objects.get(id=actor.account_id), now())
    return Client(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_HOST="localhost")


def post(client, path, reason="", **body):
    return client.post(
        f"/api/register{path}", json.dumps(body), content_type="application/json", HTTP_LOOK_REASON=reason
    )


def test_a_program_asks_the_same_by_the_same_rules():
    decide(*MOVED, applicant=SU)
    clerk()
    desk, own = api(CLERK), known_by_number(SU)
    assert post(desk, "/households", number=home("lin")).status_code == 403
    assert looked() == []
    then = post(desk, "/households", "register_upkeep", number=home("lin"), day="2020-05-01").json()
    assert [m["name"] for m in then["members"]] == ["林晓夫", "苏婉", "林小树"]
    assert post(desk, "/people", "register_upkeep", id_number=SU).json()["periods"][0]["household"] == home("lin")
    now_at = post(desk, "/people/household", "register_upkeep", id_number=SU).json()
    assert (now_at["number"], now_at["until"]) == (home("collective"), None)
    assert len(looked()) == 3 + 1 + len(now_at["members"])
    assert post(desk, "/people", id_number=world.OLD_MOTHER).status_code == 403, "before it says that nobody is known"
    assert post(desk, "/people", "counter", id_number=world.OLD_MOTHER).status_code == 404
    assert post(desk, "/households", "counter", number=home("lin"), day="2999-01-01").status_code == 422
    assert post(api(own), "/people", "counter", id_number=LIN).status_code == 403
    assert api(own).get("/api/register/mine").status_code == 403, "a name and a number open no register"
    proved(SU)
    mine = api(own).get("/api/register/mine").json()
    assert [date.fromisoformat(p["since"]).year for p in mine] == [2020, 2026]
