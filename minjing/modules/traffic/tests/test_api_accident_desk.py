"""The officers' desk for accidents over the JSON API: the same case, rights and refusals as on its pages."""

import json
from importlib import import_module
from uuid import uuid4

import pytest
from django.test import Client

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.papers.models import Paper
from minjing.kernel.pay.tests.conftest import officer as appointed
from minjing.modules.traffic.models import Accident, AccidentPhoto
from minjing.modules.traffic.tests.test_accident_desk import (
    REASONS,
    _calendar,  # noqa: F401 - the world
    case,  # noqa: F401
)
from minjing.modules.traffic.tests.test_accidents import _own_files, drivers  # noqa: F401
from minjing.modules.traffic.tests.test_evidence import JPEG

import_module("minjing.portals.api.views")  # as the house does: the API first, then what modules hang into it
pytestmark = pytest.mark.django_db
DESK = "/api/traffic/accident-desk"
FOUND = {"situation": "yield", "at_fault": "b", "reasons": REASONS}


@pytest.fixture(autouse=True)
def today(monkeypatch, now):
    for where in ("minjing.base.clock.now", "minjing.modules.traffic.views.api.accident_desk.now"):
        monkeypatch.setattr(where, lambda: now)


@pytest.fixture
def officer(drivers, now):  # noqa: F811 - the fixture
    """Return a way to sign officers in: officer(post, district, acts)."""

    def make(post, org_id=3, *acts, name="陈警官"):
        bureau = Unit.objects.get(level="bureau")
        unit, _ = Unit.objects.get_or_create(
            code=f"44030{org_id}",
            defaults={"org_id": org_id, "level": "branch", "path": f"{bureau.path}{org_id}.", "name": bureau.name},
        )
        made = appointed(unit, post, *(acts or ("handle_accidents", "look")))
        Account.objects.filter(pk=made.account_id).update(display_name=name)
        return signed_in(people.actor_of(made.account_id, now))

    return make


def post(desk: Client, address: str, said: dict | None = None) -> tuple[int, dict]:
    answer = desk.post(f"{DESK}/{address}", json.dumps(said or {}), content_type="application/json")
    return answer.status_code, answer.json() if answer.content else {}


def looks() -> int:
    return Outbox.objects.filter(kind="identity:person:looked").count()


def test_an_officer_takes_a_case_sees_both_sides_and_determines_it(case, officer):  # noqa: F811
    desk = officer("accidents")
    listed = desk.get(DESK).json()
    assert (listed["count"], listed["accidents"][0]["id"], listed["accidents"][0]["why"]) == (
        1, str(case.pk), "disagree",
    )  # fmt: skip
    assert looks() == 0
    status, taken = post(desk, f"{case.pk}/take")
    assert (status, taken["due_date"]) == (200, "2026-12-10")
    seen = desk.get(f"{DESK}/{case.pk}").json()
    assert [(side["side"], side["name"], side["said"]) for side in seen["sides"]] == [
        ("a", "林建夫", "我直行，对方并线。"), ("b", "林建夫", "对方车速太快。"),
    ]  # fmt: skip
    assert "yield" in seen["situations"]
    assert seen["shares"]["b_main"] == ["minor", "main"]
    before = looks()
    assert before >= 2
    address = f"{DESK}/{case.pk}/photos/{seen['sides'][0]['photos'][0]['id']}"
    photo = desk.get(address)
    assert (photo.content[:3], photo["Cache-Control"]) == (JPEG, "no-store, private")
    assert looks() == before + 1
    assert post(desk, f"{case.pk}/determine", FOUND | {"reasons": "短"})[1]["errors"].keys() == {"reasons"}
    status, row = post(desk, f"{case.pk}/determine", FOUND)
    assert (status, row["state"], row["at_fault"]) == (200, "determined", "b")
    assert Paper.objects.filter(matter_id=case.pk).count() == 2
    status, again = post(desk, f"{case.pk}/determine", FOUND)
    assert (status, again["key"]) == (409, "closed")
    assert Paper.objects.filter(matter_id=case.pk).count() == 2
    assert desk.get(f"{DESK}/{case.pk}").json()["found"]["reasons"] == REASONS


def test_a_finding_in_words_names_what_is_missing(case, officer):  # noqa: F811
    desk = officer("accidents")
    assert post(desk, f"{case.pk}/determine", FOUND)[0] == 409  # not taken yet
    post(desk, f"{case.pk}/take")
    free = {"situation": "free", "finding": "双方均未保持安全距离", "share": "b_main", "reasons": REASONS}
    for missing in ("finding", "share"):
        status, said = post(desk, f"{case.pk}/determine", free | {missing: ""})
        assert (status, list(said["errors"])) == (422, [missing])
    for wrong in ({"situation": "none such"}, {"at_fault": ""}, {"at_fault": "x"}, {"situation": 7}):
        assert post(desk, f"{case.pk}/determine", FOUND | wrong)[0] == 422
    assert post(desk, f"{case.pk}/determine", {})[0] == 422
    assert Accident.objects.get().state == "with_officer"
    assert post(desk, f"{case.pk}/determine", free)[1]["situation"] == ""
    assert list(case.parties.order_by("side").values_list("liability", flat=True)) == ["minor", "main"]


def test_what_another_officer_has_is_theirs_until_they_leave_it(case, officer):  # noqa: F811
    first, second = officer("accidents"), officer("city_accidents", 0)
    post(first, f"{case.pk}/take")
    assert post(first, f"{case.pk}/take")[0] == 200  # twice is once
    assert Outbox.objects.filter(kind="traffic:accident:taken").count() == 1
    assert second.get(DESK).json()["accidents"] == []
    status, said = post(second, f"{case.pk}/take")
    assert (status, said["key"]) == (409, "taken")
    assert post(second, f"{case.pk}/leave")[0] == 409
    assert post(second, f"{case.pk}/determine", FOUND)[0] == 409
    assert post(first, f"{case.pk}/leave")[0] == 204
    assert post(second, f"{case.pk}/take")[1]["due_date"] == "2026-12-10"  # the parties were told it


def test_the_case_is_closed_to_another_district_another_post_and_its_own_parties(case, drivers, officer):  # noqa: F811
    photo = AccidentPhoto.objects.filter(accident=case).first()
    elsewhere, stranger, driver = officer("others", 4), officer("clerk", 3, "handle", "look"), signed_in(drivers[0])
    assert elsewhere.get(DESK).json() == {"count": 0, "accidents": []}
    for other in (stranger, driver):
        answer = other.get(DESK)
        assert (answer.status_code, answer.json()["key"]) == (403, "no_post")
    for other in (elsewhere, stranger, driver):
        assert other.get(f"{DESK}/{case.pk}").status_code == 404
        assert other.get(f"{DESK}/{case.pk}/photos/{photo.pk}").status_code == 404
        assert post(other, f"{case.pk}/take")[0] == 404
        assert post(other, f"{case.pk}/determine", FOUND)[0] == 404
    assert Client().get(DESK).status_code == 401
    assert looks() == 0
    party = officer("accidents", name="林建夫")  # the name of both drivers
    assert party.get(f"{DESK}/{case.pk}").json()["key"] == "own_accident"
    assert post(party, f"{case.pk}/take")[0] == 403
    assert Outbox.objects.filter(kind="traffic:accident:refused").count() == 2
    assert officer("more").get(f"{DESK}/{case.pk}/photos/{uuid4()}").status_code == 404
    assert looks() == 0
