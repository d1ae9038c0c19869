"""The jobs of exit and entry: parcels to the carrier, boxes whose code has run out."""

from uuid import UUID

from procrastinate.contrib.django import app

from minjing.base.clock import now
from minjing.modules.exit_entry.actions import fetching, posting


@app.task(name="exit_entry.order", retry=3)
def order(shipment_id: str) -> None:
    """Give one parcel to the carrier; safe to run any number of times."""
    posting.order(UUID(shipment_id), now=now())


@app.periodic(cron="* * * * *")
@app.task(name="exit_entry.sweep", queueing_lock="exit_entry.sweep")
def sweep(timestamp: int) -> None:
    """Order what was left, ask for quiet parcels, empty boxes whose code has run out; safe to run twice."""
    at = now()
    posting.follow_up(at)
    fetching.move_run_out(at)
