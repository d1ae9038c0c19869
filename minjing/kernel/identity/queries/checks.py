"""Reading checks: one's own, and what waits for an officer. Pictures are opened here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Check, CheckPicture, Person
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.queries.accounts import ID_NUMBER, NAME, require
from minjing.kernel.ledger.prepared import prepared_cursor

PICTURE, SAID = "identity_checkpicture.content", "identity_check.said"
CONFIRM = "confirm_identity"  # the act that comparing takes


def open_check(account_id: UUID, purpose: str, now: datetime) -> Check | None:
    """Return the check an account is at, None for none or one whose time is over."""
    rows = Check.objects.exclude(state__in=Check.ENDED).filter(account_id=account_id, purpose=purpose)
    return rows.filter(expires_at__gt=now).first()


def last_check(account_id: UUID, purpose: str) -> Check | None:
    """Return the check an account began last, ended or not."""
    return Check.objects.filter(account_id=account_id, purpose=purpose).order_by("-opened_at").first()


def machine_compares() -> bool:
    """Say whether the engine of faces is installed; loads nothing of it."""
    return reading.available()


def name_and_number(person_id: UUID) -> tuple[str, str]:
    """Return a person's name and number, for the house's own comparison with a card; shown to nobody."""
    row = Person.objects.values_list("name_sealed", "id_number_sealed").get(pk=person_id)
    name, number = sealing.unseal_many([(person_id, NAME, bytes(row[0])), (person_id, ID_NUMBER, bytes(row[1]))])
    return (name or b"").decode(), (number or b"").decode()


_NAME = """
SELECT p.name_sealed, k.wrapped FROM identity_person p LEFT JOIN identity_personkey k ON k.owner_id = p.id
WHERE p.id = %s
"""


def name_of(person_id: UUID) -> str:
    """Return a person's name, for the house's own comparison with another; empty where the person was erased."""
    with prepared_cursor() as cursor:
        cursor.execute(_NAME, [person_id])
        row = cursor.fetchone()
    if row is None:
        raise Person.DoesNotExist
    sealed, wrapped = row
    return sealing.unseal_with(person_id, wrapped, NAME, sealed).decode() if wrapped else ""


def reference(check: Check) -> bytes:
    """Return the picture to compare with: the register's, else the card's portrait, else its front."""
    if plugs.register_photo is not None:
        kept = plugs.register_photo(check.person_id)
        if kept:
            return kept
    rows = CheckPicture.objects.filter(check_of=check, part__in=(CheckPicture.PORTRAIT, CheckPicture.FRONT))
    best = max(rows, key=lambda row: row.part == CheckPicture.PORTRAIT)
    return sealing.unseal(check.person_id, PICTURE, bytes(best.content_sealed))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A check that waits for an officer: nothing of the person, who is opened by a look."""

    id: UUID
    purpose: str
    opened_at: datetime
    claimed: bool  # by the asker


def waiting(by: Actor, now: datetime, *, limit: int = 50) -> list[Waiting]:
    """Return what waits for an officer, oldest first; never the asker's own, nor a colleague's."""
    require(by, CONFIRM)
    rows = of_desk(by, now).order_by("opened_at")[:limit]
    return [Waiting(row.pk, row.purpose, row.opened_at, row.officer_id == by.account_id) for row in rows]


def waiting_count(by: Actor, now: datetime) -> int:
    """Return how many wait."""
    return of_desk(by, now).count()


def of_desk(by: Actor, now: datetime) -> QuerySet[Check]:
    """Return the rows that this officer may take or has taken, for the desk's own actions."""
    rows = Check.objects.filter(state=Check.WAITING, expires_at__gt=now)
    rows = rows.filter(Q(officer__isnull=True) | Q(officer_id=by.account_id))
    return rows.exclude(person_id=by.person_id) if by.person_id else rows
