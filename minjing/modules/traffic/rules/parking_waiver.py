"""The ten-minute parking waiver: when a claim to have driven away is in time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

GROUND = "parking_waiver"


def refusal(
    *,
    noticed_at: datetime,
    left_at: datetime,
    window: timedelta,
    earlier: Sequence[datetime],
    again_after: timedelta,
) -> str:
    """Return why a car is not let off, "" when it may be.

    `noticed_at` is when the driver was told, `left_at` when the car was driven away; `earlier` are the instants of
    violations of this vehicle that were waived before. Both ends of the window count as within it.
    """
    if not timedelta(0) <= left_at - noticed_at <= window:
        return "late"
    return "again" if any(abs(noticed_at - at) < again_after for at in earlier) else ""
