"""The ledger watch: what stands, who takes note, and two people with their own passwords at the glass."""

from datetime import timedelta

import pytest

from minjing.base import clock
from minjing.kernel.identity.models import Account, Post
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.matters.tests.world import CHEN, LUO
from minjing.kernel.watch import actions as watch
from minjing.kernel.watch import queries
from minjing.kernel.watch.actions import Finding
from minjing.portals.officer.tests.conftest import AUDIT, SUPERVISOR, submitted, text, url

PAGE = "/officer/ledger/"
PASSWORD = "evening-tide-on-the-bay"
WORDS = {"zh": "第 7 条的私有记录被改动。", "en": "Entry 7 has a private record that was altered."}
WHY = "110 警情：走失儿童，需核对监护人"


@pytest.fixture(autouse=True)
def nothing_kept():
    queries.forget()
    yield
    queries.forget()


@pytest.fixture
def inspector(bench):
    Post.objects.filter(code="supervisor").update(acts=["supervise", "watch"])
    return bench(SUPERVISOR)


def beat(lag_s: float) -> None:
    watch.beat(lag_s=lag_s, size=12, checked=12, now=clock.now())
    queries.forget()


def alarm() -> object:
    return watch.raise_alarms(
        [Finding("row", "bundle 0|7", WORDS, clock.now(), 7, "ledger_outbox 7")], now=clock.now()
    )[0]


def kinds() -> list[str]:
    now = clock.now()
    return [e.kind for e in ledger.search(prefix="watch:", since=now - timedelta(hours=1), until=now)]


def with_password(*actors) -> None:
    for actor in actors:
        account = Account.objects.get(pk=actor.account_id)
        account.set_password(PASSWORD)
        account.save()


def test_an_empty_watch_says_what_it_is_for(inspector):
    page = text(inspector.get(PAGE))
    assert "没有告警" in page
    assert "监测进程没有心跳" in page
    assert "style=" not in page


def test_an_alarm_names_entry_and_row_and_the_inspector_takes_note(inspector):
    beat(0.4)
    found = alarm()
    page = text(inspector.get(PAGE))
    assert WORDS["zh"] in page
    assert "ledger_outbox 7" in page
    assert "监测进程没有心跳" not in page
    assert "<svg" in page
    answer = inspector.post(f"{PAGE}alarms/{found}/", {"note": "正在核查"}, follow=True)
    assert "正在核查" in text(answer)
    assert kinds() == ["watch:alarm:acknowledged", "watch:alarm:raised"]


def test_the_count_without_a_note_stands_in_the_rail(inspector):
    found = alarm()
    assert "tally-red" in text(inspector.get(PAGE))
    watch.acknowledge(found, by=queries_actor(SUPERVISOR), now=clock.now())
    assert "tally-red" not in text(inspector.get(PAGE))


def queries_actor(actor):
    from minjing.kernel.identity.queries import actor_of

    return actor_of(actor.account_id, clock.now())


def test_others_see_the_alarm_but_take_no_note(bench):
    found = alarm()
    for actor in (CHEN, AUDIT):
        page = bench(actor).get(PAGE)
        assert page.status_code == 200
        assert WORDS["zh"] in text(page)
        assert f"{PAGE}alarms/{found}/" not in text(page)
        assert bench(actor).post(f"{PAGE}alarms/{found}/").status_code == 403


def test_in_english_it_says_the_same(inspector):
    beat(0.4)
    alarm()
    page = text(signed_in(SUPERVISOR, "en").get(PAGE))
    assert "the ledger keeps up" in page
    assert WORDS["en"] in page


def test_an_hour_behind_a_matter_stays_shut_until_two_people_open_it(bench):
    matter = submitted()
    with_password(CHEN, LUO)
    clerk, approver = bench(CHEN), bench(LUO)
    beat(1.0)
    assert clerk.get(url(matter)).status_code == 200
    beat(4000.0)
    shut = clerk.get(url(matter))
    assert shut.status_code == 403
    assert "公开账本已超过一小时没有发布新记录" in text(shut)
    wrong = clerk.post(f"{PAGE}glass/", {"reason": WHY, "password": "not-mine"})
    assert wrong.status_code == 422
    assert WHY in text(wrong), "what was typed stays"
    assert "等待另一人确认" in text(clerk.post(f"{PAGE}glass/", {"reason": WHY, "password": PASSWORD}, follow=True))
    (glass,) = queries.glasses(clock.now())
    assert clerk.get(url(matter)).status_code == 403
    own = clerk.post(f"{PAGE}glass/{glass.pk}/", {"password": PASSWORD})
    assert own.status_code == 422
    assert "必须由另一人" in text(own)
    assert approver.post(f"{PAGE}glass/{glass.pk}/", {"password": "guessed"}).status_code == 422
    assert "已打开" in text(approver.post(f"{PAGE}glass/{glass.pk}/", {"password": PASSWORD}, follow=True))
    assert clerk.get(url(matter)).status_code == 200
    assert approver.get(url(matter)).status_code == 403, "it is open for the asker alone"
    assert kinds() == ["watch:glass:confirmed", "watch:glass:asked"]


def test_public_pages_work_while_records_are_shut(bench, client):
    beat(4000.0)
    for page in ("/", "/open/", "/open/ledger/", "/open/services/"):
        assert client.get(page, follow=True).status_code == 200, page


def test_a_glass_is_not_offered_while_records_are_open(bench):
    beat(3000.0)
    page = text(bench(CHEN).get(PAGE))
    assert f"{PAGE}glass/" not in page
    with_password(CHEN)
    refused = bench(CHEN).post(f"{PAGE}glass/", {"reason": WHY, "password": PASSWORD})
    assert refused.status_code == 422
    assert "不需要紧急查看" in text(refused)
