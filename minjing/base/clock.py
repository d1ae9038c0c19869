"""Time as an input: `now` is read once at the edge and passed inwards."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")  # the one legal time of the country


def now() -> datetime:
    """Return the present instant in UTC. Only edges call this; rules and actions are given it."""
    return datetime.now(UTC)


def local_day(at: datetime) -> date:
    """Return the calendar day in China on which the instant `at` falls."""
    return at.astimezone(CHINA).date()
