"""The card reader on the machine, and tickets for the counters of its hall."""

from datetime import timedelta

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as places
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.booking.tests.conftest import MONDAY, at, put
from minjing.kernel.identity.providers.card_reader import tickets
from minjing.kernel.identity.tests.test_card_reader import carried, reader  # noqa: F401 - the stand-in, as a fixture
from minjing.kernel.ledger.models import Outbox
from minjing.portals.kiosk import actions
from minjing.portals.kiosk.models import Machine

pytestmark = pytest.mark.django_db


def read(browser: Client, port: int) -> str:
    """Read the card on the stand-in as the page of this browser does."""
    answer = browser.post("/identity/card-reader/ticket/", {"device": tickets.DEMO_NAME})
    return carried(port, answer.json()["ticket"])


def test_a_card_on_the_reader_sends_the_code_and_lets_nobody_in_by_itself(browser: Client, reader: int):  # noqa: F811
    done = browser.post("/kiosk/identify/", {"card_reading": read(browser, reader), "goal": "papers"})
    assert done["Location"] == "/kiosk/code/?goal=papers"
    assert browser.get("/kiosk/home/")["Location"] == "/kiosk/"
    assert Outbox.objects.filter(kind="identity:card:read").count() == 1


def test_a_reading_that_this_machine_did_not_ask_for_is_refused(browser: Client, reader: int):  # noqa: F811
    page = browser.get("/kiosk/identify/")
    assert "connect-src 'self' ws://" in page["Content-Security-Policy"]
    other = Client(HTTP_HOST="localhost", HTTP_SEC_FETCH_SITE="same-origin")
    stolen = read(other, reader)
    browser.post("/identity/card-reader/ticket/", {"device": tickets.DEMO_NAME})
    assert browser.post("/kiosk/identify/", {"card_reading": stolen}).status_code == 422
    assert browser.post("/kiosk/identify/", {"card_reading": "made up"}).status_code == 422
    assert Outbox.objects.filter(kind="identity:card:refused").count() == 2


def test_a_ticket_is_given_for_the_counters_of_this_hall_and_names_the_machine(machine: Machine, browser: Client):
    put("here", counters=2, unit="U27")
    put("there", counters=2, unit="U31")
    booking.open_all_days(MONDAY)
    places.forget_kept()
    page = browser.get("/kiosk/ticket/").content.decode()
    assert 'value="here|passport"' in page
    assert "there|" not in page
    assert "取号" in browser.get("/kiosk/").content.decode()
    taken = actions.take_ticket(machine, "here", "passport", now=at(10), request_id=new_id())
    assert taken.ticket
    assert taken.person_id is None
    entry = Outbox.objects.get(kind="kiosk:ticket:taken")
    assert str(machine.id).encode() in bytes(entry.payload)
    elsewhere = browser.post("/kiosk/ticket/", {"what": "there|passport", "request_id": str(new_id())})
    assert elsewhere["Location"] == "/kiosk/ticket/"


def test_with_nothing_left_today_the_machine_says_so(machine: Machine, browser: Client):
    put("here", counters=1, unit="U27")
    places.forget_kept()
    with pytest.raises(BookingError):  # no day is open
        actions.take_ticket(machine, "here", "passport", now=clock.now() + timedelta(days=400), request_id=new_id())
    answer = browser.post("/kiosk/ticket/", {"what": "here|passport", "request_id": str(new_id())})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
