"""Objections: to a violation of one's own that still stands, and one at a time."""

from __future__ import annotations

from minjing.modules.traffic.accepts.asked import Asked, Wrong, wrong
from minjing.modules.traffic.models import Violation
from minjing.modules.traffic.queries import objections, registers


def may_object(asked: Asked) -> Wrong:
    """The violation is the applicant's or of a vehicle of theirs, and nobody has struck it."""
    number = str(asked.answers.get("violation_no", "")).strip().upper()
    found = Violation.objects.filter(number=number, state__in=Violation.SHOWN).first()
    own = found is not None and (
        found.person_id == asked.person
        or any(vehicle.pk == found.vehicle_id for vehicle in registers.vehicles_of(asked.person))
    )
    if found is None or not own:
        return wrong("violation_no", "您名下没有这个编号的违法记录。", "No violation of yours has this number.")
    if found.state == Violation.STRUCK:
        return wrong("violation_no", "这条记录已经撤销。", "This record has been struck already.")
    if objections.open_for(found) is not None:
        return wrong("violation_no", "对这条记录的异议正在核实。", "An objection to it is being looked into.")
    return {}
