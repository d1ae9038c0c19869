"""Lists and figures on duty through the API: whom the pages admit, what the pages narrow by, on to the last page."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.models import Account, Appointment, Post
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, city_wide, counter_figures, oversight, plugs, publishing, queries
from minjing.kernel.matters.models import Matter, Reception
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, city, scan, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHECKER, CHEN, ELSEWHERE, HEAD, LIN, LUO, MA, MONDAY, ZHOU
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
SUPERVISOR = world.officer(41, "supervisor", "1.", ("supervise",))
ACTS = {
    "station_clerk": ["handle", "look"],
    "station_approver": ["decide", "look", "supervise"],
    "branch_approver": ["decide", "look"],
    "record_checker": ["check", "look"],
    "supervisor": ["supervise"],
}
LATE = 24 * 60  # hours: sixty days ago, beyond twenty working days
WU_ID = ANSWERS["spouse_id"]
WORK = "/api/work"


@pytest.fixture(autouse=True)
def posts(city):  # noqa: F811 - the fixture
    """Give the posts their acts, and the bureau a supervisor."""
    for code, acts in ACTS.items():
        Post.objects.update_or_create(
            code=code, defaults={"name": {"zh": code, "en": code}, "level": "station", "acts": acts}
        )
    Account.objects.create(id=SUPERVISOR.account_id, kind="officer", login="supervisor", created_at=MONDAY)
    Appointment.objects.create(
        account_id=SUPERVISOR.account_id, unit_id=1, post_id="supervisor", since=MONDAY.replace(year=2020)
    )
    oversight.forget_kept()
    counter_figures.forget_kept()


def submitted(hours_ago=1, code="HZ9901", at=None, **answers):
    return actions.submit_whole(
        code,
        {**ANSWERS, **answers},
        by=LIN,
        now=at or clock.now() - timedelta(hours=hours_ago),
        request_id=new_id(),
        materials={"marriage_certificate": [scan()]},
    )


def act(matter, action, by, **more):
    return actions.act(matter.id, action, ver=matter.ver, by=by, now=clock.now(), request_id=new_id(), **more)


def published(**changes):
    publishing.publish([world.body(code="HZ9904", **changes)], by=world.PUBLISHER, now=MONDAY)
    queries.forget_kept()


def numbers(answer):
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()]


def next_page(answer):
    found = re.fullmatch(r'<(/api/[^>]+)>; rel="next"', answer.headers.get("Link", ""))
    return found[1] if found else ""


def pages(client, path):
    """Return the numbers on each page of a list, as far as it goes on."""
    found = []
    while path:
        assert len(found) < 20, "a list without an end"
        answer = client.get(path)
        found.append(numbers(answer))
        path = next_page(answer)
    return found


def joined(found):
    return [number for page in found for number in page]


# ---- who supervises what ----------------------------------------------------------------------------------

SUPERVISES = {
    SUPERVISOR: {1, 4, 5, 27, 31},
    LUO: {4, 27},
    HEAD: {27},
    CHEN: set(),
    CHECKER: set(),
    ELSEWHERE: set(),
    LIN: set(),
}


@pytest.mark.parametrize("by", SUPERVISES, ids=lambda by: by.name or "resident")
def test_supervision_admits_whom_the_page_admits(as_, by):  # noqa: F811 - the fixture
    client, browser, within = as_(by), signed_in(by), SUPERVISES[by]
    for unit in (1, 4, 5, 27, 31, 99):
        page = browser.get(f"/officer/supervision/matters/?unit={unit}").status_code
        assert client.get(f"{WORK}/supervision/matters?unit_id={unit}").status_code == page, unit
        assert page == (200 if unit in within else 404 if within and unit == 99 else 403)
    for what in ("units", "overdue", "load", "trend", "steps", "paused", "matters"):
        answer = client.get(f"{WORK}/supervision/{what}")
        assert answer.status_code == (200 if within else 403), what
        if not within:
            assert answer.json()["key"] == "no_post"
            assert {"zh", "en"} == answer.json()["message"].keys()
    if within:
        assert {row["unit_id"] for row in client.get(f"{WORK}/supervision/units").json()} == within


def test_what_lies_outside_ones_unit_is_in_no_list(as_):  # noqa: F811 - the fixture
    here, there = submitted(), submitted(office="U31")
    assert numbers(as_(LUO).get(f"{WORK}/supervision/matters")) == [here.number]
    assert set(numbers(as_(SUPERVISOR).get(f"{WORK}/supervision/matters"))) == {here.number, there.number}
    assert numbers(as_(SUPERVISOR).get(f"{WORK}/supervision/matters?unit_id=31")) == [there.number]


# ---- down to the very matters -----------------------------------------------------------------------------


def test_a_supervisor_narrows_as_on_the_page(as_):  # noqa: F811 - the fixture
    late, fresh = submitted(hours_ago=LATE), submitted()
    claimed = act(submitted(hours_ago=LATE), "claim", CHEN)
    path = f"{WORK}/supervision/matters"
    for query, wanted in {
        "why=unclaimed": [late],
        "why=long_step": [claimed],
        "why=tasks": [],
        f"officer={CHEN.account_id}": [claimed],
        f"officer={ZHOU.account_id}": [],
        "light=green": [fresh],
        f"light=red&state={late.state}": [late, claimed],
        "state=recommended": [],
        "light=red&why=unclaimed": [late],
    }.items():
        answer = as_(SUPERVISOR).get(f"{path}?{query}")
        assert set(numbers(answer)) == {m.number for m in wanted}, query
    rows = {row["number"]: row["why"] for row in as_(SUPERVISOR).get(path).json()}
    assert rows == {late.number: "unclaimed", claimed.number: "long_step", fresh.number: ""}
    for query in ("why=x", "light=rde", "officer=x", "after=x", "after=2026-01-01T00:00:00~x", "unit_id=0"):
        assert as_(SUPERVISOR).get(f"{path}?{query}").status_code == 422, query


def test_the_matters_behind_a_figure_go_on_to_the_last(as_):  # noqa: F811 - the fixture
    at = clock.now() - timedelta(hours=LATE)  # they fall due at one instant: each has its place by its id
    late = [submitted(at=at) for _ in range(3)] + [submitted(at=at - timedelta(days=n)) for n in (7, 14)]
    submitted()
    found = pages(as_(SUPERVISOR), f"{WORK}/supervision/matters?light=red&unit_id=27&limit=2")
    assert [len(page) for page in found] == [2, 2, 1]
    within = oversight.area("1.4.27.")
    wanted = [m.number for m in oversight.matters(within, clock.now(), oversight.Narrowed(light="red"))]
    assert joined(found) == wanted
    assert set(wanted) == {m.number for m in late}


def test_why_clocks_stand_still_and_what_stands_at_each_step(as_):  # noqa: F811 - the fixture
    submitted()
    paused = act(submitted(), "claim", CHEN)
    paused = act(paused, "ask_supplement", CHEN, note="请补件", materials=["marriage_certificate"])
    (row,) = as_(LUO).get(f"{WORK}/supervision/paused").json()
    assert (row["reason"], row["count"]) == ("supplement", 1)
    queries.light_counts.forget_kept()
    steps = as_(LUO).get(f"{WORK}/supervision/steps").json()
    assert {(s["unit_id"], s["state"]): (s["green"], s["paused"]) for s in steps} == {
        (27, "submitted"): (1, 0),
        (27, paused.state): (0, 1),
    }


def test_each_row_of_figures_is_as_large_as_its_list(as_):  # noqa: F811 - the fixture
    submitted(hours_ago=LATE)
    submitted(office="U31")
    paused = act(submitted(), "claim", CHEN)
    act(paused, "ask_supplement", CHEN, note="请补件", materials=["marriage_certificate"])
    for unit in (1, 4):
        moved = act(act(submitted(hours_ago=LATE if unit == 4 else 1), "claim", CHEN), "recommend", CHEN)
        Matter.objects.filter(id=moved.id).update(ver=moved.ver + 1, unit_id=unit)
    oversight.forget_kept()
    queries.light_counts.forget_kept()
    client = as_(SUPERVISOR)
    for row in client.get(f"{WORK}/supervision/units?unit_id=1").json():
        for light in ("green", "yellow", "red"):
            listed = client.get(f"{WORK}/supervision/matters?unit_id={row['unit_id']}&own=true&light={light}").json()
            assert len(listed) == row[light], (row, light)
    for row in client.get(f"{WORK}/supervision/steps?unit_id=1").json():
        of_step = f"unit_id={row['unit_id']}&own=true&flow={row['flow']}&state={row['state']}"
        for light in ("green", "yellow", "red", "paused"):
            listed = client.get(f"{WORK}/supervision/matters?{of_step}&light={light}").json()
            assert len(listed) == row[light], (row, light)
        assert row["title"]["zh"]
        assert row["flow_title"]["en"]
    for row in client.get(f"{WORK}/supervision/paused?unit_id=1").json():
        assert len(client.get(f"{WORK}/supervision/matters?pause={row['reason']}").json()) == row["count"] == 1
    assert client.get(f"{WORK}/supervision/matters?pause=visit").json() == []


# ---- queues -----------------------------------------------------------------------------------------------


def test_a_queue_narrows_and_sorts_as_on_the_page(as_):  # noqa: F811 - the fixture
    published()
    old, other, fresh = submitted(hours_ago=LATE), submitted(hours_ago=30, code="HZ9904"), submitted()
    day = old.submitted_at.astimezone(clock.CHINA).date()
    path, chen = f"{WORK}/queues/to_claim", as_(CHEN)
    for query, wanted in {
        "": [old, other, fresh],
        "code=HZ9904": [other],
        "light=red": [old],
        "light=green": [other, fresh],
        "light=paused": [],
        f"since={day + timedelta(days=1)}": [other, fresh],
        f"until={day}": [old],
        f"since={day}&until={day}": [old],
        "sort=received": [old, other, fresh],
        "sort=received&newest_first=true": [fresh, other, old],
        "sort=step&newest_first=true": [fresh, other, old],
    }.items():
        assert numbers(chen.get(f"{path}?{query}")) == [m.number for m in wanted], query
    for query in ("light=x", "sort=x", "since=x", "until=2026-02-30", "after=x~y", "limit=x"):
        assert chen.get(f"{path}?{query}").status_code == 422, query
    assert as_(ELSEWHERE).get(path).json() == []
    assert chen.get(f"{WORK}/queues/nonsense").status_code == 404


@pytest.mark.parametrize("query", ["", "sort=received", "sort=step&newest_first=true", "light=green&code=HZ9901"])
def test_a_queue_goes_on_to_the_last_matter(as_, query):  # noqa: F811 - the fixture
    at = clock.now() - timedelta(hours=3)  # three of them came at one instant: each has its place by its id
    made = [submitted(hours_ago=5), *(submitted(at=at) for _ in range(3)), submitted()]
    found = pages(as_(CHEN), f"{WORK}/queues/to_claim?limit=2&{query}")
    assert [len(page) for page in found] == [2, 2, 1]
    assert sorted(joined(found)) == sorted(m.number for m in made)
    assert joined(found) == numbers(as_(CHEN).get(f"{WORK}/queues/to_claim?{query}"))


def test_what_is_done_comes_the_newest_first_and_goes_on(as_):  # noqa: F811 - the fixture
    done = [
        act(act(submitted(), "claim", CHEN), "refuse_to_accept", CHEN, note="不属本所受理", reason="elsewhere")
        for _ in range(3)
    ]
    assert {m.closed_at is None for m in done} == {False}
    found = pages(as_(CHEN), f"{WORK}/queues/done?limit=1")
    assert found == [[m.number] for m in reversed(done)]


def test_a_conflict_of_interests_hides_a_matter_and_nothing_behind_it(as_, monkeypatch):  # noqa: F811
    published(excludes="test.concerned")
    monkeypatch.setitem(
        plugs.EXCLUDES, "test.concerned", lambda *, matter, answers, by: by.account_id == CHEN.account_id
    )
    shown = [submitted(hours_ago=n) for n in (9, 5, 1)]
    hidden = [submitted(hours_ago=n, code="HZ9904") for n in (8, 7, 6, 4, 3, 2)]
    for limit in (1, 2, 3):
        path, seen = f"{WORK}/queues/to_claim?sort=received&limit={limit}", []
        while path:
            answer = as_(CHEN).get(path)
            seen += numbers(answer)
            path = next_page(answer)
            assert not any(str(m.id) in path for m in hidden), "not even the address tells of it"
        assert seen == [m.number for m in shown], limit
    assert len(numbers(as_(ZHOU).get(f"{WORK}/queues/to_claim"))) == 9


# ---- matters about an ID number ---------------------------------------------------------------------------


def looked():
    return Outbox.objects.filter(kind="identity:person:looked").count()


def found_by(client, **said):
    answer = post(client, f"{WORK}/search", text=WU_ID, **said)
    assert WU_ID not in answer.content.decode()
    return answer


def test_the_matters_about_an_id_number_that_is_nobodys_here(as_):  # noqa: F811 - the fixture
    published(about="spouse_id")
    matter, before = submitted(code="HZ9904"), looked()
    (row,) = found_by(as_(CHEN), reason="counter").json()
    assert (row["name"], row["id_number"]) == (None, "4403************24")
    assert [m["number"] for m in row["matters"]] == [matter.number]
    assert "answers" not in row["matters"][0]
    assert found_by(as_(ELSEWHERE), reason="counter").json() == [], "another station's business"
    assert looked() == before, "nobody was looked at"


def test_once_the_person_is_known_the_look_stands_in_the_ledger(as_):  # noqa: F811 - the fixture
    published(about="spouse_id")
    matter = submitted(code="HZ9904")
    wu = identity.ensure_person(name="吴若溪", id_number=WU_ID, now=MONDAY)
    before = looked()
    (row,) = found_by(as_(CHEN), reason="counter").json()
    assert (row["name"], [m["number"] for m in row["matters"]]) == ("吴*溪", [matter.number])
    assert looked() == before + 1
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=wu).count() == 1


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({}, "no_reason"),
        ({"reason": "nonsense"}, "no_reason"),
        ({"reason": "other:啊"}, "reason_needs_text"),
    ],
)
def test_without_a_reason_no_matter_about_a_number_is_told(as_, said, key):  # noqa: F811 - the fixture
    published(about="spouse_id")
    submitted(code="HZ9904")
    answer = found_by(as_(CHEN), **said)
    assert (answer.status_code, answer.json()["key"]) == (403, key)
    for by in (SUPERVISOR, LIN):
        assert found_by(as_(by), reason="counter").json()["key"] == "no_look"


def test_a_matter_in_hand_is_the_reason_until_it_is_closed(as_):  # noqa: F811 - the fixture
    published(about="spouse_id")
    about = submitted(code="HZ9904")
    mine = act(submitted(), "claim", CHEN)
    (row,) = found_by(as_(CHEN), matter=mine.number).json()
    assert [m["number"] for m in row["matters"]] == [about.number]
    assert found_by(as_(ZHOU), matter=mine.number).status_code == 403
    act(mine, "refuse_to_accept", CHEN, note="不属本所受理", reason="elsewhere")
    assert found_by(as_(CHEN), matter=mine.number).status_code == 403


# ---- more time --------------------------------------------------------------------------------------------


def asked_for(days=3):
    return act(act(submitted(), "claim", CHEN), "ask_extension", CHEN, note="须外调", days=days)


def test_extensions_wait_for_those_who_may_grant_them(as_):  # noqa: F811 - the fixture
    matter = asked_for()
    submitted()
    for by in (LUO, MA):
        (row,) = as_(by).get(f"{WORK}/extensions").json()
        assert (row["number"], row["asked_days"]) == (matter.number, 3)
    assert as_(HEAD).get(f"{WORK}/extensions").json() == [], "another level's"
    for by in (CHEN, CHECKER, SUPERVISOR, LIN):
        answer = as_(by).get(f"{WORK}/extensions")
        assert (answer.status_code, answer.json()["key"]) == (403, "no_post")
        assert signed_in(by).get("/officer/approvals/").status_code == 403
    act(matter, "grant_extension", LUO)
    assert as_(LUO).get(f"{WORK}/extensions").json() == []


def test_an_approver_of_another_branch_is_asked_for_nothing(as_):  # noqa: F811 - the fixture
    asked_for()
    Appointment.objects.filter(account_id=MA.account_id).update(unit_id=5)
    assert as_(MA).get(f"{WORK}/extensions").json() == []


def test_a_conflict_of_interests_keeps_an_extension_away(as_, monkeypatch):  # noqa: F811 - the fixture
    asked_for()
    monkeypatch.setattr(queries, "may_see", lambda matter, by: by.account_id != MA.account_id)
    assert len(as_(LUO).get(f"{WORK}/extensions").json()) == 1
    assert as_(MA).get(f"{WORK}/extensions").json() == []


@pytest.mark.parametrize(
    ("by", "path"),
    [
        (LUO, f"{WORK}/extensions"),
        (LUO, f"{WORK}/supervision/matters"),
        (CHEN, f"{WORK}/queues/claimed"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_more_matters_take_no_more_questions(as_, by, path):  # noqa: F811 - the fixture
    client, counted = as_(by), []
    for _ in range(2):
        asked_for()
        asked_for()
        client.get(path)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        counted.append((len(answer.json()), len(asked)))
    (few, questions), (many, same) = counted
    assert (few, many) == (2, 4)
    assert questions == same


# ---- the counters of the city -----------------------------------------------------------------------------


def test_the_figures_of_the_counters_are_the_pages(as_, monkeypatch):  # noqa: F811 - the fixture
    one = city_wide.CityWideClass("CW01", Text(zh="测试类", en="Test class"), ("HZ9901",))
    monkeypatch.setattr(city_wide, "classes", lambda: (one,))
    path = f"{WORK}/supervision/city-wide"
    assert as_(SUPERVISOR).get(path).json()["all"]["cases"] == 0
    for n in range(5):
        begun = clock.now() - timedelta(hours=2)
        Reception.objects.create(
            org_id=5, unit_id=31, officer_id=ELSEWHERE.account_id, person_id=LIN.person_id,
            account_id=LIN.account_id, how="card", begun_at=begun, code="HZ9901", matter_id=UUID(int=7_000 + n),
            filed_at=begun + timedelta(minutes=8), station_id=31,
        )  # fmt: skip
        counter_figures.forget_kept()
        told = as_(SUPERVISOR).get(path).json()
        if n < 4:
            assert told["all"]["cases"] is None, "too few to be told"
            assert told["by_class"][0]["now_minutes"] is None
    (line,) = told["by_class"]
    assert (line["title"]["zh"], line["cases"], line["elsewhere"], line["now_minutes"]) == ("测试类", 5, 0, 8)
    assert line["before_minutes"] is None
    assert told["smallest"] == 5


@pytest.mark.parametrize("by", SUPERVISES, ids=lambda by: by.name or "resident")
def test_the_figures_of_the_counters_are_for_whom_the_page_is(as_, by):  # noqa: F811 - the fixture
    page = signed_in(by).get("/officer/supervision/city-wide/").status_code
    assert page == (200 if by in (SUPERVISOR, HEAD) else 403)
    assert as_(by).get(f"{WORK}/supervision/city-wide").status_code == page
