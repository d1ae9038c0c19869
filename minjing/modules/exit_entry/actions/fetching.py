"""Fetching from the cabinet: the code, the box, and the step of the matter in one transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from minjing.modules.exit_entry.actions.delivery import empty_run_out, open_box
from minjing.modules.exit_entry.actions.posting import take_step
from minjing.modules.exit_entry.models import PickUp


@transaction.atomic
def take(code: str, *, now: datetime) -> PickUp | None:
    """Open the box of a code, once, and close the matter; None for a wrong, used or run-out code."""
    opened = open_box(code, now=now)
    if opened is not None:
        take_step(opened.matter_id, "take", now)
    return opened


def move_run_out(now: datetime) -> int:
    """Move to the counter what was not fetched in time; return how many. Safe to run twice."""
    with transaction.atomic():
        matters = empty_run_out(now=now)
        for matter_id in matters:
            take_step(matter_id, "run_out", now)
    return len(matters)
