"""Matters under way, so that queues, lights and figures have something to show."""

from collections.abc import Callable
from datetime import datetime

from minjing.kernel.matters.models import Matter


def loaded() -> bool:
    """Say whether the demo is complete."""
    return Matter.objects.exists()


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Submit and handle a few dozen matters with past instants."""
