"""A violation comes in, an officer looks at it, it is published and evaluated: the driver sees it and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events, packs
from minjing.modules.traffic.actions import judging, parking, penalties, telling
from minjing.modules.traffic.actions.guarding import refuse_own, require_reviewer
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Vehicle, VehiclePast, Violation
from minjing.modules.traffic.queries import histories, registers
from minjing.modules.traffic.rules import parking_waiver

LOCAL_PLATES = "粤B"


@transaction.atomic
def record(facts: Mapping[str, Any], *, by: Actor, now: datetime) -> Violation:
    """Enter a violation for review; `facts` are fields of Violation.

    Whose vehicle it was, whether it was registered here and since when it was held is looked up as of its own time.
    Raises Refused for a conduct nobody knows.
    """
    if facts["conduct"] not in packs.conducts():
        raise Refused("state")
    new = new_id()
    at = facts["violated_at"]
    found = {"recorded_at": now, "state": Violation.RECORDED, "number": _number(new, now), **facts}
    vehicle_id = found.get("vehicle_id")
    if vehicle_id is None and found.get("plate"):
        vehicle_id = registers.vehicle_of_plate_on(found["plate"], found.get("plate_kind", "02"), at)
    found |= {"vehicle_id": vehicle_id, **_held(vehicle_id, found.get("plate", ""), at)}
    violation = Violation.objects.create(id=new, **found)
    said = {"violation": new, "conduct": violation.conduct, "source": violation.source, "by": by.account_id}
    entry = ledger.entry(events.VIOLATION_RECORDED, said, at=now, org_id=violation.org_id)
    ledger.append(entry)
    parking.noticed(violation, now=now)
    return violation


def review(violation_id: UUID, ground: str = "", *, by: Actor, now: datetime) -> Violation:
    """Decide on a recorded violation: without a ground it is published, with one it is struck at once.

    Asked again with the same wish it changes nothing. Raises Refused (no_post, own_car, state).
    """
    violation = Violation.objects.filter(pk=violation_id).first()
    require_reviewer(violation, by=by, now=now)
    if violation is None:
        raise Refused("not_yours")
    refuse_own(violation, "review", by=by, now=now)
    if ground == parking_waiver.GROUND:
        claim = parking.claim_of(violation)
        if claim is None or claim.left_at is None:
            raise Refused("waiver_late")
        parking.waive(violation, claim.noticed_at, claim.left_at, by=by, now=now)
        violation.refresh_from_db()
        return violation
    if ground:
        penalties.strike(violation_id, ground, {}, by=by, now=now)
        violation.refresh_from_db()
        return violation
    with transaction.atomic():
        judging.hold(violation)
        violation.refresh_from_db()
        if violation.state in (Violation.PUBLISHED, Violation.DECIDED, Violation.PAID):
            return violation
        if violation.state != Violation.RECORDED:
            raise Refused("state")
        _publish(violation, by, now)
    return violation


def _publish(violation: Violation, by: Actor, now: datetime) -> None:
    """Publish and evaluate; later ones that nobody has decided yet are evaluated anew: this one counts for them."""
    violation.state, violation.checked = Violation.PUBLISHED, True
    violation.reviewed_by, violation.published_at = by.account_id, now
    violation.save(update_fields=["state", "checked", "reviewed_by", "published_at"])
    rows = [one.row for one in histories.history_of(violation, histories.judge_of(now))]
    undecided = [r for r in rows if r.state == Violation.PUBLISHED and r.violated_at >= violation.violated_at]
    by_id = {row.pk: row for row in undecided}
    for pk, answer in histories.answers(rows, by_id, now).items():
        row = by_id[pk]
        was = (row.kind, row.fine_fen, row.points, row.suspension_months)
        if pk == violation.pk:
            judging.keep([judging.Kept(violation, answer, "initial")], now=now)
            _say(violation, [reason.rule for reason in answer.reasons], by, now)
        elif was != answer.sums:
            judging.keep([judging.Kept(row, answer, "cascade")], now=now)
            telling.published(row, now=now)
    telling.published(violation, now=now)


def _say(violation: Violation, rules: list[str], by: Actor, now: datetime) -> None:
    said = {
        "violation": violation.pk, "kind": violation.kind, "fine_fen": violation.fine_fen, "rules": rules,
        "points": violation.points, "suspension_months": violation.suspension_months,
        "pack": packs.in_force().version, "by": by.account_id,
    }  # fmt: skip
    whose = violation.person_id or telling.owner_of(violation)
    ledger.append(ledger.entry(events.VIOLATION_PUBLISHED, said, at=now, org_id=violation.org_id, subject_id=whose))


def _held(vehicle_id: UUID | None, plate: str, at: datetime) -> dict[str, Any]:
    """Return whether the vehicle was registered in the city at that time, and since when its owner had held it."""
    local = plate.startswith(LOCAL_PLATES) if plate else vehicle_id is not None
    then = registers.vehicle_on(vehicle_id, at) if vehicle_id else None
    if then is None or vehicle_id is None:
        return {"local": local and vehicle_id is not None, "held_since_date": None}
    registered = Vehicle.objects.values_list("registered_date", flat=True).get(pk=vehicle_id)
    since = registered
    past = VehiclePast.objects.filter(vehicle_id=vehicle_id, until_at__lte=then.since_at).order_by("-until_at")
    began = then.since_at
    for state in past:
        if state.owner_person_id != then.owner_person_id or state.owner_firm != then.owner_firm:
            since = local_day(began)
            break
        began = state.since_at
    return {"local": local, "held_since_date": since}


def _number(new: UUID, now: datetime) -> str:
    """Return the number of a record: its day and twelve digits of its id. No counter: all cameras write at once."""
    return f"WF{local_day(now):%y%m%d}{new.int % 10**12:012d}"
