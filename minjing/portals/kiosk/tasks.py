"""Periodic work of the machines: a visit that nobody goes on with is wiped, whatever its browser does."""

from procrastinate.contrib.django import app

from minjing.base import clock
from minjing.portals.kiosk import actions


@app.periodic(cron="* * * * *")
@app.task(queue="housekeeping", queueing_lock="kiosk.end_left")
def end_left(timestamp: int) -> None:
    """Wipe what was left open; doing it twice does no harm."""
    actions.end_left(clock.now())
