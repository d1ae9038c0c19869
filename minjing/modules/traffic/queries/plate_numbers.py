"""What was offered to somebody who chooses a plate number."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from minjing.modules.traffic.models import PlateOffer


def running(person_id: UUID, now: datetime) -> PlateOffer | None:
    """Return the newest offer of a person, if it still runs."""
    newest = PlateOffer.objects.filter(person_id=person_id).order_by("-offered_at").first()
    return newest if newest is not None and newest.expires_at > now else None


def drawn_today(person_id: UUID, now: datetime) -> int:
    """Return how often a person has drawn in the last day."""
    return PlateOffer.objects.filter(person_id=person_id, offered_at__gt=now - timedelta(days=1)).count()
