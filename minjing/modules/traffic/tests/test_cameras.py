"""What camera systems send: each record once, refused by itself, pictures kept, nothing charged unseen."""

import json
import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from minjing.base.coordinates import gcj02_of
from minjing.kernel.files import actions as files
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic.actions import cameras, evidence, senders
from minjing.modules.traffic.models import Approach, CameraRecord, CameraSystem, Violation, ViolationPhoto
from minjing.modules.traffic.queries import evidence as pictures
from minjing.modules.traffic.rules.camera_records import MESSAGE_MOST
from minjing.modules.traffic.tests.conftest import NOW
from minjing.modules.traffic.tests.test_evidence import JPEG, picture

pytestmark = pytest.mark.django_db
SEEN_AT = NOW - timedelta(minutes=2)
WHERE = (22.5431, 114.0720)


@pytest.fixture
def token(db) -> str:
    return senders.admit(CameraSystem, "ft", "福田监控", "Futian cameras", system="wgs84", now=NOW)


@pytest.fixture
def system(token) -> CameraSystem:
    found = senders.sender(CameraSystem, token)
    assert found is not None
    return found


@pytest.fixture
def approach(db) -> Approach:
    return Approach.objects.create(
        code="FT1390", place="深南大道 / 彩田路", lat=WHERE[0], lon=WHERE[1], heading_deg=90
    )


def record(key="EP-1", **more) -> dict:
    said = {
        "record": key, "camera": "FT1390", "conduct": "SZP01", "plate": "粤B·12345", "at": SEEN_AT.isoformat(),
        "pictures": [b64encode(picture("red")).decode()],
    }  # fmt: skip
    return {name: value for name, value in (said | more).items() if value is not None}


def message(*records, sent_at=NOW, **more) -> bytes:
    return json.dumps({"sent_at": sent_at.isoformat(), "records": records or [record()], **more}).encode()


def take(system, *records, **more) -> list[cameras.Outcome]:
    return cameras.take(message(*records, **more), system, now=NOW)


def refusals() -> list[str]:
    rows = Outbox.objects.filter(kind="traffic:camera:refused").order_by("seq")
    return [json.loads(bytes(row.payload))["why"] for row in rows]


def test_what_a_camera_saw_waits_for_an_officer_with_its_picture(system, approach, person, vehicle):
    car = vehicle(person(1), "粤B12345", at=NOW - timedelta(days=9))
    (outcome,) = take(system)
    violation = Violation.objects.get(number=outcome.number)
    assert (outcome.state, violation.state, violation.source) == ("taken", "recorded", "camera")
    assert (violation.plate, violation.plate_kind, violation.vehicle_id) == ("粤B12345", "02", car.pk)
    assert (violation.lat, violation.lon, violation.heading_deg) == (*WHERE, 90)
    assert violation.place == approach.place
    photo = ViolationPhoto.objects.get()
    assert (photo.kind, pictures.content(photo)[:3]) == ("camera", JPEG)
    assert Outbox.objects.filter(kind="traffic:violation:recorded").count() == 1


def test_a_record_that_comes_again_is_taken_once_and_the_first_content_stays(system, approach):
    (first,) = take(system)
    (again,) = take(system)
    (other,) = take(system, record(plate="粤B54321"))
    assert (again.state, again.number) == ("repeated", first.number)
    assert (other.state, other.where) == ("refused", "record")
    assert Violation.objects.get().plate == "粤B12345"
    assert ViolationPhoto.objects.count() == 1
    twice = take(system, record("EP-2"), record("EP-2"))
    assert [outcome.state for outcome in twice] == ["taken", "repeated"]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"plate": "粤BI2345"}, "records[0].plate"),
        ({"plate": "粤BO2345"}, "records[0].plate"),
        ({"plate": "粤B1234"}, "records[0].plate"),
        ({"plate": "粤B123456789"}, "records[0].plate"),
        ({"plate": 7}, "records[0].plate"),
        ({"plate_kind": "52"}, "records[0].plate_kind"),
        ({"conduct": "XX999"}, "conduct"),
        ({"conduct": None}, "records[0].conduct"),
        ({"at": "yesterday"}, "records[0].at"),
        ({"at": (NOW + timedelta(minutes=2)).isoformat()}, "records[0].at"),
        ({"camera": "nobody"}, "camera"),
        ({"camera": "nobody", "lat": 22.5, "lon": 114.0}, "camera"),
        ({"lat": 200, "lon": 114.0}, "records[0]"),
        ({"lat": 22.5}, "records[0]"),
        ({"lat": True, "lon": 114.0}, "records[0]"),
        ({"heading_deg": 400}, "records[0].heading_deg"),
        ({"place": "\x00"}, "records[0].place"),
        ({"pictures": []}, "records[0].pictures"),
        ({"pictures": ["*"]}, "records[0].pictures[0]"),
        ({"pictures": "a"}, "records[0].pictures"),
    ],
)
def test_a_wrong_record_is_refused_by_itself_and_on_record(system, approach, more, where):
    wrong, right = take(system, record(**more), record("EP-2"))
    assert (wrong.state, wrong.where, right.state) == ("refused", where, "taken")
    assert wrong.why
    assert Violation.objects.count() == 1
    assert len(refusals()) == 1
    assert "12345" not in refusals()[0]


def test_a_camera_that_is_not_known_says_where_it_stands_in_its_own_system(system):
    lat, lon = gcj02_of(*WHERE)
    body = message(record(camera="new", lat=lat, lon=lon, place="滨河大道"), system="gcj02")
    (outcome,) = cameras.take(body, system, now=NOW)
    violation = Violation.objects.get(number=outcome.number)
    assert (violation.lat, violation.lon) == pytest.approx(WHERE, abs=1e-6)
    assert (violation.source_crs, violation.place) == ("gcj02", "滨河大道")


@pytest.mark.parametrize(
    ("position", "found"),
    [(WHERE, []), (gcj02_of(*WHERE), ["gcj02"]), ((22.6, 114.1), ["away"])],
)
def test_a_position_that_is_not_the_cameras_is_noticed_and_the_cameras_own_is_kept(system, approach, position, found):
    (outcome,) = take(system, record(lat=position[0], lon=position[1]))
    assert outcome.findings == found
    assert (Violation.objects.get().lat, Violation.objects.get().lon) == WHERE


@pytest.mark.parametrize("off", [timedelta(hours=1), -timedelta(hours=1)])
def test_a_sender_whose_clock_is_off_is_told_and_nothing_is_taken(system, approach, off):
    with pytest.raises(cameras.ClockOff) as wrong:
        take(system, sent_at=NOW + off)
    assert wrong.value.seconds == off.total_seconds()
    assert not Violation.objects.exists()
    assert refusals() == [f"clock: off by {int(off.total_seconds())} s"]


def test_what_is_no_picture_is_left_out_and_the_record_is_taken(system, approach):
    (outcome,) = take(system, record(pictures=[b64encode(b"MZ").decode(), b64encode(picture("red")).decode()]))
    assert (outcome.state, outcome.findings) == ("taken", ["picture"])
    assert ViolationPhoto.objects.count() == 1
    (again,) = take(system, record(pictures=[b64encode(b"MZ").decode(), b64encode(picture("red")).decode()]))
    assert (again.state, again.findings, ViolationPhoto.objects.count()) == ("repeated", [], 1)


# ---- the door ------------------------------------------------------------------------------------------


def door(token: str, body: bytes | None = None):
    return Client(HTTP_HOST="localhost", headers={"Authorization": f"Bearer {token}"}).post(
        "/traffic/cameras/records/", message() if body is None else body, content_type="application/json"
    )


@pytest.fixture
def at_now(monkeypatch):
    monkeypatch.setattr("minjing.modules.traffic.views.cameras.now", lambda: NOW)


def test_the_door_answers_record_by_record(token, approach, at_now):
    said = door(token, message(record(), record("EP-2", plate="粤BI2345"))).json()["records"]
    assert [(one["record"], one["state"]) for one in said] == [("EP-1", "taken"), ("EP-2", "refused")]
    assert said[0]["number"].startswith("WF")
    assert "I" in said[1]["why"]
    far = door(token, message(record("EP-3", lat=22.6, lon=114.1))).json()["records"][0]
    assert [finding["code"] for finding in far["findings"]] == ["away"]
    assert far["findings"][0]["zh"]


def test_a_long_message_with_its_pictures_is_taken_and_one_too_long_is_told(token, approach, at_now):
    """Longer than what a form of people's may be (DATA_UPLOAD_MAX_MEMORY_SIZE)."""
    noise = b64encode(picture("red") + os.urandom(700_000)).decode()
    long = message(*(record(f"EP-{n}", pictures=[noise] * 3) for n in range(2)))
    assert 2_621_440 < len(long) < MESSAGE_MOST
    assert [one["state"] for one in door(token, long).json()["records"]] == ["taken", "taken"]
    assert ViolationPhoto.objects.count() == 6
    assert door(token, b" " * (MESSAGE_MOST + 1)).status_code == 413
    assert refusals() == ["too long"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"[]", 400), (b"[" * 100_000, 400), (b"{}", 400), (message(sent_at=NOW - timedelta(hours=2)), 409),
     (b'{"sent_at": "2026-11-26T10:00:00+08:00", "records": []}', 400)],
)  # fmt: skip
def test_a_message_that_cannot_be_read_is_refused_whole(token, at_now, body, status):
    assert door(token, body).status_code == status
    assert len(refusals()) == 1


def test_who_is_not_known_or_has_been_ended_sends_nothing(token, approach, at_now):
    assert door("guess").status_code == 401
    assert senders.end(CameraSystem, "ft", now=NOW)
    assert door(token).status_code == 401
    assert not senders.end(CameraSystem, "ft", now=NOW)
    assert not Violation.objects.exists()
    kinds = set(Outbox.objects.values_list("kind", flat=True))
    assert {"traffic:camera:admitted", "traffic:camera:ended", "traffic:camera:refused"} <= kinds
    assert {door("guess").status_code for _ in range(40)} == {401, 429}


def test_while_no_scanner_answers_records_are_taken_and_their_pictures_later(token, approach, at_now, monkeypatch):
    def down(*args, **more):
        raise files.Refused("scanner_down")

    with monkeypatch.context() as patched:
        patched.setattr(evidence.files, "store", down)
        assert [door(token).status_code, door(token).status_code] == [503, 503]
    assert (Violation.objects.count(), ViolationPhoto.objects.count()) == (1, 0)
    assert [door(token).status_code, door(token).status_code] == [200, 200]
    assert (Violation.objects.count(), ViolationPhoto.objects.count()) == (1, 1)


def test_a_sender_is_admitted_and_ended_on_the_server(db):
    said = StringIO()
    call_command(
        "sender", "admit", "camera", "lg", "--zh", "龙岗", "--en", "Longgang", "--system", "gcj02", stdout=said
    )
    code, token = said.getvalue().split()
    assert senders.sender(CameraSystem, token).code == code == "lg"
    call_command("sender", "list", stdout=said)
    assert "camera  lg  龙岗  gcj02" in said.getvalue()
    call_command("sender", "end", "camera", "lg", stdout=said)
    assert senders.sender(CameraSystem, token) is None
    with pytest.raises(CommandError):
        call_command("sender", "end", "camera", "lg")


@pytest.mark.django_db(transaction=True)
def test_the_same_message_over_four_lines_at_once_is_taken_once(token, approach):
    system, body = CameraSystem.objects.get(), message(record(), record("EP-2"))

    def over_a_line(_: int) -> list[str]:
        try:
            return [outcome.state for outcome in cameras.take(body, system, now=NOW)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as lines:
        states = list(lines.map(over_a_line, range(4)))
    assert sorted(state for said in states for state in said) == ["repeated"] * 6 + ["taken"] * 2
    assert (Violation.objects.count(), CameraRecord.objects.count(), ViolationPhoto.objects.count()) == (2, 2, 2)
