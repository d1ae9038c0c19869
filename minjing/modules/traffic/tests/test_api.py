"""The JSON API of traffic: the same acts, rights and refusals as the pages."""

import json
from datetime import timedelta
from importlib import import_module

import pytest
from django.test import Client

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.modules.traffic.actions import evidence
from minjing.modules.traffic.actions.yielding import finding
from minjing.modules.traffic.models import Candidate, Decision, Violation
from minjing.modules.traffic.tests.test_accidents import picture
from minjing.modules.traffic.tests.test_evidence import JPEG, photographed
from minjing.modules.traffic.tests.test_penalties import (
    NOW,
    car,  # noqa: F401 - fixtures
    driver,  # noqa: F401
    house,  # noqa: F401
    lin,  # noqa: F401
    recorded,
    red_lights,
)
from minjing.modules.traffic.tests.test_violation_pages import reviewer  # noqa: F401
from minjing.modules.traffic.tests.test_yielding_taking import AT, dispatch, take, violation  # noqa: F401

import_module("minjing.portals.api.views")  # as the house does: the API first, then what modules hang into it
pytestmark = pytest.mark.django_db
BASE = "/api/traffic"


@pytest.fixture(autouse=True)
def today(monkeypatch):
    for corner in ("own", "desks", "made_way"):
        monkeypatch.setattr(f"minjing.modules.traffic.views.api.{corner}.now", lambda: NOW)


def post(client: Client, address: str, said: dict) -> tuple[int, dict]:
    answer = client.post(f"{BASE}{address}", json.dumps(said), content_type="application/json")
    return answer.status_code, answer.json()


def get(client: Client, address: str) -> tuple[int, object]:
    answer = client.get(f"{BASE}{address}")
    return answer.status_code, answer.json()


def test_a_driver_reads_accepts_and_opens_the_order_of_an_own_violation(lin, car, driver):  # noqa: F811
    third = red_lights(car)[2]
    photo = photographed(third)
    mine = signed_in(lin)
    status, listed = get(mine, "/violations")
    assert (status, listed[0]["id"], listed[0]["fine_fen"]) == (200, str(third.pk), 100_000)
    _, seen = get(mine, f"/violations/{third.pk}")
    assert [reason["rule"] for reason in seen["reasons"]][:1] == ["SZP01-3"]
    assert (seen["photos"][0]["id"], seen["would_change"] != [], seen["charges"]) == (str(photo.pk), True, [])
    shown = mine.get(f"{BASE}/violations/{third.pk}/photos/{photo.pk}")
    assert (shown.content[:3], shown["Cache-Control"]) == (JPEG, "no-store, private")
    assert post(mine, f"/violations/{third.pk}/accept", {"parts": 9})[0] == 422
    status, decided = post(mine, f"/violations/{third.pk}/accept", {"parts": 2})
    assert (status, [charge["fen"] for charge in decided["charges"]]) == (200, [50_000, 50_000])
    assert post(mine, f"/violations/{third.pk}/accept", {"parts": 2})[1]["number"] == decided["number"]
    assert Decision.objects.count() == 1
    status, order = post(mine, f"/charges/{decided['charges'][0]['id']}/order", {})
    assert (status, order["total_fen"]) == (200, 50_000)
    assert get(mine, "/points")[1]["points"] == 6
    assert get(mine, "/licence")[1]["classes"] == "C1"
    assert get(mine, "/cars")[1][0]["plate"] == "粤B·12345"


def test_nobody_reads_or_accepts_anothers_and_nobody_at_all_without_a_sign_in(lin, car, person, vehicle):  # noqa: F811
    theirs = red_lights(vehicle(person(2), "粤B99999", at=NOW - timedelta(days=900)), 1)[0]
    photo = photographed(theirs)
    for address in (f"/violations/{theirs.pk}", f"/violations/{theirs.pk}/photos/{photo.pk}"):
        assert get(signed_in(lin), address)[0] == 404
        assert Client().get(f"{BASE}{address}").status_code == 401
    assert post(signed_in(lin), f"/violations/{theirs.pk}/accept", {})[1]["key"] == "not_yours"
    assert not Decision.objects.exists()


def test_an_officer_reviews_what_waits_with_its_pictures(lin, car, reviewer):  # noqa: F811
    waiting = [recorded(car, NOW - (10 + n) * timedelta(days=1)) for n in range(3)]
    photo = evidence.add_photo(waiting[0], "camera", picture("red"), by=reviewer, now=NOW)
    desk = signed_in(reviewer)
    status, said = get(desk, "/review")
    assert (status, said["count"], len(said["violations"])) == (200, 3, 3)
    assert {row["id"]: row["photos"] for row in said["violations"]}[str(waiting[0].pk)] == [str(photo.pk)]
    assert desk.get(f"{BASE}/review/{waiting[0].pk}/photos/{photo.pk}").content[:3] == JPEG
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=lin.person_id).count() == 1
    assert post(desk, f"/review/{waiting[0].pk}", {"ground": ""})[1]["state"] == "published"
    assert post(desk, f"/review/{waiting[1].pk}", {"ground": "cloned"})[1]["state"] == "struck"
    assert post(desk, f"/review/{waiting[2].pk}", {"ground": "no such"})[0] == 422
    assert Violation.objects.get(pk=waiting[2].pk).state == "recorded"


def test_a_resident_is_no_officer(lin, car):  # noqa: F811
    waiting = recorded(car, NOW - timedelta(days=10))
    mine = signed_in(lin)
    assert get(mine, "/review")[0] == get(mine, "/yielding")[0] == get(mine, f"/yielding/{waiting.pk}")[0] == 403
    assert post(mine, f"/review/{waiting.pk}", {"ground": ""})[0] == 403
    assert post(mine, f"/review/{waiting.pk}", {})[0] == 422
    assert Violation.objects.get(pk=waiting.pk).state == "recorded"


def test_an_officer_decides_whether_the_ambulance_explains_it(dispatch, reviewer):  # noqa: F811
    desk = signed_in(reviewer)
    assert get(desk, "/yielding")[1] == {"count": 0, "candidate": None}
    take(dispatch)
    struck = violation()
    finding.find(AT - timedelta(minutes=5), AT + timedelta(hours=1), now=AT)
    _, said = get(desk, "/yielding")
    assert (said["count"], said["candidate"]["violation"]["id"]) == (1, str(struck.pk))
    address = f"/yielding/{said['candidate']['id']}"
    assert get(desk, f"/yielding?after={said['candidate']['id']}")[1] == said  # round to the first
    assert get(desk, address)[1] == said["candidate"]
    assert post(desk, address, {"confirmed": True})[1]["state"] == "confirmed"
    assert get(desk, address)[1]["state"] == "confirmed"
    assert get(desk, f"/yielding/{struck.pk}")[0] == 404
    assert post(desk, address, {"confirmed": False})[0] == 409
    assert Candidate.objects.get().state == "confirmed"
    assert Violation.objects.get(pk=struck.pk).state == "struck"
    assert post(desk, f"/yielding/{struck.pk}", {"confirmed": True})[0] == 404
