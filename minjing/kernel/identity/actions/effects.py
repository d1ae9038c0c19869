"""What a check that an officer confirms brings about: evidence of level 3, and what it was made for."""

from datetime import datetime

from minjing.kernel.identity.actions import proofs
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.models import Check


def confirmed(row: Check, *, method: str, holding: Holding, by: Actor, now: datetime) -> None:
    """Do what the check was for; the caller holds the row locked, in a transaction."""
    proofs.prove(row, method=method, by=by, now=now)
