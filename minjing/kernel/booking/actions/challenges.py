"""Saying why one did not come, and deciding about it: another person than a rule looks at it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.booking import queries, rules
from minjing.kernel.booking.errors import NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.booking.models import Challenge, Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.booking.words import told
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import seal, unseal
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import actions as notify

CONTEXT = "booking_challenge.words"
LOOKED_AT = "booking.challenge"
WORDS_MAX = 500  # characters


@transaction.atomic
def challenge(visit_id: UUID, words: str, *, by: Actor, now: datetime) -> Challenge:
    """Say why a missed visit should not count; once a visit. Raises Wrong, NotAllowed, Unknown."""
    visit = queries.visit(visit_id, by)
    place = queries.place_by_id(visit.place_id)
    if not by.is_resident or visit.state != rules.MISSED or visit.person_id is None:
        raise NotAllowed("not_missed", "这次预约没有记爽约。", "This visit does not count as missed.")
    said = words.strip()
    if not 1 <= len(said) <= WORDS_MAX:
        raise Wrong(
            {"words": {"zh": f"请用不超过 {WORDS_MAX} 字说明。", "en": f"Say why, in up to {WORDS_MAX} characters."}}
        )
    before = queries.challenge_of(visit)
    if before is not None:
        return before
    made = Challenge.objects.create(
        visit_id=visit.pk, org_id=visit.org_id, place_id=visit.place_id, person_id=visit.person_id,
        account_id=by.account_id, words_sealed=seal(visit.person_id, CONTEXT, said), asked_at=now,
    )  # fmt: skip
    _tell_ledger("challenged", visit, place, by, now)
    return made


def read_challenge(visit_id: UUID, *, by: Actor, now: datetime) -> str:
    """Return what was said against a missed visit, to the hall's supervisor; the look is written down first.

    "" once the words have been kept for their time. Raises NotAllowed (of booking for the hall, of identity for
    reading records), Unknown.
    """
    visit = queries.visit(visit_id, by)
    place = queries.place_by_id(visit.place_id)
    queries.may_run(by, place, "supervise")
    found = queries.challenge_of(visit)
    if found is None:
        raise Unknown
    identity.record_look(by, [found.person_id], [LOOKED_AT], reason="complaint", unit_path=place.unit_path, now=now)
    words = bytes(found.words_sealed)
    return unseal(found.person_id, CONTEXT, words).decode() if words else ""


@transaction.atomic
def decide_challenge(visit_id: UUID, *, excused: bool, by: Actor, now: datetime) -> Challenge:
    """Decide whether a missed visit counts; the person is told. Raises Stale, NotAllowed, Unknown."""
    visit = queries.visit(visit_id, by)
    place = queries.place_by_id(visit.place_id)
    queries.may_run(by, place, "supervise")
    found = Challenge.objects.select_for_update().filter(visit_id=visit.pk).first()
    if found is None or found.decided_at is not None:
        raise Stale
    found.excused, found.decided_at, found.decided_by = excused, now, by.account_id
    found.save(update_fields=["excused", "decided_at", "decided_by"])
    if excused:
        Visit.objects.filter(pk=visit.pk).update(excused_at=now)
    template = "visit_excused" if excused else "visit_not_excused"
    text = told(template, place, starts_at=visit.starts_at, services=visit.services, code=visit.code)
    notify.announce(
        [found.account_id], template=template, text=text, about=str(visit.pk), now=now, org_id=visit.org_id
    )
    _tell_ledger("excused" if excused else "not_excused", visit, place, by, now)
    return found


def _tell_ledger(what: str, visit: Visit, place: PlaceFacts, by: Actor, now: datetime) -> None:
    said = {"visit": visit.pk, "place": place.code, "by": by.account_id}
    ledger.append(
        ledger.entry(f"booking:visit:{what}", said, at=now, org_id=place.org_id, subject_id=visit.person_id)
    )
