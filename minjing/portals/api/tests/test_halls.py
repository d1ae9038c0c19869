"""A hall through the API: the counter calls, the head sets what a day takes, misses are decided; nothing twice."""

import pytest
from django.test import Client

from minjing.base.clock import CHINA, local_day, now
from minjing.base.ids import new_id
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.models import Challenge, Slot, Visit
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.halls import coming_day, open_today, ticket
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, HEAD, LIN, STRANGER
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
NO_CODE = "AAAAA-AAAAA"


@pytest.fixture
def hall(city, monkeypatch):  # noqa: F811 - the fixture
    yield from open_today(monkeypatch)


@pytest.fixture
def chen(hall, as_):  # noqa: F811 - the fixtures
    return as_(CHEN)


@pytest.fixture
def head(hall, as_):  # noqa: F811 - the fixtures
    return as_(HEAD)


def put(client: Client, path: str, **body):
    return client.put(path, body, content_type="application/json")


def call(client: Client, **more):
    return post(client, "/api/halls/hall/next", **{"counter": 1, "request_id": new_id(), **more})


def step(client: Client, visit: Visit, what: str, **more):
    said = {"ver": visit.ver, "request_id": new_id(), **more}
    return post(client, f"/api/halls/visits/{visit.pk}/{what}", **said)


def booked_today() -> Visit:
    at = now()
    start = queries.slots(queries.place("hall"), local_day(at), ["passport"], at)[0].starts_at
    return actions.book("hall", ["passport"], start, by=LIN, now=at, request_id=new_id())


def missed(hall) -> Visit:
    start = queries.slots(hall, coming_day(hall), ["passport"], now())[0].starts_at
    visit = actions.book("hall", ["passport"], start, by=LIN, now=now(), request_id=new_id())
    Visit.objects.filter(pk=visit.pk).update(state="missed", closed_at=now())
    actions.challenge(visit.pk, "我当天住院。", by=LIN, now=now())
    return Visit.objects.get(pk=visit.pk)


def test_who_serves_and_who_supervises_finds_the_hall(chen, head, as_):  # noqa: F811 - the fixture
    (mine,) = chen.get("/api/halls").json()
    assert (mine["code"], mine["serves"], mine["supervises"]) == ("hall", True, False)
    (mine,) = head.get("/api/halls").json()
    assert (mine["serves"], mine["supervises"]) == (False, True)
    assert as_(ELSEWHERE).get("/api/halls").json() == []
    assert as_(LIN).get("/api/halls").json() == []


def test_the_counter_calls_one_after_another(chen, hall):
    first, second = ticket(hall), ticket(hall)
    assert [v["ticket"] for v in chen.get("/api/halls/hall/queue").json()] == [first.ticket, second.ticket]
    called = call(chen)
    assert (called.status_code, called.json()["ticket"], called.json()["counter"]) == (200, first.ticket, 1)
    first.refresh_from_db()
    assert step(chen, first, "recall").json()["calls"] == 2
    first.refresh_from_db()
    assert step(chen, first, "skip").json()["state"] == "waiting"
    assert call(chen).json()["ticket"] == second.ticket
    second.refresh_from_db()
    stale = step(chen, second, "finish", ver=second.ver - 1)
    assert (stale.status_code, stale.json()["key"]) == (409, "stale")
    assert step(chen, second, "finish").json()["state"] == "done"
    first.refresh_from_db()
    assert step(chen, first, "miss").json()["state"] == "missed"
    empty = call(chen)
    assert (empty.status_code, empty.json()["key"]) == (409, "nobody_waits")
    assert len(chen.get("/api/halls/hall/visits").json()) == 2


def test_the_next_ticket_asked_for_twice_is_one_and_is_not_finished_by_it(chen, hall):
    ticket(hall), ticket(hall)
    once = new_id()
    first, again = call(chen, request_id=once), call(chen, request_id=once)
    assert first.json() == again.json()
    assert sorted(Visit.objects.values_list("state", flat=True)) == ["called", "waiting"]
    other = post(chen, "/api/halls/hall/tickets", services=["passport"], request_id=once)
    assert (other.status_code, other.json()["key"]) == (409, "request_reused")


def test_a_step_asked_for_twice_is_one(chen, hall):
    ticket(hall)
    visit = Visit.objects.get(pk=call(chen).json()["id"])
    once = new_id()
    said = [step(chen, visit, "recall", request_id=once).json() for _ in range(2)]
    assert said[0] == said[1]
    assert said[0]["calls"] == 2


def test_a_walk_in_gets_one_ticket(chen):
    said = {"services": ["passport", "id_card"], "request_id": new_id()}
    first, again = (post(chen, "/api/halls/hall/tickets", **said) for _ in range(2))
    assert (first.status_code, first.json()["ticket"]) == (201, "B001")
    assert (Visit.objects.count(), again.json()["id"]) == (1, first.json()["id"])
    wrong = post(chen, "/api/halls/hall/tickets", services=["driving"], request_id=new_id())
    assert (wrong.status_code, set(wrong.json()["errors"]["services"])) == (422, {"zh", "en"})


def test_a_slip_is_read_once_and_a_wrong_one_says_nothing(chen):
    visit = booked_today()
    code = f"{visit.code[:5]}-{visit.code[5:]}".lower()
    for _ in range(2):
        reported = post(chen, "/api/halls/hall/reports", code=code, request_id=new_id())
        assert (reported.status_code, reported.json()["ticket"]) == (200, "A001")
    assert "code" not in reported.json()
    assert post(chen, "/api/halls/hall/reports", code=NO_CODE, request_id=new_id()).status_code == 404


def test_nobody_takes_a_ticket_or_reports_from_home(hall, as_):  # noqa: F811 - the fixtures
    lin, visit = as_(LIN), booked_today()
    assert post(lin, "/api/halls/hall/tickets", services=["passport"], request_id=new_id()).status_code == 403
    report = post(lin, "/api/halls/hall/reports", code=visit.code, request_id=new_id())
    assert (report.status_code, report.json()["key"]) == (403, "at_the_hall")
    assert Visit.objects.get().state == "booked"


@pytest.mark.parametrize(("who", "status"), [(ELSEWHERE, 404), (STRANGER, 404), (LIN, 404), (HEAD, 403)])
def test_who_does_not_serve_there_does_nothing_there(hall, as_, who, status):  # noqa: F811 - the fixtures
    visit, client = ticket(hall), as_(who)
    assert call(client).status_code == 403
    assert client.get("/api/halls/hall/queue").status_code == 403
    assert post(client, "/api/halls/hall/tickets", services=["passport"], request_id=new_id()).status_code == 403
    for what in ("recall", "skip", "miss", "finish"):
        assert step(client, visit, what).status_code == status
    assert Visit.objects.get().state == "waiting"


def test_the_head_sets_counters_and_closes_a_day(head, chen, hall):
    day = coming_day(hall)
    path = f"/api/halls/hall/days/{day}"
    hours = {"since": "09:00", "until": "12:00", "counters": 5}
    assert put(head, f"{path}/capacity", **hours).json() == {"kept": []}
    slots = {s.starts_at.astimezone(CHINA).hour: s.capacity for s in Slot.objects.filter(place_id=hall.id, day=day)}
    assert (slots[8], slots[9], slots[12]) == (60, 150, 60)
    nothing = put(head, f"{path}/capacity", **{**hours, "until": "08:00"})
    assert (nothing.status_code, list(nothing.json()["errors"])) == (422, ["since"])
    assert put(head, f"{path}/capacity", **{**hours, "counters": 61}).status_code == 422
    start = queries.slots(hall, day, ["passport"], now())[0].starts_at
    visit = actions.book("hall", ["passport"], start, by=LIN, now=now(), request_id=new_id())
    before = head.get(path).json()
    assert (before["booked"], before["closed_why"]) == (1, None)
    assert post(head, f"{path}/close", zh=" ").status_code == 422
    assert post(chen, f"{path}/close", zh="停电检修").status_code == 403
    assert put(chen, f"{path}/capacity", **hours).status_code == 403
    assert post(head, f"{path}/close", zh="停电检修", en="No power").json() == {"called_off": 1}
    visit.refresh_from_db()
    assert visit.state == "cancelled"
    assert head.get(path).json()["closed_why"] == {"zh": "停电检修", "en": "No power"}


def test_what_is_said_of_a_miss_is_read_on_record_and_decided_once(head, chen, hall):
    visit = missed(hall)
    path = f"/api/halls/challenges/{visit.pk}"
    listed = head.get("/api/halls/hall/challenges")
    assert [row["visit"]["id"] for row in listed.json()] == [str(visit.pk)]
    assert "我当天住院" not in listed.content.decode()
    looks = Outbox.objects.filter(kind="identity:person:looked", subject_id=LIN.person_id)
    assert chen.get(path).status_code == 403
    assert put(chen, path, excused=True).status_code == 403
    assert looks.count() == 0
    assert head.get(path).json()["words"] == "我当天住院。"
    assert looks.count() == 1
    assert put(head, path, excused=True).status_code == 200
    visit.refresh_from_db()
    assert visit.excused_at is not None
    again = put(head, path, excused=False)
    assert (again.status_code, again.json()["key"]) == (409, "stale")
    assert Challenge.objects.get().excused is True
    Challenge.objects.update(words_sealed=b"")  # a year after the decision (`kept`)
    assert head.get(path).json()["words"] == ""


def test_a_challenge_is_no_business_of_another_hall_or_another_person(hall, as_):  # noqa: F811 - the fixtures
    path = f"/api/halls/challenges/{missed(hall).pk}"
    for who in (ELSEWHERE, STRANGER):
        assert as_(who).get(path).status_code == 404
        assert put(as_(who), path, excused=True).status_code == 404
    assert as_(LIN).get(path).status_code == 403
    assert put(as_(LIN), path, excused=True).status_code == 403
    assert Challenge.objects.get().decided_at is None


def test_without_a_token_nothing_is_told_or_done(hall):
    visit, nobody = ticket(hall), Client(HTTP_HOST="localhost")
    for path in ("", "/hall/queue", "/hall/visits", "/hall/challenges", f"/challenges/{visit.pk}"):
        assert nobody.get(f"/api/halls{path}").status_code == 401
    assert call(nobody).status_code == 401


ODD = ["\x00", "\ud800", "x" * 5000, -1, 10**30, None, [], {"a": [1]}, "25:00", "2026-02-30"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_input_gets_an_answer_and_no_fault(chen, head, hall, odd):
    visit = ticket(hall)
    day = coming_day(hall)
    once = {"request_id": new_id()}
    posted = [
        (chen, "hall/next", {"counter": odd, **once}),
        (chen, "hall/next", {"counter": 1, "request_id": odd}),
        (chen, "hall/tickets", {"services": odd, **once}),
        (chen, "hall/tickets", {"services": [odd], **once}),
        (chen, "hall/reports", {"code": odd, **once}),
        (chen, f"visits/{visit.pk}/finish", {"ver": odd, **once}),
        (chen, f"visits/{visit.pk}/burn", {"ver": 1, **once}),
    ]
    for client, path, said in posted:
        assert 400 <= post(client, f"/api/halls/{path}", **said).status_code < 500, path
    for said in (
        {"since": odd, "until": "10:00", "counters": 1},
        {"since": "09:00", "until": "10:00", "counters": odd},
    ):
        assert put(head, f"/api/halls/hall/days/{day}/capacity", **said).status_code == 422


@pytest.mark.parametrize("words", ["\x00", "\ud800", "x" * 5000, -1, None, []])
def test_odd_words_get_an_answer_and_no_fault(head, hall, words):
    path = f"/api/halls/hall/days/{coming_day(hall)}/close"
    assert post(head, path, zh=words).status_code == 422
    assert post(head, path, zh="停电检修", en=words).status_code == 422


@pytest.mark.parametrize(
    "path",
    ["nowhere/queue", "hall/days/9999-12-31", "hall/days/0001-01-01", "hall/days/x", "hall/visits?day=9999-12-31"],
)
def test_odd_addresses_get_an_answer_and_no_fault(head, path):
    assert head.get(f"/api/halls/{path}").status_code in (403, 404, 422)


def test_a_ticket_of_the_machine_waits_like_any_other(chen, hall):
    actions.take_ticket("hall", ["passport"], by=SYSTEM, now=now(), request_id=new_id(), person_id=LIN.person_id)
    assert call(chen).status_code == 200
