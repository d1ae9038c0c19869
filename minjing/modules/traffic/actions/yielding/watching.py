"""A supervisor watches a mission again; that they did stands in the ledger before its track is shown."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.queries.yielding import replay as queries


def watch(mission_id: UUID, step: int, *, by: Actor, now: datetime) -> queries.Replay:
    """Return a mission drawn with the ambulance at a step. Raises NotAllowed; Unknown, without a track too."""
    queries.require_watcher(by)
    found = queries.replay(mission_id, step)
    if found is None:
        raise Unknown
    with transaction.atomic():
        ledger.append(ledger.entry(events.TRACKS_REPLAYED, {"mission": mission_id, "by": by.account_id}, at=now))
    return found
