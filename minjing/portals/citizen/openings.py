"""Who looked, as people think of it: one opening of one's file by one officer is one line, whatever it showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.queries import Look

READ = 60  # looks read for a page; what a page shows is at most as many lines
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opening:
    """The looks of one officer for one matter within one minute, the newest first."""

    looks: tuple[Look, ...]

    @property
    def first(self) -> Look:
        """Return the look that stands for them all."""
        return self.looks[0]

    @property
    def entries(self) -> tuple[UUID, ...]:
        """Return the entries of the looks: each has a receipt of its own."""
        return tuple(look.entry_id for look in self.looks)

    @property
    def fields(self) -> list[Any]:
        """Return what was looked at, each thing once."""
        return _once(field for look in self.looks for field in look.fields)

    @property
    def reasons(self) -> list[Any]:
        """Return why, each reason once."""
        return _once(look.reason for look in self.looks)


def _once(texts: Any) -> list[Any]:
    return list({str(text["zh"]): text for text in texts}.values())


def page_of(person_id: UUID, now: datetime, before: datetime | None = None) -> tuple[list[Opening], datetime | None]:
    """Return a page of openings, newest first, and before when the next one begins; None when there is none.

    A page ends between two minutes, so that no opening is torn in two.
    """
    read = READ
    while True:
        looks = identity.looks_at(person_id, now, limit=read + 1, before=before)
        if len(looks) <= read:
            return grouped(looks), None
        end = _minute(looks[-1].at) + MINUTE
        whole = [look for look in looks if look.at >= end]
        if whole:
            return grouped(whole), end
        read *= 4  # more looks within one minute than fit a page


def grouped(looks: Sequence[Look]) -> list[Opening]:
    """Return looks as openings, in the order of their newest."""
    found: dict[Any, list[Look]] = {}
    for look in looks:
        key = (look.by, look.unit_id, look.post, look.matter_id, _minute(look.at))
        found.setdefault(key, []).append(look)
    return [Opening(tuple(together)) for together in found.values()]


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
