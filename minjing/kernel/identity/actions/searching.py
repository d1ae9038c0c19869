"""Finding people by name or number, for the same reason for which they are looked at then.

Each person shown is written down as a look; where nobody is found the question is, under a key: that somebody is not
known here is an answer too, and whoever asks about people one after the other should leave a trace.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from minjing.base import idnumber, names
from minjing.kernel.identity import reasons
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.queries import find_people
from minjing.kernel.identity.rules import WORDS, may_look
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.ledger import actions as ledger

ASKED = "identity:search:asked"


def search(
    by: Actor, text: str, *, reason: str = "", matter_id: UUID | None = None, limit: int = 20, now: datetime
) -> list[UUID]:
    """Return who has exactly this full name or ID number: ids only, for `look` with the same reason.

    Without a reason only those are found whom the matter concerns: that somebody else is known is an answer too.
    Where nobody is found the question is on record. Raises NotAllowed without the right to look, and without a
    reason where nobody is found because of the matter.
    """
    verdict = may_look(by)
    if not verdict.ok:
        raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])
    if reason:
        key = reasons.parse(reason)[0].key
        people = find_people(text, limit=limit)
        if not people:
            asked_in_vain(by, text, reason=key, now=now)
        return people
    concerns = plugs.matter_concerns
    mine = concerns(matter_id, find_people(text, limit=limit)) if matter_id and concerns else ()
    if not mine:
        raise NotAllowed("no_reason", WORDS["no_reason"])
    return sorted(mine)


def asked_in_vain(by: Actor, text: str, *, reason: str, now: datetime) -> None:
    """Write down that `by` asked about somebody or something by this text, and that nothing was found.

    The text is kept as its index under our key: the same question can be seen to come again, and none can be read.
    """
    held = may_look(by).holding
    said = {
        "by": by.account_id,
        "unit": held.unit_id if held else None,
        "post": held.post if held else "",
        "deputy_for": held.deputy_for if held else None,
        "reason": reason,
        "asked": blind_index("asked", _as_kept(text)).hex(),
        "found": 0,
    }
    ledger.append(ledger.entry(ASKED, said, at=now, org_id=held.org_id if held else 0))


def _as_kept(text: str) -> str:
    with suppress(idnumber.WrongIdNumber):
        return idnumber.parse(text).text
    with suppress(names.WrongName):
        return names.parse(text)
    return "".join(text.split()).upper()
