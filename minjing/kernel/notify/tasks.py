"""The jobs of notify: deliver what is due, or one notice at its time, and find what was lost."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from minjing.base.clock import CHINA, now
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.notify import actions, duty, menu
from minjing.kernel.notify.actions import wechat
from minjing.kernel.notify.errors import NotDelivered
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.rules import BATCH_HOUR


class AsPlanned(BaseRetryStrategy):
    """Run the job again when the notice itself says; any other failure is left to the sweep."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to run again."""
        return RetryDecision(retry_at=exception.retry_at) if isinstance(exception, NotDelivered) else None


@app.task(name=actions.TASK, queue=actions.QUEUE, retry=AsPlanned())
def deliver(message_id: str) -> None:
    """Send one notice; safe to run any number of times."""
    actions.deliver(UUID(message_id), now=now())


# Who stores a notice while a bell hangs rings no second one. Should its transaction end only after that bell has been
# answered, nobody has seen the notice: so it is looked for once more, a moment later.
LOOK_AGAIN = timedelta(seconds=2)


@app.task(name=actions.RING, queue=actions.QUEUE, pass_context=True)
def ring(context: JobContext) -> None:
    """Deliver what is due; safe to run any number of times."""
    done, more = actions.deliver_due(now)
    if more:
        actions.ring()
    if done or context.job.scheduled_at is None:
        actions.ring(now() + LOOK_AGAIN)


@app.periodic(cron="* * * * *")
@app.task(name="notify.sweep", queue=actions.QUEUE, queueing_lock="notify.sweep")
def sweep(timestamp: int) -> None:
    """Give a new job to notices whose job was lost, and see to WeChat's menu; safe to run twice."""
    actions.sweep(now())
    wechat.forget_heard(now())
    keep_menu()


@app.periodic(cron="5 * * * *")
@app.task(name="notify.batch", queue=actions.QUEUE, queueing_lock="notify.batch")
def batch(timestamp: int) -> None:
    """Gather the day's letters in the morning; safe to run twice: what is in a batch is not gathered again."""
    if now().astimezone(CHINA).hour == BATCH_HOUR:
        actions.make_batch(by=SYSTEM, now=now())


# A menu stays where it is put: this process looks again after an hour.
MENU_EVERY = timedelta(hours=1)
_menu_seen_at = [datetime.min.replace(tzinfo=UTC)]


def keep_menu() -> None:
    """Put the menu of the official account up where it is missing or old; WeChat being away is no trouble of ours."""
    if now() - _menu_seen_at[0] < MENU_EVERY:
        return
    with suppress(sms.Unavailable, sms.Refused):
        menu.keep()
        _menu_seen_at[0] = now()


@app.task(name="notify.tell_alarms", queue=actions.QUEUE, retry=3)
def tell_alarms(alarm_ids: list[str]) -> None:
    """Tell those on duty of the ledger's alarms; safe to run any number of times."""
    duty.tell_alarms([UUID(pk) for pk in alarm_ids], now=now())
