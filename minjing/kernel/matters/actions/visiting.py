"""The one visit that a service takes: held for the draft, confirmed with the submission, given up with the matter."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.base.ids import new_id
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as visits
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.queries.visiting import VISIT, VISIT_MISSING, VISIT_OVER
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body


def confirm_visit(body: Body, draft_id: UUID, matter: Snapshot, *, by: Actor, now: datetime) -> None:
    """Confirm the visit of a draft for the matter it has become; raise Wrong, and nothing is submitted."""
    if body.service.booking is None:
        return
    found = visits.visit_of_subject(draft_id)
    if found is None:
        if visits.visit_of_subject(matter.id) is not None:  # submitted before, from another tab
            return
        raise Wrong({VISIT: VISIT_MISSING})
    try:
        booking.confirm(found.pk, by=by, now=now, request_id=new_id(), subject_id=matter.id)
    except BookingError:
        raise Wrong({VISIT: VISIT_OVER}) from None


def let_visit_go(matter: Snapshot, *, by: Actor, now: datetime) -> None:
    """Give up the visit of a matter that has ended without it: withdrawn, not accepted, refused, lapsed."""
    found = visits.visit_of_subject(matter.id)
    if found is None or found.state != "booked" or matter.outcome == "approved":
        return
    asks = by if by.account_id == found.account_id else SYSTEM
    booking.cancel(found.pk, ver=found.ver, by=asks, now=now, request_id=new_id())
