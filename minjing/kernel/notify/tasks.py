"""The jobs of notify: deliver one notice, and find those whose job was lost."""

from uuid import UUID

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from minjing.base.clock import now
from minjing.kernel.notify import actions, duty
from minjing.kernel.notify.errors import NotDelivered


class AsPlanned(BaseRetryStrategy):
    """Run the job again when the notice itself says; any other failure is left to the sweep."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to run again."""
        return RetryDecision(retry_at=exception.retry_at) if isinstance(exception, NotDelivered) else None


@app.task(name=actions.TASK, queue=actions.QUEUE, retry=AsPlanned())
def deliver(message_id: str) -> None:
    """Send one notice; safe to run any number of times."""
    actions.deliver(UUID(message_id), now=now())


@app.periodic(cron="* * * * *")
@app.task(name="notify.sweep", queue=actions.QUEUE, queueing_lock="notify.sweep")
def sweep(timestamp: int) -> None:
    """Give a new job to notices whose job was lost; safe to run twice."""
    actions.sweep(now())


@app.task(name="notify.tell_alarms", queue=actions.QUEUE, retry=3)
def tell_alarms(alarm_ids: list[str]) -> None:
    """Tell those on duty of the ledger's alarms; safe to run any number of times."""
    duty.tell_alarms([UUID(pk) for pk in alarm_ids], now=now())
