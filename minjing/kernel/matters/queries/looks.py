"""Opening what is sealed in a matter: who may, and the look that is written down first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import ADMINISTRATORS, LOOK
from minjing.kernel.identity.sealing import unseal
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.models import (
    Draft,
    Material,
    Matter,
    MatterEvent,
)
from minjing.kernel.matters.queries.catalogue import units
from minjing.kernel.matters.queries.one import Step, holdings_here, matter, opened, steps
from minjing.kernel.matters.rules import Snapshot

NOTE_CONTEXT = "matters_matterevent.note"


def answers(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> dict[str, Any]:
    """Return the form of a matter. An officer's look is written down before the form is opened."""
    record_look(matter, by, "matters.form", now, reason)
    return opened(matter)


# Steps whose words are addressed to the applicant; what officers write to each other stays among them.
ADDRESSED = frozenset({"ask_supplement", "refuse", "refuse_to_accept", "answer", "refer"})


def notes(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> dict[int, dict[str, Any]]:
    """Return what officers wrote, by event; the applicant reads what was addressed to them."""
    record_look(matter, by, "matters.notes", now, reason)
    rows = MatterEvent.objects.filter(matter_id=matter.id, note_sealed__isnull=False)
    if by.kind == "resident":
        rows = rows.filter(action__in=ADDRESSED)
    return {
        seq: json.loads(unseal(matter.person_id, NOTE_CONTEXT, bytes(blob)))
        for seq, blob in rows.values_list("seq", "note_sealed")
        if blob is not None
    }


def record_look(matter: Snapshot, by: Actor, what: str, now: datetime, reason: str = "") -> None:
    """Write down that `by` looks at something of this matter's applicant, unless it is their own.

    Raises NotAllowed for those whose posts do not read records: supervisors see clocks and figures.
    """
    if by.kind == "system" or by.account_id == matter.account_id or by.person_id == matter.person_id:
        return
    if not reads(matter, by):
        raise NotAllowed(
            "no_look",
            "您的岗位不能查看个人信息。",
            "None of your posts reads personal records.",
            needs=LOOK,
        )
    from minjing.kernel.identity import actions as identity

    identity.record_look(
        by,
        [matter.person_id],
        [what],
        reason=reason,
        matter_id=matter.id,
        unit_path=units()[matter.station_id].path,
        now=now,
    )


def reads(matter: Snapshot, by: Actor) -> bool:
    """Say whether one of the officer's posts lets them read records of this matter."""
    return any(LOOK in h.acts and h.post not in ADMINISTRATORS for h in holdings_here(matter, by))


# Steps for which no claim is asked: who may take one must see the file in full to take it.
FULL_VIEW_STEPS = frozenset({"approve_correction", "refuse_correction", "approve_reopening", "refuse_reopening"})


def in_hand(matter: Snapshot, by: Actor, offered: Sequence[Step]) -> bool:
    """Say whether the file is in this officer's hands: claimed by them, or theirs to approve without a claim."""
    if matter.claimed_by == by.account_id:
        return True
    return any(step.allowed and step.action in FULL_VIEW_STEPS for step in offered)


def opens_in_full(matter: Snapshot, by: Actor, now: datetime) -> bool:
    """Say whether the asker may read the file unmasked without a reason: their own, or in their hands."""
    if by.account_id == matter.account_id or by.kind != "officer":
        return True
    return reads(matter, by) and in_hand(matter, by, steps(matter, by, now))


def may_open_file(file_id: UUID, by: Actor, now: datetime) -> bool:
    """Say whether the asker may see a file: their own draft's, or of a matter that is their business.

    Officers open papers of matters in their hands only; their look is written down before the answer is yes.
    """
    for material in Material.objects.filter(file_id=file_id):
        if material.matter_id is not None:
            try:
                found = matter(material.matter_id, by, now)
            except Unknown:
                continue
            if not opens_in_full(found, by, now):
                continue
            record_look(found, by, "matters.material", now)
            return True
        if material.draft_id and Draft.objects.filter(pk=material.draft_id, account_id=by.account_id).exists():
            return True
    return False
