"""The one visit that a service takes: held for the draft, confirmed with the submission, given up with the matter."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.base.ids import new_id
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as visits
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.booking.models import Visit
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.queries.visiting import VISIT, VISIT_MISSING, VISIT_OVER
from minjing.kernel.matters.rules import Ask, Snapshot
from minjing.kernel.matters.schema import Body

WAITING = "visit"  # the reason of the pause


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


MISSED, KEPT = "miss_visit", "keep_visit"


def visit_missed(visit: Visit, *, by: Actor, now: datetime) -> None:
    """Let a matter wait for a new visit where its applicant did not come and its flow knows that; they are told."""
    _follow(visit, MISSED, now)


def visit_kept(visit: Visit, *, by: Actor, now: datetime) -> None:
    """Let a matter go on that waited for its applicant: by a visit booked for it, or by a ticket for its service."""
    _follow(visit, KEPT, now)


def _follow(visit: Visit, action: str, now: datetime) -> None:
    from minjing.kernel.matters.actions.steps import step

    for row in _matters_of(visit):
        matter = queries.snapshot(row)
        body = queries.body_of(matter)
        if action in body.flow.states[matter.state].actions:
            step(matter, action, Ask(), by=SYSTEM, now=now, request_id=new_id())


def _matters_of(visit: Visit) -> list[Matter]:
    """Return the matter that a visit was booked for; for a ticket, those of its person that wait."""
    open_ones = Matter.objects.defer("answers_sealed").filter(closed_at__isnull=True)
    if visit.subject_id is not None:
        return list(open_ones.filter(id=visit.subject_id))
    if visit.person_id is None:
        return []
    rows = open_ones.filter(person_id=visit.person_id, pause_reason=WAITING)
    return [row for row in rows if _takes(row, visit)]


def _takes(row: Matter, visit: Visit) -> bool:
    spec = queries.body_of(queries.snapshot(row)).service.booking
    return spec is not None and spec.service in visit.services
