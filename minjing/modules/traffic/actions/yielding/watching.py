"""That a mission was watched again stands in the ledger before its track is shown."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events


@transaction.atomic
def watched(mission_id: UUID, *, by: Actor, now: datetime) -> None:
    """Write down that somebody watches a mission's track."""
    ledger.append(ledger.entry(events.TRACKS_REPLAYED, {"mission": mission_id, "by": by.account_id}, at=now))
