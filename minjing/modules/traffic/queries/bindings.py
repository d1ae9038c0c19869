"""What an account has bound, what it is asked for, and who uses its owner's vehicles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import unseal_many
from minjing.modules.traffic.models import Binding, Vehicle
from minjing.modules.traffic.rules.plates import shown

USER = "traffic_binding.user"


@dataclass(frozen=True, slots=True)
class Use:
    """Somebody else's binding of one's own vehicle: asked for, or in force."""

    id: UUID
    vehicle_id: UUID
    plate: str
    asked: bool
    user: str  # as they named themselves
    asked_at: datetime
    until_at: datetime | None

    @property
    def shown(self) -> str:
        """Return the plate as it stands on the vehicle."""
        return shown(self.plate)


def bound_vehicles(account_id: UUID, now: datetime) -> list[tuple[Binding, Vehicle]]:
    """Return the vehicles of others that an account has bound or asked for, the latest first."""
    rows = Binding.objects.filter(account_id=account_id, kind=Binding.OTHER, state__in=Binding.OPEN)
    rows = rows.filter(Q(until_at__isnull=True) | Q(until_at__gt=now)).select_related("vehicle").order_by("-asked_at")
    return [(row, row.vehicle) for row in rows if row.vehicle is not None]


def in_use(person_id: UUID, now: datetime) -> QuerySet[Binding]:
    """Return what a person has bound and may use now: what was lent for some days ends by itself."""
    rows = Binding.objects.filter(person_id=person_id, state=Binding.BOUND)
    return rows.filter(Q(until_at__isnull=True) | Q(until_at__gt=now))


def own_bindings(account_id: UUID) -> Mapping[UUID, UUID]:
    """Return which of one's own vehicles are bound: vehicle → binding."""
    rows = Binding.objects.filter(account_id=account_id, kind=Binding.OWN, state=Binding.BOUND)
    return {vehicle: pk for vehicle, pk in rows.values_list("vehicle_id", "pk") if vehicle is not None}


def licence_bound(account_id: UUID) -> UUID | None:
    """Return the binding of the licence of an account."""
    rows = Binding.objects.filter(account_id=account_id, kind=Binding.LICENCE, state=Binding.BOUND)
    return rows.values_list("pk", flat=True).first()


def uses(by: Actor, now: datetime) -> Sequence[Use]:
    """Return who has bound, or asks to bind, a vehicle of the asker's: by the name they gave with the ask."""
    if by.person_id is None:
        return []
    owner = by.person_id
    rows = list(
        Binding.objects.filter(owner_person_id=owner, kind=Binding.OTHER, state__in=Binding.OPEN)
        .filter(Q(until_at__isnull=True) | Q(until_at__gt=now))
        .filter(vehicle__owner_person_id=owner)
        .select_related("vehicle")
        .order_by("state", "-asked_at")
    )
    named = unseal_many([(owner, USER, bytes(row.user_sealed or b"")) for row in rows if row.user_sealed])
    names = iter(named)
    return [
        Use(
            row.pk, row.vehicle.pk, row.vehicle.plate, row.state == Binding.ASKED,
            (next(names) or b"").decode() if row.user_sealed else "", row.asked_at, row.until_at,
        )
        for row in rows
        if row.vehicle is not None
    ]  # fmt: skip
