"""The system and the audit administrator through the API: the catalogue, the calendar, the ledger, looks."""

from datetime import date, timedelta

import pytest

from minjing.base.clock import now
from minjing.kernel.identity import actions as identity
from minjing.kernel.matters import catalog, publishing, queries
from minjing.kernel.matters.models import Calendar, Procedure
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.portals.api.tests.administrators import administrators  # noqa: F401 - the fixture
from minjing.portals.api.tests.test_api import as_, post, submitted  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def system(administrators):  # noqa: F811 - the fixture
    return administrators[0]


@pytest.fixture
def audit(administrators):  # noqa: F811 - the fixture
    return administrators[2]


def span(hours: int = 1) -> dict:
    at = now()
    return {"since": (at - timedelta(hours=hours)).isoformat(), "until": (at + timedelta(hours=1)).isoformat()}


def test_units_and_posts(system):
    station = next(unit for unit in system.get("/api/admin/units").json() if unit["id"] == 27)
    assert (station["code"], station["holders"] > 0) == ("U27", True)
    posts = {one["code"]: one["acts"] for one in system.get("/api/admin/posts").json()}
    assert posts["audit_admin"] == ["audit", "confirm_erasure"]


def test_two_versions_are_compared_in_words(system):
    changed = world.body(limit={"value": 10, "unit": "workday"})
    publishing.publish([changed], by=world.PUBLISHER, now=now())
    queries.forget_kept()
    found = system.get("/api/admin/catalogue/HZ9901").json()
    assert (found["old"], found["new"], found["compared"]) == ("1", "2", True)
    assert any("20" in said["zh"] and "10" in said["zh"] for said in found["differences"])
    assert [row["version"] for row in found["versions"]] == [2, 1]
    assert system.get("/api/admin/catalogue/HZ9901?old=2&new=2").json()["compared"] is False
    assert system.get("/api/admin/catalogue/HZ0000").status_code == 404


def test_what_the_files_hold_is_published_once(system, monkeypatch):
    monkeypatch.setattr(catalog, "load", lambda **_: [world.body(limit={"value": 5, "unit": "workday"})])
    monkeypatch.setattr(catalog, "lint", lambda bodies, posts: [])
    assert system.get("/api/admin/catalogue").json() == {"waiting": ["HZ9901"], "wrong": []}
    made = post(system, "/api/admin/catalogue/publish", code="HZ9901")
    assert made.json() == [{"code": "HZ9901", "version": 2}]
    assert post(system, "/api/admin/catalogue/publish", code="HZ9901").json() == []
    assert Procedure.objects.filter(code="HZ9901").count() == 2
    assert post(system, "/api/admin/catalogue/publish", code="HZ0000").status_code == 404


def test_what_the_lint_speaks_against_is_not_published(system, monkeypatch):
    monkeypatch.setattr(catalog, "load", lambda **_: [world.body(limit={"value": 5, "unit": "workday"})])
    monkeypatch.setattr(catalog, "lint", lambda bodies, posts: ["HZ9901: no way out"])
    refused = post(system, "/api/admin/catalogue/publish", code="HZ9901")
    assert (refused.status_code, "no way out" in refused.json()["errors"]["code"]["en"]) == (422, True)
    assert Procedure.objects.filter(code="HZ9901").count() == 1


def days() -> dict:
    """What a notice announces of the year after the one that is known."""
    year = queries.calendars()[0].known_until.year + 1
    return {"known_until": f"{year}-12-31", "days_off": [workday(year)], "made_up": [], "source": "国办通知"}


def workday(year: int) -> str:
    return next(date(year, 1, d) for d in range(1, 8) if date(year, 1, d).weekday() < 5).isoformat()


def test_the_days_of_a_year_are_announced_once(system):
    newest, said = queries.calendars()[0], days()
    made = post(system, "/api/admin/calendars", **said)
    assert made.status_code == 201
    assert said["days_off"][0] in made.json()["calendar"]["days_off"]
    assert set(newest.days_off) < set(made.json()["calendar"]["days_off"])
    again = post(system, "/api/admin/calendars", **said)
    assert (again.status_code, list(again.json()["errors"])) == (422, ["known_until"])
    listed = system.get("/api/admin/calendars").json()["revisions"]
    assert [row["revision"] for row in listed] == [made.json()["calendar"]["revision"], newest.revision]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", " "),
        ("known_until", "2001-01-01"),
        ("known_until", "2199-12-31"),
        ("days_off", ["2027-01-02"]),
        ("made_up", ["2027-01-04"]),
    ],
)
def test_days_that_cannot_be_are_refused_per_field(system, field, value):
    refused = post(system, "/api/admin/calendars", **{**days(), field: value})
    assert (refused.status_code, field in refused.json()["errors"]) == (422, True)
    assert Calendar.objects.count() == 1


def test_the_auditor_sees_who_and_why_but_not_whom(audit, as_):  # noqa: F811 - the fixture
    identity.ensure_person(name="吴若溪", id_number="440304199203040024", now=now())
    assert post(as_(CHEN), "/api/work/search", text="吴若溪", reason="other:吴若溪报失").status_code == 200
    (entry,) = audit.get("/api/admin/audit/ledger", {"kind": "identity:person:looked", **span()}).json()
    assert entry["by"] == str(CHEN.account_id)
    assert not {"by", "subject", "words"} & entry["said"].keys()
    (look,) = audit.get("/api/admin/audit/looks", span()).json()
    assert look["entry_id"] == entry["id"]
    assert "吴若溪" not in str(entry)
    lot = audit.get("/api/admin/audit/looks/lot", span()).json()
    assert (lot["looks"], lot["not_asked"], lot["asked_undrawn"]) == (1, [], [])


def test_the_ledger_is_verified_on_demand(audit, as_):  # noqa: F811 - the fixture
    submitted(as_(LIN))
    assert {"ok", "size", "faults"} <= audit.post("/api/admin/audit/ledger/verify").json().keys()


def test_each_administrators_pages_are_theirs_alone(administrators, as_):  # noqa: F811 - the fixtures
    system, security, audit = administrators
    for client in (security, audit, as_(CHEN), as_(LIN)):
        for path in ("catalogue", "catalogue/HZ9901", "calendars"):
            assert client.get(f"/api/admin/{path}").status_code == 403
        assert post(client, "/api/admin/catalogue/publish").status_code == 403
        assert post(client, "/api/admin/calendars", **days()).status_code == 403
    for client in (system, security, as_(CHEN), as_(LIN)):
        for path in ("ledger", "looks", "looks/lot"):
            assert client.get(f"/api/admin/audit/{path}", span()).status_code == 403
        assert client.post("/api/admin/audit/ledger/verify").status_code == 403
    assert as_(CHEN).get("/api/admin/units").status_code == 403
    assert Calendar.objects.count() == 1


@pytest.mark.parametrize("odd", ["%00", "x" * 300, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "吴"])
def test_odd_questions_get_an_answer_and_no_fault(system, audit, odd):
    for path in (f"catalogue/{odd}", f"catalogue/HZ9901?old={odd}&new={odd}"):
        assert 200 <= system.get(f"/api/admin/{path}").status_code < 500
    for path in (f"ledger?since={odd}&until={odd}&kind={odd}&before={odd}", f"looks?since={odd}&until={odd}"):
        assert 400 <= audit.get(f"/api/admin/audit/{path}").status_code < 500
