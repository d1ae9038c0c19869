"""What a token of the wrong person gets: nothing, and nothing is opened on the way."""

from datetime import timedelta

import pytest

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Account, Appointment, Post
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import NUMBERS, city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.test_actions import act as take
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LIN, MONDAY, ZHOU
from minjing.portals.api.tests.test_api import as_, post, submitted  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
SUPERVISOR = world.officer(41, "supervisor", "1.", ("supervise",))
READS = ("answers", "notes", "register")


@pytest.fixture
def supervisor(as_):  # noqa: F811 - the fixture
    """Return a client of the bureau's supervisor."""
    Post.objects.create(
        code="supervisor", name={"zh": "督察", "en": "Supervisor"}, level="bureau", acts=["supervise"]
    )
    Account.objects.create(id=SUPERVISOR.account_id, kind="officer", login="supervisor", created_at=MONDAY)
    Appointment.objects.create(
        account_id=SUPERVISOR.account_id, unit_id=1, post_id="supervisor", since=world.MONDAY.replace(year=2020)
    )
    return as_(SUPERVISOR)


def looked() -> int:
    return Outbox.objects.filter(kind="identity:person:looked").count()


@pytest.mark.parametrize("what", READS)
def test_a_supervisor_reads_nobodys_record_through_the_api(as_, supervisor, what):  # noqa: F811
    number = submitted(as_(LIN)).json()["number"]
    assert supervisor.get(f"/api/matters/{number}").status_code == 200
    for query in ("", "?reason=register_upkeep"):
        assert supervisor.get(f"/api/matters/{number}/{what}{query}").status_code == 403
    assert looked() == 0


def test_a_supervisor_searches_for_nobody_even_with_a_matter(as_, supervisor):  # noqa: F811
    number = submitted(as_(LIN)).json()["number"]
    for text in ("林晓夫", "440304199001010011", "王无名"):
        assert post(supervisor, "/api/work/search", text=text, matter=number).status_code == 403
        assert post(supervisor, "/api/work/search", text=text, reason="register_upkeep").status_code == 403


def test_a_resident_cannot_ask_whether_somebody_exists(as_):  # noqa: F811
    answers = [
        post(as_(LIN), "/api/work/search", text=text, reason="register_upkeep").status_code
        for text in ("林晓夫", "440304199001010011", "王无名")
    ]
    assert answers == [403, 403, 403]


@pytest.mark.parametrize("what", READS)
def test_without_a_claim_the_file_opens_only_for_a_reason(as_, what):  # noqa: F811
    number = submitted(as_(LIN)).json()["number"]
    chen, zhou = as_(CHEN), as_(ZHOU)
    assert chen.get(f"/api/matters/{number}/{what}").status_code == 403
    assert looked() == 0
    reason = chen.get("/api/work/reasons").json()[0]["key"]
    assert chen.get(f"/api/matters/{number}/{what}?reason={reason}").status_code == 403  # addresses are logged
    assert looked() == 0
    assert chen.get(f"/api/matters/{number}/{what}", headers={"Look-Reason": reason}).status_code == 200
    assert looked() >= 1
    take(queries.matter(number, CHEN, MONDAY), "claim", CHEN)
    assert chen.get(f"/api/matters/{number}/{what}").status_code == 200
    assert zhou.get(f"/api/matters/{number}/{what}").status_code == 403


def test_a_matter_is_a_reason_to_search_only_for_who_has_claimed_it(as_):  # noqa: F811
    number = submitted(as_(LIN)).json()["number"]
    take(queries.matter(number, CHEN, MONDAY), "claim", CHEN)
    lin = NUMBERS[LIN.person_id]
    assert post(as_(ZHOU), "/api/work/search", text=lin, matter=number).status_code == 403
    assert len(post(as_(CHEN), "/api/work/search", text=lin, matter=number).json()) == 1


def test_what_officers_write_to_each_other_is_not_told_to_the_applicant(as_):  # noqa: F811
    number = submitted(as_(LIN)).json()["number"]
    claimed = take(queries.matter(number, CHEN, MONDAY), "claim", CHEN)
    asked = take(claimed, "ask_extension", CHEN, note="怀疑材料不实，待核", days=3)
    take(asked, "ask_supplement", CHEN, note="请补结婚证", materials=["marriage_certificate"])
    told = as_(LIN).get(f"/api/matters/{number}/notes").json()
    assert [said["note"] for said in told.values()] == ["请补结婚证"]


def test_a_session_without_the_form_token_writes_nothing(city):  # noqa: F811
    from django.test import Client

    from minjing.kernel.matters.tests.conftest import signed_in

    browser = signed_in(CHEN)
    strict = Client(enforce_csrf_checks=True, HTTP_HOST="localhost")
    strict.cookies = browser.cookies
    refused = strict.post("/api/me/notices/read", HTTP_ORIGIN="https://evil.example")
    assert refused.status_code == 403
    assert strict.get("/api/me").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/matters?limit=99999999999999999999999",
        "/api/matters?limit=x",
        "/api/work/queues/to_claim?limit=-1&code=%00",
        "/api/work/queues/nothing",
        "/api/services?q=%00",
        "/api/services/%00",
        "/api/services/HZ0301/diagram.svg?language=%00",
        "/api/matters/HZ%C2%B2%C2%B200000000",
        "/api/matters/%00",
        "/api/open/papers/%00",
        "/api/open/papers/" + "0" * 3000,
        "/api/me/notices?before=x",
        "/api/work/supervision/units?unit_id=99999999999999999999",
        "/api/work/supervision/matters?light=%00&state=%00",
    ],
)
def test_odd_addresses_get_an_answer_and_no_fault(as_, supervisor, path):  # noqa: F811
    for client in (as_(LIN), as_(CHEN), supervisor):
        assert client.get(path).status_code in (200, 400, 403, 404, 422)


ODD = ["\x00", "\ud800", "９" * 300, -1, 10**30, None, [], {"a": [1]}, "=cmd|' /C calc'!A0", "<script>"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_answers_and_notes_get_an_answer_and_no_fault(as_, odd):  # noqa: F811
    lin, chen = as_(LIN), as_(CHEN)
    number = submitted(lin).json()["number"]
    for client, path, body in (
        (lin, "/api/matters", {"code": "HZ9901", "answers": {"spouse_id": odd, "married_on": odd, "children": odd}}),
        (lin, "/api/matters", {"code": odd, "answers": {}}),
        (lin, f"/api/matters/{number}/rating", {"stars": odd, "words": odd}),
        (lin, f"/api/matters/{number}/actions/withdraw", {"ver": odd, "reason": odd}),
        (chen, f"/api/matters/{number}/actions/claim", {"ver": odd}),
        (chen, f"/api/matters/{number}/actions/{'x' * 300}", {"ver": 1, "note": odd}),
        (chen, "/api/work/search", {"text": odd, "reason": odd}),
        (chen, "/api/work/deputies", {"deputy": odd, "unit_id": odd, "post": odd}),
    ):
        assert post(client, path, request_id=new_id(), **body).status_code < 500


@pytest.mark.parametrize(
    "body", ["[" * 200_000, '{"a":' * 100_000, "{" * 9, "", "nul", "[]", '"x"', '{"code": 1e999}']
)
def test_a_body_that_is_no_request_is_answered_without_a_fault(as_, body):  # noqa: F811
    for path in ("/api/matters", f"/api/drafts/{new_id()}/submit", "/api/work/search"):
        answer = as_(LIN).post(path, body, content_type="application/json")
        assert 400 <= answer.status_code < 500


def test_a_form_where_json_is_taken_is_answered_without_a_fault(as_):  # noqa: F811
    for path in ("/api/matters", f"/api/drafts/{new_id()}/submit", "/api/drafts/HZ9901"):
        answer = as_(LIN).post(path, {"code": "HZ9901"})
        assert (answer.status_code, answer.json()["key"]) == (415, "not_json")


def test_answers_of_a_megabyte_are_answered_at_once(as_):  # noqa: F811
    from time import perf_counter

    huge = {
        "spouse_id": "4" * 1_000_000,
        "married_on": "1-" * 500_000,
        "children": [{}] * 50_000,
        "office": "U" * 1000,
    }
    began = perf_counter()
    answer = post(as_(LIN), "/api/matters", code="HZ9901", answers=huge, request_id=new_id())
    assert answer.status_code == 422
    assert perf_counter() - began < 10


def test_papers_under_names_of_ones_own_making_are_refused(as_):  # noqa: F811
    from minjing.kernel.matters.tests.conftest import ANSWERS, scan

    for materials in (
        {"marriage_certificate": [scan()], "x" * 300: [scan()]},
        {"marriage_certificate": [scan()], "林晓夫 440304199001010011": [scan()]},
        {"marriage_certificate": [scan()] * 50},
    ):
        sent = {"code": "HZ9901", "answers": ANSWERS, "materials": materials, "request_id": new_id()}
        assert post(as_(LIN), "/api/matters", **sent).status_code == 422
    assert as_(LIN).get("/api/matters").json() == []


def test_a_note_has_an_end(as_):  # noqa: F811
    made = submitted(as_(LIN)).json()
    path = f"/api/matters/{made['id']}/actions/withdraw"
    assert post(as_(LIN), path, ver=1, request_id=new_id(), note="长" * 3000).status_code == 422
    body = {"matters": [{"id": made["id"], "ver": 1}], "request_id": new_id(), "note": "长" * 3000}
    assert post(as_(CHEN), "/api/matters/bulk/claim", **body).status_code == 422


@pytest.mark.parametrize(
    ("since", "until", "unit", "scope"),
    [
        ("2020-01-01", "2020-01-08", 27, []),
        ("2026-01-01T00:00:00", "2026-01-08T00:00:00+08:00", 27, []),
        ("0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59Z", 27, []),
        ("2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z", 10**30, []),
        ("2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z", 27, ["\x00", "x" * 5000]),
        ("2020-01-01T00:00:00Z", "2020-01-08T00:00:00Z", 27, []),
    ],
)
def test_no_odd_or_past_deputyship_is_named(as_, since, until, unit, scope):  # noqa: F811
    body = {"deputy": ZHOU.account_id, "post": "station_clerk", "unit_id": unit, "scope": scope}
    answer = post(as_(CHEN), "/api/work/deputies", **body, since=since, until=until)
    assert 400 <= answer.status_code < 500


def test_a_deputy_of_another_branch_is_refused_in_words(as_):  # noqa: F811
    since, until = now(), now() + timedelta(days=3)
    body = {"post": "station_clerk", "unit_id": 27, "since": since, "until": until}
    answer = post(as_(CHEN), "/api/work/deputies", **body, deputy=ELSEWHERE.account_id)
    assert (answer.status_code, answer.json()["key"]) == (403, "deputy_not_near")
    assert post(as_(CHEN), "/api/work/deputies", **body, deputy=ZHOU.account_id).status_code == 200


def test_no_answer_of_the_api_about_a_person_is_kept_by_a_cache(as_):  # noqa: F811
    lin = as_(LIN)
    number = submitted(lin).json()["number"]
    for path in ("/api/me", "/api/matters", f"/api/matters/{number}/answers", "/api/me/register"):
        assert "no-store" in lin.get(path).headers["Cache-Control"], path
