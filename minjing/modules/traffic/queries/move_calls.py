"""Calls to move a vehicle, as the limits, the caller and the owner see them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import yaml

from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic.models import MoveCall
from minjing.modules.traffic.rules.move_calls import MISUSE, Limits, refusal

DATA = Path(__file__).parents[1] / "data" / "move_calls.yaml"


@cache
def limits() -> Limits:
    """Return the parameters."""
    said = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return Limits(
        caller_per_hour=said["caller_per_hour"],
        caller_per_day=said["caller_per_day"],
        plate_wait=timedelta(minutes=said["plate_wait_minutes"]),
        plate_per_day=said["plate_per_day"],
        relay=timedelta(minutes=said["relay_minutes"]),
        link=timedelta(minutes=said["link_minutes"]),
        misuse_marks=said["misuse_marks"],
        misuse=timedelta(days=said["misuse_days"]),
        kept=timedelta(days=said["kept_days"]),
    )


def refused(person_id: UUID, plate: str, now: datetime) -> str:
    """Return why this person may not call for this plate now, "" when they may."""
    day = MoveCall.objects.filter(called_at__gt=now - timedelta(days=1))
    marks = MoveCall.objects.filter(
        caller_person_id=person_id, answer=MISUSE, answered_at__gt=now - limits().misuse
    )  # fmt: skip
    return refusal(
        limits(),
        mine=list(day.filter(caller_person_id=person_id).values_list("called_at", flat=True)),
        of_plate=list(day.filter(plate=plate).values_list("called_at", flat=True)),
        # Two marks of one owner are one owner's word.
        misuse=marks.values("owner_person_id").distinct().count(),
        now=now,
    )


def mine(by: Actor) -> list[MoveCall]:
    """Return the caller's own calls, the latest first."""
    if by.person_id is None:
        return []
    rows = MoveCall.objects.filter(caller_person_id=by.person_id).prefetch_related("relayed")
    return list(rows.order_by("-called_at")[:20])


def by_link(index: bytes, now: datetime) -> MoveCall | None:
    """Return the call that a link of a text message opens, while it does."""
    return MoveCall.objects.filter(link_index=index, link_until_at__gt=now).first()


def number_of(row: MoveCall, now: datetime) -> str:
    """Return the number in between while it is good, "" before and after."""
    is_good = row.relay_state == MoveCall.BOUND and row.relay_until_at is not None and row.relay_until_at > now
    return row.relay_number if is_good else ""
