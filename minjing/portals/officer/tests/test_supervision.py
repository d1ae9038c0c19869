"""Supervision: counts by unit and step, why matters are late, down to the very matters; plans that use indexes."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection

from minjing.base import clock
from minjing.kernel.matters import oversight, publishing, queries
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.oversight import (
    DECIDED,
    LOAD,
    OVERDUE_WHY,
    PAUSED,
    RECEIVED,
    UNDECIDED,
    UNIT_LIGHTS,
    Week,
)
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, HEAD, LIN, LUO, MONDAY, PUBLISHER
from minjing.portals.officer import charts
from minjing.portals.officer.tests.conftest import SUPERVISOR, act, submitted, text

LATE = 24 * 60  # hours: sixty days ago, beyond twenty working days


def test_the_overdue_are_counted_with_what_holds_them_up(bench):
    late = submitted(hours_ago=LATE)
    claimed = act(submitted(hours_ago=LATE), "claim", CHEN)
    submitted()
    within = oversight.area("1.4.")
    now = clock.now()
    assert oversight.overdue_why(within, now) == {"tasks": 0, "unclaimed": 1, "extension": 0, "long_step": 1}
    lights = {u.unit_id: (u.green, u.yellow, u.red) for u in oversight.unit_lights(within, now)}
    assert lights[27] == (1, 0, 2)
    listed = oversight.matters(within, now, oversight.Narrowed(why="unclaimed"))
    assert [m.number for m in listed] == [late.number]
    assert oversight.matters(within, now, oversight.Narrowed(officer=CHEN.account_id))[0].number == claimed.number
    assert oversight.why_late(claimed) == "long_step"


def test_an_approver_without_the_post_is_offered_no_page_that_refuses_them(bench):
    link = 'href="/officer/supervision/city-wide/"'
    assert link in text(bench(SUPERVISOR).get("/officer/supervision/"))
    assert link not in text(bench(LUO).get("/officer/supervision/"))
    assert bench(LUO).get("/officer/supervision/city-wide/").status_code == 403


def test_the_page_shows_number_first_and_leads_to_the_matters(bench):
    late = submitted(hours_ago=LATE)
    page = text(bench(SUPERVISOR).get("/officer/supervision/"))
    assert "不是对人的评分" in page
    assert "<svg" in page
    assert "style=" not in page
    drill = text(bench(SUPERVISOR).get("/officer/supervision/matters/?light=red"))
    assert late.number in drill
    assert "无人领办" in drill


def test_a_unit_is_supervised_by_those_at_or_above_it(bench):
    assert bench(LUO).get("/officer/supervision/?unit=27").status_code == 200
    assert bench(LUO).get("/officer/supervision/?unit=5").status_code == 403
    assert bench(HEAD).get("/officer/supervision/").status_code == 200
    assert bench(HEAD).get("/officer/supervision/?unit=1").status_code == 403
    refused = bench(ELSEWHERE).get("/officer/supervision/")
    assert refused.status_code == 403
    assert "岗位supervisor" in text(refused)


def test_the_trend_counts_received_closed_and_in_time_by_week(bench):
    submitted()
    matter = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    act(matter, "approve", LUO)
    weeks = oversight.trend(oversight.area("1."), clock.now())
    assert len(weeks) == 12
    assert sum(w.received for w in weeks) == 2
    assert (weeks[-1].decided, weeks[-1].in_time) == (1, 1)
    assert all(week.monday.weekday() == 0 for week in weeks)


def test_what_was_withdrawn_or_lapsed_is_not_counted_as_decided_in_time(bench):
    act(submitted(), "withdraw", LIN)
    weeks = oversight.trend(oversight.area("1."), clock.now())
    assert (weeks[-1].received, weeks[-1].decided, weeks[-1].in_time) == (1, 0, 0)


ANOTHER = Text(zh="另一流程", en="Another flow")
OTHERWISE = Text(zh="另行受理", en="Taken in otherwise")
PAPER = "marriage_certificate"


def another_flow():
    """Publish the service HZ9903 under a flow of its own whose first state is called otherwise."""
    body = world.body(code="HZ9903")
    states = {**body.flow.states, "submitted": body.flow.states["submitted"].model_copy(update={"title": OTHERWISE})}
    flow = body.flow.model_copy(update={"flow": "another", "title": ANOTHER, "states": states})
    service = body.service.model_copy(update={"flow": "another"})
    publishing.publish([body.model_copy(update={"service": service, "flow": flow})], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()


def many_matters():
    """Leave matters at every light, paused for two reasons, of two flows, at all three levels."""
    another_flow()
    submitted(hours_ago=LATE)
    submitted(code="HZ9903")
    submitted(code="HZ9903", hours_ago=LATE)
    act(submitted(office="U31"), "claim", ELSEWHERE)
    for reason in ("supplement", "visit"):
        asked = act(act(submitted(), "claim", CHEN), "ask_supplement", CHEN, note="请补件", materials=[PAPER])
        Matter.objects.filter(id=asked.id).update(ver=asked.ver + 1, pause_reason=reason)
    for unit, hours in ((1, 24 * 27), (1, 1), (4, LATE), (4, 1)):
        moved = act(act(submitted(hours_ago=hours), "claim", CHEN), "recommend", CHEN)
        Matter.objects.filter(id=moved.id).update(
            ver=moved.ver + 1, unit_id=unit, claimed_by=CHEN.account_id, claimed_at=moved.step_since
        )
    oversight.forget_kept()
    queries.light_counts.forget_kept()


LINKED = re.compile(r'<a[^>]* href="(/officer/supervision/matters/[^"]*)">(?:<strong>|[■▲] )?(\d+)<')


@pytest.mark.parametrize("unit", [1, 4, 5, 27])
def test_each_number_is_as_large_as_the_list_behind_it(bench, unit):
    many_matters()
    client = bench(SUPERVISOR)
    links = LINKED.findall(text(client.get(f"/officer/supervision/?unit={unit}")))
    assert len(links) >= 4
    counted = {href: int(number) for href, number in links}
    listed = {href: text(client.get(unescape(href))).count("data-open>") for href in counted}
    assert listed == counted
    assert unit == 27 or any("own=1" in href for href in counted)


def test_a_step_is_called_as_its_own_flow_calls_it(bench):
    many_matters()
    client = bench(SUPERVISOR)
    page = text(client.get("/officer/supervision/"))
    assert "另行受理</a>" in page
    assert "受理审查</a>" in page
    steps = {(row.flow, row.state): row for row in queries.lights("1.4.27.", clock.now())}
    assert steps["another", "submitted"].title.zh == "另行受理"
    drill = text(client.get("/officer/supervision/matters/?flow=another&state=submitted"))
    assert drill.count("data-open>") == 2
    assert "· 另行受理</h1>" in drill


def test_the_load_is_a_count_of_each_desk(bench):
    act(submitted(), "claim", CHEN)
    act(submitted(hours_ago=LATE), "claim", CHEN)
    (load,) = oversight.load(oversight.area("1."), clock.now())
    assert (load.officer_id, load.open, load.overdue) == (CHEN.account_id, 2, 1)


FILLED = """
INSERT INTO matters_matter (id, org_id, number, procedure_id, code, unit_id, station_id, state, post, ver, person_id,
    account_id, subject_index, answers_sealed, submitted_at, due_at, due_provisional, yellow_at, step_since,
    paused_since, pause_reason, claimed_by, claimed_at, acts, open_tasks, extension_days, asked, asked_days, back_to,
    outcome, closed_at)
SELECT gen_random_uuid(), 4, 'T' || n, procedure_id, code, CASE WHEN n %% 5 = 0 THEN 4 ELSE 27 END, 27, state, post,
    1, person_id, gen_random_uuid(), sha256(n::text::bytea), answers_sealed,
    %(now)s - n * interval '1 hour', %(now)s + (480 - n) * interval '1 hour', false,
    %(now)s + (360 - n) * interval '1 hour', %(now)s,
    CASE WHEN n %% 100 = 1 THEN %(now)s END, CASE WHEN n %% 100 = 1 THEN 'supplement' ELSE '' END,
    CASE WHEN n %% 50 = 2 THEN account_id END, CASE WHEN n %% 50 = 2 THEN %(now)s END, acts, 0, 0, '[]', 0, '',
    CASE WHEN n > 2000 THEN 'approved' ELSE '' END,
    CASE WHEN n > 2000 THEN %(now)s - (n - 200) * interval '1 hour' END
FROM matters_matter, generate_series(20000, 1, -1) AS n WHERE number = %(number)s
"""


def test_no_figure_reads_the_whole_table(bench):
    """Twenty thousand matters, two thousand of them open: each figure must find an index worth taking."""
    now = clock.now()
    params = {
        **oversight.area("1.4.").params,
        "now": now,
        "since": now - timedelta(weeks=12),
        "undecided": list(UNDECIDED),
    }
    plans = {}
    with connection.cursor() as cursor:
        cursor.execute(FILLED, {"now": now, "number": submitted().number})
        cursor.execute("ANALYZE matters_matter")
        for sql in (UNIT_LIGHTS, OVERDUE_WHY, PAUSED, LOAD, RECEIVED, DECIDED):
            cursor.execute(f"EXPLAIN {sql}", params)
            plans[sql] = "\n".join(row[0] for row in cursor.fetchall())
    assert all("Seq Scan on matters_matter" not in plan for plan in plans.values()), plans
    # Which of the three serves depends on how much a vacuum has seen: with a fresh map it is matter_lights alone.
    assert any(name in plans[UNIT_LIGHTS] for name in ("matter_lights", "matter_queue", "matter_closed_by_unit"))
    assert "matter_paused" in plans[PAUSED]
    assert "matter_received" in plans[RECEIVED]
    assert "matter_closed_by_unit" in plans[DECIDED]


def test_the_labels_of_the_chart_do_not_cover_each_other():
    from datetime import date

    weeks = [Week(date(2026, 9, 7) + timedelta(weeks=n), 3, 3, 3) for n in range(12)]
    svg = charts.trend(weeks, ["收到", "办结", "按时"], 'A "quoted" summary')
    heights = [float(part.split('y="')[1].split('"')[0]) for part in svg.split("trend-label")[1:]]
    gaps = [abs(a - b) for a in heights for b in heights if a is not b and a != b]
    assert min(gaps) >= charts.LABEL_GAP
    assert max(heights) <= charts.HEIGHT
    assert "style=" not in svg
    assert "&quot;" in svg or "'A \"quoted\" summary'" in svg


def test_a_chart_of_nothing_is_still_a_chart():
    from datetime import date

    svg = charts.trend([Week(date(2026, 9, 7))] * 12, ["a", "b", "c"], "none")
    assert svg.startswith("<svg")
    assert "nan" not in svg
