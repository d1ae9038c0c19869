"""The counter calls, the screen shows numbers, the hall's head sets what a day takes: over HTTP."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from minjing.base.clock import CHINA, local_day, now
from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.models import Slot, Visit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.halls import coming_day, open_today, ticket
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, HEAD, LIN

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall(city, monkeypatch):  # noqa: F811 - the fixture
    yield from open_today(monkeypatch)


def press(browser, what: str, **data):
    return browser.post(reverse("officer:hall_act", args=["hall", what]), data, follow=True)


def test_the_counter_calls_one_after_another(hall):
    browser = signed_in(CHEN)
    first, second = ticket(hall), ticket(hall)
    assert "没有叫到的号" in browser.get(reverse("officer:hall", args=["hall"])).content.decode()
    page = press(browser, "next", counter="1", request_id=new_id()).content.decode()
    assert f'<p class="ticket">{first.ticket}</p>' in page
    first.refresh_from_db()
    page = press(browser, "recall", visit=first.pk, ver=first.ver).content.decode()
    assert "已叫 2 次" in page
    first.refresh_from_db()
    press(browser, "skip", visit=first.pk, ver=first.ver)
    page = press(browser, "next", counter="1").content.decode()
    assert f'<p class="ticket">{second.ticket}</p>' in page
    second.refresh_from_db()
    stale = press(browser, "finish", visit=second.pk, ver=second.ver - 1).content.decode()
    assert "刚刚有了变化" in stale
    press(browser, "finish", visit=second.pk, ver=second.ver)
    second.refresh_from_db()
    assert second.state == "done"


def test_the_screen_shows_numbers_and_loads_anew_without_a_script(hall):
    called, waiting = ticket(hall), ticket(hall)
    press(signed_in(CHEN), "next", counter="2")
    visitor = Client()
    page = visitor.get(reverse("open:hall", args=["hall"])).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in page
    assert called.ticket in page
    assert waiting.ticket in page
    part = visitor.get(reverse("open:hall", args=["hall"]), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert re.search(rf"{called.ticket}</strong>.*?<b>2</b>", part, re.S)
    assert visitor.get(reverse("open:hall", args=["nowhere"])).status_code == 404


def test_a_slip_is_scanned_and_a_wrong_one_says_nothing(hall):
    browser, at = signed_in(CHEN), now()
    start = next(f.starts_at for f in queries.slots(hall, local_day(at), ["passport"], at))
    visit = actions.book("hall", ["passport"], start, by=LIN, now=at, request_id=new_id())
    page = press(browser, "report", code="AAAAA-AAAAA").content.decode()
    assert "没有找到这次预约" in page
    page = press(browser, "report", code=f"{visit.code[:5]}-{visit.code[5:]}".lower()).content.decode()
    assert "A001" in page
    assert "林晓夫" not in page


def test_a_walk_in_gets_a_ticket_at_the_counter(hall):
    page = press(signed_in(CHEN), "ticket", s=["passport", "id_card"], request_id=new_id()).content.decode()
    assert "B001" in page
    assert "请改正" in press(signed_in(CHEN), "ticket", request_id=new_id()).content.decode()


@pytest.mark.parametrize("who", [ELSEWHERE, HEAD])
def test_who_does_not_serve_there_cannot_call(hall, who):
    ticket(hall)
    assert press(signed_in(who), "next", counter="1").status_code == 403
    if who is ELSEWHERE:
        assert signed_in(who).get(reverse("officer:hall", args=["hall"])).status_code == 403
    assert Visit.objects.get().state == "waiting"


def test_the_head_sets_counters_and_closes_a_day(hall):
    browser, day = signed_in(HEAD), coming_day(hall)
    url = reverse("officer:hall_capacity", args=["hall"])
    assert day.isoformat() in browser.get(url).content.decode()
    form = {"day": day.isoformat(), "since": "09:00", "until": "12:00", "counters": "5"}
    browser.post(url, form)
    slots = {s.starts_at.astimezone(CHINA).hour: s.capacity for s in Slot.objects.filter(place_id=hall.id, day=day)}
    assert (slots[8], slots[9], slots[12]) == (60, 150, 60)
    assert browser.post(url, {**form, "until": "08:00"}).status_code == 422
    start = queries.slots(hall, day, ["passport"], now())[0].starts_at
    visit = actions.book("hall", ["passport"], start, by=LIN, now=now(), request_id=new_id())
    assert browser.post(url, {"day": day.isoformat(), "close": "1", "why": ""}).status_code == 422
    page = browser.post(url, {"day": day.isoformat(), "close": "1", "why": "停电检修"}, follow=True).content.decode()
    assert "停电检修" in page
    visit.refresh_from_db()
    assert visit.state == "cancelled"
    assert signed_in(CHEN).get(url).status_code == 403


def test_a_challenge_is_read_on_record_and_decided(hall):
    day = coming_day(hall)
    start = queries.slots(hall, day, ["passport"], now())[0].starts_at
    visit = actions.book("hall", ["passport"], start, by=LIN, now=now(), request_id=new_id())
    Visit.objects.filter(pk=visit.pk).update(state="missed", closed_at=now())
    actions.challenge(visit.pk, "我当天住院。", by=LIN, now=now())
    url = reverse("officer:hall_decide", args=["hall", visit.pk])
    assert signed_in(CHEN).get(url).status_code == 403
    browser = signed_in(HEAD)
    listed = browser.get(reverse("officer:hall_capacity", args=["hall"])).content.decode()
    assert url in listed
    assert "我当天住院" not in listed
    before = Outbox.objects.filter(kind__contains="look").count()
    assert "我当天住院" in browser.get(url).content.decode()
    assert Outbox.objects.filter(kind__contains="look").count() == before + 1
    browser.post(url, {"excused": "1"})
    visit.refresh_from_db()
    assert visit.excused_at is not None


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_is_there_in_both_languages(hall, language):
    ticket(hall)
    for who, name, args in (
        (CHEN, "officer:halls", []), (CHEN, "officer:hall", ["hall"]), (HEAD, "officer:hall_capacity", ["hall"]),
        (HEAD, "officer:hall", ["hall"]), (CHEN, "open:hall", ["hall"]),
    ):  # fmt: skip
        page = signed_in(who, language).get(reverse(name, args=args)).content.decode()
        if language == "en":
            text = re.sub(r"(?s)<style.*?</style>|<[^>]+>|中文", "", page)
            assert not re.findall(r"[\u4e00-\u9fff]+", text), name
