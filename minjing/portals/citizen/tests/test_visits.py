"""Residents book, change, wait and cancel over HTTP, without a script."""

import re
from datetime import timedelta
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from django.urls import reverse
from icalendar import Calendar
from PIL import Image

from minjing.base.clock import CHINA, local_day, now
from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.models import Visit, Wait
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.halls import open_hall
from minjing.kernel.matters.tests.world import LIN, STRANGER
from minjing.portals.citizen import slips

pytestmark = pytest.mark.django_db
QUERY = "?s=passport"


@pytest.fixture
def hall(city):  # noqa: F811 - the fixture
    yield from open_hall()


@pytest.fixture
def lin(hall):
    return signed_in(LIN)


def free_day(hall):
    """Return the first day that is free in full, and its first time."""
    day = next(d for d in queries.days(hall, ["passport"], now()) if d.starts == 2 and d.day > local_day(now()))
    return day.day, queries.slots(hall, day.day, ["passport"], now())[0].starts_at


def times_url(day, code="hall"):
    return reverse("citizen:visit_times", args=[code, day.isoformat()]) + QUERY


def choose(browser, hall, start=None, request_id=None, url=""):
    day, first = free_day(hall)
    data = {"start": (start or first).isoformat(), "request_id": request_id or new_id()}
    return browser.post(url or times_url(day), data)


def booked(browser, hall) -> Visit:
    visit = Visit.objects.get(pk=choose(browser, hall).url.split("/")[2])
    browser.post(reverse("citizen:visit_confirm", args=[visit.pk]), {"request_id": new_id()})
    visit.refresh_from_db()
    return visit


def test_from_the_first_page_to_the_slip(lin, hall):
    page = lin.get(reverse("citizen:visit_new")).content.decode()
    assert "护照" in page
    page = lin.get(reverse("citizen:visit_places") + "?kind=exit_entry_hall&s=passport&near=U1").content.decode()
    assert "hall大厅" in page
    days = lin.get(reverse("citizen:visit_days", args=["hall"]) + QUERY)
    day, start = free_day(hall)
    assert times_url(day) in days.content.decode()
    assert f"{start.astimezone(CHINA):%H:%M}" in lin.get(times_url(day)).content.decode()
    held = lin.get(choose(lin, hall).url).content.decode()
    assert "确认后才算约上" in held
    visit = Visit.objects.get()
    done = lin.post(reverse("citizen:visit_confirm", args=[visit.pk]), {"request_id": new_id()}, follow=True)
    slip = done.content.decode()
    assert f"{visit.code[:5]}-{visit.code[5:]}" in slip
    assert "<svg" in slip
    assert "我的预约" in lin.get(reverse("citizen:visits")).content.decode()


def test_a_full_time_offers_the_nearest_and_the_waiting_list(lin, hall):
    day, start = free_day(hall)
    for _ in range(3):
        person = new_id()
        actions.book("hall", ["passport"], start, by=SYSTEM, person_id=person, now=now(), request_id=new_id())
    answer = choose(lin, hall, start, url=times_url(day))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "最近的空闲时段" in page
    assert (start + timedelta(minutes=30)).isoformat() in page
    lin.post(reverse("citizen:visit_wait", args=["hall", day.isoformat()]) + QUERY)
    assert Wait.objects.get().account_id == LIN.account_id
    assert "候补中" in lin.get(reverse("citizen:visits")).content.decode()
    lin.post(reverse("citizen:visit_leave", args=[Wait.objects.get().pk]))
    assert Wait.objects.get().state == "left"


def test_two_clicks_are_one_hold(lin, hall):
    request_id = new_id()
    first, second = choose(lin, hall, request_id=request_id), choose(lin, hall, request_id=request_id)
    assert first.url == second.url
    assert Visit.objects.count() == 1


def test_a_hold_that_ran_out_says_so_and_leads_back(lin, hall):
    visit = Visit.objects.get(pk=choose(lin, hall).url.split("/")[2])
    Visit.objects.update(held_until=now() - timedelta(seconds=1))
    answer = lin.post(reverse("citizen:visit_confirm", args=[visit.pk]), {"request_id": new_id()}, follow=True)
    page = answer.content.decode()
    assert "保留的时段已释放" in page
    assert reverse("citizen:visit_days", args=["hall"]) in page


def test_changing_keeps_the_old_time_until_the_new_one_is_taken(lin, hall):
    visit = booked(lin, hall)
    page = lin.get(reverse("citizen:visit", args=[visit.pk])).content.decode()
    change = re.search(r'href="(/visits/places/hall/\?[^"]+move=[^"]+)"', page)[1].replace("&amp;", "&")
    assert "一直为您保留" in lin.get(change).content.decode()
    query = urlsplit(change).query
    assert parse_qs(query)["move"] == [str(visit.pk)]
    later = visit.starts_at + timedelta(minutes=30)
    url = reverse("citizen:visit_times", args=["hall", visit.day.isoformat()]) + f"?{query}"
    data = {"start": later.isoformat(), "request_id": new_id(), "ver": visit.ver}
    assert lin.post(url, data).url == reverse("citizen:visit", args=[visit.pk])
    stale = lin.post(url, {**data, "request_id": new_id()})
    assert stale.status_code == 409
    visit.refresh_from_db()
    assert (visit.starts_at, Visit.objects.count()) == (later, 1)


def test_cancelling_asks_once_more(lin, hall):
    visit = booked(lin, hall)
    url = reverse("citizen:visit_cancel", args=[visit.pk])
    assert "不计爽约" in lin.get(url).content.decode()
    lin.post(url, {"ver": visit.ver, "request_id": new_id()})
    visit.refresh_from_db()
    assert visit.state == "cancelled"


def test_the_calendar_file_is_read_by_others(lin, hall):
    visit = booked(lin, hall)
    answer = lin.get(reverse("citizen:visit_file", args=[visit.pk]))
    assert answer["Content-Type"].startswith("text/calendar")
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event.decoded("dtstart") == visit.starts_at
    assert "民警路" in event["location"]


def test_the_slips_code_is_read_by_any_reader(lin, hall):
    visit, picture = booked(lin, hall), BytesIO()
    slips.drawing(visit).save(picture, kind="png", scale=4)
    (read,) = zxingcpp.read_barcodes(Image.open(picture))
    assert (read.text, read.format) == (visit.code, zxingcpp.BarcodeFormat.QRCode)
    assert "viewBox" in slips.qr(visit)


def test_somebody_elses_visit_is_not_there(lin, hall):
    visit = booked(lin, hall)
    stranger = signed_in(STRANGER)
    for name in ("visit", "visit_file", "visit_cancel", "visit_challenge"):
        assert stranger.get(reverse(f"citizen:{name}", args=[visit.pk])).status_code == 404
    post = {"ver": visit.ver, "request_id": new_id()}
    assert stranger.post(reverse("citizen:visit_cancel", args=[visit.pk]), post).status_code == 404
    assert stranger.post(reverse("citizen:visit_confirm", args=[visit.pk]), post).status_code == 404
    visit.refresh_from_db()
    assert visit.state == "booked"
    refused = Outbox.objects.filter(kind="booking:visit:refused")
    assert refused.count() == 6
    assert set(refused.values_list("actor_id", flat=True)) == {STRANGER.account_id}


def test_a_missed_visit_is_explained_and_challenged_once(lin, hall):
    visit = booked(lin, hall)
    Visit.objects.filter(pk=visit.pk).update(state="missed", closed_at=now())
    page = lin.get(reverse("citizen:visit", args=[visit.pk])).content.decode()
    assert "说明理由" in page
    assert "不是法律规定" in page
    url = reverse("citizen:visit_challenge", args=[visit.pk])
    assert lin.post(url, {"words": " "}).status_code == 422
    page = lin.post(url, {"words": "当天台风停业。"}, follow=True).content.decode()
    assert "等待大厅负责人核实" in page


@pytest.mark.parametrize("path", ["/visits/places/nowhere/?s=passport", "/visits/places/hall/2026-02-30/?s=passport"])
def test_addresses_that_are_none(lin, path):
    assert lin.get(path).status_code in (400, 404)


def test_services_that_are_not_offered_are_refused(lin):
    assert lin.get(reverse("citizen:visit_days", args=["hall"]) + "?s=driving").status_code == 403
    assert lin.get(reverse("citizen:visit_places") + "?kind=exit_entry_hall").status_code == 302


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_is_there_in_both_languages(hall, language):
    browser = signed_in(LIN, language)
    visit, (day, _) = booked(browser, hall), free_day(hall)
    pages = [
        reverse("citizen:visits"), reverse("citizen:visit_new"), reverse("citizen:visit", args=[visit.pk]),
        reverse("citizen:visit_places") + "?kind=exit_entry_hall&s=passport",
        reverse("citizen:visit_days", args=["corner"]) + QUERY, times_url(day, "corner"),
        reverse("citizen:visit_cancel", args=[visit.pk]),
    ]  # fmt: skip
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200
        if language == "en":
            text = re.sub(r"(?s)<style.*?</style>|<[^>]+>|中文", "", answer.content.decode())
            assert not re.findall(r"[\u4e00-\u9fff]+", text), path
