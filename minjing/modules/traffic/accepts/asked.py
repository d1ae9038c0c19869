"""An application as the registers see it before it is submitted, and how an objection is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from minjing.base.clock import local_day
from minjing.kernel.matters.schema import Text
from minjing.modules.traffic.models import Licence, Vehicle
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.rules import plates

Wrong = dict[str, Text]


@dataclass
class Asked:
    """An application as it is checked."""

    person: UUID
    answers: Mapping[str, Any]
    now: datetime

    @property
    def today(self) -> date:
        """Return the day in the city."""
        return local_day(self.now)

    def text(self, name: str) -> str:
        """Return an answer as text."""
        return str(self.answers.get(name) or "")

    def day(self, name: str) -> date:
        """Return an answer as a day."""
        return date.fromisoformat(self.text(name)[:10])

    def plate(self, name: str = "plate") -> str:
        """Return a plate in the form it is kept in; they were checked before."""
        return plates.parse(self.text(name)).text

    @cached_property
    def licence(self) -> Licence | None:
        """Return the applicant's licence."""
        return registers.licence_of(self.person)

    @cached_property
    def vehicle(self) -> Vehicle | None:
        """Return the applicant's own vehicle with the plate of the form."""
        return next((v for v in registers.vehicles_of(self.person) if v.plate == self.plate()), None)


Check = Callable[[Asked], Wrong]


def wrong(field: str, zh: str, en: str) -> Wrong:
    """Return one objection beside a field."""
    return {field: Text(zh=zh, en=en)}
