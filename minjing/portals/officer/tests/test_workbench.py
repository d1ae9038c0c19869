"""Queues: who finds what in them, narrowed and sorted by the address, many at once with an outcome for each."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Appointment
from minjing.kernel.matters import queries
from minjing.kernel.matters.models import Matter, Task
from minjing.kernel.matters.tests.world import CHECKER, CHEN, ELSEWHERE, LUO, MA, ZHOU
from minjing.portals.officer.tests.conftest import SUPERVISOR, SYSTEM, act, submitted, text, url


def test_a_new_matter_lies_in_the_queue_of_its_station_only(bench):
    matter = submitted()
    assert matter.number in text(bench(CHEN).get("/officer/?queue=to_claim"))
    assert matter.number not in text(bench(ELSEWHERE).get("/officer/?queue=to_claim"))


def test_the_bench_opens_with_ones_own_desk(bench):
    matter = act(submitted(), "claim", CHEN)
    page = text(bench(CHEN).get("/officer/"))
    assert matter.number in page
    assert "我领办的" in page


def test_an_empty_queue_says_what_to_do(bench):
    assert "到「可领办」中领取一件" in text(bench(CHEN).get("/officer/?queue=claimed"))
    narrowed = text(bench(CHEN).get("/officer/?queue=to_claim&light=red"))
    assert "没有符合筛选条件的办件" in narrowed


def test_the_address_narrows_and_sorts_and_bad_values_are_said(bench):
    old, new = submitted(hours_ago=72), submitted(hours_ago=1)
    browser = bench(CHEN)
    page = text(browser.get("/officer/?queue=to_claim&sort=received&dir=desc"))
    assert page.index(new.number) < page.index(old.number)
    today = clock.now().astimezone().date().isoformat()
    assert old.number not in text(browser.get(f"/officer/?queue=to_claim&since={today}"))
    wrong = browser.get("/officer/?queue=to_claim&since=gestern")
    assert wrong.status_code == 200
    assert "无法识别" in text(wrong)


def test_a_long_queue_goes_on_from_the_last_row(bench, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 2)
    numbers = {submitted(hours_ago=hours).number for hours in (5, 4, 3)}
    browser = bench(CHEN)
    first = text(browser.get("/officer/?queue=to_claim"))
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = text(browser.get(f"/officer/{following}"))
    shown = [{n for n in numbers if f"{n}</a>" in page} for page in (first, second)]
    assert shown[0] | shown[1] == numbers
    assert not shown[0] & shown[1]
    assert 'rel="next"' not in second


def test_many_are_claimed_at_once_and_each_has_an_outcome(bench):
    mine, taken, moved = submitted(), submitted(), submitted()
    act(taken, "claim", ZHOU)
    items = [f"{m.id}:{m.ver}" for m in (mine, taken, moved)] + ["nonsense", f"{new_id()}:1"]
    page = text(bench(CHEN).post("/officer/bulk/", {"action": "claim", "item": items, "request_id": new_id()}))
    assert "2 / 4" in page
    assert page.count("✕") == 2
    assert Matter.objects.filter(claimed_by=CHEN.account_id).count() == 2


def test_a_step_for_many_without_a_tick_says_so(bench):
    answer = bench(CHEN).post("/officer/bulk/", {"action": "claim", "queue": "to_claim"}, follow=True)
    assert '<div class="notice warning" role="status"><p>没有勾选办件。</p>' in text(answer)


def test_many_decisions_are_shown_before_they_are_taken(bench):
    ready = act(act(act(submitted(), "claim", CHEN), "recommend", CHEN), "claim", LUO)
    unready = act(act(submitted(), "claim", CHEN), "recommend", CHEN)
    items = [f"{m.id}:{m.ver}" for m in (ready, unready)]
    asked = {"action": "approve", "item": items, "request_id": new_id(), "queue": "claimed"}
    shown = text(bench(LUO).post("/officer/bulk/", asked))
    assert "户籍登记变更" in shown
    assert not Matter.objects.filter(outcome="approved").exists()
    done = text(bench(LUO).post("/officer/bulk/", {**asked, "confirmed": "yes"}))
    assert "1 / 2" in done
    assert "请先领办" in done
    assert Matter.objects.get(outcome="approved").id == ready.id
    again = text(bench(LUO).post("/officer/bulk/", {**asked, "confirmed": "yes"}))
    assert "1 / 2" in again  # the same request: nothing is done twice


def test_a_child_task_waits_in_its_post_and_closes_with_a_result(bench):
    matter = submitted()
    now = clock.now()
    task = Task.objects.create(
        org_id=4, matter_id=matter.id, kind="record_check", unit_id=4, post="record_checker", opened_at=now,
        due_at=now + timedelta(days=3),
    )  # fmt: skip
    assert matter.number in text(bench(CHECKER).get("/officer/?queue=tasks"))
    assert matter.number not in text(bench(CHEN).get("/officer/?queue=tasks"))
    answer = bench(CHEN).post(url(matter, f"tasks/{task.id}/"), {"result": "clear", "request_id": new_id()})
    assert answer.status_code == 403
    page = text(bench(CHECKER).get(url(matter)))
    assert "无犯罪记录核验" in page


def test_an_extension_waits_for_the_approver_until_granted(bench):
    matter = act(submitted(), "claim", CHEN)
    matter = act(matter, "ask_extension", CHEN, note="须外调", days=3)
    assert bench(CHEN).get("/officer/approvals/").status_code == 403
    page = text(bench(LUO).get("/officer/approvals/"))
    assert matter.number in page
    answer = bench(LUO).post(url(matter, "steps/grant_extension/"), {"ver": matter.ver, "request_id": new_id()})
    assert answer.status_code == 302
    assert Matter.objects.get(id=matter.id).extension_days == 3
    assert matter.number not in text(bench(LUO).get("/officer/approvals/"))


def test_who_has_no_queue_is_led_to_their_own_page(bench):
    assert bench(SUPERVISOR).get("/officer/")["Location"] == "/officer/supervision/"
    assert bench(SYSTEM).get("/officer/")["Location"] == "/officer/admin/catalogue/"


def test_a_deputy_is_named_for_a_time_and_some_services_and_ended(bench):
    from minjing.kernel.identity.models import Account

    number, clerk, deputy = (Account.objects.get(id=a.account_id).police_number for a in (ZHOU, CHEN, MA))
    browser = bench(LUO)
    today = clock.now().date()
    form = {"post": "branch_approver@4", "deputy": deputy, "since": today.isoformat(), "scope": ["HZ9901"]}
    wrong = browser.post("/officer/deputies/", {**form, "until": (today + timedelta(days=90)).isoformat()})
    assert wrong.status_code == 422
    assert "代理最长 60 天" in text(wrong)
    assert deputy in text(wrong)
    unknown = browser.post(
        "/officer/deputies/", {**form, "deputy": "999999", "until": (today + timedelta(days=3)).isoformat()}
    )
    assert "没有这个警号的民警" in text(unknown)
    lesser = browser.post(
        "/officer/deputies/", {**form, "deputy": clerk, "until": (today + timedelta(days=3)).isoformat()}
    )
    assert (lesser.status_code, "职权不少于该岗位" in text(lesser)) == (422, True)
    done = browser.post("/officer/deputies/", {**form, "until": (today + timedelta(days=3)).isoformat()})
    assert done.status_code == 302
    made = Appointment.objects.get(deputy_for_id=LUO.account_id)
    assert (made.account_id, made.scope) == (MA.account_id, ["HZ9901"])
    assert deputy in text(browser.get("/officer/deputies/"))
    assert number != deputy
    stranger = bench(ZHOU).post(f"/officer/deputies/{made.id}/end/")
    assert stranger.status_code == 404
    assert browser.post(f"/officer/deputies/{made.id}/end/").status_code == 302
    assert not Appointment.objects.filter(deputy_for_id=LUO.account_id, until__gt=clock.now()).exists()


def questions(ask):
    """Return how many questions the database is asked for an answer."""
    with CaptureQueriesContext(connection) as asked:
        assert ask().status_code == 200
    return len(asked)


def test_who_holds_the_matters_behind_tasks_is_asked_once(bench):
    browser, counted = bench(CHECKER), []
    browser.get("/officer/?queue=tasks")
    for number in (1, 3):
        for _ in range(number):
            matter = act(submitted(), "claim", CHEN)
            now = clock.now()
            Task.objects.create(
                matter_id=matter.id, org_id=4, unit_id=4, kind="record_check", post="record_checker",
                opened_at=now, due_at=now + timedelta(days=2),
            )  # fmt: skip
        counted.append(questions(lambda: browser.get("/officer/?queue=tasks")))
    assert counted[0] == counted[1]


def test_who_holds_many_matters_is_asked_once(bench):
    browser, counted = bench(ZHOU), []
    browser.get("/officer/")
    for number in (2, 5):
        claimed = [act(submitted(), "claim", CHEN) for _ in range(number)]
        asked = {"action": "claim", "item": [f"{m.id}:{m.ver}" for m in claimed], "request_id": new_id()}
        with CaptureQueriesContext(connection) as sent:
            page = text(browser.post("/officer/bulk/", asked))
        assert page.count("✕") == number
        counted.append(sum('FROM "identity_account"' in one["sql"] for one in sent))
    assert counted[0] == counted[1]
