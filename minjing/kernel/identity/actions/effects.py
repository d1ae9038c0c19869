"""What a check that an officer confirms brings about: evidence of level 3, or what papers were sent in for."""

from datetime import datetime

from minjing.kernel.identity.actions import proofs, recoveries
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.models import Check


def confirmed(row: Check, *, method: str, holding: Holding, by: Actor, now: datetime) -> None:
    """Do what the check was for; the caller holds the row locked, in a transaction.

    A mandate that waits for its papers holds from now on: it names this check (queries.mandates).
    """
    if row.purpose == Check.RECOVERY:
        recoveries.proved(row, at_counter=method == proofs.COUNTER, by=by, now=now)
    elif row.purpose in (Check.GUARDIAN, Check.FIRM):
        proofs.bear_out(row, by=by, unit_id=holding.unit_id, now=now)
    else:
        proofs.prove(row, method=method, by=by, now=now)
