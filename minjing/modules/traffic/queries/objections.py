"""Objections to violations: each is a matter with its clock; here stands only which violation it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.rules import Snapshot
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


def reviewed_it(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor) -> bool:
    """Say whether an officer reviewed the very record that a matter objects to: another one decides."""
    number = str(answers.get("violation_no", "")).strip().upper()
    return Violation.objects.filter(number=number, reviewed_by=by.account_id).exists()
