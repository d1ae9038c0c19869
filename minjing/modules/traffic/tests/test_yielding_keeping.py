"""Tracks lie by month and go after the months they are kept for; what proves a match stays."""

import json
from datetime import timedelta

import pytest
from django.db import connection

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic import sql
from minjing.modules.traffic.actions.yielding import finding, keeping
from minjing.modules.traffic.models import Batch, Candidate, Mission, MoveCall, TrackPart
from minjing.modules.traffic.queries.yielding import tracks
from minjing.modules.traffic.tests.test_yielding_taking import (  # noqa: F401 - the world
    AT,
    dispatch,
    ground,
    message,
    northward,
    take,
    violation,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def partitions():
    return [name.removeprefix("traffic_trackpart_m") for name in keeping._months()]


def lies_in():
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM traffic_trackpart")
        return {row[0] for row in cursor.fetchall()}


def test_what_came_before_its_month_had_a_table_is_moved_into_it(dispatch):  # noqa: F811
    take(dispatch)
    assert lies_in() == {"traffic_trackpart_rest"}
    keeping.keep(AT)
    assert partitions() == ["202611", "202612", "202701"]
    assert lies_in() == {"traffic_trackpart_m202611"}
    assert tracks.track_of(Mission.objects.get().pk)[0] == pytest.approx(tuple(northward()[0]))
    assert keeping.keep(AT) == 0  # twice changes nothing


def test_a_month_is_dropped_after_its_time_and_the_proof_of_a_match_stays(dispatch, ground):  # noqa: F811
    keeping.keep(AT)
    take(dispatch)
    row = violation()
    finding.find(AT - DAY, AT + DAY, now=AT + DAY)
    proof = Candidate.objects.get(violation_id=row.pk).evidence
    assert keeping.keep(AT + 180 * DAY) == 0  # May: the six months before it are kept
    assert TrackPart.objects.exists()
    assert keeping.keep(AT + 190 * DAY) == 1  # June
    assert not TrackPart.objects.exists()
    assert "202611" not in partitions()
    assert Candidate.objects.get(violation_id=row.pk).evidence == proof
    assert proof["track"]
    assert Batch.objects.count() == Mission.objects.count() == 1  # that it came, and its digest, stay
    said = json.loads(bytes(Outbox.objects.get(kind="traffic:tracks:dropped").payload))
    assert (said["months"], said["parts"]) == (["202611"], 1)


def test_the_job_stands_in_the_schedule_of_the_worker():
    from procrastinate.contrib.django import app

    assert "traffic.keep" in {task.task.name for task in app.periodic_registry.periodic_tasks.values()}


def test_the_tables_go_back_and_forth_with_all_rows(dispatch):  # noqa: F811
    keeping.keep(AT)
    take(dispatch)
    before = list(TrackPart.objects.values_list("id", "count"))
    with connection.cursor() as cursor:
        for name in ("track_whole.sql", "track_months.sql"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(sql.read(name) + sql.read("tracks_stay.sql"))
            assert list(TrackPart.objects.values_list("id", "count")) == before
    assert lies_in() == {"traffic_trackpart_rest"}


def test_calls_to_move_a_car_go_after_thirty_days(db):
    for days in (31, 29):
        MoveCall.objects.create(
            matter_id=new_id(), org_id=0, plate="粤B12345", caller_person_id=new_id(), caller_account_id=new_id(),
            state="nobody", called_at=AT - days * DAY,
        )  # fmt: skip
    keeping.keep(AT)
    assert [(AT - row.called_at).days for row in MoveCall.objects.all()] == [29]
