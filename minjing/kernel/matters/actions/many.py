"""The same step in many matters, each for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import plugs
from minjing.kernel.matters.actions.steps import act
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one matter of a bulk act."""

    matter_id: UUID
    matter: Snapshot | None
    error: Text | None


def act_many(
    chosen: Sequence[tuple[UUID, int]],
    action: str,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    note: str = "",
    reason: str = "",
) -> list[Result]:
    """Take the same step in many matters, each for itself: one that cannot does not hold up the others.

    The request of each follows from `request_id` and the matter, so that sending the page twice does nothing twice.
    """
    results = []
    for matter_id, ver in chosen:
        own_request = UUID(int=request_id.int ^ matter_id.int)
        try:
            done = act(matter_id, action, ver=ver, by=by, now=now, request_id=own_request, note=note, reason=reason)
            results.append(Result(matter_id, done, None))
        except (MatterError, plugs.EffectRefused) as refused:
            results.append(Result(matter_id, None, refused.text))
    return results
