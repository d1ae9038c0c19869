"""Correcting a closed matter: the values proposed, and whom the matter is about after them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.base.clock import local_day
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.matters import forms, queries
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, Text


def subject_index(body: Body, answers: Mapping[str, Any], person_id: UUID) -> bytes:
    """Return the blind index of the person whom the matter is about: named in the form, or the applicant."""
    about = str(answers.get(body.service.about, "")) if body.service.about else ""
    return blind_index("id_number", about) if about else blind_index("person", str(person_id))


def checked_corrections(
    matter: Snapshot, body: Body, corrections: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the proposed values as they would stand in the form; raise Wrong."""
    today, stood = local_day(now), queries.opened(matter)
    checked = forms.check_all(body, {**stood, **corrections}, today)
    # What was wrong before (a date that has passed) stays; what the correction itself leaves open does not.
    before = forms.check_all(body, stood, today).errors
    errors = {name: text for name, text in checked.errors.items() if name in corrections or name not in before}
    if errors:
        raise Wrong(errors)
    proposed = {name: checked.clean[name] for name in corrections if name in checked.clean}
    if not proposed:
        raise Wrong({"corrections": Text(zh="请填写要更正的项目。", en="Say what is to be corrected.")})
    return proposed


def proposed_corrections(matter: Snapshot) -> dict[str, Any]:
    """Return the values that the last proposal of a correction wants to put in place."""
    from minjing.kernel.identity.sealing import unseal
    from minjing.kernel.matters.models import MatterEvent

    last = MatterEvent.objects.filter(matter_id=matter.id, action="ask_correction").order_by("-seq").first()
    if last is None or last.note_sealed is None:
        return {}
    words = json.loads(unseal(matter.person_id, queries.NOTE_CONTEXT, bytes(last.note_sealed)))
    return dict(words.get("corrections", {}))
