"""Whether an application may be submitted: what the registers say against it, beside the field it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.kernel.matters.plugs import Accepts
from minjing.kernel.matters.schema import Text
from minjing.modules.traffic.accepts import licences as driving
from minjing.modules.traffic.accepts import objections as against
from minjing.modules.traffic.accepts import others, vehicles
from minjing.modules.traffic.accepts.asked import Asked, Check
from minjing.modules.traffic.errors import plate_words
from minjing.modules.traffic.rules import plates

PLATE_FIELDS = ("plate", "other_plate", "outside_plate", "old_plate", "chosen_plate")
CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        vehicles.own_vehicle, vehicles.bound_vehicle, vehicles.new_vehicle, vehicles.court_vehicle,
        vehicles.swap, vehicles.transfer, vehicles.co_owner, vehicles.mortgaged, vehicles.not_mortgaged,
        vehicles.gone_vehicle, vehicles.tested, vehicles.exempt, vehicles.temporary_plates,
        vehicles.plate_choice, vehicles.keep_plate, vehicles.plate_and_vin, vehicles.bind,
        driving.own_licence, driving.no_licence, driving.renewal, driving.replace_lost, driving.lower,
        driving.lost_right, driving.enrol, driving.enrol_more, driving.learning, driving.booking, driving.retest,
        driving.test_booking, others.own_accident, others.review_in_time, others.review,
        others.settle_accident, others.lorry_roads, others.extend_permit, others.visitor_day, others.no_drive,
        others.matter_number, others.snapshot_result, others.plate_form, others.charge, others.move_car,
        others.waiver, others.name_driver, others.known_violation, others.own_violation, others.settle,
        others.own_decision, others.objection, against.may_object,
    )
} | others.STUDIES  # fmt: skip


def accepts(name: str) -> Accepts:
    """Return the check as the engine asks it: plates first, then what the registers say."""
    check = CHECKS[name]

    def ask(*, person_id: UUID, answers: Mapping[str, Any], now: datetime) -> Mapping[str, Text]:
        for field in PLATE_FIELDS:
            if answers.get(field) and not (field == "outside_plate" and name == "new_vehicle"):
                try:
                    plates.parse(str(answers[field]))
                except plates.WrongPlate as error:
                    return {field: Text(**plate_words(error))}
        return check(Asked(person_id, answers, now))

    return ask
