"""The shapes of officers' accounts: who they are, what they hold and held, where they are signed in; erasures."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from minjing.kernel.identity.models import Account, Appointment, Erasure
from minjing.kernel.identity.reasons import Reason
from minjing.portals.api.shapes import Shape, TextOut, Typed
from minjing.portals.api.shapes_visits import Instant


class AppointmentOut(Shape):
    """A post in a unit, from when until when; `deputy_for`: in whose place."""

    id: UUID
    post: str
    unit_id: int
    since: datetime
    until: datetime | None
    deputy_for: UUID | None
    scope: list[str]

    @staticmethod
    def of(row: Appointment) -> AppointmentOut:
        return AppointmentOut(
            id=row.pk,
            post=row.post_id,
            unit_id=row.unit_id,
            since=row.since,
            until=row.until,
            deputy_for=row.deputy_for_id,
            scope=list(row.scope),
        )


class AccountOut(Shape):
    """An officer's account in a list."""

    id: UUID
    login: str
    name: str
    police_number: str
    active: bool
    created_at: datetime

    @staticmethod
    def of(row: Account) -> AccountOut:
        return AccountOut(**_account(row))


class AccountSessionOut(Shape):
    ref: UUID
    device: str
    started_at: datetime
    seen_at: datetime


class AccountOneOut(AccountOut):
    """An account with its posts, present and past, and where it is signed in."""

    current: list[AppointmentOut]
    past: list[AppointmentOut]
    sessions: list[AccountSessionOut]


class OfficerIn(Shape):
    """A new officer. The login makes it one of its kind: the same once more is refused."""

    login: Typed = Field(max_length=200)
    password: Typed = Field(max_length=200)
    name: Typed = Field(max_length=200)
    police_number: Typed = Field(max_length=200)


class AppointIn(Shape):
    """A post in a unit, from an instant (now at the earliest) until another, or until it is ended."""

    post: Typed = Field(max_length=60)
    unit_id: int = Field(ge=0, le=2**31 - 1)
    since: Instant
    until: Instant | None = None


class GroundOut(Shape):
    """A ground on which a person may be erased."""

    key: str
    title: TextOut

    @staticmethod
    def of(ground: Reason) -> GroundOut:
        return GroundOut(key=ground.key, title=TextOut(**ground.title))


class ErasureIn(Shape):
    """Whom to erase, by ID number, and on which ground."""

    id_number: Typed = Field(max_length=40)
    ground: Typed = Field(max_length=40)


class ErasureOut(Shape):
    """An erasure that waits for a second administrator; nothing of the person."""

    id: UUID
    ground: str
    asked_by: UUID
    asked_at: datetime

    @staticmethod
    def of(row: Erasure) -> ErasureOut:
        return ErasureOut(id=row.pk, ground=row.ground, asked_by=row.asked_by_id, asked_at=row.asked_at)


def one(
    row: Account, current: list[Appointment], past: list[Appointment], sessions: list[AccountSessionOut]
) -> AccountOneOut:
    """Return an account with all that hangs on it."""
    return AccountOneOut(
        current=[AppointmentOut.of(held) for held in current],
        past=[AppointmentOut.of(held) for held in past],
        sessions=sessions,
        **_account(row),
    )


def _account(row: Account) -> dict[str, Any]:
    return {
        "id": row.pk,
        "login": row.login,
        "name": row.display_name,
        "police_number": row.police_number,
        "active": row.is_active,
        "created_at": row.created_at,
    }
