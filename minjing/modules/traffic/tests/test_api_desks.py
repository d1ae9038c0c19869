"""The officers' other desks over the JSON API: the counter, test results, held batches, missions, look-ups."""

import json
from datetime import timedelta
from importlib import import_module
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import violations
from minjing.modules.traffic.actions.yielding import finding
from minjing.modules.traffic.models import (
    Batch,
    Candidate,
    Decision,
    FullPoints,
    Licence,
    Mission,
    ParkingNotice,
    PointsEntry,
    Suspension,
    TestBooking,
    TrackPart,
)
from minjing.modules.traffic.tests.test_counter_pages import post as signing_in
from minjing.modules.traffic.tests.test_withholding import (
    HOUR,
    NOW,
    booked,
    car,  # noqa: F401 - fixtures
    driver,  # noqa: F401
    entered,
    fifth,  # noqa: F401
    full_by_another_city,
    lin,  # noqa: F401
)
from minjing.modules.traffic.tests.test_yielding_taking import (
    AT,
    dispatch,  # noqa: F401
    message,
    northward,
    take,
    violation,
)

import_module("minjing.portals.api.views")  # as the house does: the API first, then what modules hang into it
pytestmark = pytest.mark.django_db
BASE = "/api/traffic"
post = signing_in  # the fixture: an officer with one act


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr("minjing.base.clock.now", lambda: NOW + HOUR)
    for corner in ("counter", "examining", "tracks", "records", "desks"):
        monkeypatch.setattr(f"minjing.modules.traffic.views.api.{corner}.now", lambda: NOW + HOUR)


def send(desk: Client, address: str, said: dict, reason: str = "") -> tuple[int, dict]:
    headers = {"Look-Reason": quote(reason)} if reason else {}
    answer = desk.post(f"{BASE}{address}", json.dumps(said), content_type="application/json", headers=headers)
    return answer.status_code, answer.json() if answer.content else {}


def looks() -> int:
    return Outbox.objects.filter(kind="identity:person:looked").count()


# ---- the counter ----------------------------------------------------------------------------------------


def test_an_officer_sees_what_follows_and_decides_at_the_counter_once(post, fifth, driver):  # noqa: F811
    desk, asked = post("review_violations"), {"number": fifth[-1].number, "file_number": driver.file_number}
    status, seen = send(desk, "/counter", asked)
    assert (status, seen["name"], seen["decided"]) == (200, "林建夫", False)
    assert (seen["suspension"]["ends"], seen["violation"]["id"]) == ("2027-02-26", str(fifth[-1].pk))
    assert looks() == 1
    assert not Suspension.objects.exists()
    address, said = f"/counter/{fifth[-1].pk}", {"file_number": driver.file_number}
    status, made = send(desk, address, said)
    assert (status, made["number"]) == (200, Decision.objects.get().number)
    assert send(desk, address, said)[1] == made
    assert Decision.objects.count() == Suspension.objects.count() == 1
    assert Licence.objects.get(pk=driver.pk).status == "suspended"
    assert send(desk, "/counter", asked)[1]["decided"] is True


def test_the_counter_says_what_is_wrong(post, fifth, driver, person, licence):  # noqa: F811
    desk, another = post("review_violations"), licence(person(5))
    number, file_number = fifth[0].number, driver.file_number
    for said, status, key in (
        ({"number": "WF0", "file_number": file_number}, 404, "no_violation"),
        ({"number": number, "file_number": "123"}, 404, "unknown_licence"),
        ({"number": number, "file_number": "\u0000"}, 422, "unstorable"),
        ({"number": "\u0000", "file_number": file_number}, 422, "unstorable"),
        ({"number": number}, 422, "malformed"),
    ):
        found, answer = send(desk, "/counter", said)
        assert (found, answer.get("key", "")) == (status, key)
    assert send(desk, f"/counter/{uuid4()}", {"file_number": file_number})[0] == 404
    assert send(desk, f"/counter/{fifth[0].pk}", {"file_number": file_number})[0] == 200
    assert send(desk, f"/counter/{fifth[0].pk}", {"file_number": another.file_number})[0] == 409
    assert send(desk, "/counter", {"number": number, "file_number": another.file_number})[1]["key"] == "anothers"
    assert Decision.objects.count() == 1


def test_points_of_another_city_are_entered_once_and_withhold_the_licence(post, lin, driver):  # noqa: F811
    desk = post("review_violations")
    said = {
        "file_number": driver.file_number, "city": "广州", "reference": "GZ-1", "day": "2026-11-20", "points": 13,
    }  # fmt: skip
    made = [send(desk, "/counter/points", said)[1]["id"] for _ in range(2)]
    assert made == [str(PointsEntry.objects.get().pk)] * 2
    assert FullPoints.objects.get().points == 13
    for wrong, key in (
        ({"points": 0}, "points_number"), ({"points": 37}, "points_number"), ({"day": "2027-01-01"}, "elsewhere"),
        ({"city": " "}, "elsewhere"), ({"reference": ""}, "elsewhere"),
        ({"points": 3}, "points_known"), ({"day": "2026-11-19"}, "points_known"), ({"city": "佛山"}, "points_known"),
    ):  # fmt: skip
        status, answer = send(desk, "/counter/points", said | wrong)
        assert (status, answer["key"]) == (409 if key == "points_known" else 422, key)
    for nonsense in (
        {"points": "many"},
        {"day": "someday"},
        {"city": "广" * 17},
        {"city": "\u0000", "reference": "2"},
    ):
        assert send(desk, "/counter/points", said | nonsense)[0] == 422
    assert send(desk, "/counter/points", said | {"file_number": "1"})[0] == 404
    assert PointsEntry.objects.count() == 1


# ---- results of tests -----------------------------------------------------------------------------------


def test_the_examiner_enters_marks_once_and_the_licence_comes_back(post, lin, driver):  # noqa: F811
    full_by_another_city(lin)
    one, early = booked(lin), booked(lin, at=NOW + 3 * HOUR, subject="1")
    desk = post("examine")
    status, waiting = desk.get(f"{BASE}/tests").status_code, desk.get(f"{BASE}/tests").json()
    assert (status, waiting["count"], [test["id"] for test in waiting["tests"]]) == (200, 1, [str(one.pk)])
    assert waiting["tests"][0]["name"] == "林建夫"
    assert looks() == 2
    for marks in (101, -1, "abc", 9.5, 10**30):
        assert send(desk, f"/tests/{one.pk}", {"marks": marks})[0] == 422
    assert send(desk, f"/tests/{one.pk}", {})[0] == 422
    assert send(desk, f"/tests/{early.pk}", {"marks": 92})[1]["key"] == "too_early"
    for _ in range(2):
        assert send(desk, f"/tests/{one.pk}", {"marks": 92})[1]["status"] == "passed"
    status, answer = send(desk, f"/tests/{one.pk}", {"marks": None})
    assert (status, answer["key"]) == (409, "result_known")
    assert Outbox.objects.filter(kind=events.TEST_MARKED).count() == 1
    assert Licence.objects.get(pk=driver.pk).status == "valid"
    assert send(desk, f"/tests/{uuid4()}", {"marks": 92})[0] == 404


def test_that_nobody_came_is_a_result_too(post, lin, driver):  # noqa: F811
    one = booked(lin, subject="1")
    assert send(post("examine"), f"/tests/{one.pk}", {"marks": None})[1] == {
        "id": str(one.pk), "status": "absent", "marks": None,
    }  # fmt: skip
    assert TestBooking.objects.get().status == "absent"


def test_who_is_sworn_in_has_passed_every_test_and_gets_one_licence(post, lin):  # noqa: F811
    entered(lin, "learner", until_date=(NOW + timedelta(days=900)).date())
    ceremony = entered(lin, "book_ceremony", until_date=NOW.date())
    desk = post("examine")
    status, answer = send(desk, f"/ceremonies/{ceremony.pk}", {})
    assert (status, answer["key"]) == (409, "tests_missing")
    for subject in ("1", "2", "3", "4"):
        send(desk, f"/tests/{booked(lin, subject=subject).pk}", {"marks": 95})
    (waiting,) = desk.get(f"{BASE}/tests").json()["ceremonies"]
    assert (waiting["id"], waiting["name"], waiting["ready"]) == (str(ceremony.pk), "林建夫", True)
    made = [send(desk, f"/ceremonies/{ceremony.pk}", {})[1] for _ in range(2)]
    assert made[0] == made[1]
    assert (Licence.objects.get().classes, made[0]["classes"]) == ("D", "D")
    assert send(desk, f"/ceremonies/{uuid4()}", {})[0] == 404


# ---- tracks ---------------------------------------------------------------------------------------------


def late(dispatch, hours=1):  # noqa: F811
    """A batch whose clock is ahead, held."""
    shift = timedelta(hours=hours)
    body = message(sent_at=AT + timedelta(seconds=300) + shift, fixes=northward(AT + shift))
    return take(dispatch, body).batch


def test_a_held_batch_is_taken_with_its_clock_put_right_once(post, dispatch):  # noqa: F811
    batch, desk = late(dispatch), post("review_violations")
    (held,) = desk.get(f"{BASE}/yielding/held").json()
    assert (held["id"], held["clock_ahead_s"]) == (str(batch.pk), pytest.approx(3600, abs=5))
    assert held["findings"][0]["said"]["zh"]
    assert send(desk, f"/yielding/held/{batch.pk}", {"answer": "maybe"})[0] == 422
    assert Batch.objects.get().state == "held"
    assert send(desk, f"/yielding/held/{batch.pk}", {"answer": "clock"})[0] == 204
    assert abs(TrackPart.objects.get().first_at - AT) <= timedelta(seconds=5)
    assert send(desk, f"/yielding/held/{batch.pk}", {"answer": "discard"})[0] == 409
    assert Batch.objects.get().state == "taken"
    assert desk.get(f"{BASE}/yielding/held").json() == []
    assert send(desk, f"/yielding/held/{uuid4()}", {"answer": "clock"})[0] == 404
    page = f"/officer/traffic/yielding/held/{batch.pk}/"
    assert [desk.post(page, {"answer": said}).status_code for said in ("discard", "maybe")] == [302, 404]


def test_a_held_batch_is_discarded(post, dispatch):  # noqa: F811
    batch = late(dispatch)
    assert send(post("review_violations"), f"/yielding/held/{batch.pk}", {"answer": "discard"})[0] == 204
    assert (Batch.objects.get().state, TrackPart.objects.count()) == ("discarded", 0)


def test_a_supervisor_watches_a_mission_and_that_is_on_record_before(post, dispatch):  # noqa: F811
    take(dispatch)
    mission = Mission.objects.get()
    desk = post("supervise")
    (row,) = desk.get(f"{BASE}/missions").json()
    assert (row["id"], row["callsign"], row["waiting"], row["confirmed"]) == (str(mission.pk), "福田01", 0, 0)
    assert not Outbox.objects.filter(kind=events.TRACKS_REPLAYED).exists()
    seen = desk.get(f"{BASE}/missions/{mission.pk}").json()
    assert (len(seen["track"]), seen["track"][0]["lat"]) == (21, pytest.approx(northward()[0][1]))
    assert Outbox.objects.filter(kind=events.TRACKS_REPLAYED).count() == 1
    assert desk.get(f"{BASE}/missions/{uuid4()}").status_code == 404
    assert "福田01" in desk.get("/officer/traffic/missions/").content.decode()
    assert desk.get(f"/officer/traffic/missions/{mission.pk}/").status_code == 200
    assert Outbox.objects.filter(kind=events.TRACKS_REPLAYED).count() == 2
    assert desk.get(f"/officer/traffic/missions/{uuid4()}/").status_code == 404


def test_a_mission_that_came_in_parts_counts_its_candidates_once(post, dispatch):  # noqa: F811
    take(dispatch, message(fixes=northward()[:10]))
    take(dispatch, message("b2", fixes=northward()[10:]))
    explained_one = violation()
    assert finding.find(AT - timedelta(minutes=5), AT + timedelta(hours=1), now=AT) == 1
    (row,) = post("supervise").get(f"{BASE}/missions").json()
    assert (TrackPart.objects.count(), row["waiting"]) == (2, 1)
    assert Candidate.objects.get().violation_id == explained_one.pk


# ---- records --------------------------------------------------------------------------------------------


def test_a_vehicle_and_a_licence_are_looked_up_for_a_reason(post, car, driver):  # noqa: F811
    desk = post("look")
    status, answer = send(desk, "/records", {"text": "粤B·12345"})
    assert (status, answer["key"], looks()) == (403, "no_reason", 0)
    status, found = send(desk, "/records", {"text": "粤b12345"}, "incident")
    assert (status, found["vehicles"][0]["owner"]) == (200, "林建夫")
    assert found["vehicles"][0]["vehicle"]["vin"] == car.vin
    assert looks() > 0
    assert Outbox.objects.filter(kind=events.REGISTER_LOOKED, subject_id=car.owner_person_id).count() == 1
    _, found = send(desk, "/records", {"text": driver.file_number}, "other:路面检查核对")
    assert (found["licence"]["holder"], found["licence"]["standing"]["points"]) == ("林建夫", 0)
    wrongs = {"粤BIO123": "plate", "440300999999": "unknown", "44": "file_number", "\u0000": "plate"}
    for typed, key in wrongs.items():
        status, answer = send(desk, "/records", {"text": typed}, "incident")
        assert (status, answer["key"], list(answer["errors"])) == (422, key, ["q"])
    assert send(desk, "/records", {"text": "粤B99999"}, "incident")[1] == {
        "vehicles": [], "licence": None, "elsewhere": None,
    }  # fmt: skip


def test_anybody_may_have_the_key_of_electronic_licences():
    answer = Client().get(f"{BASE}/licence-key")
    assert (answer.status_code, answer.json()["key"]) == (
        200, Client().get("/open/licence-key.txt").content.decode().strip(),
    )  # fmt: skip


# ---- all of them ----------------------------------------------------------------------------------------


def test_the_reviewer_reads_that_a_car_was_gone_in_time(post, car):  # noqa: F811
    said = {"org_id": 1, "violated_at": NOW, "conduct": "SZP18", "place": "深南大道", "plate": car.plate}
    row = violations.record(said, by=SYSTEM, now=NOW)
    desk = post("review_violations")
    assert desk.get(f"{BASE}/review").json()["violations"][0]["claim"] is None
    left = NOW + timedelta(minutes=5)
    ParkingNotice.objects.update_or_create(
        violation_id=row.pk, defaults={"org_id": 1, "noticed_at": NOW, "left_at": left}
    )
    (listed,) = desk.get(f"{BASE}/review").json()["violations"]
    assert listed["claim"]["left_at"] == left.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_each_desk_takes_its_post(post, lin, fifth, driver, dispatch):  # noqa: F811
    batch, one = late(dispatch), booked(lin)
    mission, ceremony = Mission.objects.get(), entered(lin, "book_ceremony", until_date=NOW.date())
    seen = {"number": fifth[-1].number, "file_number": driver.file_number}
    points = seen | {"city": "广州", "reference": "GZ-1", "day": "2026-11-20", "points": 3}
    stranger = post("handle")
    for other in (stranger, signed_in(lin)):
        for address in ("/tests", "/yielding/held", "/missions", f"/missions/{mission.pk}"):
            assert other.get(f"{BASE}{address}").status_code == 403, address
        for address, said in (
            ("/counter", seen), (f"/counter/{fifth[-1].pk}", seen), ("/counter/points", points),
            ("/counter/points", points | {"file_number": "1"}),  # nor whether there is such a licence
            (f"/tests/{one.pk}", {"marks": 92}), (f"/ceremonies/{ceremony.pk}", {}),
            (f"/yielding/held/{batch.pk}", {"answer": "discard"}),
        ):  # fmt: skip
            assert send(other, address, said)[0] == 403, address
    assert send(signed_in(lin), "/records", {"text": "粤B12345"}, "incident")[0] == 403
    for address in ("/tests", "/yielding/held", "/missions"):
        assert Client().get(f"{BASE}{address}").status_code == 401
    assert (Decision.objects.count(), PointsEntry.objects.count(), looks()) == (0, 0, 0)
    assert (TestBooking.objects.get().status, Batch.objects.get().state) == ("booked", "held")
