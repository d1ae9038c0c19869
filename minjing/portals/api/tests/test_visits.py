"""Visits through the API: found, booked, moved, given up, waited for; a full time, others' visits, odd questions."""

from datetime import timedelta

import pytest
from django.test import Client
from icalendar import Calendar

from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.models import Visit, Wait
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.halls import open_hall
from minjing.kernel.matters.tests.world import CHEN, LIN, STRANGER
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def hall(city):  # noqa: F811 - the fixture
    yield from open_hall()


@pytest.fixture
def lin(hall, as_):  # noqa: F811 - the fixture
    return as_(LIN)


@pytest.fixture
def start(hall):
    """The first time of the first day that is free in full."""
    day = next(d for d in queries.days(hall, ["passport"], now()) if d.starts == 2 and d.day > local_day(now()))
    return queries.slots(hall, day.day, ["passport"], now())[0].starts_at


def asked(start, **more):
    return {"place": "hall", "services": ["passport"], "starts_at": start, "request_id": new_id(), **more}


def fill(start) -> None:
    for _ in range(3):
        person = new_id()
        actions.book("hall", ["passport"], start, by=SYSTEM, person_id=person, now=now(), request_id=new_id())


def test_the_description_lists_visits_and_fees():
    paths = Client(HTTP_HOST="localhost").get("/api/openapi.json").json()["paths"].keys()
    assert {"/api/visits", "/api/visits/{visit_id}/move", "/api/visits/places/{code}/days/{day}/times"} <= paths
    assert {"/api/fees/{order_id}/attempts", "/api/fees/attempts/{number}"} <= paths


def test_from_the_places_to_the_visit(lin, start):
    Unit.objects.filter(code="U1").update(lon=114.19, lat=22.54)
    listed = lin.get("/api/visits/places?kind=exit_entry_hall&services=passport&near=U1").json()
    assert [(place["code"], place["km"] < 2, place["first_free"] is None) for place in listed] == [
        ("corner", True, False), ("hall", False, False),
    ]  # fmt: skip
    assert [place["code"] for place in lin.get("/api/visits/places").json()] == ["corner", "hall"]
    assert lin.get("/api/visits/places?services=driving").json() == []
    days = lin.get("/api/visits/places/hall/days?services=passport").json()
    assert local_day(start).isoformat() in [day["day"] for day in days if day["is_open"]]
    times = lin.get(f"/api/visits/places/hall/days/{local_day(start)}/times?services=passport").json()
    assert [time["visits"] for time in times] == [3, 3]
    made = post(lin, "/api/visits", **asked(times[0]["starts_at"]))
    assert (made.status_code, made.json()["state"]) == (201, "booked")
    visit = Visit.objects.get()
    assert (made.json()["id"], made.json()["code"], visit.starts_at) == (str(visit.pk), visit.code, start)
    assert lin.get(f"/api/visits/{visit.pk}").json() == made.json()
    assert lin.get("/api/visits").json() == [made.json()]


def test_services_are_added_up(lin, start):
    path = f"/api/visits/places/hall/days/{local_day(start)}/times?services=passport&services=id_card"
    assert [time["visits"] for time in lin.get(path).json()] == [1], "40 minutes begin in the first slot alone"


def test_the_same_request_twice_is_one_visit(lin, start):
    said = asked(start)
    first, second = post(lin, "/api/visits", **said), post(lin, "/api/visits", **said)
    assert first.json() == second.json()
    assert Visit.objects.count() == 1
    held = post(lin, "/api/visits/holds", **{**said, "starts_at": start + timedelta(days=1)})
    assert (held.status_code, Visit.objects.count()) == (409, 1), "one number, another act"


def test_a_full_time_is_said_with_the_nearest_ones_and_waited_for(lin, start):
    fill(start)
    full = post(lin, "/api/visits", **asked(start))
    assert (full.status_code, full.json()["key"]) == (409, "full")
    assert {"zh", "en"} == full.json()["message"].keys()
    near = lin.get("/api/visits/places/hall/nearest", {"services": "passport", "starts_at": start.isoformat()})
    assert (start + HALF_AN_HOUR).isoformat() == near.json()[0]["starts_at"].replace("Z", "+00:00")
    said = {"place": "hall", "day": local_day(start), "services": ["passport"]}
    first, second = post(lin, "/api/visits/waits", **said), post(lin, "/api/visits/waits", **said)
    assert (first.status_code, first.json()) == (201, second.json())
    assert [wait["id"] for wait in lin.get("/api/visits/waits").json()] == [str(Wait.objects.get().pk)]
    assert lin.delete(f"/api/visits/waits/{first.json()['id']}").json() == {"left": True}
    assert lin.get("/api/visits/waits").json() == []


def test_a_second_visit_for_the_same_service_and_day_is_refused(lin, start):
    post(lin, "/api/visits", **asked(start))
    again = post(lin, "/api/visits", **asked(start + HALF_AN_HOUR))
    assert (again.status_code, again.json()["key"]) == (409, "already_booked")


def test_what_is_held_is_confirmed_in_time_or_let_go(lin, start):
    held = post(lin, "/api/visits/holds", **asked(start)).json()
    assert (held["state"], held["held_until"] is None) == ("held", False)
    booked = post(lin, f"/api/visits/{held['id']}/confirm", request_id=new_id())
    assert (booked.status_code, booked.json()["state"]) == (200, "booked")
    other = post(lin, "/api/visits/holds", **asked(start, services=["hk_macao"])).json()
    Visit.objects.filter(pk=other["id"]).update(held_until=now() - timedelta(seconds=1))
    over = post(lin, f"/api/visits/{other['id']}/confirm", request_id=new_id())
    assert (over.status_code, over.json()["key"]) == (409, "hold_over")
    assert [visit["id"] for visit in lin.get("/api/visits").json()] == [held["id"]]


def test_a_visit_is_held_for_ones_own_draft_alone(lin, start):
    draft = matters.draft("HZ9901", by=LIN, now=now())
    held = post(lin, "/api/visits/holds", **asked(start, subject_id=draft.id))
    assert held.json()["subject_id"] == str(draft.id)
    others = matters.draft("HZ9901", by=STRANGER, now=now())
    for subject in (others.id, new_id()):
        said = asked(start, services=["id_card"], subject_id=subject)
        assert post(lin, "/api/visits/holds", **said).status_code == 404
        wait = {"place": "hall", "day": local_day(start), "services": ["passport"], "subject_id": subject}
        assert post(lin, "/api/visits/waits", **wait).status_code == 404
    assert Visit.objects.count() == 1


def test_moving_takes_the_version_seen(lin, start):
    made = post(lin, "/api/visits", **asked(start)).json()
    said = {"starts_at": start + HALF_AN_HOUR, "ver": made["ver"], "request_id": new_id()}
    moved = post(lin, f"/api/visits/{made['id']}/move", **said)
    assert moved.status_code == 200
    assert Visit.objects.get().starts_at == start + HALF_AN_HOUR
    assert post(lin, f"/api/visits/{made['id']}/move", **said).json() == moved.json()
    stale = post(lin, f"/api/visits/{made['id']}/move", **{**said, "starts_at": start, "request_id": new_id()})
    assert (stale.status_code, stale.json()["key"]) == (409, "stale")
    other = {"place": "corner", "ver": moved.json()["ver"], "request_id": new_id(), "starts_at": start}
    assert post(lin, f"/api/visits/{made['id']}/move", **other).json()["place"] == "corner"


def test_a_visit_that_is_given_up_leaves_its_time(lin, start, hall):
    made = post(lin, "/api/visits", **asked(start)).json()
    done = post(lin, f"/api/visits/{made['id']}/cancel", ver=made["ver"], request_id=new_id())
    assert (done.status_code, done.json()["state"]) == (200, "cancelled")
    assert queries.slots(hall, local_day(start), ["passport"], now())[0].visits == 3
    again = post(lin, f"/api/visits/{made['id']}/cancel", ver=made["ver"], request_id=new_id())
    assert again.json() == done.json()


def test_a_missed_visit_counts_until_it_is_explained(lin, start):
    made = post(lin, "/api/visits", **asked(start)).json()
    path = f"/api/visits/{made['id']}/challenge"
    assert post(lin, path, words="来过。").status_code == 403
    Visit.objects.update(state="missed", starts_at=now() - timedelta(days=1), closed_at=now())
    assert len(lin.get("/api/visits/misses").json()["counted"]) == 1
    assert "words" in post(lin, path, words=" ").json()["errors"]
    assert post(lin, path, words="当天台风停业。").status_code == 200


def test_the_calendar_file_is_the_visits_own(lin, start, as_):  # noqa: F811 - the fixture
    made = post(lin, "/api/visits", **asked(start)).json()
    answer = lin.get(f"/api/visits/{made['id']}.ics")
    assert (answer["Content-Type"], answer["Cache-Control"]) == (
        "text/calendar; charset=utf-8", "no-store, private",
    )  # fmt: skip
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event.decoded("dtstart") == start
    assert event["summary"] == "hall大厅：护照"
    assert as_(STRANGER).get(f"/api/visits/{made['id']}.ics").status_code == 404
    assert Client(HTTP_HOST="localhost").get(f"/api/visits/{made['id']}.ics").status_code == 401


def test_somebody_elses_visit_is_not_there(lin, start, as_):  # noqa: F811 - the fixture
    made = post(lin, "/api/visits", **asked(start)).json()
    stranger, path = as_(STRANGER), f"/api/visits/{made['id']}"
    assert stranger.get("/api/visits").json() == []
    assert stranger.get(path).status_code == 404
    change = {"ver": made["ver"], "request_id": new_id()}
    assert post(stranger, f"{path}/cancel", **change).status_code == 404
    assert post(stranger, f"{path}/move", starts_at=start + HALF_AN_HOUR, **change).status_code == 404
    assert post(stranger, f"{path}/confirm", request_id=new_id()).status_code == 404
    assert post(stranger, f"{path}/challenge", words="x").status_code == 404
    assert lin.get(path).json() == made
    refused = Outbox.objects.filter(kind="booking:visit:refused", actor_id=STRANGER.account_id)
    assert refused.count() == 5
    unknown = stranger.get(f"/api/visits/{new_id()}").json()
    assert unknown == stranger.get(path).json(), "one cannot tell it from a visit that is not there"


def test_anothers_request_number_tells_nothing_of_their_visit(lin, start, as_):  # noqa: F811 - the fixture
    said = asked(start)
    made = post(lin, "/api/visits", **said).json()
    taken = post(as_(STRANGER), "/api/visits", **said)
    assert (taken.status_code, taken.json()["key"]) == (409, "request_reused")
    assert made["code"] not in taken.content.decode()


def test_somebody_elses_waiting_list_is_not_left(lin, start, as_):  # noqa: F811 - the fixture
    wait = post(lin, "/api/visits/waits", place="hall", day=local_day(start), services=["passport"]).json()
    assert as_(STRANGER).delete(f"/api/visits/waits/{wait['id']}").status_code == 404
    assert Wait.objects.get().state == "waiting"


READS = ("", "/places", "/places/hall/days?services=passport", "/misses", "/waits")


def test_visits_are_for_residents(lin, start, as_):  # noqa: F811 - the fixture
    chen = as_(CHEN)
    for path in READS:
        refused = chen.get(f"/api/visits{path}")
        assert (refused.status_code, refused.json()["key"]) == (403, "not_resident")
    assert post(chen, "/api/visits", **asked(start)).status_code == 403
    assert not Visit.objects.exists()


def test_without_a_token_nothing_is_told_or_done(lin, start):
    nobody = Client(HTTP_HOST="localhost")
    made = post(lin, "/api/visits", **asked(start)).json()
    for path in (*READS, f"/{made['id']}"):
        assert nobody.get(f"/api/visits{path}").status_code == 401
    assert post(nobody, "/api/visits", **asked(start)).status_code == 401
    change = {"ver": made["ver"], "request_id": new_id()}
    assert post(nobody, f"/api/visits/{made['id']}/cancel", **change).status_code == 401
    assert Visit.objects.get().state == "booked"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"services": ["driving"]}, 422, "services"),
        ({"services": []}, 422, "services"),
        ({"services": ["passport", "passport"]}, 422, "services"),
        ({"place": "nowhere"}, 404, ""),
        ({"starts_at": "2020-01-06T09:00:00+08:00"}, 409, ""),
    ],
)
def test_what_cannot_be_booked_is_said_in_both_languages(lin, start, change, status, field):
    for path in ("/api/visits", "/api/visits/holds"):
        answer = post(lin, path, **asked(start, **change))
        assert answer.status_code == status
        assert {"zh", "en"} == answer.json()["message"].keys()
        assert list(answer.json().get("errors", {})) == ([field] if field else [])
    assert not Visit.objects.exists()


ODD = ["\x00", "\ud800", "x" * 5000, -1, 10**30, None, [], {"a": [1]}, ["\x00"], ["x" * 5000], ["passport"] * 5000]
INSTANTS = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30T09:00:00Z", "2026-09-15T09:00:00"]


@pytest.mark.parametrize("odd", [*ODD, *INSTANTS, "9999-12-31", "0001-01-01"])
def test_odd_bookings_get_an_answer_and_no_fault(lin, start, odd):
    made = post(lin, "/api/visits", **asked(start)).json()
    for name in ("place", "services", "starts_at", "request_id", "subject_id"):
        if name == "subject_id" and odd is None:
            continue
        assert 400 <= post(lin, "/api/visits/holds", **asked(start, **{name: odd})).status_code < 500, name
    path, change = f"/api/visits/{made['id']}", {"ver": made["ver"], "request_id": new_id(), "starts_at": start}
    for name in ("ver", "starts_at", "request_id"):
        for act in ("move", "cancel"):
            if (act, name) != ("cancel", "starts_at"):
                assert 400 <= post(lin, f"{path}/{act}", **{**change, name: odd}).status_code < 500
    wait = {"place": "hall", "day": odd, "services": ["passport"]}
    assert 400 <= post(lin, "/api/visits/waits", **wait).status_code < 500
    assert lin.get(path).json() == made


@pytest.mark.parametrize(
    "path",
    [
        "/places?kind=%00&services=%00",
        "/places?near=%00",
        "/places?near=" + "U" * 3000,
        "/places/hall/days",
        "/places/hall/days?services=%00",
        "/places/nowhere/days?services=passport",
        "/places/hall/days/2026-02-30/times?services=passport",
        "/places/hall/days/9999-12-31/times?services=passport",
        "/places/hall/days/0001-01-01/times?services=passport",
        "/places/hall/days/2199-12-31/times?services=passport",
        "/places/hall/nearest?services=passport&starts_at=9999-12-31T23:59:59-12:00",
        "/places/hall/nearest?services=passport&starts_at=0001-01-01T00:00:00%2B14:00",
        "/places/hall/nearest?services=passport&starts_at=2026-09-15T09:00:00",
        "/not-a-number",
    ],
)
def test_odd_addresses_get_an_answer_and_no_fault(lin, path):
    assert lin.get(f"/api/visits{path}").status_code in (200, 400, 404, 422)
