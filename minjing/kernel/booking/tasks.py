"""The jobs of booking: fill what became free, sweep each minute, open days, remind."""

from datetime import date

from procrastinate.contrib.django import app

from minjing.base.clock import now
from minjing.kernel.booking import actions


@app.task(name="booking.fill", queue="booking", retry=3)
def fill(place_id: int, day: str) -> None:
    """Offer what became free on a day to those who wait for it; safe to run any number of times."""
    actions.fill(place_id, date.fromisoformat(day), now=now())


@app.periodic(cron="* * * * *")
@app.task(name="booking.sweep", queue="booking", queueing_lock="booking.sweep")
def sweep(timestamp: int) -> None:
    """End holds, count missed visits, offer what is free, remind; safe to run twice."""
    at = now()
    actions.sweep(at)
    actions.remind(at)


@app.periodic(cron="5 * * * *")
@app.task(name="booking.open_days", queue="booking", queueing_lock="booking.open_days")
def open_days(timestamp: int) -> None:
    """Open the days that have come within reach; safe to run twice."""
    actions.open_all_days(now())
