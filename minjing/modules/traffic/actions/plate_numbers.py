"""The pool of plate numbers: opened, fifty drawn for somebody, one kept, let go, put on a vehicle."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from psycopg.errors import UniqueViolation

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.modules.traffic import events, sql
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import PlateNumber, PlateOffer
from minjing.modules.traffic.queries import plate_numbers as offers

# Platform rules, shown before one chooses: how many are offered, how long an offer and a chosen number are kept.
OFFERED, OFFER_LIVES, KEPT_FOR, DRAWS_A_DAY = 50, timedelta(minutes=10), timedelta(days=3), 6


class TooManyDraws(Refused):
    """The person has drawn as often as a day allows."""

    def __init__(self) -> None:
        super().__init__("draws")


class NotFree(Refused):
    """The number was not offered to this person, the offer is over, or somebody else was first."""

    def __init__(self) -> None:
        super().__init__("number_gone")


@transaction.atomic
def open_pool(plates: Iterable[str], kind: str, *, by: Actor, now: datetime) -> int:
    """Put numbers into the pool, in an order nobody can foresee; known ones stay as they are. Return how many."""
    random = secrets.SystemRandom()
    rows = [PlateNumber(plate=plate, plate_kind=kind, shuffle=random.random()) for plate in plates]
    before = PlateNumber.objects.filter(plate_kind=kind).count()
    PlateNumber.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5_000)
    made = PlateNumber.objects.filter(plate_kind=kind).count() - before
    said = {"kind_of": kind, "count": made, "by": by.account_id}
    ledger.append(ledger.entry(events.PLATES_OPENED, said, at=now))
    return made


@transaction.atomic
def draw(person_id: UUID, kind: str, *, by: Actor, now: datetime) -> PlateOffer:
    """Draw fifty numbers for a person. Raises TooManyDraws after six a day, NotFree when the pool is empty."""
    day_ago = now - timedelta(days=1)
    if PlateOffer.objects.filter(person_id=person_id, offered_at__gt=day_ago).count() >= DRAWS_A_DAY:
        raise TooManyDraws
    plates = _fifty(kind)
    if not plates:
        raise NotFree
    made = PlateOffer.objects.create(
        person_id=person_id, plate_kind=kind, plates=plates, offered_at=now, expires_at=now + OFFER_LIVES
    )
    said = {"offer": made.pk, "count": len(plates), "kind_of": kind, "by": by.account_id}
    ledger.append(ledger.entry(events.PLATES_OFFERED, said, at=now, subject_id=person_id))
    return made


def _fifty(kind: str) -> list[str]:
    """Return fifty free numbers from a random place of the shuffled pool, round its end where need be."""
    start = secrets.randbelow(2**52) / 2**52
    free = PlateNumber.objects.filter(plate_kind=kind, state=PlateNumber.FREE).order_by("shuffle")
    found = list(free.filter(shuffle__gte=start).values_list("plate", flat=True)[:OFFERED])
    if len(found) < OFFERED:
        found += free.filter(shuffle__lt=start).values_list("plate", flat=True)[: OFFERED - len(found)]
    return found


def pick(offer_id: UUID, plate: str, kind: str, person_id: UUID, *, by: Actor, now: datetime) -> datetime:
    """Keep one of the offered numbers for the person: one statement. Return until when. Raises NotFree."""
    until = now + KEPT_FOR
    said = {"offer": offer_id, "kind_of": kind, "until": until, "by": by.account_id}
    entry = ledger.entry(events.PLATE_KEPT, said, at=now, subject_id=person_id)
    params = {
        "offer": offer_id, "plate": plate, "kind": kind, "person": person_id, "now": now, "until": until,
        "entry_id": entry.id, "entry_kind": entry.kind, "entry_actor": entry.actor_id,
        "entry_object": entry.object_id, "salt": entry.salt, "payload": entry.payload,
    }  # fmt: skip
    try:
        # A savepoint within a transaction; outside of one, a statement is a transaction by itself.
        whole = transaction.atomic() if connection.in_atomic_block else nullcontext()
        with whole, prepared_cursor() as cursor:
            cursor.execute(sql.read_once("pick_plate.sql"), params)
            kept = cursor.fetchone() is not None
            if kept:
                ledger.promised(entry)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        kept = False  # the same person picked another number at this very moment
    if not kept:
        raise NotFree
    return until


def keep(plate: str, person_id: UUID, *, by: Actor, now: datetime) -> datetime:
    """Keep a number of the person's running offer; return until when, the same again too. Raises NotFree."""
    held = held_by(person_id, now)
    if held is not None and held.plate == plate and held.held_until_at is not None:
        return held.held_until_at
    offer = offers.running(person_id, now)
    if offer is None or plate not in offer.plates:
        raise NotFree
    return pick(offer.pk, plate, offer.plate_kind, person_id, by=by, now=now)


@transaction.atomic
def let_go(person_id: UUID, *, by: Actor, now: datetime) -> int:
    """Give the person's kept number back to the pool; return how many there were."""
    held = PlateNumber.objects.filter(holder_person_id=person_id, state=PlateNumber.HELD)
    count = held.update(state=PlateNumber.FREE, holder_person_id=None, held_at=None, held_until_at=None)
    if count:
        said = {"count": count, "by": by.account_id}
        ledger.append(ledger.entry(events.PLATE_LET_GO, said, at=now, subject_id=person_id))
    return count


def free_lapsed(*, by: Actor, now: datetime) -> int:
    """Give numbers back whose hold is over: the sweep."""
    with transaction.atomic():
        over = PlateNumber.objects.filter(state=PlateNumber.HELD, held_until_at__lte=now)
        count = over.update(state=PlateNumber.FREE, holder_person_id=None, held_at=None, held_until_at=None)
        if count:
            said = {"count": count, "by": by.account_id}
            ledger.append(ledger.entry(events.PLATE_LET_GO, said, at=now))
    return count


def take(plate: str, kind: str, person_id: UUID, now: datetime) -> bool:
    """Put the number the person keeps on a vehicle, in the caller's transaction; False when it is not theirs."""
    kept = PlateNumber.objects.filter(
        plate=plate, plate_kind=kind, state=PlateNumber.HELD, holder_person_id=person_id, held_until_at__gt=now
    )
    return bool(kept.update(state=PlateNumber.TAKEN, taken_at=now, held_at=None, held_until_at=None))


def assign(kind: str, now: datetime) -> str | None:
    """Take a random free number for a vehicle, in the caller's transaction; None when there is none."""
    start = secrets.randbelow(2**52) / 2**52
    free = PlateNumber.objects.filter(plate_kind=kind, state=PlateNumber.FREE).order_by("shuffle")
    row = free.select_for_update(skip_locked=True).filter(shuffle__gte=start).first()
    row = row or free.select_for_update(skip_locked=True).first()
    if row is None:
        return None
    row.state, row.taken_at = PlateNumber.TAKEN, now
    row.save(update_fields=["state", "taken_at"])
    return row.plate


def keep_old(plate: str, kind: str, person_id: UUID, until: datetime, now: datetime) -> bool:
    """Keep the former number of a person for their next vehicle; False where it is on another vehicle or kept."""
    row, made = PlateNumber.objects.get_or_create(plate=plate, plate_kind=kind, defaults={"shuffle": 2.0})
    if not made and row.state == PlateNumber.HELD and row.holder_person_id != person_id:
        return False
    row.state, row.holder_person_id = PlateNumber.HELD, person_id
    row.held_at, row.held_until_at, row.taken_at = now, until, None
    row.save(update_fields=["state", "holder_person_id", "held_at", "held_until_at", "taken_at"])
    return True


def held_by(person_id: UUID, now: datetime) -> PlateNumber | None:
    """Return the number kept for a person."""
    return PlateNumber.objects.filter(
        holder_person_id=person_id, state=PlateNumber.HELD, held_until_at__gt=now
    ).first()
