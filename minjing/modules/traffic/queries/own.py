"""One's own vehicles and licence as the pages show them; what another's vehicle shows to whom it is bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count

from minjing.base import names
from minjing.base.clock import local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.schema import Text
from minjing.modules.traffic.models import Binding, Licence, Vehicle, Violation
from minjing.modules.traffic.queries import bindings, registers, withholding
from minjing.modules.traffic.queries.withholding import Withheld
from minjing.modules.traffic.rules.licence_codes import Shown, step_at
from minjing.modules.traffic.rules.plates import shown

SOON = timedelta(days=90)
LONG_TERM = date(9999, 12, 31)
STATUS: Mapping[str, Text] = {
    "valid": Text(zh="正常", en="In force"),
    "full_points": Text(zh="记满 12 分", en="Twelve points"),
    "suspended": Text(zh="暂扣", en="Suspended"),
    "stopped": Text(zh="停止使用", en="Stopped"),
    "revoked": Text(zh="吊销", en="Revoked"),
    "cancelled": Text(zh="注销", en="Cancelled"),
    "held": Text(zh="扣留", en="Held"),
    "stolen": Text(zh="被盗抢", en="Stolen"),
    "over": Text(zh="已过有效期", en="Run out"),
}
ENERGY: Mapping[str, Text] = {
    "petrol": Text(zh="汽油", en="Petrol"),
    "diesel": Text(zh="柴油", en="Diesel"),
    "battery": Text(zh="纯电动", en="Battery"),
    "hybrid": Text(zh="混合动力", en="Hybrid"),
}


@dataclass(frozen=True, slots=True)
class Car:
    """A vehicle as it is shown to its owner, or to whom it is bound."""

    id: UUID
    plate: str
    green: bool
    name: str
    energy: Text
    status: str
    inspected: date
    inspection: str  # fine, soon, over
    insured: date | None
    insurance: str
    open_violations: int
    own: bool
    binding_id: UUID | None
    asked: bool
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnLicence:
    """A licence as its holder sees it."""

    row: Licence
    state: str  # a key of STATUS
    title: Text
    over: bool
    soon: bool
    long_term: bool
    checkup: str  # "", soon, over
    withheld: Withheld


def cars(by: Actor, now: datetime) -> tuple[list[Car], list[Car]]:
    """Return one's own vehicles, and those of others that are bound or asked for."""
    own = [v for v in registers.vehicles_of(by.person_id) if v.plate] if by.person_id else []
    bound = bindings.own_bindings(by.account_id)
    others = bindings.bound_vehicles(by.account_id, now)
    ids = [v.pk for v in own] + [v.pk for row, v in others if row.state == Binding.BOUND]
    rows = Violation.objects.filter(vehicle_id__in=ids, state="published").values_list("vehicle_id")
    counts = dict(rows.annotate(Count("pk")).order_by())
    day = local_day(now)
    return (
        [_car(v, day, counts.get(v.pk, 0), True, bound.get(v.pk), False, None) for v in own],
        [
            _car(v, day, counts.get(v.pk, 0), False, row.pk, row.state == Binding.ASKED, row.until_at)
            for row, v in others
        ],
    )


def _car(
    v: Vehicle, day: date, open_ones: int, own: bool, binding: UUID | None, asked: bool, until: datetime | None
) -> Car:
    energy = ENERGY.get(v.energy, Text(zh="其他", en="Other"))
    insurance = _due(v.insured_until_date, day) if v.insured_until_date else ""
    return Car(
        v.pk, shown(v.plate), v.plate_kind in ("51", "52"), f"{v.brand} {v.model}", energy, v.status,
        v.inspected_until_date, _due(v.inspected_until_date, day), v.insured_until_date, insurance, open_ones, own,
        binding, asked, until,
    )  # fmt: skip


def _due(until: date, day: date) -> str:
    return "over" if until < day else "soon" if until - day <= SOON else "fine"


def licence(by: Actor, now: datetime) -> OwnLicence | None:
    """Return one's own licence."""
    row = registers.licence_of(by.person_id) if by.person_id else None
    if row is None:
        return None
    day = local_day(now)
    over = row.valid_until_date < day
    state = "over" if over and row.status == "valid" else row.status
    checkup = _due(row.checkup_due_date, day) if row.checkup_due_date else ""
    long_term = row.valid_until_date == LONG_TERM
    soon = not over and row.valid_until_date - day <= SOON
    return OwnLicence(
        row, state, STATUS[state], over, soon, long_term, "" if checkup == "fine" else checkup,
        withholding.of(row.person_id, now),
    )  # fmt: skip


def shown_code(found: OwnLicence, by: Actor, now: datetime) -> Shown:
    """Return the least that a check needs of a licence, in the minute of now."""
    return Shown(names.mask(by.name), found.row.classes, found.row.valid_until_date, found.state, step_at(now))


def pasts(found: Licence) -> Sequence[tuple[datetime, datetime, Text, str]]:
    """Return what the licence was before: since, until, state, classes; the latest first."""
    rows = found.past.order_by("-since_at")[:20]
    return [(p.since_at, p.until_at, STATUS[p.status], p.classes) for p in rows]
