"""Asking an owner to move a vehicle: told at once; neither side's number is in the message or the record."""

from __future__ import annotations

from minjing.kernel.identity import queries as people
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.case import Case
from minjing.modules.traffic.models import MoveCall
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.rules import plates


def call(case: Case) -> None:
    """Tell the owner, in the transaction of the submission; the message has the plate and the place, no number."""
    plate = plates.parse(case.text("outside_plate")).text
    vehicle = next(iter(registers.vehicles_of_plate(plate)), None)
    owner = vehicle.owner_person_id if vehicle else None
    account = people.account_of_person(owner) if owner else None
    MoveCall.objects.create(
        matter_id=case.matter.id, org_id=case.matter.org_id, plate=plate, caller_person_id=case.person,
        caller_account_id=case.matter.account_id, owner_account_id=account, called_at=case.now,
        state=MoveCall.TOLD if account else MoveCall.NOBODY,
    )  # fmt: skip
    case.note(events.MOVE_CALLED, owner, told=account is not None)
    if account is None:
        return
    said = {"plate": plates.shown(plate), "place": case.text("blocked_place")[:60]}
    notify.tell(account, "move_your_car", said, dedupe=f"move:{case.matter.id}", now=case.now)
