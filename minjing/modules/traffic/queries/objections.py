"""Objections to violations: each is a matter with its clock; here stands only which violation it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.rules import Snapshot
from minjing.modules.traffic.models import Objection, Violation


def open_for(violation: Violation) -> Objection | None:
    """Return the objection to a violation that waits for an answer."""
    for found in Objection.objects.filter(violation_id=violation.pk).order_by("-made_at"):
        if matters.still_open(found.matter_id):
            return found
    return None


@dataclass(frozen=True, slots=True)
class Answered:
    """How the newest objection to a violation stands: its matter, why, and where it was refused what one can do."""

    number: str
    open: bool
    outcome: str
    reason: str
    next_step: Mapping[str, str]


def answer_to(violation: Violation, *, by: Actor, now: datetime) -> Answered | None:
    """Return how the asker's newest objection to a violation stands; None where there is none of theirs."""
    found = Objection.objects.filter(violation_id=violation.pk).order_by("-made_at").first()
    if found is None:
        return None
    try:
        matter = matters.matter(found.matter_id, by, now)
    except MatterError:
        return None  # somebody else's: of the owner before, or of who was bound to the vehicle
    flow = matters.body_of(matter).flow
    refused = matter.outcome in ("refused", "not_accepted")
    said = matters.notes(matter, by, now) if matter.outcome in ("approved", "refused", "not_accepted") else {}
    written = next((note["note"] for _, note in sorted(said.items(), reverse=True) if note.get("note")), "")
    next_step = {"zh": flow.how_to_object.zh, "en": flow.how_to_object.en} if refused else {}
    return Answered(matter.number, matter.closed_at is None, matter.outcome or "", written, next_step)


def reviewed_it(*, matter: Snapshot, answers: Mapping[str, Any], by: Actor) -> bool:
    """Say whether an officer reviewed the very record that a matter objects to: another one decides."""
    number = str(answers.get("violation_no", "")).strip().upper()
    return Violation.objects.filter(number=number, reviewed_by=by.account_id).exists()
