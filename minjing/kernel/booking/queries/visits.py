"""One's own visits, and one visit by right: who asks for somebody else's learns nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from minjing.kernel.booking import rules
from minjing.kernel.booking.errors import Unknown
from minjing.kernel.booking.models import Challenge, Visit, Wait
from minjing.kernel.booking.queries.places import place_by_id, terms
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import may


def visit(visit_id: UUID, by: Actor) -> Visit:
    """Return a visit that is the asker's own, or of a place where they serve. Raises Unknown."""
    found = Visit.objects.filter(pk=visit_id).first()
    if found is None or not may_see(found, by):
        raise Unknown
    return found


def may_see(found: Visit, by: Actor) -> bool:
    """Say whether a visit is this person's business."""
    if by.kind == "system":
        return True
    if by.is_resident:
        mine = found.person_id is not None and found.person_id == by.person_id
        return mine or found.account_id == by.account_id
    where = place_by_id(found.place_id)
    return any(may(by, act, unit_path=where.unit_path).ok for act in ("serve", "supervise"))


def visit_by_code(text: str, place_id: int, by: Actor) -> Visit:
    """Return the visit of a slip's code at this place, for those who serve there and for machines. Raises Unknown."""
    code, where = rules.parse_code(text), place_by_id(place_id)
    rows = Visit.objects.filter(org_id=where.org_id, place_id=place_id)
    found = rows.filter(code=code).first() if code else None
    if found is None or not may_see(found, by):
        raise Unknown
    return found


def visit_of_subject(subject_id: UUID) -> Visit | None:
    """Return the newest live visit for a draft or a matter, for the part that owns it."""
    return Visit.objects.filter(subject_id=subject_id, state__in=rules.LIVE).order_by("-created_at").first()


def my_visits(by: Actor, *, limit: int = 50) -> list[Visit]:
    """Return the asker's visits, those to come first, then the latest; holds that are over are left out."""
    own = Q(account_id=by.account_id) | (Q(person_id=by.person_id) if by.person_id else Q(pk__in=[]))
    rows = Visit.objects.filter(own).exclude(state=rules.LAPSED)
    live = list(rows.filter(state__in=rules.LIVE).order_by("starts_at")[:limit])
    return [*live, *rows.exclude(state__in=rules.LIVE).order_by("-starts_at")[:limit]]


def my_waits(by: Actor) -> list[Wait]:
    """Return the waiting lists the asker is on."""
    rows = Wait.objects.filter(account_id=by.account_id, state__in=[Wait.WAITING, Wait.OFFERED])
    return list(rows.order_by("day"))


def wait(wait_id: UUID, by: Actor) -> Wait:
    """Return the asker's own place on a waiting list. Raises Unknown."""
    found = Wait.objects.filter(pk=wait_id, account_id=by.account_id).first()
    if found is None:
        raise Unknown
    return found


def wait_of_visit(visit_id: UUID) -> Wait | None:
    """Return the waiting list that a held visit was offered from."""
    return Wait.objects.filter(visit_id=visit_id, state=Wait.OFFERED).first()


def missed_times(person_id: UUID, now: datetime) -> list[datetime]:
    """Return when this person missed visits lately, those not excused."""
    rules_now = terms()
    since = now - timedelta(days=rules_now.within_days + rules_now.pause_days)
    rows = Visit.objects.filter(
        person_id=person_id, state=rules.MISSED, closed_at__gte=since, excused_at__isnull=True
    )
    return list(rows.values_list("starts_at", flat=True))


def counted_misses(by: Actor, now: datetime) -> rules.Misses:
    """Return how many missed visits count against the asker, and until when online booking rests."""
    if by.person_id is None:
        return rules.Misses()
    return rules.misses(missed_times(by.person_id, now), terms(), now)


def may_report_from(found: Visit) -> datetime:
    """Return the instant from which one may report for a visit."""
    return found.starts_at - timedelta(minutes=terms().early_min)


def challenge_of(found: Visit) -> Challenge | None:
    """Return what was said against a missed visit, if anything."""
    return Challenge.objects.filter(visit_id=found.pk).first()


def challenges_of(visits: Iterable[Visit]) -> dict[UUID, Challenge]:
    """Return what was said against these missed visits."""
    return {c.visit_id: c for c in Challenge.objects.filter(visit_id__in=[v.pk for v in visits])}
