"""Pictures that stand as evidence of a violation: kept as they come, shown to who reviews and who is charged.

A camera's or recorder's picture is sealed under the key of the driver or the vehicle's owner where one is known:
erased, they are gone from it too. Of a car that nobody here knows it is sealed under a key of the violation's own.
What came with a report stays the reporter's file, under their key.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.files import actions as files
from minjing.kernel.identity.actions.callers import key_of_its_own
from minjing.kernel.identity.actions.looks import record_desk
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.guarding import REVIEW, refuse_own, require_reviewer
from minjing.modules.traffic.actions.telling import owner_of
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Violation, ViolationPhoto
from minjing.modules.traffic.queries import evidence as queries
from minjing.modules.traffic.queries import violations

PHOTOS_MOST = 6  # of one violation
LOOK = "evidence_review"  # the reason of such a look, in identity's list of those that the house assigns


def add_photo(violation: Violation, kind: str, content: bytes, *, by: Actor, now: datetime) -> ViolationPhoto:
    """Keep a picture with a violation. Raises files.Refused for what is no picture, Refused beyond PHOTOS_MOST."""
    if ViolationPhoto.objects.filter(violation_id=violation.pk).count() >= PHOTOS_MOST:
        raise Refused("state")
    whose = violation.person_id or owner_of(violation) or key_of_its_own(violation.pk, now=now)
    kept = files.store(
        content,
        by=by,
        owner_person=whose,
        name=f"{kind}.jpg",
        now=now,
        purpose="traffic_violation",
        org_id=violation.org_id,
    )
    return hold_photo(violation, kind, kept.id, by=by, now=now)


@transaction.atomic
def hold_photo(violation: Violation, kind: str, file_id: UUID, *, by: Actor, now: datetime) -> ViolationPhoto:
    """Let a file that is kept already stand as evidence, such as one that came with a report."""
    made = ViolationPhoto.objects.create(
        org_id=violation.org_id, violation=violation, kind=kind, file_id=file_id, came_at=now
    )
    said = {"violation": violation.pk, "photo": made.pk, "kind": kind, "by": by.account_id}
    whose = violation.person_id or owner_of(violation)
    entry = ledger.entry(events.VIOLATION_PHOTOGRAPHED, said, at=now, org_id=violation.org_id, subject_id=whose)
    ledger.append(entry)
    return made


def show_photo(violation_id: UUID, photo_id: UUID, *, by: Actor, now: datetime) -> bytes:
    """Return a picture to an officer who reviews violations; the look is on record before.

    Raises Refused: no_post and own_car, which stand in the ledger, and not_yours.
    """
    violation = Violation.objects.filter(pk=violation_id).first()
    require_reviewer(violation, by=by, now=now)
    if violation is None:
        raise Refused("not_yours")
    refuse_own(violation, "show", by=by, now=now)
    row = queries.photo(violation_id, photo_id)
    holding = next(held for held in by.holdings if REVIEW in held.acts)
    concerned = {pk for pk in (violation.person_id, owner_of(violation)) if pk}
    for person_id in sorted(concerned):
        record_desk(by, person_id, [queries.RECORD], holding=holding, reason=LOOK, now=now)
    if not concerned:
        said = {"violation": violation.pk, "photo": row.pk, "by": by.account_id}
        with transaction.atomic():
            ledger.append(ledger.entry(events.VIOLATION_PHOTO_SHOWN, said, at=now, org_id=violation.org_id))
    return queries.content(row)


def show_own_photo(violation_id: UUID, photo_id: UUID, *, by: Actor, now: datetime) -> bytes:
    """Return a picture to whoever may see the violation: its driver, or whose car it is. Raises Refused."""
    violations.own_row(violation_id, by=by)
    return queries.content(queries.photo(violation_id, photo_id))
