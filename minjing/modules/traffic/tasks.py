"""The jobs of traffic: ambulances and violations brought together."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from procrastinate.contrib.django import app

from minjing.base.clock import now
from minjing.kernel.files import actions as files
from minjing.kernel.identity.actor import SYSTEM
from minjing.modules.traffic.actions import drafts, move_calls, national, plate_numbers, withholding
from minjing.modules.traffic.actions.yielding import finding, holding, keeping


@app.task(name="traffic.match", queue="traffic", retry=3)
def match(begin: str, end: str) -> None:
    """Match the violations of a stretch of time with the ambulances; safe to run any number of times."""
    finding.find(datetime.fromisoformat(begin), datetime.fromisoformat(end), now=now())


@app.periodic(cron="20 * * * *")
@app.task(name="traffic.match_lately", queue="traffic", queueing_lock="traffic.match_lately")
def match_lately(timestamp: int) -> None:
    """Match the last two days again: a violation may be entered long after the ambulance has passed."""
    at = now()
    finding.find(at - timedelta(days=2), at, now=at)


@app.periodic(cron="*/10 * * * *")
@app.task(name="traffic.keep_owed", queue="traffic", queueing_lock="traffic.keep_owed")
def keep_owed(timestamp: int) -> None:
    """Keep the pictures of released batches that no scanner has looked at yet."""
    with suppress(files.Refused):  # none answers still; the next run tries again
        holding.keep_owed(now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="traffic.free_numbers", queue="traffic", queueing_lock="traffic.free_numbers")
def free_numbers(timestamp: int) -> None:
    """Give plate numbers back whose hold is over."""
    plate_numbers.free_lapsed(by=SYSTEM, now=now())


@app.task(name="traffic.relay", queue="traffic", retry=3)
def relay(matter_id: str) -> None:
    """Ask for a number between two people; safe to run any number of times. The sweep tries what failed again."""
    move_calls.bind(UUID(matter_id), now=now())


@app.periodic(cron="* * * * *")
@app.task(name="traffic.relay_sweep", queue="traffic", queueing_lock="traffic.relay_sweep")
def relay_sweep(timestamp: int) -> None:
    """End the numbers in between whose time is over; ask again for those not had yet."""
    move_calls.sweep(now())


@app.periodic(cron="3 * * * *")
@app.task(name="traffic.give_back", queue="traffic", queueing_lock="traffic.give_back")
def give_back(timestamp: int) -> None:
    """Give back the licences whose suspension is over; hourly, so that one missed run costs an hour of the day."""
    withholding.give_back_due(by=SYSTEM, now=now())


@app.periodic(cron="*/2 * * * *")
@app.task(name="traffic.tell_register", queue="traffic", queueing_lock="traffic.tell_register")
def tell_register(timestamp: int) -> None:
    """Tell a national register what has changed, where the city has one."""
    national.send_due(now())


@app.periodic(cron="40 3 * * *")
@app.task(name="traffic.keep", queue="traffic", queueing_lock="traffic.keep")
def keep(timestamp: int) -> None:
    """Open the months of tracks to come, drop those whose retention is over, and old drafts; safe to run twice."""
    at = now()
    keeping.keep(at)
    drafts.drop_old(at)


@app.task(name="traffic.replay", queue="traffic")
def replay(replay_id: str) -> None:
    """Replay a draft on past violations; what goes wrong is shown to who asked, and asked again by hand."""
    try:
        drafts.run(UUID(replay_id), now=now())
    except Exception:
        drafts.fail(UUID(replay_id), now=now())
        raise
