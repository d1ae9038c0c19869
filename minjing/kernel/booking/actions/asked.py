"""What is asked of every booking before it is written, and what is said of a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from minjing.base.clock import CHINA
from minjing.kernel.booking import queries, rules
from minjing.kernel.booking.errors import (
    AlreadyBooked,
    BookingError,
    Closed,
    Full,
    Past,
    Paused,
    Reused,
    Stale,
    Unknown,
    Wrong,
)
from minjing.kernel.booking.models import Request, Slot, Visit
from minjing.kernel.booking.rules import PlaceFacts
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger


def checked(
    place: PlaceFacts,
    services: Sequence[str],
    starts_at: datetime,
    by: Actor,
    now: datetime,
    person_id: UUID | None = None,
) -> None:
    """Raise Wrong, Past, Closed or Paused where the asking itself is wrong; whether there is room, the slot says."""
    checked_services(place, services)
    if starts_at <= now:
        raise refuse(Past(), place, by, now)
    if not rules.is_slot_start(place.grid, starts_at):
        raise refuse(Closed(), place, by, now)
    if person_id is not None:
        not_paused(place, person_id, by, now)


def checked_services(place: PlaceFacts, services: Sequence[str]) -> None:
    """Raise Wrong unless these services are offered there and are not too many for one visit."""
    if not services or len(set(services)) != len(services) or not set(services) <= set(place.offers):
        raise Wrong(
            {
                "services": {
                    "zh": "请选择这里办理的事项，每项一次。",
                    "en": "Choose services that are offered here, each once.",
                }
            }
        )
    if len(services) > rules.SERVICES_MAX or place.minutes_of(services) > rules.MINUTES_MAX:
        raise Wrong(
            {
                "services": {
                    "zh": f"一次最多 {rules.SERVICES_MAX} 项、共 {rules.MINUTES_MAX} 分钟，请分次预约。",
                    "en": f"At most {rules.SERVICES_MAX} services and {rules.MINUTES_MAX} minutes a visit; book two.",
                }
            }
        )


def not_paused(place: PlaceFacts, person_id: UUID, by: Actor, now: datetime) -> None:
    """Raise Paused while missed visits keep a person from booking online."""
    found = rules.misses(queries.missed_times(person_id, now), queries.terms(), now)
    if found.until is None:
        return
    until = found.until.astimezone(CHINA)
    terms = queries.terms()
    error = Paused(
        f"您在 {terms.within_days} 天内爽约 {len(found.counted)} 次，按平台规则网上预约暂停到"
        f" {until.year}年{until.month}月{until.day}日；现场取号不受影响。对记录有异议可在「我的预约」中说明。",
        f"You missed {len(found.counted)} visits within {terms.within_days} days; by the platform’s rule online "
        f"booking rests until {until.day} {until:%B} {until.year}. You may still take a ticket at the hall, and "
        "challenge the record under “My visits”.",
    )
    raise refuse(error, place, by, now)


def refuse(
    error: BookingError, place: PlaceFacts, by: Actor, now: datetime, *, visit: Visit | None = None
) -> BookingError:
    """Write the refusal into the ledger and return what is to be raised: a full slot is told from a closed one."""
    if isinstance(error, Full) and visit is not None and not _is_open(place, visit):
        error = Closed()
    said = {"place": place.code, "why": error.key, "by": by.account_id}
    if visit is not None:
        said |= {"starts": visit.starts_at, "services": list(visit.services)}
    ledger.append(ledger.entry("booking:visit:refused", said, at=now, org_id=place.org_id, subject_id=by.person_id))
    return error


@contextmanager
def refused_when(place: PlaceFacts, by: Actor, now: datetime, visit: Visit) -> Iterator[None]:
    """Tell a refusal of the statement inside to the ledger; around the transaction, which leaves nothing.

    No room, a second visit for the same service and day, and a page that had grown stale.
    """
    try:
        yield
    except (Full, AlreadyBooked, Stale) as error:
        raise refuse(error, place, by, now, visit=visit) from error


def own(visit_id: UUID, *, by: Actor, now: datetime) -> Visit:
    """Return a visit that is the asker’s business; who asks for another’s is refused, on record. Raises Unknown."""
    try:
        return queries.visit(visit_id, by)
    except Unknown:
        found = Visit.objects.filter(pk=visit_id).first()
        if found is not None:
            said = {"visit": found.pk, "why": "not_theirs", "by": by.account_id}
            ledger.append(
                ledger.entry("booking:visit:refused", said, at=now, org_id=found.org_id, subject_id=found.person_id)
            )
        raise


def _is_open(place: PlaceFacts, visit: Visit) -> bool:
    ids = [rules.slot_id(place.id, at) for at, _ in place.grid.parts(visit.starts_at, visit.minutes)]
    return Slot.objects.filter(pk__in=ids, capacity__gt=0).count() == len(ids)


def again(request_id: UUID, act: str, by: Actor) -> Visit:
    """Return the visit that this very request has made or changed before; raise Reused where it was another act."""
    done = Request.objects.filter(pk=request_id).first()
    visit = Visit.objects.filter(pk=done.visit_id).first() if done else None
    if done is None or visit is None or done.act != act or not queries.may_see(visit, by):
        raise Reused
    return visit


def done_before(request_id: UUID, act: str, by: Actor) -> Visit | None:
    """Return the visit where this very request was done before, None where it is new. Raises Reused."""
    return again(request_id, act, by) if Request.objects.filter(pk=request_id).exists() else None


def again_or_stale(request_id: UUID, act: str, by: Actor) -> Visit:
    """Return the visit where this very request was done before; raise Stale where somebody else was first."""
    visit = done_before(request_id, act, by)
    if visit is None:
        raise Stale
    return visit
