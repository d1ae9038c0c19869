"""The visit of a draft or a matter, where its service takes one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.kernel.booking import queries as visits
from minjing.kernel.booking.models import Visit
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.models import Draft
from minjing.kernel.matters.queries.filling_in import draft
from minjing.kernel.matters.queries.one import matter
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, Text

VISIT = "visit"  # the step of the application, and the key of what is wrong with it
VISIT_MISSING = Text(zh="请选择到场的大厅和时间。", en="Choose the hall and time of your visit.")
VISIT_OVER = Text(
    zh="为您保留的时间已经过了，请重新选择到场的大厅和时间。",
    en="The time that was kept for you is over: choose hall and time again.",
)


def visit_lacking(body: Body, draft_id: UUID, now: datetime) -> dict[str, Text]:
    """Return what is wrong with the visit of a draft: none chosen, or kept no longer; {} where none is needed."""
    if body.service.booking is None:
        return {}
    found = visits.visit_of_subject(draft_id)
    if found is None:
        return {VISIT: VISIT_MISSING}
    over = found.state == "held" and found.held_until is not None and found.held_until <= now
    return {VISIT: VISIT_OVER} if over else {}


def visit_of(matter_id: UUID) -> Visit | None:
    """Return the visit of a matter; within its submission it still stands under the draft it was held for."""
    found = visits.visit_of_subject(matter_id)
    if found is not None:
        return found
    draft_id = Draft.objects.filter(matter_id=matter_id).values_list("id", flat=True).first()
    return visits.visit_of_subject(draft_id) if draft_id else None


def waits_for_visit(ref: UUID, by: Actor, now: datetime) -> Snapshot | None:
    """Return the asker's own matter whose visit was missed; None where `ref` names something else."""
    try:
        found = matter(ref, by, now)
    except MatterError:
        return None
    return found if found.pause_reason == VISIT and found.account_id == by.account_id else None


def visit_subject(ref: UUID, by: Actor, now: datetime) -> UUID:
    """Return the id of what a visit may be for: an own matter that waits for one, or an own draft. Raises Unknown."""
    waiting = waits_for_visit(ref, by, now)
    return waiting.id if waiting else draft(ref, by, now).id
