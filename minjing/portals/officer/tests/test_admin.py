"""The three administrators: each has their own pages, and none of them another's or a matter's."""

from datetime import date

import pytest

from minjing.base import clock
from minjing.kernel.identity.models import Account, Appointment, Session
from minjing.kernel.matters import publishing, queries
from minjing.kernel.matters.models import Calendar
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.world import CHEN, LUO, ZHOU
from minjing.portals.officer.tests.conftest import AUDIT, SECURITY, SUPERVISOR, SYSTEM, act, submitted, text

PAGES = {
    SYSTEM: ["units/", "posts/", "calendars/", "catalogue/", "catalogue/HZ9901/"],
    SECURITY: ["accounts/", f"accounts/{CHEN.account_id}/"],
    AUDIT: ["ledger/", "ledger/verify/", "looks/"],
}
ALL = [page for pages in PAGES.values() for page in pages]


@pytest.mark.parametrize("page", ALL)
@pytest.mark.parametrize("actor", [SYSTEM, SECURITY, AUDIT, CHEN, LUO, SUPERVISOR], ids=lambda a: a.holdings[0].post)
def test_each_page_opens_to_one_administrator_only(bench, actor, page):
    answer = bench(actor).get(f"/officer/admin/{page}")
    assert answer.status_code == (200 if page in PAGES.get(actor, []) else 403)
    if answer.status_code == 403:
        assert actor.holdings[0].post in text(answer)


def test_a_new_calendar_moves_the_provisional_due_dates(bench):
    matter = submitted()
    assert matter is not None
    newest = queries.calendars()[0]
    year = newest.known_until.year + 1
    browser = bench(SYSTEM)
    wrong = browser.post(
        "/officer/admin/calendars/",
        {"source": "", "known_until": f"{year}-12-31", "days_off": f"{year}-02-30 x", "made_up": ""},
    )
    assert wrong.status_code == 422
    assert "不是日期" in text(wrong)
    assert Calendar.objects.count() == 1
    off = next(date(year, 1, d) for d in range(1, 8) if date(year, 1, d).weekday() < 5)
    done = browser.post(
        "/officer/admin/calendars/",
        {"source": "国办通知", "known_until": f"{year}-12-31", "days_off": off.isoformat(), "made_up": ""},
    )
    assert done.status_code == 302
    made = Calendar.objects.order_by("-revision")[0]
    assert off.isoformat() in made.days_off
    assert set(newest.days_off) < set(made.days_off)
    assert bench(SECURITY).post("/officer/admin/calendars/", {}).status_code == 403


def test_two_versions_are_compared_in_words(bench):
    changed = world.body(limit={"value": 10, "unit": "workday"})
    publishing.publish([changed], by=world.PUBLISHER, now=clock.now())
    queries.forget_kept()
    page = text(bench(SYSTEM).get("/officer/admin/catalogue/HZ9901/?old=1&new=2"))
    assert "20" in page
    assert "10" in page
    assert "limit" in page or "时限" in page


def test_a_post_is_given_and_ended_and_the_holders_sessions_are_cut(bench):
    browser, theirs = bench(SECURITY), bench(ZHOU)
    assert theirs.get("/officer/").status_code == 200
    page = f"/officer/admin/accounts/{ZHOU.account_id}/"
    form = {"post": "station_approver", "unit": 27, "since": clock.now().date().isoformat(), "until": ""}
    assert browser.post(f"{page}appoint/", form).status_code == 302
    wrong = browser.post(f"{page}appoint/", {**form, "post": "branch_approver"})
    assert wrong.status_code == 422
    assert "不属于这一级单位" in text(wrong)
    made = Appointment.objects.get(account_id=ZHOU.account_id, post_id="station_approver")
    assert browser.post(f"{page}posts/{made.id}/end/").status_code == 302
    assert not Session.objects.filter(account_id=ZHOU.account_id).exists()
    assert theirs.get("/officer/").status_code == 302


def test_an_administrator_cannot_be_given_another_post(bench):
    form = {"post": "supervisor", "unit": 1, "since": clock.now().date().isoformat()}
    answer = bench(SECURITY).post(f"/officer/admin/accounts/{AUDIT.account_id}/appoint/", form)
    assert answer.status_code == 422
    assert "不得兼任" in text(answer)


def test_an_account_is_shut_and_opened_again(bench):
    browser = bench(SECURITY)
    page = f"/officer/admin/accounts/{ZHOU.account_id}/active/"
    browser.post(page, {"active": "no"})
    assert not Account.objects.get(id=ZHOU.account_id).is_active
    browser.post(page, {"active": "yes"})
    assert Account.objects.get(id=ZHOU.account_id).is_active
    assert bench(SYSTEM).post(page, {"active": "no"}).status_code == 403


def test_the_auditor_sees_who_and_why_but_not_whom(bench):
    matter = submitted()
    bench(CHEN).get(f"/officer/matters/{matter.number}/")
    bench(CHEN).post(f"/officer/matters/{matter.number}/reveal/", {"reason": "counter"})
    page = text(bench(AUDIT).get("/officer/admin/ledger/?kind=identity:person:looked"))
    assert CHEN.name in page
    assert str(matter.person_id) not in page
    assert "林晓夫" not in page


def test_the_auditor_tells_residents_apart(bench):
    submitted()
    page = text(bench(AUDIT).get("/officer/admin/ledger/?kind=matters:matter:"))
    assert f"<td>居民 {str(world.LIN.account_id)[-12:]}</td>" in page


def test_looks_without_a_matter_are_listed_with_their_reason(bench):
    from minjing.kernel.identity import actions as identity

    identity.ensure_person(name="吴若溪", id_number="440304199203040024", now=world.MONDAY)
    bench(CHEN).post("/officer/search/", {"q": "吴若溪", "reason": "help_sought"})
    page = text(bench(AUDIT).get("/officer/admin/looks/"))
    assert "群众求助" in page
    assert "吴" not in page


def test_the_ledger_is_verified_on_demand(bench):
    submitted()
    page = text(bench(AUDIT).post("/officer/admin/ledger/verify/"))
    assert "核验通过" in page or "核验不通过" in page
    assert bench(AUDIT).get("/officer/admin/ledger/verify/").status_code == 200


def test_a_lost_phone_is_answered_by_new_factors(bench):
    page = f"/officer/admin/accounts/{ZHOU.account_id}/factors/"
    assert bench(SYSTEM).post(page).status_code == 403
    assert bench(SECURITY).post(page).status_code == 302
    assert not Session.objects.filter(account_id=ZHOU.account_id).exists()


def test_erasing_a_person_takes_two_administrators(bench):
    from minjing.kernel.identity import actions as identity
    from minjing.kernel.identity.models import Erasure, PersonKey

    person = identity.ensure_person(name="吴若溪", id_number="440304199203040024", now=world.MONDAY)
    form = {"id_number": "440304199203040024", "ground": "purpose_ended"}
    assert bench(AUDIT).post("/officer/admin/erasures/", form).status_code == 403
    assert bench(SYSTEM).get("/officer/admin/erasures/").status_code == 403
    assert bench(SECURITY).post("/officer/admin/erasures/", {**form, "id_number": "1"}).status_code == 422
    assert bench(SECURITY).post("/officer/admin/erasures/", form).status_code == 302
    asked = Erasure.objects.get(person_id=person)
    page = f"/officer/admin/erasures/{asked.id}/confirm/"
    assert bench(SECURITY).post(page).status_code == 403
    assert PersonKey.objects.filter(pk=person).exists()
    assert str(asked.id) in text(bench(AUDIT).get("/officer/admin/erasures/"))
    assert bench(AUDIT).post(page).status_code == 302
    assert not PersonKey.objects.filter(pk=person).exists()


@pytest.mark.parametrize("about", ["applicant", "subject"])
def test_nobody_is_erased_while_a_matter_of_theirs_or_about_them_is_open(bench, about):
    from minjing.kernel.identity.models import Erasure, PersonKey
    from minjing.kernel.matters.tests.conftest import NUMBERS

    procedure = world.body(about="spouse_id") if about == "subject" else world.BODY
    publishing.publish([procedure], by=world.PUBLISHER, now=world.MONDAY)
    queries.forget_kept()
    stranger = NUMBERS[world.STRANGER.person_id]
    matter = submitted(spouse_id=stranger) if about == "subject" else submitted()
    person = world.STRANGER.person_id if about == "subject" else world.LIN.person_id
    form = {"id_number": NUMBERS[person], "ground": "purpose_ended"}
    refused = bench(SECURITY).post("/officer/admin/erasures/", form)
    assert refused.status_code == 422
    assert "没办结的办件" in text(refused)
    asked = Erasure.objects.create(
        person_id=person, ground="purpose_ended", asked_by_id=SECURITY.account_id, asked_at=world.MONDAY
    )  # asked for before the matter was begun
    confirmed = bench(AUDIT).post(f"/officer/admin/erasures/{asked.id}/confirm/", follow=True)
    assert "没办结的办件" in text(confirmed)
    assert PersonKey.objects.filter(pk=person).exists()
    act(matter, "withdraw", world.LIN)
    assert "密钥已销毁" in text(bench(AUDIT).post(f"/officer/admin/erasures/{asked.id}/confirm/", follow=True))
    assert not PersonKey.objects.filter(pk=person).exists()
