"""Beat, alarms and break-glass on a real database: every act leaves its entry, every refusal leaves none."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from minjing.kernel.ledger import queries as ledger
from minjing.kernel.watch import actions, models, queries, rules
from minjing.kernel.watch.actions import Finding
from minjing.kernel.watch.errors import Closed, Refused
from minjing.kernel.watch.tests.conftest import CLERK, HEAD, INSPECTOR

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
WORDS = {"zh": "第 7 条的私有记录不见了。", "en": "The private record of entry 7 is gone."}


def entries(prefix: str = "watch:") -> list[tuple[str, dict[str, Any]]]:
    found = ledger.search(prefix=prefix, since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    return [(entry.kind, entry.payload or {}) for entry in reversed(found)]


def beat(lag_s: float, at: datetime = NOW) -> None:
    actions.beat(lag_s=lag_s, size=10, checked=10, now=at)
    queries.forget()


def finding(number: int = 7, kind: str = "row") -> Finding:
    return Finding(kind, f"entry {number}", WORDS, NOW, number, f"ledger_outbox {number}")


def test_records_are_open_until_the_ledger_lies_an_hour_behind() -> None:
    beat(3599.0)
    assert queries.reads_open(CLERK.account_id, NOW) is None
    with pytest.raises(Closed, match="ledger_behind"):
        queries.reads_open(CLERK.account_id, NOW + SECOND)


def test_a_monitor_that_fell_silent_closes_the_records_too() -> None:
    beat(0.0)
    assert queries.reads_open(CLERK.account_id, NOW + HOUR - SECOND) is None
    with pytest.raises(Closed):
        queries.reads_open(CLERK.account_id, NOW + HOUR)


def test_a_process_whose_clock_stands_still_notices_that_it_hears_nothing_new(monkeypatch: Any) -> None:
    beat(0.0)
    assert queries.behind_s(NOW) == 0
    began = time.monotonic()
    monkeypatch.setattr(queries, "monotonic", lambda: began + 3_700)
    with pytest.raises(Closed):
        queries.reads_open(CLERK.account_id, NOW)
    beat(0.0, NOW + SECOND)
    assert queries.behind_s(NOW + SECOND) == 0


def test_reading_the_lag_costs_a_query_every_three_seconds(django_assert_num_queries: Any) -> None:
    beat(1.0)
    with django_assert_num_queries(1):
        for _ in range(1_000):
            queries.behind_s(NOW)


def test_a_row_taken_away_opens_nothing_in_a_ledger_that_signs(transactional_db: None) -> None:
    from minjing.kernel.ledger.actions import append, drain, entry

    append(entry("watch:test:made", {"n": 1}, at=NOW))
    drain(NOW)
    append(entry("watch:test:made", {"n": 2}, at=NOW))
    models.Beat.objects.all().delete()
    queries.forget()
    with pytest.raises(Closed):
        queries.reads_open(CLERK.account_id, NOW + HOUR)


def test_where_nothing_was_ever_signed_nothing_lies_behind() -> None:
    assert queries.behind_s(NOW) == 0


def test_an_alarm_stands_once_and_names_entry_and_row() -> None:
    (alarm,) = actions.raise_alarms([finding(), finding()], now=NOW)
    assert actions.raise_alarms([finding()], now=NOW + SECOND) == []
    (standing,) = queries.alarms()
    assert (standing.pk, standing.index, standing.row, standing.text) == (alarm, 7, "ledger_outbox 7", WORDS)
    assert [(kind, said["index"]) for kind, said in entries()] == [("watch:alarm:raised", 7)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s", [actions.TELL])
        assert [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()] == [
            {"alarm_ids": [str(alarm)]}
        ]


def test_an_alarm_that_ended_may_come_again() -> None:
    made = actions.raise_alarms([finding()], now=NOW)
    assert actions.end_alarms(made, now=NOW + SECOND) == 1
    assert actions.end_alarms(made, now=NOW + SECOND) == 0
    assert len(actions.raise_alarms([finding()], now=NOW + 2 * SECOND)) == 1
    assert [kind for kind, _ in entries()] == ["watch:alarm:raised", "watch:alarm:ended", "watch:alarm:raised"]


def test_a_lost_ledger_does_not_drown_the_page() -> None:
    actions.raise_alarms([finding(n) for n in range(1_000)], now=NOW)
    assert queries.alarm_counts() == (actions.ALARMS_MAX + 1, actions.ALARMS_MAX + 1)
    assert actions.raise_alarms([finding(5_000)], now=NOW) == []


def test_only_an_inspector_takes_note_and_only_once() -> None:
    (alarm,) = actions.raise_alarms([finding()], now=NOW)
    with pytest.raises(Refused, match="no_post"):
        actions.acknowledge(alarm, by=CLERK, now=NOW)
    actions.acknowledge(alarm, by=INSPECTOR, now=NOW + SECOND, note="正在核查")
    with pytest.raises(Refused, match="no_alarm"):
        actions.acknowledge(alarm, by=INSPECTOR, now=NOW + SECOND)
    assert entries()[-1] == (
        "watch:alarm:acknowledged",
        {"alarm": str(alarm), "by": str(INSPECTOR.account_id)},
    )
    assert len(entries()) == 2
    assert queries.alarms()[0].note == "正在核查"


def test_what_nobody_noted_in_fifteen_minutes_is_escalated_once() -> None:
    actions.raise_alarms([finding(1), finding(2)], now=NOW)
    actions.acknowledge(queries.alarms()[0].pk, by=INSPECTOR, now=NOW)
    assert actions.escalate(NOW + timedelta(seconds=899)) == []
    assert len(actions.escalate(NOW + timedelta(seconds=900))) == 1
    assert actions.escalate(NOW + timedelta(seconds=901)) == []
    assert [kind for kind, _ in entries()].count("watch:alarm:escalated") == 1


def test_two_people_open_the_record_for_one_hour_for_the_asker_alone() -> None:
    beat(4000.0)
    glass = actions.ask_glass("110 警情：走失儿童，需核对监护人", by=CLERK, now=NOW)
    with pytest.raises(Closed):
        queries.reads_open(CLERK.account_id, NOW)
    with pytest.raises(Refused, match="same_person"):
        actions.confirm_glass(glass, by=CLERK, now=NOW)
    assert actions.confirm_glass(glass, by=HEAD, now=NOW) == NOW + HOUR
    assert queries.reads_open(CLERK.account_id, NOW) == glass
    assert queries.reads_open(CLERK.account_id, NOW + HOUR - SECOND) == glass
    with pytest.raises(Closed):
        queries.reads_open(CLERK.account_id, NOW + HOUR)
    with pytest.raises(Closed):
        queries.reads_open(HEAD.account_id, NOW)
    with pytest.raises(Refused, match="confirmed"):
        actions.confirm_glass(glass, by=INSPECTOR, now=NOW)
    assert [kind for kind, _ in entries()] == ["watch:glass:asked", "watch:glass:confirmed"]
    assert queries.glass_count(NOW, NOW + SECOND) == 1


def test_a_glass_is_refused_without_need_reason_or_post() -> None:
    beat(3599.0)
    with pytest.raises(Refused, match="not_closed"):
        actions.ask_glass("110 警情：走失儿童，需核对监护人", by=CLERK, now=NOW)
    beat(3600.0)
    with pytest.raises(Refused, match="reason"):
        actions.ask_glass("急", by=CLERK, now=NOW)
    with pytest.raises(Refused, match="no_post"):
        actions.ask_glass("110 警情：走失儿童，需核对监护人", by=INSPECTOR, now=NOW)
    assert entries() == []


def test_the_database_itself_wants_two_people_and_one_hour() -> None:
    sound = {"reason": "x", "asked_by": CLERK.account_id, "asked_at": NOW, "confirmed_at": NOW}
    for wrong in (
        {"confirmed_by": CLERK.account_id, "until": NOW + HOUR},
        {"confirmed_by": HEAD.account_id, "until": NOW + HOUR + SECOND},
        {"confirmed_by": HEAD.account_id, "until": NOW},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            models.Glass.objects.create(**sound, **wrong)
    models.Glass.objects.create(**sound, confirmed_by=HEAD.account_id, until=NOW + HOUR)


def test_a_day_of_lag_is_kept_by_the_minute() -> None:
    for lag, at in [(9.0, NOW - timedelta(days=2)), (1.0, NOW), (7.0, NOW + SECOND), (2.0, NOW + 2 * SECOND)]:
        beat(lag, at)
    assert [(m.at, m.lag_s) for m in queries.minutes(NOW - timedelta(days=9))] == [(NOW, 7.0)]


def test_words_are_there_in_both_languages() -> None:
    assert all(set(text) == {"zh", "en"} for text in rules.WORDS.values())
