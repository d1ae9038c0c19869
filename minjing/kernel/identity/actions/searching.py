"""Finding people by name or number, for the same reason for which they are looked at then."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.kernel.identity import reasons
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.queries import find_people
from minjing.kernel.identity.rules import WORDS, may_look


def search(
    by: Actor, text: str, *, reason: str = "", matter_id: UUID | None = None, limit: int = 20, now: datetime
) -> list[UUID]:
    """Return who has exactly this full name or ID number: ids only, for `look` with the same reason.

    Without a reason only those are found whom the matter concerns: that somebody else is known is an answer too.
    Raises NotAllowed without the right to look, and without a reason where nobody is found because of the matter.
    """
    verdict = may_look(by)
    if not verdict.ok:
        raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])
    if reason:
        reasons.parse(reason)
        return find_people(text, limit=limit)
    concerns = plugs.matter_concerns
    mine = concerns(matter_id, find_people(text, limit=limit)) if matter_id and concerns else ()
    if not mine:
        raise NotAllowed("no_reason", WORDS["no_reason"])
    return sorted(mine)
