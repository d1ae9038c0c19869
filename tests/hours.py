"""The hour of a test that has one: a hall is open in the morning, whenever the test is run."""

from datetime import datetime, tzinfo

import pytest

from minjing.base import clock


def set_clock_to(hour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `now()` say that hour of the present day in China; time goes on from there."""
    present = datetime.now(clock.CHINA)
    moved = present.replace(hour=hour, minute=0, second=0) - present

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + moved

    monkeypatch.setattr(clock, "datetime", Moved)
