"""A worker is killed in the middle of a job: the job is done by another, but not for ever."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django import app

from minjing.kernel.watch.tasks import TRIES_MAX, take_up

pytestmark = pytest.mark.django_db


def begun(beat_s_ago: int | None, attempts: int = 0) -> int:
    """Make a job under way at a worker that beat so long ago, or at one whose row is gone; return its number."""
    with connection.cursor() as cursor:
        worker = None
        if beat_s_ago is not None:
            cursor.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s * interval '1 second')"
                " RETURNING id",
                [beat_s_ago],
            )
            worker = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts, worker_id)"
            " VALUES ('notify', 'notify.deliver', '{}', 'doing', %s, %s) RETURNING id",
            [attempts, worker],
        )
        return cursor.fetchone()[0]


def state(job: int) -> tuple[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text, attempts FROM procrastinate_jobs WHERE id = %s", [job])
        return cursor.fetchone()


def test_the_jobs_of_dead_workers_are_put_back_and_those_of_the_living_are_left():
    dead, gone, living = begun(40), begun(None), begun(5)
    assert async_to_sync(take_up)(app.job_manager) == (2, 0)
    assert [state(job) for job in (dead, gone, living)] == [("todo", 1), ("todo", 1), ("doing", 0)]
    assert async_to_sync(take_up)(app.job_manager) == (0, 0)


def test_a_job_that_kills_its_worker_each_time_is_given_up():
    job = begun(40, attempts=TRIES_MAX)
    assert async_to_sync(take_up)(app.job_manager) == (0, 1)
    assert state(job)[0] == "failed"
