"""A national register behind the built-in one: one contract for both, changes told once, trouble said clearly."""

import threading
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from minjing.base.idnumber import compose
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import national, registers
from minjing.modules.traffic.models import RegisterNotice
from minjing.modules.traffic.providers.registers import HttpRegisters, Unavailable, record_json
from minjing.modules.traffic.providers.standin.national_register import KEY, server
from minjing.modules.traffic.queries import national as asked

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
NUMBER = compose("440304", date(1988, 1, 5), 103)  # of the fixture's person 1
pytestmark = pytest.mark.django_db


@pytest.fixture
def country():
    """Return the address of a national register that runs on a port of its own."""
    running = server(0)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


def told(url, **said):
    assert httpx.post(f"{url}/admin", json=said).status_code == 200


@pytest.fixture(params=["built_in", "http"])
def both(request, country, person, vehicle, licence):
    """Return either register with one driver, two cars and a licence on record."""
    owner = person(1)
    rows = [vehicle(owner, "粤B12345"), vehicle(owner, "粤BD12345")]
    held = licence(owner)
    if request.param == "built_in":
        return asked.BuiltIn()
    told(
        country,
        vehicles=[{"holder": NUMBER, "record": record_json(asked.vehicle_record(row, row))} for row in rows],
        licences=[{"holder": NUMBER, "record": record_json(asked.licence_record(held, held))}],
    )
    return HttpRegisters(country, KEY)


def test_either_register_tells_a_vehicle_by_its_plate_and_kind(both):
    found = both.vehicle("粤B12345", "02")
    assert (found.plate, found.kind, found.colour, found.status) == ("粤B12345", "02", "white", "valid")
    assert found.registered_date == date(2020, 6, 1)
    assert both.vehicle("粤B12345", "01") is None
    assert both.vehicle("粤B99999", "02") is None


def test_either_register_tells_what_a_person_owns_and_may_drive(both):
    assert [one.plate for one in both.vehicles(NUMBER)] == ["粤B12345", "粤BD12345"]
    found = both.licence(NUMBER)
    assert (found.classes, found.status, found.suspended_until_date) == ("C1", "valid", None)
    stranger = compose("440304", date(1990, 1, 5), 333)
    assert (both.vehicles(stranger), both.licence(stranger)) == ([], None)


def test_either_register_takes_no_change_amiss(both):
    both.tell([])


@pytest.mark.parametrize(
    ("mood", "fault"),
    [({"down": True}, "refused"), ({"unsigned": True}, "unsigned"), ({"other": True}, "other_question")],
)
def test_an_answer_that_is_none_is_said_to_be_none(country, mood, fault):
    told(country, **mood)
    with pytest.raises(Unavailable) as no:
        HttpRegisters(country, KEY).licence(NUMBER)
    assert no.value.fault == fault
    assert "没有回应" in no.value.text["zh"]


def test_a_wrong_key_is_refused_and_silence_ends_in_time(country, monkeypatch):
    with pytest.raises(Unavailable, match="refused"):
        HttpRegisters(country, b"another key").licence(NUMBER)
    told(country, slow_s=0.5)
    monkeypatch.setattr("minjing.modules.traffic.providers.registers.TIMEOUT", httpx.Timeout(0.1))
    with pytest.raises(Unavailable, match="no_answer"):
        HttpRegisters(country, KEY).licence(NUMBER)
    with pytest.raises(Unavailable, match="no_answer"):
        HttpRegisters("http://127.0.0.1:9", KEY).licence(NUMBER)


@pytest.fixture
def national_city(settings, country):
    settings.TRAFFIC_REGISTER_URL, settings.TRAFFIC_REGISTER_KEY = country, KEY.decode()
    return country


def test_without_a_national_register_nothing_is_queued(person, vehicle):
    vehicle(person(1))
    assert not RegisterNotice.objects.exists()
    assert isinstance(asked.registers(), asked.BuiltIn)


def test_each_change_is_told_once_as_it_was_at_its_instant(national_city, person, vehicle, licence):
    row = vehicle(person(1), at=NOW)
    licence(person(1), at=NOW)
    registers.change_vehicle(row.pk, {"colour": "red"}, "recoloured", by=SYSTEM, now=NOW + timedelta(hours=1))
    assert national.send_due(NOW + timedelta(hours=2)) == 3
    assert national.send_due(NOW + timedelta(hours=3)) == 0
    found = asked.registers()
    assert found.vehicle("粤B12345", "02").colour == "red"
    assert found.licence(NUMBER).classes == "C1"
    assert Outbox.objects.filter(kind=events.REGISTER_TOLD).count() == 3


def test_a_register_that_is_down_is_told_later_and_nothing_is_lost(national_city, person, vehicle):
    told(national_city, down=True)
    vehicle(person(1), at=NOW)
    assert national.send_due(NOW) == 0
    notice = RegisterNotice.objects.get()
    assert (notice.tries, notice.next_at, notice.sent_at) == (1, NOW + timedelta(minutes=1), None)
    assert national.send_due(NOW) == 0  # not before its time
    told(national_city)
    assert national.send_due(NOW + timedelta(minutes=1)) == 1


def test_an_older_state_never_replaces_a_newer_one(country, person, vehicle):
    row = vehicle(person(1))
    newer = asked.vehicle_record(row, row)
    http = HttpRegisters(country, KEY)
    from minjing.modules.traffic.providers.registers import Change

    row.colour = "black"
    older = asked.vehicle_record(row, row)
    http.tell([Change("2", "vehicle", NOW, "now", NUMBER, newer)])
    http.tell([Change("1", "vehicle", NOW - timedelta(days=1), "before", NUMBER, older)])
    assert http.vehicle("粤B12345", "02").colour == "white"
    assert set(httpx.get(f"{country}/admin").json()["changes"]) == {"1", "2"}
