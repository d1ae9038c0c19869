"""Reading how sure the house is of somebody, and the other doors to an account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator

from minjing.kernel.identity import sealing
from minjing.kernel.identity.models import Account, Door, Evidence, Recovery
from minjing.kernel.identity.queries.accounts import actor_of
from minjing.kernel.ledger.prepared import prepared_cursor


def level_of(account_id: UUID, session_ref: UUID | None, now: datetime, *, device: str = "") -> int:
    """Return the level an account has in this sign-in and this browser. Raises Unknown for a shut account."""
    return actor_of(account_id, now, session_ref=session_ref, device=device).level


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One check that stands, as its owner reads it: how, when, until when; no picture, no template."""

    id: UUID
    level: int
    method: str
    engine: str
    distance: float | None
    threshold: float | None
    taken_at: datetime
    until: datetime
    confirmed_by: str  # police number; empty: no officer took part


def evidence_of(account_id: UUID, now: datetime, *, limit: int = 20) -> list[EvidenceRow]:
    """Return the checks of an account that stand, newest first."""
    rows = Evidence.objects.filter(account_id=account_id, ended_at__isnull=True, until__gt=now)
    return [
        EvidenceRow(
            row.pk, row.level, row.method, row.engine, row.distance, row.threshold, row.taken_at, row.until,
            row.confirmed_by.police_number if row.confirmed_by else "",
        )
        for row in rows.select_related("confirmed_by").order_by("-taken_at")[:limit]
    ]  # fmt: skip


def account_by_door(kind: str, subject: str) -> Account | None:
    """Return the account that this openid or user id opens, None for none or a shut one."""
    index = sealing.blind_index(f"door|{kind}", subject)
    return Account.objects.filter(doors__kind=kind, doors__subject_index=index, is_active=True).first()


def doors_of(account_id: UUID) -> dict[str, datetime]:
    """Return which doors beside the phone an account has, by kind, and since when."""
    return dict(Door.objects.filter(account_id=account_id).values_list("kind", "bound_at"))


def has_passkey(account_id: UUID) -> bool:
    """Say whether the account has a passkey."""
    found: bool = Authenticator.objects.filter(user_id=account_id, type=Authenticator.Type.WEBAUTHN).exists()
    return found


def account_with_phone(person_id: UUID) -> UUID | None:
    """Return the open account by whose phone a person signs in, None for none."""
    rows = Account.objects.filter(
        person_id=person_id, kind=Account.RESIDENT, is_active=True, phone_index__isnull=False
    )
    return rows.order_by("created_at").values_list("pk", flat=True).first()


def recovery_of(account_id: UUID) -> datetime | None:
    """Return when the account is to move to a new phone, None when no move is under way."""
    rows = Recovery.objects.filter(account_id=account_id, objected_at__isnull=True, done_at__isnull=True)
    return rows.values_list("due_at", flat=True).first()


# Asked for everybody who is told of something: written out, so that it is planned once.
_OF_PERSON = """
SELECT id FROM identity_account WHERE person_id = %s AND kind = 'resident' AND is_active ORDER BY created_at LIMIT 1
"""


def account_of_person(person_id: UUID) -> UUID | None:
    """Return the open account of a resident, None when the person has none."""
    with prepared_cursor() as cursor:
        cursor.execute(_OF_PERSON, [person_id])
        row = cursor.fetchone()
    return row[0] if row else None
