"""Pictures as evidence: the desk sees them with the look on record, the driver sees the own, nobody else any."""

import json
from base64 import b64encode
from datetime import timedelta

import pytest
from django.test import Client

from minjing.kernel.files import actions as files
from minjing.kernel.files.plugs import plugs
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.modules.traffic import tasks
from minjing.modules.traffic.actions import evidence
from minjing.modules.traffic.actions.yielding import holding
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Violation, ViolationPhoto
from minjing.modules.traffic.queries import evidence as queries
from minjing.modules.traffic.rules.yielding import messages
from minjing.modules.traffic.tests.test_accidents import picture
from minjing.modules.traffic.tests.test_penalties import (
    NOW,
    ZHOU,
    car,  # noqa: F401 - fixtures
    lin,  # noqa: F401
    officer,
    published,
    recorded,
)
from minjing.modules.traffic.tests.test_violation_pages import reviewer  # noqa: F401
from minjing.modules.traffic.tests.test_yielding_taking import AT, REVIEWER, dispatch, message, take  # noqa: F401

pytestmark = pytest.mark.django_db
JPEG = b"\xff\xd8\xff"
AGO = NOW - timedelta(days=20)


def photographed(violation, colour="red"):
    return evidence.add_photo(violation, "camera", picture(colour), by=SYSTEM, now=NOW)


def entries(kind: str) -> list[Outbox]:
    return list(Outbox.objects.filter(kind=kind).order_by("seq"))


def test_the_desk_shows_it_and_the_look_at_the_owner_is_on_record_first(lin, car, reviewer):  # noqa: F811
    photo = photographed(recorded(car, AGO))
    browser = signed_in(reviewer)
    address = f"/officer/violations/{photo.violation_id}/photos/{photo.pk}/"
    page = browser.get("/officer/violations/").content.decode()
    assert f'src="{address}"' in page
    assert "路口摄像机拍摄" in page
    assert not entries("identity:person:looked")
    answer = browser.get(address)
    assert (answer.status_code, answer["Content-Type"], answer.content[:3]) == (200, "image/jpeg", JPEG)
    (look,) = entries("identity:person:looked")
    assert look.subject_id == lin.person_id
    said = json.loads(bytes(look.payload))
    assert (said["fields"], said["reason"]) == ([queries.RECORD], evidence.LOOK)
    assert people.field_title(queries.RECORD)["zh"] == "违法证据照片"


def test_where_nobody_is_known_that_it_was_shown_stands_in_the_ledger_all_the_same(reviewer, car):  # noqa: F811
    stranger = recorded(car, AGO, plate="湘A12345")
    assert stranger.vehicle_id is None
    photo = photographed(stranger)
    assert evidence.show_photo(stranger.pk, photo.pk, by=reviewer, now=NOW)[:3] == JPEG
    (shown,) = entries("traffic:violation:photo_shown")
    assert json.loads(bytes(shown.payload))["photo"] == str(photo.pk)


def test_without_the_post_or_of_an_own_car_it_is_refused_on_record_and_nothing_is_shown(lin, car):  # noqa: F811
    photo = photographed(recorded(car, AGO))
    own = officer(9, "林建夫")  # of the owner's name
    for by, why in ((lin, "no_post"), (own, "own_car")):
        with pytest.raises(Refused) as refused:
            evidence.show_photo(photo.violation_id, photo.pk, by=by, now=NOW)
        assert refused.value.key == why
    said = [json.loads(bytes(entry.payload)) for entry in entries("traffic:violation:refused")]
    assert [(one["act"], one["why"]) for one in said] == [("review", "no_post"), ("show", "own_car")]
    assert not entries("identity:person:looked")


def test_the_driver_sees_the_own_one_and_nobody_elses(lin, car, vehicle, person):  # noqa: F811
    photo = photographed(published(car, AGO))
    other = photographed(published(vehicle(person(2), "粤B99999"), AGO), "blue")
    browser = signed_in(lin)
    address = f"/me/violations/{photo.violation_id}/photos/{photo.pk}/"
    assert f'src="{address}"' in browser.get(f"/me/violations/{photo.violation_id}/").content.decode()
    assert browser.get(address).content[:3] == JPEG
    for violation_id, photo_id in (
        (other.violation_id, other.pk),
        (photo.violation_id, other.pk),
        (photo.violation_id, photo.violation_id),
    ):
        assert browser.get(f"/me/violations/{violation_id}/photos/{photo_id}/").status_code == 404
    assert browser.get(f"/officer/violations/{photo.violation_id}/photos/{photo.pk}/").status_code == 403


def test_before_it_is_published_the_driver_sees_nothing_of_it(lin, car):  # noqa: F811
    photo = photographed(recorded(car, AGO))
    with pytest.raises(Refused):
        evidence.show_own_photo(photo.violation_id, photo.pk, by=lin, now=NOW)


def test_it_is_kept_with_the_violation_and_six_are_enough(car):  # noqa: F811
    violation = recorded(car, AGO)
    photos = [photographed(violation, (n, 0, 0)) for n in range(evidence.PHOTOS_MOST)]
    with pytest.raises(Refused):
        photographed(violation, "white")
    assert plugs.held([photo.file_id for photo in photos]) == {photo.file_id: "matter" for photo in photos}
    assert len(entries("traffic:violation:photographed")) == 6


def test_a_camera_may_send_all_day(car, monkeypatch):  # noqa: F811
    monkeypatch.setattr(files, "DAY_BYTES_MAX", 1)
    assert photographed(recorded(car, AGO)).pk
    with pytest.raises(files.Refused):
        files.store(picture("red"), by=ZHOU, owner_person=None, name="a.jpg", now=NOW)


def said_by_a_recorder(**more) -> dict:
    return {
        "report": "R1", "mission": "M1", "plate": "粤B12345", "at": AT.isoformat(), "lat": 22.55, "lon": 114.06,
        "place": "新洲路", **more,
    }  # fmt: skip


def test_what_an_ambulances_recorder_saw_comes_with_its_report(dispatch):  # noqa: F811
    seen = said_by_a_recorder(picture=b64encode(picture("red")).decode())
    for key in ("b1", "b2"):
        take(dispatch, message(key, reports=[seen]))
    photo = ViolationPhoto.objects.get()
    assert (photo.kind, photo.violation.source) == ("recorder", "ambulance")
    assert queries.content(photo)[:3] == JPEG


def test_what_is_no_picture_is_refused_on_record_and_the_report_is_taken_without_it(dispatch):  # noqa: F811
    take(dispatch, message(reports=[said_by_a_recorder(picture=b64encode(b"MZ, no picture").decode())]))
    assert Violation.objects.get().source == "ambulance"
    assert not ViolationPhoto.objects.exists()
    assert len(entries("files:file:refused")) == 1


def test_while_no_scanner_answers_the_report_is_taken_and_its_picture_when_it_comes_again(
    dispatch,  # noqa: F811
    monkeypatch,
):
    def down(*args, **more):
        raise files.Refused("scanner_down")

    body = message(reports=[said_by_a_recorder(picture=b64encode(picture("red")).decode())])

    def sent() -> int:
        door = Client(HTTP_HOST="localhost", headers={"Authorization": "Bearer secret"})
        return door.post("/traffic/yielding/batches/", body, content_type="application/json").status_code

    monkeypatch.setattr("minjing.modules.traffic.views.yielding.door.now", lambda: AT + timedelta(seconds=305))
    with monkeypatch.context() as patched:
        patched.setattr(evidence.files, "store", down)
        assert [sent(), sent()] == [503, 503]
    assert Violation.objects.get().source == "ambulance"
    assert not ViolationPhoto.objects.exists()
    assert [sent(), sent()] == [200, 200]
    assert ViolationPhoto.objects.get().kind == "recorder"


def test_a_held_batch_keeps_its_pictures_until_a_scanner_has_looked_at_them(dispatch, monkeypatch):  # noqa: F811
    def down(*args, **more):
        raise files.Refused("scanner_down")

    seen = said_by_a_recorder(picture=b64encode(picture("red")).decode())
    ahead = timedelta(hours=1)
    held = take(dispatch, message(reports=[seen], sent_at=AT + ahead), now=AT).batch
    with monkeypatch.context() as patched:
        patched.setattr(evidence.files, "store", down)
        holding.release(held.pk, system="wgs84", shift_s=3600, by=REVIEWER, now=AT)
        tasks.keep_owed(0)
    held.refresh_from_db()
    assert (held.state, held.message_sealed is None, ViolationPhoto.objects.count()) == ("taken", False, 0)
    tasks.keep_owed(0)
    tasks.keep_owed(0)
    held.refresh_from_db()
    assert (held.message_sealed, ViolationPhoto.objects.count()) == (None, 1)


def test_a_released_batch_leaves_no_message_behind(dispatch):  # noqa: F811
    seen = said_by_a_recorder(picture=b64encode(picture("red")).decode())
    held = take(dispatch, message(reports=[seen], sent_at=AT + timedelta(hours=1)), now=AT).batch
    holding.release(held.pk, system="wgs84", shift_s=3600, by=REVIEWER, now=AT)
    held.refresh_from_db()
    assert (held.message_sealed, ViolationPhoto.objects.get().kind) == (None, "recorder")


@pytest.mark.parametrize("wrong", ["not base64!", 7, ["a"], "表"])
def test_a_picture_that_is_not_sent_as_agreed_is_said(wrong):
    with pytest.raises(messages.WrongMessage) as refused:
        messages.read(message(reports=[said_by_a_recorder(picture=wrong)]), "wgs84")
    assert refused.value.where == "reports[0].picture"
