"""Permits put on record: passes, temporary plates, road works, sirens, with their terms."""

from __future__ import annotations

from datetime import date

from minjing.modules.traffic import events
from minjing.modules.traffic.actions.case import Case, Facts, text
from minjing.modules.traffic.models import Permit, Vehicle

NUMBER, VALID = text("证号", "Number"), text("有效期", "Valid")


def permit(case: Case, kind: str, plate: str, first: date, last: date, *, vehicle: Vehicle | None) -> Facts:
    """Enter a permit of the applicant; its terms are the answers that shape it."""
    terms = {
        name: case.answers[name]
        for name in (
            "roads",
            "pass_hours",
            "goods",
            "mass_t",
            "works_kind",
            "lanes",
            "siren",
            "un_number",
            "temp_area",
        )
        if case.answers.get(name) not in (None, "", [])
    }
    made = Permit.objects.create(
        org_id=case.matter.org_id, number=case.matter.number, kind=kind, vehicle_id=vehicle.pk if vehicle else None,
        plate=plate, holder_person_id=case.person, valid_from_date=first, valid_until_date=last, terms=terms,
        since_at=case.now, matter_id=case.matter.id,
    )  # fmt: skip
    case.note(events.PERMIT_ISSUED, case.person, permit=made.pk, kind_of=kind, until=last)
    on = [(text("号牌", "Plate"), plate)] if plate else []
    said = case.told("plate", "from_date", "until_date")
    return [(NUMBER, made.number), (VALID, f"{first} 至 {last}"), *on, *said]
