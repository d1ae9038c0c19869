"""Periodic work of files: what was left half-way is removed."""

from procrastinate.contrib.django import app

from minjing.base.clock import now
from minjing.kernel.files import actions


@app.periodic(cron="23 * * * *")
@app.task(name="files.sweep", queueing_lock="files.sweep")
def sweep(timestamp: int) -> None:
    """Remove uploads past their end, files that nothing holds and contents without a row; safe to run twice."""
    actions.sweep(now())
