"""The work of the engine that nobody waits for at a page: issuing what is paid, lapses, state against history."""

import logging
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from minjing.base.clock import now
from minjing.kernel.matters import actions, queries
from minjing.kernel.pay import jobs

log = logging.getLogger("minjing.matters")
REFOLD_SAMPLE = 200


# After an hour and a half of trouble it is left to the officers in whose queue it stands, with its clock running.
@app.task(name=queries.ISSUE, queue=jobs.QUEUE, retry=RetryStrategy(max_attempts=6, exponential_wait=4))
def issue(id: str) -> None:
    """Issue what was paid for, where the service decides itself."""
    actions.issue_paid(UUID(id), now=now())


@app.periodic(cron="* * * * *")
@app.task(name="matters.sweep", queueing_lock="matters.sweep", pass_context=False)
def sweep(timestamp: int) -> None:
    """Let overdue supplements lapse, forget what has expired; safe to run twice."""
    actions.sweep(now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="matters.give_back", queueing_lock="matters.give_back", pass_context=False)
def give_back(timestamp: int) -> None:
    """Put back what is claimed by who has lost the post: it looks at every claim of the city."""
    actions.give_back_claims(now())


@app.periodic(cron="17 * * * *")
@app.task(name="matters.refold", queueing_lock="matters.refold", pass_context=False)
def refold(timestamp: int) -> None:
    """Compare the matters that moved last with their history and raise an alarm for each that disagrees."""
    for matter, faults in actions.sample_refold(REFOLD_SAMPLE):
        log.error("matter %s does not refold: %s", matter.id, ", ".join(sorted(faults)))
