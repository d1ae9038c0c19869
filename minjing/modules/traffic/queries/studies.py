"""One's own studies, and what each still takes."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic.models import Study
from minjing.modules.traffic.queries import registers, withholding
from minjing.modules.traffic.rules import study as rules


def open_of(by: Actor) -> list[Study]:
    """Return the asker's studies that no matter has used yet."""
    return list(Study.objects.filter(person_id=by.person_id, matter_id=None)) if by.person_id else []


def own(study_id: UUID, by: Actor) -> Study | None:
    """Return a study of the asker's."""
    return Study.objects.filter(pk=study_id, person_id=by.person_id).first() if by.person_id else None


def wanted(row: Study) -> Mapping[str, int]:
    """Return how many minutes and days a study takes, and within how many days."""
    licence = registers.licence_of(row.person_id)
    days = withholding.study_days(row.person_id) if row.kind == "full_points" else 0
    course = rules.course_of(row.kind, licence.classes if licence else "", days)
    return {"wanted_min": course.minutes, "wanted_days": course.days, "within_days": course.within_days}
