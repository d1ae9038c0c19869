"""Periodic work: what has lapsed within minutes and hours is removed; the watch ends what models keep for longer."""

from datetime import timedelta

from procrastinate.contrib.django import app

from minjing.base import clock
from minjing.kernel.identity import actions
from minjing.kernel.identity.models import ApiToken, PhoneCode, PhoneStop, Session, Tally

TALLY_KEPT = timedelta(hours=24)  # the longest window of identity.limits


@app.periodic(cron="*/10 * * * *")
@app.task(queue="housekeeping", queueing_lock="identity.sweep")
def sweep(timestamp: int) -> None:
    """Delete codes, tallies, sessions and tokens that are over; doing it twice does no harm."""
    now = clock.now()
    PhoneCode.objects.filter(expires_at__lt=now - timedelta(minutes=5)).delete()
    Tally.objects.filter(since__lt=now - TALLY_KEPT).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    ApiToken.objects.filter(expires_at__lt=now).delete()
    PhoneStop.objects.filter(until__lt=now).delete()
    actions.sweep_checks(now)
    actions.finish_recoveries(now)


@app.periodic(cron="17 * * * *")
@app.task(queue="housekeeping", queueing_lock="identity.deal_again")
def deal_again(timestamp: int) -> None:
    """Let the lot name another reviewer where a review is late or its peer may no longer look."""
    actions.deal_again(clock.now())
