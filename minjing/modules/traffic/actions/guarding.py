"""Who may act on a violation: nobody on an own vehicle, no resident on another's; refusals stand in the ledger."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.queries import checks
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.telling import owner_of
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Violation

REVIEW = "review_violations"


def refuse_own(violation: Violation, act: str, *, by: Actor, now: datetime) -> None:
    """Raise Refused when an officer would act on an own vehicle; the attempt stands in the ledger.

    An officer's account names no person: where it does not, an owner or driver of the same name is theirs to leave to
    another officer.
    """
    refuse_concerned(violation, owner_of(violation), act, by=by, now=now)


def refuse_concerned(violation: Violation, owner: UUID | None, act: str, *, by: Actor, now: datetime) -> None:
    """Raise Refused as `refuse_own` does, where the caller knows the owner."""
    if any(is_own(pk, by) for pk in {violation.person_id, owner} if pk):
        refused(violation, act, "own_car", by=by, now=now)


def refuse_own_person(violation: Violation | None, person_id: UUID, act: str, *, by: Actor, now: datetime) -> None:
    """Raise Refused when an officer would act on the own licence, or on that of somebody of the same name."""
    if is_own(person_id, by):
        refused(violation, act, "own_licence", by=by, now=now)


def is_own(person_id: UUID, by: Actor) -> bool:
    """Say whether an officer may be this person: their own record, or one of their name."""
    if not by.is_officer:
        return False
    return person_id == by.person_id or bool(by.name and checks.name_of(person_id) == by.name)


def require_reviewer(violation: Violation | None, *, by: Actor, now: datetime) -> None:
    """Raise Refused unless one of the officer's posts reviews violations."""
    if not any(REVIEW in holding.acts for holding in by.holdings):
        refused(violation, "review", "no_post", by=by, now=now)


def refused(violation: Violation | None, act: str, why: str, *, by: Actor, now: datetime) -> None:
    """Put a refusal on record, in a transaction of its own, and raise it."""
    said = {"violation": violation.pk if violation else None, "act": act, "why": why, "by": by.account_id}
    org_id = violation.org_id if violation else 0
    with transaction.atomic():
        ledger.append(ledger.entry(events.VIOLATION_REFUSED, said, at=now, org_id=org_id))
    raise Refused(why)
