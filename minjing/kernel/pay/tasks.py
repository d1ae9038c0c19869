"""The jobs of pay: ask a gateway, send a refund, make a receipt, read a bill; each safe to run any time."""

from uuid import UUID

from procrastinate.contrib.django import app

from minjing.base.clock import now
from minjing.kernel.pay import jobs
from minjing.kernel.pay.actions import attempts, receipts, refunds, statements, upkeep


@app.task(name=jobs.ASK, queue=jobs.QUEUE)
def ask(id: str) -> None:
    """Ask the gateway what became of an attempt."""
    attempts.ask(UUID(id), now=now())


@app.task(name=jobs.SEND_REFUND, queue=jobs.QUEUE)
def send_refund(id: str) -> None:
    """Send a refund, or ask what became of it."""
    refunds.send(UUID(id), now=now())


@app.task(name=jobs.RECEIPT, queue=jobs.QUEUE)
def receipt(id: str) -> None:
    """Make the receipt of a paid order."""
    receipts.issue(UUID(id), now=now())


@app.task(name=jobs.STATEMENT, queue=jobs.QUEUE)
def statement(id: str) -> None:
    """Read and match the bill of a day."""
    statements.read(UUID(id), now=now())


@app.periodic(cron="* * * * *")
@app.task(name="pay.sweep", queue=jobs.QUEUE, queueing_lock="pay.sweep")
def sweep(timestamp: int) -> None:
    """Find what lost its job, and orders out of time."""
    upkeep.sweep(now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="pay.expect_statements", queue=jobs.QUEUE, queueing_lock="pay.expect_statements")
def expect_statements(timestamp: int) -> None:
    """Have the bills read that are due."""
    statements.expect(now())
