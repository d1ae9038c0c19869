"""The counter of any station: receiving, choosing, filling in, handing over, and the figures that come of it."""

import csv
import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Unit
from minjing.kernel.identity.plugs import Registered
from minjing.kernel.identity.plugs import plugs as identity_plugs
from minjing.kernel.matters import catalog, city_wide, counter_figures, plugs, publishing, queries
from minjing.kernel.matters.models import Matter, Reception
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, NUMBERS
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LIN, LUO, PUBLISHER
from minjing.portals.officer.tests.conftest import SUPERVISOR, Door, act, text

REAL_CLASSES = city_wide.classes
WHO = {"name": "林晓夫", "id_number": NUMBERS[LIN.person_id], "reason": "unreadable"}


@pytest.fixture
def counter(bench: Door, monkeypatch) -> Client:
    """The browser of a clerk at another station; the small service is city-wide, and the register knows Lin."""
    one = city_wide.CityWideClass("CW01", Text(zh="测试类", en="Test class"), ("HZ9901",))
    monkeypatch.setattr(city_wide, "classes", lambda: (one,))
    vouch = lambda *, name, id_number, now: Registered(True, name == "林晓夫")  # noqa: E731 - one line says it all
    monkeypatch.setattr(identity_plugs, "check_register", vouch)
    monkeypatch.setitem(plugs.PREFILLS, "register", lambda pk, path, now: "U27" if path == "office" else None)
    return bench(ELSEWHERE)


def begun(browser: Client) -> str:
    return browser.post("/officer/counter/", WHO)["Location"]


def filed(browser: Client) -> Matter:
    page = f"{begun(browser)}hz9901/"
    form = text(browser.get(page))
    request_id = re.search(r'name="request_id" value="([^"]+)"', form)
    assert request_id is not None
    assert '<option value="U27" selected>' in form, "the responsible station is known from the register"
    said = {k: v for k, v in ANSWERS.items() if k not in ("office", "has_children")}
    said |= {"has_children": "no", "station": "U27", "original": "marriage_certificate", "request_id": request_id[1]}
    done = browser.post(page, said)
    assert done.status_code == 302, text(done)
    return Matter.objects.get()


def test_from_the_card_to_the_slip_and_over_to_the_responsible_station(counter: Client, bench: Door):
    matter = filed(counter)
    slip = text(counter.get(f"/officer/counter/{Reception.objects.get().id}/done/"))
    for words in (matter.number, "全城通受理移交单", "单位31", "单位27", "结婚证"):
        assert words in slip
    assert "全城通代收：单位31" in text(bench(CHEN).get("/officer/?queue=to_claim"))
    assert "归单位27" in text(counter.get("/officer/?queue=taken_in"))
    theirs = bench(CHEN)
    assert "等待负责的派出所接收" in text(theirs.get(f"/officer/matters/{matter.number}/"))
    theirs.post(f"/officer/matters/{matter.number}/take-over/")
    ours = text(counter.get(f"/officer/matters/{matter.number}/"))
    assert "已接收" in ours
    assert "窗口代收" in ours
    assert "确认接收" not in ours


def test_a_form_with_gaps_comes_back_with_what_was_said(counter: Client):
    page = f"{begun(counter)}hz9901/"
    answer = counter.post(page, {"station": "U27", "married_on": "2019-05-20", "request_id": str(CHEN.account_id)})
    assert answer.status_code == 422
    assert 'value="2019-05-20"' in text(answer)
    assert 'id="e-spouse_id"' in text(answer)
    assert Matter.objects.count() == 0


def test_an_answer_that_calls_for_more_asks_it_before_anything_is_filed(counter: Client):
    page = f"{begun(counter)}hz9901/"
    assert "随迁子女" not in text(counter.get(page))
    assert "随迁子女" in text(counter.post(page, {"has_children": "yes", "again": "1"}))


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"name": "王晓夫"}, {"id_number": "440304199001010012"}])
def test_who_is_not_proved_is_not_received(counter: Client, wrong: dict[str, str]):
    assert counter.post("/officer/counter/", WHO | wrong).status_code == 422
    assert Reception.objects.count() == 0


def test_all_that_is_wrong_is_said_at_once_and_the_first_field_has_the_focus(counter: Client):
    page = text(counter.post("/officer/counter/", {"name": "林晓夫", "id_number": "123", "reason": ""}))
    assert 'id="e-id_number"' in page
    assert 'id="e-reason"' in page
    assert 'id="e-name"' not in page
    (focused,) = re.findall(r'id="(\w+)"[^>]* autofocus', page)
    assert focused == "id_number"


def test_nobody_opens_the_reception_of_another_and_no_approver_stands_at_a_counter(counter: Client, bench: Door):
    page = begun(counter)
    assert bench(CHEN).get(page).status_code == 404
    assert bench(LUO).get("/officer/counter/").status_code == 403


def test_the_slip_names_nobody(counter: Client):
    filed(counter)
    slip = text(counter.get(f"/officer/counter/{Reception.objects.get().id}/done/"))
    assert "林晓夫" not in slip
    assert WHO["id_number"] not in slip


# ---- the list and the figures ----------------------------------------------------------------------------


def test_the_citys_list_has_the_classes_and_items_of_the_facts():
    listed = [(one.key, code) for one in REAL_CLASSES() for code in one.codes]
    assert (len(REAL_CLASSES()), len(listed), len(set(listed))) == (11, 23, 23)
    facts = Path(__file__).resolve().parents[5] / "shared" / "facts" / "city_wide.csv"
    if facts.exists():
        with facts.open(encoding="utf-8") as rows:
            assert listed == [(row["class_code"], row["item_code"]) for row in csv.DictReader(rows)]


@pytest.mark.django_db
def test_every_city_wide_item_is_published_and_can_be_decided_where_it_is_taken_in():
    bodies = {body.service.code: body for body in catalog.load()}
    for one in REAL_CLASSES():
        for code in one.codes:
            body = bodies[code]
            assert body.service.received_by == "station", code
            start = body.flow.states[body.flow.start]
            assert start.post == "station_clerk", code
            assert any(spec.strong for spec in start.actions.values()), code


def received(unit_id: int, minutes: int, code: str = "HZ9901", station_id: int = 27, **more) -> Reception:
    """Return a filing at a counter that took so many minutes."""
    begun_at = clock.now() - timedelta(hours=2)
    return Reception.objects.create(
        org_id=5, unit_id=unit_id, officer_id=CHEN.account_id, person_id=world.LIN.person_id,
        account_id=world.LIN.account_id, how="card", code=code, matter_id=new_id(), station_id=station_id,
        **{"begun_at": begun_at, "filed_at": begun_at + timedelta(minutes=minutes)} | more,
    )  # fmt: skip


def test_minutes_are_measured_and_the_way_of_before_is_a_stated_model(counter: Client, monkeypatch):
    assert counter_figures.minutes_a_km() * 10 == pytest.approx(2 * 60 * 10 * 1.3 / 20)
    Unit.objects.filter(id__in=(27, 31)).update(lon=114.05, lat=22.52)
    monkeypatch.setattr(counter_figures, "distance_km", lambda one, other: 10.0)
    assert counter_figures.report(clock.now()).all.after_minutes is None
    received(31, 10), received(27, 20), received(31, 12)
    received(31, 40, code="HZ9999")  # of no class
    received(31, 40, begun_at=clock.now() - timedelta(days=400), filed_at=clock.now() - timedelta(days=400))
    counter_figures.forget_kept()
    report = counter_figures.report(clock.now())
    (of_class,) = report.by_class
    for line in (report.all, of_class):
        assert (line.cases, line.elsewhere, line.after_minutes, line.way_km) == (3, 2, 12.0, 10.0)
        assert line.before_minutes == pytest.approx(11 + 78)


def test_whoever_asks_for_the_figures_has_the_last_ones_at_once(counter: Client, django_assert_num_queries):
    counter_figures.report(clock.now())
    received(31, 10)
    with django_assert_num_queries(0):
        assert counter_figures.report(clock.now()).all.cases == 0
    counter_figures.forget_kept()
    assert counter_figures.report(clock.now()).all.cases == 1


def test_the_earth_is_round():
    futian, luohu = (114.055, 22.522), (114.131, 22.548)
    assert counter_figures.distance_km(futian, luohu) == pytest.approx(8.3, abs=0.2)
    assert counter_figures.distance_km(futian, futian) == 0


def test_supervisor_and_public_see_the_same_figures_and_few_cases_are_not_shown(counter: Client, bench: Door):
    Unit.objects.filter(id=27).update(lon=114.05, lat=22.52)
    Unit.objects.filter(id=31).update(lon=114.13, lat=22.55)
    filed(counter)
    row = Reception.objects.get()
    page = text(bench(SUPERVISOR).get("/officer/supervision/city-wide/"))
    assert "少" in page
    for n in range(4):
        made = Reception(
            org_id=5, unit_id=31, officer_id=row.officer_id, person_id=row.person_id, account_id=row.account_id,
            how="card", begun_at=row.begun_at, code="HZ9901", matter_id=UUID(int=7_000 + n),
            filed_at=row.begun_at + timedelta(minutes=8), station_id=27,
        )  # fmt: skip
        made.save()
    counter_figures.forget_kept()
    report = counter_figures.report(clock.now())
    assert (report.all.cases, report.all.elsewhere) == (5, 5)
    for browser, path in ((bench(SUPERVISOR), "/officer/supervision/city-wide/"), (Client(), "/open/city-wide/")):
        said = text(browser.get(path, HTTP_HOST="localhost"))
        assert '<th scope="row">测试类</th><td class="number">5</td>' in said
        assert "模型推算，不是实测" in said
    assert bench(CHEN).get("/officer/supervision/city-wide/").status_code == 403


def test_an_id_card_is_ordered_where_it_is_taken_in_and_no_paper_is_issued(bench: Door, monkeypatch):
    body = next(b for b in catalog.load() if b.service.code == "HZ1202")
    publishing.publish([body], by=PUBLISHER, now=world.MONDAY)
    queries.forget_kept()
    monkeypatch.setattr(identity_plugs, "check_register", lambda **_: Registered(True, True))
    browser = bench(CHEN)
    page = f"{begun(browser)}hz1202/"
    request_id = re.search(r'name="request_id" value="([^"]+)"', text(browser.get(page)))
    assert request_id is not None
    assert browser.post(page, {"station": "U27", "request_id": request_id[1]}).status_code == 302
    matter = queries.snapshot(Matter.objects.get())
    done = act(act(matter, "claim", CHEN), "order", CHEN)
    assert (done.state, done.outcome) == ("ordered", "approved")
