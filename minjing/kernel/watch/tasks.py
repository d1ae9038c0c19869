"""Periodic work: jobs of workers that are gone are taken up again; what has been kept for its time goes."""

from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from minjing.base.clock import now
from minjing.kernel.watch import retention

TRIES_MAX = 5  # a job that takes its worker with it each time must not do so for ever
FAILED_KEPT_H = 30 * 24  # what failed is looked at by hand; what succeeded the worker deletes at once


@app.periodic(cron="* * * * *")
@app.task(name="watch.take_up", queue="housekeeping", queueing_lock="watch.take_up", pass_context=True)
async def take_up_jobs(context: JobContext, timestamp: int) -> None:
    """Put back what a worker without heartbeat has begun; safe to run twice."""
    await take_up(context.app.job_manager)


@app.periodic(cron="50 3 * * *")
@app.task(name="watch.delete_failed", queue="housekeeping", queueing_lock="watch.delete_failed", pass_context=True)
async def delete_failed(context: JobContext, timestamp: int) -> None:
    """Delete the jobs that failed a month ago."""
    await context.app.job_manager.delete_old_jobs(FAILED_KEPT_H, include_failed=True)


@app.periodic(cron="20 4 * * *")
@app.task(name="watch.end_retention", queue="housekeeping", queueing_lock="watch.end_retention")
def end_retention(timestamp: int) -> None:
    """End what has been kept for its time; safe to run twice."""
    retention.carry_out(now())


async def take_up(jobs: JobManager) -> tuple[int, int]:
    """Put back the jobs that a dead worker has begun; return how many, and how many were given up after TRIES_MAX.

    A worker beats every ten seconds and counts as dead after thirty. One that was only held up may then do its job
    a second time: every job of the house looks first at what is done.
    """
    put_back = given_up = 0
    for job in await jobs.get_stalled_jobs():
        if job.attempts < TRIES_MAX:
            await jobs.retry_job(job)
            put_back += 1
        else:
            await jobs.finish_job(job, Status.FAILED, delete_job=False)
            given_up += 1
    return put_back, given_up
