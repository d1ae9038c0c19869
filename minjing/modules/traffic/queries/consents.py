"""What somebody is asked to agree to, in words: which service, about which plate, who asks, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minjing.base.names import mask
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.schema import Text
from minjing.modules.traffic.models import JointConsent


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for consent."""

    matter_id: UUID
    title: Text
    subject: str
    asker: str  # masked: who asks is known to the one who is asked
    asked_at: datetime
    until_at: datetime
    state: str
    waits: bool


def of_person(by: Actor, now: datetime) -> list[Asked]:
    """Return what a person is asked or was asked, the latest first; the askers' names are looked at on record."""
    if by.person_id is None:
        return []
    rows = list(JointConsent.objects.filter(person_id=by.person_id).order_by("-asked_at")[:20])
    names = {}
    for row in rows:
        found = identity.look(SYSTEM, [row.asked_by_person_id], ["name"], matter_id=row.matter_id, now=now)
        names[row.matter_id] = str(found.get(row.asked_by_person_id, {}).get("name", ""))
    return [
        Asked(
            row.matter_id, matters.service(row.code)[1].service.title, row.subject, mask(names[row.matter_id]),
            row.asked_at, row.until_at, row.state, row.state == JointConsent.ASKED and row.until_at > now,
        )
        for row in rows
    ]  # fmt: skip
