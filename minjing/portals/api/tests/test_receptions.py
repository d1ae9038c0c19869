"""The counter of any station through the API: receiving on record, filing once, the receipt of the responsible."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from minjing.base.ids import new_id
from minjing.kernel.identity.plugs import Registered
from minjing.kernel.identity.plugs import plugs as identity_plugs
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import city_wide, plugs
from minjing.kernel.matters.models import Matter, Reception
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests.conftest import ANSWERS, NUMBERS, city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, HEAD, LIN, LUO, STRANGER
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
WHO = {"name": "林晓夫", "id_number": NUMBERS[LIN.person_id], "reason": "unreadable"}
SAID = {name: value for name, value in ANSWERS.items() if name != "office"}


@pytest.fixture
def clerk(as_, monkeypatch) -> Client:  # noqa: F811 - the fixture
    """A clerk at another station; the small service is city-wide, and the register knows Lin."""
    one = city_wide.CityWideClass("CW01", Text(zh="测试类", en="Test class"), ("HZ9901",))
    monkeypatch.setattr(city_wide, "classes", lambda: (one,))
    vouch = lambda *, name, id_number, now: Registered(True, name == "林晓夫")  # noqa: E731 - one line says it all
    monkeypatch.setattr(identity_plugs, "check_register", vouch)
    monkeypatch.setitem(plugs.PREFILLS, "register", lambda pk, path, now: "U27" if path == "office" else None)
    return as_(ELSEWHERE)


def received(clerk: Client) -> str:
    return f"/api/receptions/{post(clerk, '/api/receptions', **WHO).json()['id']}"


def file(clerk: Client, path: str, **more: Any) -> Any:
    said = {"code": "hz9901", "answers": SAID, "station": "U27", "originals": ["marriage_certificate"]}
    return post(clerk, f"{path}/matters", **{**said, "request_id": new_id(), **more})


def looks() -> int:
    return Outbox.objects.filter(kind="identity:person:looked", subject_id=LIN.person_id).count()


def test_from_the_person_at_the_counter_to_the_receipt_of_the_responsible_station(clerk, as_):  # noqa: F811
    counter = clerk.get("/api/receptions").json()
    assert (counter["unit_id"], counter["city_wide"], "no_card" in counter["reasons"]) == (31, ["HZ9901"], True)
    before = looks()
    path = received(clerk)
    assert looks() == before + 1
    assert clerk.get(f"{path}/services/HZ9901").json()["station"] == "U27"
    assert looks() == before + 2
    filed = file(clerk, path)
    assert filed.status_code == 201
    number = filed.json()["number"]
    seen = clerk.get(path)
    assert (seen.json()["papers"], seen.json()["matter_id"]) == (["marriage_certificate"], filed.json()["id"])
    assert "林晓夫" not in seen.content.decode()
    handed = f"/api/receptions/handovers/{number}"
    assert clerk.get(handed).json()["received_at"] is None
    assert post(clerk, handed).status_code == 403, "the responsible station receives it"
    first, again = post(as_(CHEN), handed), post(as_(CHEN), handed)
    assert (first.json()["from_unit"], first.json()["to_unit"]) == (31, 27)
    assert first.json()["received_at"] is not None
    assert first.json() == again.json()
    assert Outbox.objects.filter(kind="matters:reception:received").count() == 1


def test_filed_twice_is_one_matter(clerk):
    path, once = received(clerk), new_id()
    first, again = file(clerk, path, request_id=once), file(clerk, path, request_id=once)
    assert first.json()["id"] == again.json()["id"] == file(clerk, path).json()["id"]
    assert Matter.objects.count() == 1


def test_gaps_are_said_per_field(clerk):
    path = received(clerk)
    gaps = file(clerk, path, answers={"married_on": "2019-05-20"})
    assert (gaps.status_code, set(gaps.json()["errors"]["spouse_id"])) == (422, {"zh", "en"})
    assert list(file(clerk, path, station="U99").json()["errors"]) == ["office"]
    assert file(clerk, path, code="HZ0000", station="U31").status_code == 404
    elsewhere = file(clerk, path, code="HZ9902")
    assert (elsewhere.status_code, elsewhere.json()["key"]) == (403, "not_city_wide")
    assert Matter.objects.count() == 0


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"name": "王晓夫"}, {"id_number": "440304199001010012"}])
def test_who_is_not_proved_is_not_received(clerk, wrong):
    answer = post(clerk, "/api/receptions", **{**WHO, **wrong})
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 1)
    assert Reception.objects.count() == 0


@pytest.mark.parametrize("who", [LUO, HEAD, LIN])
def test_who_stands_at_no_counter_receives_nobody(clerk, as_, who):  # noqa: F811 - the fixture
    assert as_(who).get("/api/receptions").status_code == 403
    assert post(as_(who), "/api/receptions", **WHO).status_code == 403
    assert Reception.objects.count() == 0


def test_nobody_reads_or_files_in_the_reception_of_another(clerk, as_):  # noqa: F811 - the fixture
    path, before = received(clerk), looks()
    assert as_(CHEN).get(path).status_code == 404
    assert as_(CHEN).get(f"{path}/services/HZ9901").status_code == 404
    assert file(as_(CHEN), path).status_code == 404
    assert file(as_(LIN), path).status_code == 403
    assert (Matter.objects.count(), looks()) == (0, before)


def test_a_reception_that_is_over_tells_nothing_and_files_nothing(clerk):
    path, before = received(clerk), looks()
    row = Reception.objects.get()
    Reception.objects.update(begun_at=row.begun_at - timedelta(hours=3))
    assert clerk.get(f"{path}/services/HZ9901").status_code == 404
    assert file(clerk, path).status_code == 404
    assert looks() == before


def test_a_hand_over_is_no_business_of_others(clerk, as_):  # noqa: F811 - the fixture
    handed = f"/api/receptions/handovers/{file(clerk, received(clerk)).json()['number']}"
    assert as_(STRANGER).get(handed).status_code == 404
    assert post(as_(STRANGER), handed).status_code == 404
    assert post(as_(LIN), handed).status_code == 403, "one's own matter, and no counter"
    assert Reception.objects.get().received_at is None


def test_without_a_token_nothing_is_told_or_done(clerk):
    path, nobody = received(clerk), Client(HTTP_HOST="localhost")
    for read in ("/api/receptions", path, f"{path}/services/HZ9901"):
        assert nobody.get(read).status_code == 401
    assert post(nobody, "/api/receptions", **WHO).status_code == 401
    assert file(nobody, path).status_code == 401


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "x" * 5000, -1, 10**30, None, {"a": [1]}, [None]])
def test_odd_input_gets_an_answer_and_no_fault(clerk, odd):
    for name in WHO:
        assert post(clerk, "/api/receptions", **{**WHO, name: odd}).status_code == 422
    path = received(clerk)
    for name in ("code", "answers", "station", "originals", "request_id"):
        assert 400 <= file(clerk, path, **{name: odd}).status_code < 500, name
    for name in ("spouse_id", "married_on", "delivery", "children"):
        assert file(clerk, path, answers={**SAID, "has_children": True, name: odd}).status_code == 422, name
    assert Matter.objects.count() == 0
