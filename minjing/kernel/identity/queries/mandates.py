"""Reading who may act for whom: asked at every step, so that what has ended ends at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from minjing.base import idnumber
from minjing.base.clock import local_day
from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account, Check, Mandate, Person
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.rules.mandates import Acting, Term, age_on, holds

NAMES = "identity_mandate.names"


def may_act_for(account_id: UUID, person_id: UUID, service_code: str, now: datetime) -> Acting | None:
    """Return by what right an account acts for this person in this service now, None for none."""
    taker = Account.objects.filter(pk=account_id, is_active=True).values_list("person_id", flat=True).first()
    if taker is None:
        return None
    rows = Mandate.objects.filter(taker_id=taker, giver_id=person_id, revoked_at__isnull=True, accepted=True)
    rows = rows.exclude(kind=Mandate.FIRM)  # which is for the firm, not for who speaks for it
    for row in rows.select_related("check_of").order_by("-since"):
        if _holds(row, service_code, now):
            return Acting(row.pk, row.kind, person_id)
    return None


def mandate_holds(mandate_id: UUID, account_id: UUID, service_code: str, now: datetime) -> bool:
    """Say whether this very mandate lets the account act in this service now."""
    row = (
        Mandate.objects.filter(pk=mandate_id, accepted=True, revoked_at__isnull=True)
        .select_related("check_of")
        .first()
    )
    if row is None or row.taker_id is None:
        return False
    if not Account.objects.filter(pk=account_id, person_id=row.taker_id, is_active=True).exists():
        return False
    return _holds(row, service_code, now)


def _holds(row: Mandate, service_code: str, now: datetime) -> bool:
    if not holds(_term(row), service_code, now):
        return False
    if row.kind == Mandate.GUARDIAN and row.source == "register":  # custody may have changed since
        return plugs.guardian is not None and plugs.guardian(row.giver_id, _taker(row), now)
    return True


def _taker(row: Mandate) -> UUID:
    assert row.taker_id is not None
    return row.taker_id


def _term(row: Mandate) -> Term:
    confirmed = row.check_of is None or (row.check_of.state == Check.DONE)
    return Term(row.kind, tuple(row.services), row.since, row.until, bool(row.accepted), row.revoked_at, confirmed)


@dataclass(frozen=True, slots=True)
class MandateRow:
    """A mandate as its two parties read it."""

    id: UUID
    kind: str
    giver_id: UUID
    giver_name: str
    taker_name: str
    firm_name: str
    uscc: str
    services: tuple[str, ...]
    since: datetime
    until: datetime
    state: str  # offered | confirming | in_force | to_come | over | revoked | refused


def mandates_given(by: Actor, now: datetime) -> list[MandateRow]:
    """Return the mandates one has given, the newest first."""
    return _rows(Q(giver_id=by.person_id) & ~Q(kind=Mandate.GUARDIAN), now) if by.person_id else []


def mandates_taken(by: Actor, now: datetime) -> list[MandateRow]:
    """Return for whom one may act, and what one is offered, the newest first."""
    if by.person_id is None:
        return []
    index = Person.objects.values_list("id_index", flat=True).get(pk=by.person_id)
    offered = Q(taker_index=bytes(index), answered_at__isnull=True, taker__isnull=True) if index else Q(pk__in=[])
    return _rows(Q(taker_id=by.person_id) | offered, now)


def acting_for(by: Actor, service_code: str, now: datetime) -> list[MandateRow]:
    """Return for whom one may act in this service now."""
    rows = [row for row in mandates_taken(by, now) if row.state == "in_force"]
    return [row for row in rows if mandate_holds(row.id, by.account_id, service_code, now)]


def wards(by: Actor, now: datetime) -> list[MandateRow]:
    """Return the minors one is the guardian of now: the register says so still, or an officer confirmed papers."""
    return [row for row in acting_for(by, "", now) if row.kind == Mandate.GUARDIAN]


def name_of_giver(mandate_id: UUID) -> str:
    """Return the name of whom one acts for, a firm or a person, as the giver told the taker."""
    row = Mandate.objects.filter(pk=mandate_id).first()
    if row is None:
        return ""
    return row.firm_name or _names(row)["giver"]


def _rows(wanted: Q, now: datetime) -> list[MandateRow]:
    rows = Mandate.objects.filter(wanted).select_related("check_of").order_by("-offered_at")[:100]
    return [_row(row, now) for row in rows]


def _row(row: Mandate, now: datetime) -> MandateRow:
    names = _names(row)
    return MandateRow(
        row.pk, row.kind, row.giver_id, names["giver"], names["taker"], row.firm_name, row.uscc,
        tuple(row.services), row.since, row.until, _state(row, now),
    )  # fmt: skip


def _state(row: Mandate, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.check_of is not None and row.check_of.state != Check.DONE:
        return "refused" if row.check_of.state == Check.REFUSED else "confirming"
    if row.accepted is None:
        return "over" if row.until <= now else "offered"
    if not row.accepted:
        return "refused"
    if row.until <= now:
        return "over"
    return "in_force" if row.since <= now else "to_come"


def _names(row: Mandate) -> Mapping[str, str]:
    (opened,) = sealing.unseal_many([(row.giver_id, NAMES, bytes(row.names_sealed))])
    said: dict[str, Any] = json.loads(opened) if opened else {"giver": "", "taker": ""}
    return said


def age_of(person_id: UUID, now: datetime) -> int | None:
    """Return a person's age in full years by their ID number, None for whom nothing is known; says nothing else."""
    sealed = Person.objects.filter(pk=person_id).values_list("id_number_sealed", flat=True).first()
    if sealed is None:
        return None
    from minjing.kernel.identity.queries.accounts import ID_NUMBER

    (opened,) = sealing.unseal_many([(person_id, ID_NUMBER, bytes(sealed))])
    try:
        return age_on(idnumber.parse((opened or b"").decode()).birth, local_day(now))
    except idnumber.WrongIdNumber:
        return None
