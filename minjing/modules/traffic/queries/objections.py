"""Objections to violations: each is a matter with its clock; here stands only which violation it is about."""

from __future__ import annotations

from minjing.kernel.matters import queries as matters
from minjing.modules.traffic.models import Objection, Violation


def open_for(violation: Violation) -> Objection | None:
    """Return the objection to a violation that waits for an answer."""
    for found in Objection.objects.filter(violation_id=violation.pk).order_by("-made_at"):
        if matters.still_open(found.matter_id):
            return found
    return None


def last_of(violation: Violation) -> Objection | None:
    """Return the newest objection to a violation, answered or not."""
    return Objection.objects.filter(violation_id=violation.pk).order_by("-made_at").first()
