"""Reading receptions: one's own at the counter, and the hand-over of a matter as both stations see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import plugs
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.models import Reception
from minjing.kernel.matters.queries.catalogue import body_of
from minjing.kernel.matters.queries.filling_in import prefills
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, Text

RECEPTION_OPEN_FOR = timedelta(hours=2)  # one that nobody files in for longer is begun anew


def reception(reception_id: UUID, by: Actor) -> Reception:
    """Return a reception of this very officer. Raises Unknown."""
    found = Reception.objects.filter(id=reception_id, officer_id=by.account_id).first()
    if found is None:
        raise Unknown
    return found


def known_at_counter(
    row: Reception, body: Body, said: Mapping[str, Any], by: Actor, now: datetime
) -> tuple[dict[str, Any], str]:
    """Return what the registers know for a form of the person at the counter, and their own station's code.

    The look at their record is written down first. Raises Unknown once the reception is over: who has gone is not
    looked at.
    """
    if now - row.begun_at > RECEPTION_OPEN_FOR:
        raise Unknown
    from minjing.kernel.identity import actions as identity

    record = [name for name, _ in plugs.REGISTER_RECORD] or ["name"]
    identity.record_look(by, [row.person_id], record, reason="counter", now=now)
    own = plugs.PREFILLS["register"](row.person_id, "office", now) if "register" in plugs.PREFILLS else None
    return prefills(body, row.person_id, now, said), str(own or "")


@dataclass(frozen=True, slots=True)
class Handover:
    """What went from one counter to the responsible station, and whether it has arrived."""

    from_unit: int
    to_unit: int
    by: UUID
    handed_at: datetime
    papers: Sequence[Text]
    received_at: datetime | None
    received_by: UUID | None


def handover(matter: Snapshot) -> Handover | None:
    """Return the hand-over of a matter that has been read by right; None where nothing was handed over."""
    if not matter.is_received_elsewhere:
        return None
    row = Reception.objects.filter(matter_id=matter.id).first()
    if row is None or row.filed_at is None or row.station_id is None:
        return None
    titles = {spec.name: spec.title for spec in body_of(matter).service.materials}
    shown = [titles[name] for name in row.papers if name in titles]
    return Handover(
        row.unit_id, row.station_id, row.officer_id, row.filed_at, shown, row.received_at, row.received_by
    )
